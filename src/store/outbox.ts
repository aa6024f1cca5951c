/**
 * Messages not yet handed over to the nucleus, in order, on disk.
 *
 * Promises
 * - An entry is handed out until it is acknowledged: at least once, and exactly once unless the agent is stopped between
 *   handing over and acknowledging. `acknowledge` has reached the file when it resolves; the next entry comes after that.
 * - `append` has reached the file when it resolves, so that a kill at any byte loses nothing.
 * - Against a power loss, violations and their acknowledgements are also synced. Report copies and health messages are
 *   not: there is one every interval, an SD card wears by the sync, and the kernel writes them back within half a
 *   minute (proc_sys_vm(5), dirty_expire_centisecs). Concurrent appends share one write and one sync.
 * - Bounded in bytes and age: beyond either the oldest entry goes, and is counted by the reason.
 * - A disk that is full, read-only or broken costs nothing but safety: entries wait in memory, within a bound of their
 *   own, `health` says so, and they move to the disk in order once it takes them. There is no timer: the disk is tried
 *   again by whatever call comes next.
 * - Memory holds the entries of one file at a time.
 */
import { type Cbor, loadCbor } from './cbor.ts'
import { type DiskFault, diskFault, nodeFiles, type StoreFiles } from './files.ts'
import { RECORD_BYTES_MAX } from './frames.ts'
import type { EntryKind, OutboxEntry, QueuedEntry } from './outbox-entry.ts'
import { MARK_FILE_BYTES, type Mark, openMark } from './outbox-mark.ts'
import { encodeFrame, type Segment, Segments, type StoredEntry, type StoredFrame } from './outbox-segments.ts'
import type {
  DropReason,
  Outbox,
  OutboxCounters,
  OutboxHealth,
  OutboxOptions,
  OutboxSize,
} from './outbox-types.ts'

const MiB = 1024 * 1024
const BYTES_MAX_DEFAULT = 8 * MiB // a day of 288 report copies of 20 kB, and room for violations
const AGE_MS_MAX_DEFAULT = 7 * 24 * 3600 * 1000
const MEMORY_BYTES_MAX_DEFAULT = MiB / 2 // about 1 % of the agent's resident memory
const DISK_RETRY_MS_DEFAULT = 30_000
/** Files set aside may take this part of the bytes. */
const SET_ASIDE_SHARE = 1 / 8
/** The size of one file, as a part of the bytes: what is done with but still on disk is less than one file. */
const SEGMENT_SHARE = 1 / 32
/** An instant before this was read from a clock that was not set yet: the entry's age is unknown, and not held against it. */
const CLOCK_SET_SINCE = Date.UTC(2024, 0)
/** A file that cannot be read that many times in a row is given up. */
const READ_TRIES_MAX = 3

const syncedKinds: readonly EntryKind[] = ['violation']
const isSynced = (kind: EntryKind) => syncedKinds.includes(kind)

/** Never rejects for what a disk does: without one it runs from memory, and tries again. */
export async function openOutbox(directory: string, options: OutboxOptions): Promise<Outbox> {
  const outbox = new DurableOutbox(directory, options, await loadCbor())
  await outbox.start()
  return outbox
}

/** The part that a working disk gives. */
interface Disk {
  readonly mark: Mark
  readonly segments: Segments
}

class DurableOutbox implements Outbox {
  readonly #directory: string
  readonly #now: () => number
  readonly #files: StoreFiles
  readonly #cbor: Cbor
  readonly #ageMsMax: number
  readonly #entryBytesMax: number
  readonly #memoryBytesMax: number
  readonly #diskRetryMs: number
  readonly #segmentBytes: number
  readonly #setAsideBytesMax: number

  #disk: Disk | undefined
  /** Where entries of the oldest segment are, as read from disk. */
  #page: { segment: Segment; entries: StoredEntry[] } | undefined
  /** Entries the disk would not take; all newer than those on disk. */
  #memory: StoredFrame[] = []
  #waiting: OutboxEntry[] = []
  #lastId = 0
  /** The newest entry that is done with, and the one of which the mark file knows. */
  #doneId = 0
  #savedDoneId = 0
  /** The entry last handed out; if it is dropped meanwhile, its acknowledgement takes the drop back. */
  #lent: { id: number; droppedFor?: DropReason } | undefined
  #fault: DiskFault | undefined
  #faultSince = 0
  #triedAt = 0
  #readFailures = 0
  #queue: Promise<unknown> = Promise.resolve()

  #appended = 0
  #handedOver = 0
  #givenUp = 0
  readonly #dropped: Record<DropReason, number> = { age: 0, bytes: 0, memory: 0, damage: 0 }
  #diskFaults = 0

  constructor(directory: string, options: OutboxOptions, cbor: Cbor) {
    const bytesMax = options.bytesMax ?? BYTES_MAX_DEFAULT
    this.#directory = directory
    this.#cbor = cbor
    this.#now = options.now
    this.#files = options.files ?? nodeFiles
    this.#ageMsMax = options.ageMsMax ?? AGE_MS_MAX_DEFAULT
    this.#memoryBytesMax = options.memoryBytesMax ?? MEMORY_BYTES_MAX_DEFAULT
    this.#diskRetryMs = options.diskRetryMs ?? DISK_RETRY_MS_DEFAULT
    this.#setAsideBytesMax = Math.floor(bytesMax * SET_ASIDE_SHARE)
    this.#segmentBytes = Math.min(Math.floor(bytesMax * SEGMENT_SHARE), RECORD_BYTES_MAX)
    this.#entryBytesMax = bytesMax - this.#setAsideBytesMax - this.#segmentBytes - MARK_FILE_BYTES
  }

  async start(): Promise<void> {
    await this.#tryDisk()
    await this.#dropAged()
  }

  append(entry: OutboxEntry): Promise<void> {
    this.#waiting.push(entry)
    return this.#alone(() => this.#writeWaiting())
  }

  peek(): Promise<QueuedEntry | undefined> {
    return this.#alone(async () => {
      this.#lent = undefined
      await this.#retryDisk()
      await this.#dropAged()
      const oldest = await this.#oldest()
      if (oldest !== undefined) this.#lent = { id: oldest.entry.id }
      return oldest?.entry
    })
  }

  acknowledge(id: number, outcome: 'handed-over' | 'given-up' = 'handed-over'): Promise<boolean> {
    return this.#alone(async () => {
      const droppedFor = this.#lent?.id === id ? this.#lent.droppedFor : undefined
      if (droppedFor !== undefined) {
        this.#lent = undefined
        this.#dropped[droppedFor] -= 1
      } else {
        const oldest = await this.#oldest()
        if (oldest?.entry.id !== id) return false
        this.#lent = undefined
        await this.#finish(oldest, isSynced(oldest.entry.kind))
      }
      if (outcome === 'handed-over') this.#handedOver += 1
      else this.#givenUp += 1
      return true
    })
  }

  lastId(): number {
    return this.#lastId
  }

  size(): OutboxSize {
    const disk = this.#disk?.segments.totals() ?? { entries: 0, bytes: 0 }
    return {
      entries: disk.entries + this.#memory.length,
      bytes: disk.bytes + this.#memoryBytes(),
      oldestAt: this.#disk?.segments.oldest?.oldestAt ?? this.#memory[0]?.entry.createdAt,
    }
  }

  counters(): OutboxCounters {
    const findings = this.#disk?.segments.findings
    return {
      appended: this.#appended,
      handedOver: this.#handedOver,
      givenUp: this.#givenUp,
      dropped: { ...this.#dropped, damage: this.#dropped.damage + (findings?.lost ?? 0) },
      tornTails: findings?.tornTails ?? 0,
      filesSetAside: findings?.setAside ?? 0,
      diskFaults: this.#diskFaults,
    }
  }

  health(): OutboxHealth {
    if (this.#fault === undefined) return { kind: 'durable' }
    return {
      kind: 'degraded',
      since: this.#faultSince,
      fault: this.#fault,
      entriesInMemory: this.#memory.length,
    }
  }

  close(): Promise<void> {
    return this.#alone(async () => {
      this.#lent = undefined
      if (this.#memory.length > 0) await this.#tryDisk()
      await this.#disk?.segments.close()
      await this.#disk?.mark.close().catch(() => undefined)
    })
  }

  /** One operation after the other; an error of one does not stop the next. */
  #alone<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(operation)
    this.#queue = result.catch(() => undefined)
    return result
  }

  /** Writes all that came in while the last write was under way, in pieces that fit a file. */
  async #writeWaiting(): Promise<void> {
    const waiting = this.#waiting.splice(0)
    if (waiting.length === 0) return
    await this.#retryDisk()
    await this.#dropAged()
    let batch: StoredFrame[] = []
    let batchBytes = 0
    for (const entry of waiting) {
      const item = this.#numbered(entry)
      if (item === undefined) continue
      if (batch.length > 0 && batchBytes + item.frame.length > this.#segmentBytes) {
        await this.#store(batch)
        batch = []
        batchBytes = 0
      }
      batch.push(item)
      batchBytes += item.frame.length
    }
    await this.#store(batch)
  }

  #numbered(entry: OutboxEntry): StoredFrame | undefined {
    this.#appended += 1
    const item = encodeFrame(this.#cbor, { ...entry, id: this.#lastId + 1 })
    if (item.frame.length > Math.min(this.#entryBytesMax, RECORD_BYTES_MAX)) {
      this.#dropped.bytes += 1
      return undefined
    }
    this.#lastId += 1
    return item
  }

  async #store(batch: StoredFrame[]): Promise<void> {
    await this.#makeRoom(batch.reduce((sum, { frame }) => sum + frame.length, 0))
    if (this.#memory.length === 0 && (await this.#writeToDisk(batch))) return
    this.#memory.push(...batch)
    this.#limitMemory()
  }

  /** False if the disk would not take them. */
  async #writeToDisk(batch: readonly StoredFrame[]): Promise<boolean> {
    if (this.#disk === undefined) return false
    try {
      await this.#disk.segments.append(
        batch,
        batch.some(({ entry }) => isSynced(entry.kind)),
      )
      return true
    } catch (error) {
      this.#failed(error)
      return false
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    while (this.#occupiedBytes() + bytes > this.#entryBytesMax) {
      const oldest = await this.#oldest()
      if (oldest === undefined) return
      await this.#drop(oldest, 'bytes')
    }
  }

  #occupiedBytes(): number {
    return (this.#disk?.segments.occupiedBytes() ?? 0) + this.#memoryBytes()
  }

  async #dropAged(): Promise<void> {
    for (;;) {
      const { oldestAt } = this.size()
      if (oldestAt === undefined || !this.#isAged(oldestAt)) return
      const oldest = await this.#oldest()
      if (oldest === undefined || !this.#isAged(oldest.entry.createdAt)) return
      await this.#drop(oldest, 'age')
    }
  }

  #isAged(createdAt: number): boolean {
    return createdAt >= CLOCK_SET_SINCE && this.#now() - createdAt > this.#ageMsMax
  }

  #limitMemory(): void {
    while (this.#memoryBytes() > this.#memoryBytesMax) {
      const item = this.#memory.shift()
      if (item === undefined) return
      this.#countDrop(item.entry.id, 'memory')
    }
  }

  #memoryBytes(): number {
    return this.#memory.reduce((sum, { frame }) => sum + frame.length, 0)
  }

  async #drop(oldest: StoredEntry, reason: DropReason): Promise<void> {
    this.#countDrop(oldest.entry.id, reason)
    await this.#finish(oldest, false)
  }

  #countDrop(id: number, reason: DropReason): void {
    this.#dropped[reason] += 1
    if (this.#lent?.id === id) this.#lent = { id, droppedFor: reason }
  }

  /** The oldest entry on disk, or else in memory. */
  async #oldest(): Promise<StoredEntry | undefined> {
    const segments = this.#disk?.segments
    for (let segment = segments?.oldest; segments !== undefined && segment !== undefined; ) {
      const page = await this.#pageOf(segments, segment)
      if (page === undefined) return undefined
      const oldest = page[0]
      if (oldest !== undefined) return oldest
      // The file has fewer entries than were written to it.
      await this.#abandon(segments, segment)
      segment = segments.oldest
    }
    const item = this.#memory[0]
    return item && { entry: item.entry, bytes: item.frame.length }
  }

  /** Undefined while the file cannot be read. */
  async #pageOf(segments: Segments, segment: Segment): Promise<StoredEntry[] | undefined> {
    if (this.#page?.segment === segment && this.#page.entries.length > 0) return this.#page.entries
    try {
      const entries = await segments.read(segment, this.#doneId)
      this.#dropped.damage += segments.correct(segment, entries)
      this.#page = { segment, entries }
      this.#readFailures = 0
      return entries
    } catch (error) {
      this.#failed(error)
      this.#readFailures += 1
      if (this.#readFailures < READ_TRIES_MAX) return undefined
      await this.#abandon(segments, segment)
      return []
    }
  }

  async #abandon(segments: Segments, segment: Segment): Promise<void> {
    this.#readFailures = 0
    this.#page = undefined
    this.#doneId = Math.max(this.#doneId, segment.lastId)
    this.#dropped.damage += await segments.abandon(segment)
  }

  /** The oldest entry is done with: first the mark, then the file. */
  async #finish(oldest: StoredEntry, sync: boolean): Promise<void> {
    this.#doneId = oldest.entry.id
    await this.#saveMark(sync)
    const segments = this.#disk?.segments
    const segment = segments?.oldest
    if (segments === undefined || segment === undefined) {
      this.#memory.shift()
      return
    }
    this.#page?.entries.shift()
    segments.consume(segment, oldest, this.#page?.entries[0])
    const freed = segment.entryCount === 0 && (await segments.removeDone())
    if (freed && this.#memory.length > 0) await this.#tryDisk()
  }

  async #saveMark(sync: boolean): Promise<void> {
    if (this.#disk === undefined) return
    try {
      await this.#disk.mark.write(this.#doneId, sync)
      this.#savedDoneId = this.#doneId
      if (this.#memory.length === 0) this.#recovered()
    } catch (error) {
      this.#failed(error)
    }
  }

  async #retryDisk(): Promise<void> {
    if (this.#fault === undefined) return
    const waited = this.#now() - this.#triedAt
    // A clock set back must not put the next try off.
    if (waited >= 0 && waited < this.#diskRetryMs) return
    await this.#tryDisk()
  }

  /** Opens the disk if that is still to do, then moves to it what waits in memory. */
  async #tryDisk(): Promise<void> {
    this.#triedAt = this.#now()
    try {
      // Opening may give entries in memory new numbers; the one handed out is to keep its own.
      if (this.#disk === undefined && this.#lent !== undefined) return
      if (this.#disk === undefined) await this.#openDisk()
    } catch (error) {
      this.#failed(error)
      return
    }
    if (this.#savedDoneId < this.#doneId) await this.#saveMark(true)
    while (this.#memory.length > 0) {
      const batch = this.#nextBatch()
      if (!(await this.#writeToDisk(batch))) return
      this.#memory = this.#memory.slice(batch.length)
    }
    if (this.#savedDoneId === this.#doneId) this.#recovered()
  }

  /** The first entries in memory, as many as fit a file. */
  #nextBatch(): StoredFrame[] {
    let bytes = 0
    const over = this.#memory.findIndex(({ frame }, index) => {
      bytes += frame.length
      return index > 0 && bytes > this.#segmentBytes
    })
    return over < 0 ? this.#memory : this.#memory.slice(0, over)
  }

  /** Entries found on disk are older than those in memory, which take their numbers from there on. */
  async #openDisk(): Promise<void> {
    await this.#files.makeDirectory(this.#directory)
    const mark = await openMark(this.#files, this.#directory)
    try {
      const bounds = { segmentBytes: this.#segmentBytes, setAsideBytesMax: this.#setAsideBytesMax }
      const segments = await Segments.open(this.#files, this.#directory, bounds, this.#cbor, mark.id)
      this.#disk = { mark, segments }
    } catch (error) {
      await mark.close().catch(() => undefined)
      throw error
    }
    this.#doneId = mark.id
    this.#savedDoneId = mark.id
    this.#lastId = this.#disk.segments.lastId
    this.#memory = this.#memory.map(({ entry }) => {
      this.#lastId += 1
      return encodeFrame(this.#cbor, { ...entry, id: this.#lastId })
    })
  }

  #failed(error: unknown): void {
    const now = this.#now()
    if (this.#fault === undefined) this.#faultSince = now
    this.#fault = diskFault(error, now)
    this.#triedAt = now
    this.#diskFaults += 1
  }

  #recovered(): void {
    this.#fault = undefined
  }
}
