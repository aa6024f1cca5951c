/**
 * Reads history back, in the order of `at`, one day's file in memory at a time. It changes nothing, so an operator's
 * command may use it beside the running agent: a frame being written is not whole yet and is left for the next time.
 */
import type { Cbor } from './cbor.ts'
import { loadCbor } from './cbor.ts'
import { errorCode, nodeFiles, type StoreFiles } from './files.ts'
import { type Frame, readFrames } from './frames.ts'
import { dayOf, listDayFiles } from './history-files.ts'
import {
  datapointsOf,
  decodeRecord,
  type HistoryKind,
  instantOf,
  isReadable,
  type TimedDatapoint,
  type TimedViolation,
} from './history-records.ts'

interface HistoryRange {
  /** Epoch milliseconds, both included. */
  readonly since?: number
  readonly until?: number
}

/** A file, or a part of one, that could not be read; the rest is. */
export interface HistoryProblem {
  readonly path: string
  readonly problem: 'unreadable' | 'other version' | 'damaged'
}

export interface HistoryReadOptions extends HistoryRange {
  readonly files?: StoreFiles
  readonly onProblem?: (problem: HistoryProblem) => void
}

/** Larger than any bound of a day that a setting allows; what lies beyond is not read. */
export const DAY_BYTES_LIMIT = 64 * 1024 * 1024

export async function* readDatapoints(
  directory: string,
  options: HistoryReadOptions & { readonly metric?: string } = {},
): AsyncGenerator<TimedDatapoint> {
  for await (const { at, content, names } of readEntries(directory, 'datapoints', options)) {
    for (const datapoint of datapointsOf(at, content, names)) {
      if (options.metric === undefined || datapoint.metric === options.metric) yield datapoint
    }
  }
}

export async function* readViolations(
  directory: string,
  options: HistoryReadOptions = {},
): AsyncGenerator<TimedViolation> {
  for await (const { at, content } of readEntries(directory, 'violations', options))
    yield { at, event: content }
}

interface Located {
  readonly at: number
  readonly frame: Frame
  readonly names: readonly string[]
}

interface Entry {
  readonly at: number
  readonly content: unknown
  readonly names: readonly string[]
}

async function* readEntries(
  directory: string,
  kind: HistoryKind,
  options: HistoryReadOptions,
): AsyncGenerator<Entry> {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, files = nodeFiles } = options
  const cbor = await loadCbor()
  for (const { day, path } of await filesOf(files, directory, kind)) {
    if (day < dayOf(since) || day > dayOf(until)) continue
    for (const { at, frame, names } of await locate(files, path, kind, cbor, options)) {
      if (at < since || at > until) continue
      const record = decodeRecord(cbor, frame)
      if (record.kind === 'entry') yield { at, content: record.content, names }
    }
  }
}

/** None where there is no directory: the agent has not run yet. */
async function filesOf(files: StoreFiles, directory: string, kind: HistoryKind) {
  try {
    return await listDayFiles(files, directory, kind)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

/**
 * Where each entry of the file is, in the order of `at`: a clock that was set back left them out of order. Only the
 * place is kept, since decoded entries take several times the memory of the file.
 */
async function locate(
  files: StoreFiles,
  path: string,
  kind: HistoryKind,
  cbor: Cbor,
  options: HistoryReadOptions,
): Promise<Located[]> {
  const bytes = await files.read(path, DAY_BYTES_LIMIT).catch(() => undefined)
  if (bytes === undefined) {
    options.onProblem?.({ path, problem: 'unreadable' })
    return []
  }
  const { frames, damagedCount } = readFrames(bytes)
  if (damagedCount > 0) options.onProblem?.({ path, problem: 'damaged' })
  const [header, ...rest] = frames
  if (header === undefined) return []
  if (!isReadable(decodeRecord(cbor, header), kind)) {
    options.onProblem?.({ path, problem: 'other version' })
    return []
  }
  const located: Located[] = []
  let names: readonly string[] = []
  for (const frame of rest) {
    const at = instantOf(frame)
    const record = at === undefined ? decodeRecord(cbor, frame) : ({ kind: 'entry', at } as const)
    if (record.kind === 'names') names = record.names
    if (record.kind === 'entry') located.push({ at: record.at, frame, names })
  }
  return located.sort((a, b) => a.at - b.at)
}
