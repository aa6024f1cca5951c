/**
 * What the agent saw and judged, kept on the device: datapoints for 14 days, which is what AWS keeps and what a
 * percentile looks back on, and violations for 30 ("AWS IoT Device Defender quotas"). One append-only file a kind and
 * UTC day, read back by `history-read.ts`.
 *
 * - Bounded: a day's file has a size it does not exceed, and there are so many files. In the last quarter of a day's
 *   bytes the long values, lists, are left out so that the numbers last until midnight; all that is left out is counted.
 * - Retention removes whole files: when there are too many, the one farthest from today. So a clock that jumps to 2038
 *   and back costs one day, not all of them, and a device that was switched off keeps its last days of work.
 * - An instant decides the file, whatever the clock did before; reading sorts.
 * - Cost: one small write for each append and no sync for datapoints, as an SD card wears by the sync; a power loss may
 *   take the last half-minute. Violations are rare and are synced.
 * - A disk that does not work costs history and nothing else: nothing here throws, what was not kept is counted.
 */
import type { Datapoint } from '../metrics/datapoint.ts'
import { type Cbor, loadCbor } from './cbor.ts'
import { type DiskFault, nodeFiles, type StoreFiles } from './files.ts'
import { DayLog } from './history-day-log.ts'
import { DAY_BYTES_LIMIT, type HistoryReadOptions, readDatapoints, readViolations } from './history-read.ts'
import {
  encodeDatapoints,
  encodeNames,
  encodeViolation,
  type TimedDatapoint,
  type TimedViolation,
} from './history-records.ts'

export interface HistoryOptions {
  readonly datapointDays?: number
  readonly violationDays?: number
  readonly datapointBytesPerDay?: number
  readonly violationBytesPerDay?: number
  readonly files?: StoreFiles
}

export interface HistoryCounters {
  readonly datapoints: number
  readonly violations: number
  /** Datapoints and violations not kept, and why. */
  readonly dropped: { readonly bytes: number; readonly disk: number }
  /** List values left out of datapoints that were kept otherwise, to save the day's bytes. */
  readonly listsLeftOut: number
  readonly filesSetAside: number
}

export interface History {
  appendDatapoints(at: number, datapoints: readonly Datapoint[]): Promise<void>
  appendViolation(at: number, event: unknown): Promise<void>
  readDatapoints(options?: HistoryReadOptions & { readonly metric?: string }): AsyncIterable<TimedDatapoint>
  readViolations(options?: HistoryReadOptions): AsyncIterable<TimedViolation>
  counters(): HistoryCounters
  /** The last failure of the disk, until it works again. */
  fault(): DiskFault | undefined
  close(): Promise<void>
}

const MiB = 1024 * 1024
const DATAPOINT_DAYS_DEFAULT = 14
const VIOLATION_DAYS_DEFAULT = 30
/** A day of 5,760 local samples (one each 15 s) of 20 numbers takes about 1.1 MB; lists have the rest. */
const DATAPOINT_BYTES_PER_DAY_DEFAULT = 4 * MiB
/** A thousand events with evidence of 1 kB. */
const VIOLATION_BYTES_PER_DAY_DEFAULT = MiB
/** Lists may fill this part of a day's bytes. */
const LISTS_SHARE = 3 / 4

export async function openHistory(directory: string, options: HistoryOptions = {}): Promise<History> {
  const cbor = await loadCbor()
  const files = options.files ?? nodeFiles
  const datapoints = new DayLog(files, directory, cbor, {
    kind: 'datapoints',
    days: options.datapointDays ?? DATAPOINT_DAYS_DEFAULT,
    bytesPerDay: Math.min(options.datapointBytesPerDay ?? DATAPOINT_BYTES_PER_DAY_DEFAULT, DAY_BYTES_LIMIT),
    sync: false,
  })
  const violations = new DayLog(files, directory, cbor, {
    kind: 'violations',
    days: options.violationDays ?? VIOLATION_DAYS_DEFAULT,
    bytesPerDay: Math.min(options.violationBytesPerDay ?? VIOLATION_BYTES_PER_DAY_DEFAULT, DAY_BYTES_LIMIT),
    sync: true,
  })
  return new DurableHistory(directory, files, cbor, datapoints, violations)
}

class DurableHistory implements History {
  readonly #directory: string
  readonly #files: StoreFiles
  readonly #cbor: Cbor
  readonly #datapoints: DayLog
  readonly #violations: DayLog
  /** Metric names by number, of this process; each file gets them anew. */
  readonly #names: string[] = []
  #queue: Promise<unknown> = Promise.resolve()
  #listsLeftOut = 0

  constructor(directory: string, files: StoreFiles, cbor: Cbor, datapoints: DayLog, violations: DayLog) {
    this.#directory = directory
    this.#files = files
    this.#cbor = cbor
    this.#datapoints = datapoints
    this.#violations = violations
  }

  appendDatapoints(at: number, datapoints: readonly Datapoint[]): Promise<void> {
    return this.#alone(async () => {
      const open = await this.#datapoints.turnTo(at)
      const listsFit = this.#datapoints.usedShare() < LISTS_SHARE
      const kept = listsFit ? datapoints : datapoints.filter(({ value }) => !isList(value))
      this.#listsLeftOut += datapoints.length - kept.length
      if (kept.length === 0) return
      const record = encodeDatapoints(this.#cbor, at, kept, (metric) => this.#numberOf(metric))
      const names = open?.namesNoted === this.#names.length ? [] : [encodeNames(this.#cbor, this.#names)]
      const written = await this.#datapoints.append(at, Buffer.concat([...names, record]), kept.length)
      if (written && open !== undefined) open.namesNoted = this.#names.length
    })
  }

  appendViolation(at: number, event: unknown): Promise<void> {
    return this.#alone(async () => {
      await this.#violations.append(at, encodeViolation(this.#cbor, at, event), 1)
    })
  }

  readDatapoints(
    options: HistoryReadOptions & { readonly metric?: string } = {},
  ): AsyncIterable<TimedDatapoint> {
    return readDatapoints(this.#directory, { files: this.#files, ...options })
  }

  readViolations(options: HistoryReadOptions = {}): AsyncIterable<TimedViolation> {
    return readViolations(this.#directory, { files: this.#files, ...options })
  }

  counters(): HistoryCounters {
    const [datapoints, violations] = [this.#datapoints.counters, this.#violations.counters]
    return {
      datapoints: datapoints.kept,
      violations: violations.kept,
      dropped: {
        bytes: datapoints.droppedForBytes + violations.droppedForBytes,
        disk: datapoints.droppedForDisk + violations.droppedForDisk,
      },
      listsLeftOut: this.#listsLeftOut,
      filesSetAside: datapoints.setAside + violations.setAside,
    }
  }

  fault(): DiskFault | undefined {
    return this.#datapoints.fault ?? this.#violations.fault
  }

  close(): Promise<void> {
    return this.#alone(async () => {
      await this.#datapoints.close()
      await this.#violations.close()
    })
  }

  #numberOf(metric: string): number {
    const number = this.#names.indexOf(metric)
    return number >= 0 ? number : this.#names.push(metric) - 1
  }

  #alone<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(operation)
    this.#queue = result.catch(() => undefined)
    return result
  }
}

const isList = (value: Datapoint['value']) => !('count' in value) && !('number' in value)
