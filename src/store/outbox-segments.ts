/**
 * The outbox's entries on disk: append-only files of bounded size, `outbox-<id of the first entry>.cborseq`, in the
 * frames of `frames.ts`. A file opens with a header `['outbox', version, after]`, where `after` is the id of the last
 * entry written before it; ids within a file are consecutive. Both together show how many entries damage has cost.
 *
 * A file goes when all its entries are done with. A damaged one is read around its damage, and set aside instead of
 * removed at its end.
 */
import { join } from 'node:path'
import type { Cbor } from './cbor.ts'
import { errorCode, type StoreFile, type StoreFiles } from './files.ts'
import { FRAME_HEAD_BYTES, type FramesRead, frame, RECORD_BYTES_MAX, readFrames } from './frames.ts'
import { decodeArray, decodeEntry, encodeEntry, type QueuedEntry } from './outbox-entry.ts'
import { setAside } from './set-aside.ts'

const FORMAT = 'outbox'
const VERSION = 1
const segmentName = /^outbox-(\d{16})\.cborseq$/
const nameOf = (firstId: number) => `outbox-${String(firstId).padStart(16, '0')}.cborseq`
const firstIdOf = (name: string) => Number(segmentName.exec(name)?.[1])
/** A file holds `segmentBytes`, or one larger entry beside its header; what is longer than both was not written here. */
const SEGMENT_READ_BYTES_MAX = 2 * (RECORD_BYTES_MAX + FRAME_HEAD_BYTES)

/** An entry with the bytes it takes on disk. */
export interface StoredEntry {
  readonly entry: QueuedEntry
  readonly bytes: number
}

export interface Segment {
  readonly path: string
  readonly firstId: number
  /** The id of the last entry in it. */
  lastId: number
  /** Entries not yet done with, and their bytes. */
  entryCount: number
  entryBytes: number
  /** When the oldest of them was created; may be an older one's instant between reads. */
  oldestAt: number
  /** The file's whole length. */
  fileBytes: number
  damaged: boolean
}

interface SegmentsOptions {
  readonly segmentBytes: number
  readonly setAsideBytesMax: number
}

/** What opening found, beside the entries. */
interface Findings {
  /** Entries that were written and cannot be read. */
  lost: number
  /** Files cut off in the middle of their last entry. */
  tornTails: number
  /** Files set aside under a new name. */
  setAside: number
}

export class Segments {
  readonly #files: StoreFiles
  readonly #directory: string
  readonly #options: SegmentsOptions
  readonly #cbor: Cbor
  readonly #list: Segment[] = []
  /** The open file of the last segment, when it may be appended to. */
  #active: StoreFile | undefined
  #lastId = 0
  #endsInDamage = false
  readonly findings: Findings = { lost: 0, tornTails: 0, setAside: 0 }

  private constructor(files: StoreFiles, directory: string, options: SegmentsOptions, cbor: Cbor) {
    this.#files = files
    this.#directory = directory
    this.#options = options
    this.#cbor = cbor
  }

  /** Reads every file once, one after another; entries up to `doneId` are done with. Throws if the disk refuses. */
  static async open(
    files: StoreFiles,
    directory: string,
    options: SegmentsOptions,
    cbor: Cbor,
    doneId: number,
  ): Promise<Segments> {
    const segments = new Segments(files, directory, options, cbor)
    segments.#lastId = doneId
    const names = (await files.list(directory)).filter((name) => segmentName.test(name)).sort()
    let seenId: number | undefined
    for (const name of names) seenId = await segments.#adopt(name, seenId, doneId)
    // No next file tells how many entries damage at the very end has cost.
    if (segments.#endsInDamage && doneId <= (seenId ?? 0)) segments.findings.lost += 1
    segments.#lastId = Math.max(doneId, seenId ?? 0)
    return segments
  }

  /** The highest id on disk or done with. */
  get lastId(): number {
    return this.#lastId
  }

  get oldest(): Segment | undefined {
    return this.#list.find((segment) => segment.entryCount > 0)
  }

  totals(): { entries: number; bytes: number } {
    let entries = 0
    let bytes = 0
    for (const segment of this.#list) {
      entries += segment.entryCount
      bytes += segment.entryBytes
    }
    return { entries, bytes }
  }

  /**
   * Bytes on disk, without those of entries done with in the oldest file: these are less than `segmentBytes`, for a
   * larger file holds one entry.
   */
  occupiedBytes(): number {
    return this.#list.reduce(
      (sum, { entryBytes, fileBytes }, index) => sum + (index === 0 ? entryBytes : fileBytes),
      0,
    )
  }

  /** The entries of one segment that come after `doneId`: at most `segmentBytes`, or one larger entry. */
  async read(segment: Segment, doneId: number): Promise<StoredEntry[]> {
    const bytes = await this.#files.read(segment.path, SEGMENT_READ_BYTES_MAX)
    const { entries } = this.#entriesOf(readFrames(bytes), segment.firstId - 1, doneId)
    return entries.filter(({ entry }) => entry.id <= segment.lastId)
  }

  /**
   * Writes consecutive entries in one write. When it throws, none of them counts as written: the part that reached the
   * file is cut off, or overshadowed by a new file.
   */
  async append(batch: readonly StoredFrame[], sync: boolean): Promise<void> {
    const first = batch[0]
    const last = batch.at(-1)
    if (first === undefined || last === undefined) return
    const bytes = Buffer.concat(batch.map((item) => item.frame))
    const segment = await this.#segmentFor(first.entry.id, bytes.length)
    await this.#write(segment, bytes, sync)
    if (segment.entryCount === 0) segment.oldestAt = first.entry.createdAt
    segment.lastId = last.entry.id
    segment.entryCount += batch.length
    segment.entryBytes += bytes.length
    this.#lastId = last.entry.id
  }

  /** Takes note that the oldest entry is done with. Files that hold no other are removed by `removeDone`. */
  consume(segment: Segment, stored: StoredEntry, next: StoredEntry | undefined): void {
    segment.entryCount -= 1
    segment.entryBytes -= stored.bytes
    if (next !== undefined) segment.oldestAt = next.entry.createdAt
  }

  /** Sets the segment's figures to the entries just read from it; says how many are missing since they were counted. */
  correct(segment: Segment, entries: readonly StoredEntry[]): number {
    const missing = segment.entryCount - entries.length
    segment.entryCount = entries.length
    segment.entryBytes = entries.reduce((sum, { bytes }) => sum + bytes, 0)
    segment.oldestAt = entries[0]?.entry.createdAt ?? segment.oldestAt
    if (missing > 0) segment.damaged = true
    return Math.max(0, missing)
  }

  /** Gives up what is left of a segment that cannot be read any more; says how many entries that costs. */
  async abandon(segment: Segment): Promise<number> {
    const lost = segment.entryCount
    segment.entryCount = 0
    segment.entryBytes = 0
    segment.damaged = true
    if (segment === this.#list.at(-1)) await this.#closeActive()
    await this.removeDone()
    return lost
  }

  /** Removes files without entries, except the one being written. True if that freed space. */
  async removeDone(): Promise<boolean> {
    let freed = false
    for (const segment of [...this.#list]) {
      const writing = segment === this.#list.at(-1) && this.#active !== undefined
      if (segment.entryCount > 0 || writing) continue
      this.#list.splice(this.#list.indexOf(segment), 1)
      freed = (await this.#discard(segment)) || freed
    }
    return freed
  }

  close(): Promise<void> {
    return this.#closeActive()
  }

  /** Reads one file found at opening. `seenId` is the last id seen before it; the new one is returned. */
  async #adopt(name: string, seenId: number | undefined, doneId: number): Promise<number | undefined> {
    const path = join(this.#directory, name)
    const bytes = await this.#files.read(path, SEGMENT_READ_BYTES_MAX)
    const read = readFrames(bytes)
    const before = firstIdOf(name) - 1
    const header = this.#headerOf(read)
    if (header.kind === 'unfinished') {
      // Stopped while creating it: nothing was promised yet.
      this.findings.tornTails += 1
      await this.#files.remove(path)
      return seenId
    }
    if (header.kind === 'foreign') {
      await this.#setAside(path)
      this.#endsInDamage = true
      // The next file's header tells how many entries that has cost.
      return Math.max(seenId ?? 0, before)
    }
    this.#endsInDamage = !read.torn && read.end < bytes.length
    const after = header.kind === 'header' ? header.after : before
    if (seenId !== undefined) this.findings.lost += Math.max(0, after - Math.max(seenId, doneId))
    const seen = Math.max(seenId ?? 0, after)
    const { entries, lost, lastId } = this.#entriesOf(read, before, Math.max(doneId, seen))
    this.findings.lost += lost
    if (read.torn) this.findings.tornTails += 1
    const segment: Segment = {
      path,
      firstId: before + 1,
      lastId,
      entryCount: entries.length,
      entryBytes: entries.reduce((sum, stored) => sum + stored.bytes, 0),
      oldestAt: entries[0]?.entry.createdAt ?? 0,
      fileBytes: bytes.length,
      damaged: read.damagedCount > 0 || header.kind === 'missing',
    }
    if (segment.entryCount > 0) this.#list.push(segment)
    else await this.#discard(segment)
    return Math.max(seen, lastId > before ? lastId : 0)
  }

  /** A damaged header does not cost the entries behind it; another version does, for their meaning is unknown. */
  #headerOf(
    read: FramesRead,
  ): { kind: 'header'; after: number } | { kind: 'missing' } | { kind: 'foreign' } | { kind: 'unfinished' } {
    const record = read.frames[0]?.record
    if (record === undefined) return read.damagedCount === 0 ? { kind: 'unfinished' } : { kind: 'foreign' }
    const fields = decodeArray(this.#cbor, record)
    if (fields?.[0] === FORMAT && fields[1] === VERSION && typeof fields[2] === 'number') {
      return { kind: 'header', after: fields[2] }
    }
    return decodeEntry(this.#cbor, record) === undefined ? { kind: 'foreign' } : { kind: 'missing' }
  }

  /** The entries after `doneId`, in order; an id that does not rise is a repetition left by a failed write. */
  #entriesOf(
    read: FramesRead,
    before: number,
    doneId: number,
  ): { entries: StoredEntry[]; lost: number; lastId: number } {
    const entries: StoredEntry[] = []
    let lost = 0
    let lastId = before
    for (const { start, end, record } of read.frames) {
      const entry = decodeEntry(this.#cbor, record)
      if (entry === undefined || entry.id <= lastId) continue
      lost += Math.max(0, entry.id - Math.max(lastId, doneId) - 1)
      lastId = entry.id
      if (entry.id > doneId) entries.push({ entry, bytes: end - start })
    }
    return { entries, lost, lastId }
  }

  /** The last segment if it takes these entries, else a new one; after a failure always a new one, as numbers may be missing then. */
  async #segmentFor(firstId: number, bytes: number): Promise<Segment> {
    const last = this.#list.at(-1)
    if (last !== undefined && this.#active !== undefined) {
      if (last.fileBytes + bytes <= this.#options.segmentBytes) return last
      // What the new file holds must not outlive what this one holds.
      await this.#active.sync()
      await this.#closeActive()
      await this.removeDone()
    }
    return this.#create(firstId)
  }

  async #create(firstId: number): Promise<Segment> {
    const path = join(this.#directory, nameOf(firstId))
    const header = frame(this.#cbor.encode([FORMAT, VERSION, this.#lastId]))
    const file = await this.#files.openForWriting(path)
    try {
      await file.truncate(0)
      await file.write(header, 0)
      await this.#files.syncDirectory(this.#directory)
    } catch (error) {
      await file.close().catch(() => undefined)
      await this.#files.remove(path).catch(() => undefined)
      throw error
    }
    const segment: Segment = {
      path,
      firstId,
      lastId: firstId - 1,
      entryCount: 0,
      entryBytes: 0,
      oldestAt: 0,
      fileBytes: header.length,
      damaged: false,
    }
    this.#active = file
    this.#list.push(segment)
    return segment
  }

  async #write(segment: Segment, bytes: Buffer, sync: boolean): Promise<void> {
    const file = this.#active
    if (file === undefined) throw new Error('outbox: no file is open')
    try {
      await file.write(bytes, segment.fileBytes)
      if (sync) await file.sync()
      segment.fileBytes += bytes.length
    } catch (error) {
      // After a failed write or sync nobody knows what the file holds beyond this length (fsync(2), "errors").
      await file.truncate(segment.fileBytes).catch(() => undefined)
      await this.#closeActive()
      await this.removeDone()
      throw error
    }
  }

  async #closeActive(): Promise<void> {
    const file = this.#active
    this.#active = undefined
    await file?.close().catch(() => undefined)
  }

  async #discard(segment: Segment): Promise<boolean> {
    if (segment.damaged) return (await this.#setAside(segment.path)) !== undefined
    try {
      await this.#files.remove(segment.path)
      return true
    } catch (error) {
      // It is found again, empty, at the next start.
      return errorCode(error) === 'ENOENT'
    }
  }

  async #setAside(path: string): Promise<string | undefined> {
    const renamed = await setAside(this.#files, path, this.#options.setAsideBytesMax)
    if (renamed !== undefined) this.findings.setAside += 1
    return renamed
  }
}

/** An entry encoded for `append`. */
export interface StoredFrame {
  readonly entry: QueuedEntry
  readonly frame: Buffer
}

/** The entry's payload becomes a view of the frame: memory holds it once, and the caller may reuse its own buffer. */
export function encodeFrame(cbor: Cbor, entry: QueuedEntry): StoredFrame {
  const bytes = frame(encodeEntry(cbor, entry))
  // The payload is the last field of the record, and the record the last part of the frame.
  const payload = bytes.subarray(bytes.length - entry.payload.length)
  return { entry: { ...entry, payload }, frame: bytes }
}
