/**
 * Writes one kind of history: the file of the day, its bound, and the removal of old ones. Nothing here throws for what
 * a disk does; the next append tries again.
 */
import type { Cbor } from './cbor.ts'
import { type DiskFault, diskFault, errorCode, type StoreFile, type StoreFiles } from './files.ts'
import { readFrames } from './frames.ts'
import { type DayFile, dayFile, dayOf, listDayFiles } from './history-files.ts'
import { DAY_BYTES_LIMIT } from './history-read.ts'
import { decodeRecord, encodeHeader, type HistoryKind, isReadable } from './history-records.ts'
import { setAside } from './set-aside.ts'

interface DayLogOptions {
  readonly kind: HistoryKind
  /** Files kept, today's included. */
  readonly days: number
  readonly bytesPerDay: number
  /** Whether an append waits for the medium. */
  readonly sync: boolean
}

interface OpenDay extends DayFile {
  readonly file: StoreFile
  /** Where the next frame goes. */
  length: number
  /** How many of the writer's metric names this file has been told since it was opened. */
  namesNoted: number
}

export class DayLog {
  readonly #files: StoreFiles
  readonly #directory: string
  readonly #cbor: Cbor
  readonly #options: DayLogOptions
  #open: OpenDay | undefined
  #fault: DiskFault | undefined
  readonly counters = { kept: 0, droppedForBytes: 0, droppedForDisk: 0, setAside: 0 }

  constructor(files: StoreFiles, directory: string, cbor: Cbor, options: DayLogOptions) {
    this.#files = files
    this.#directory = directory
    this.#cbor = cbor
    this.#options = options
  }

  /** The last failure; undefined once something was written again. */
  get fault(): DiskFault | undefined {
    return this.#fault
  }

  /** The file of that instant, opened if need be; undefined while the disk does not work. */
  async turnTo(at: number): Promise<OpenDay | undefined> {
    const day = dayOf(at)
    if (this.#open?.day === day) return this.#open
    await this.close()
    try {
      await this.#files.makeDirectory(this.#directory)
      this.#open = await this.#openDay(dayFile(this.#directory, this.#options.kind, day))
      await this.#removeFarthest(day)
    } catch (error) {
      this.#fault = diskFault(error, at)
    }
    return this.#open
  }

  /** How much of a day's bytes is used: 0 to 1. */
  usedShare(): number {
    return (this.#open?.length ?? 0) / this.#options.bytesPerDay
  }

  /** Writes frames that hold `count` things to the file of that instant; false if they were not kept. */
  async append(at: number, frames: Buffer, count: number): Promise<boolean> {
    const open = await this.turnTo(at)
    if (open === undefined) {
      this.counters.droppedForDisk += count
      return false
    }
    if (open.length + frames.length > this.#options.bytesPerDay) {
      this.counters.droppedForBytes += count
      return false
    }
    try {
      await open.file.write(frames, open.length)
      if (this.#options.sync) await open.file.sync()
      open.length += frames.length
      this.counters.kept += count
      this.#fault = undefined
      return true
    } catch (error) {
      this.#fault = diskFault(error, at)
      this.counters.droppedForDisk += count
      await open.file.truncate(open.length).catch(() => undefined)
      // Opened anew by the next append, which looks at what is really there.
      await this.close()
      return false
    }
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.file.close().catch(() => undefined)
  }

  async #openDay(dayFile: DayFile): Promise<OpenDay> {
    const found = await this.#lengthOf(dayFile.path)
    const file = await this.#files.openForWriting(dayFile.path)
    try {
      // Cuts off an unfinished frame: the next one behind it would be lost to readers that know only CBOR.
      await file.truncate(found)
      if (found > 0) return { ...dayFile, file, length: found, namesNoted: 0 }
      const header = encodeHeader(this.#cbor, this.#options.kind)
      await file.write(header, 0)
      return { ...dayFile, file, length: header.length, namesNoted: 0 }
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }

  /** How long the file is without an unfinished frame; 0 if there is none, or none that can be added to. */
  async #lengthOf(path: string): Promise<number> {
    let bytes: Buffer
    try {
      bytes = await this.#files.read(path, DAY_BYTES_LIMIT)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 0
      throw error
    }
    const { frames, torn, end } = readFrames(bytes)
    const header = frames[0] && decodeRecord(this.#cbor, frames[0])
    if (isReadable(header, this.#options.kind)) return torn ? end : bytes.length
    if (header === undefined && torn) return 0
    if (bytes.length > 0 && (await setAside(this.#files, path)) === undefined) {
      throw new Error(`${path}: another program's or version's file, and it cannot be renamed`)
    }
    if (bytes.length > 0) this.counters.setAside += 1
    return 0
  }

  async #removeFarthest(today: number): Promise<void> {
    const found = await listDayFiles(this.#files, this.#directory, this.#options.kind)
    const nearestFirst = found.sort((a, b) => Math.abs(a.day - today) - Math.abs(b.day - today))
    for (const { path } of nearestFirst.slice(this.#options.days)) await this.#files.remove(path)
  }
}
