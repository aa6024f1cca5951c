/**
 * Reads a source as records, one report interval of one device each, in the order of time, in batches and with no more
 * in memory than a day of one device.
 */
import type { Datapoint } from '../../../src/metrics/datapoint.ts'
import { type Cbor, loadCbor } from '../../../src/store/cbor.ts'
import { nodeFiles } from '../../../src/store/files.ts'
import { readFrames } from '../../../src/store/frames.ts'
import { listDayFiles } from '../../../src/store/history-files.ts'
import { DAY_BYTES_LIMIT } from '../../../src/store/history-read.ts'
import { datapointsOf, decodeRecord, instantOf, isReadable } from '../../../src/store/history-records.ts'
import { plural } from '../../render/numbers.ts'
import { jsonValues } from './json-stream.ts'
import {
  datapointsOfReport,
  epochMs,
  isMembers,
  isReport,
  metricValueOf,
  reportTime,
} from './report-datapoints.ts'
import type { HistorySource } from './sources.ts'

export interface HistoryRecord {
  readonly device: string
  /** Epoch milliseconds; the end of the interval. */
  readonly at: number
  readonly datapoints: readonly Datapoint[]
}

export interface ReadOptions {
  /** Epoch milliseconds, both included. */
  readonly since?: number
  readonly until?: number
  readonly onBytes?: (count: number) => void
  /** A part that could not be read; the rest is. */
  readonly onProblem?: (problem: string) => void
}

export async function* readRecords(
  source: HistorySource,
  options: ReadOptions = {},
): AsyncGenerator<HistoryRecord[]> {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = options
  const reader = source.kind === 'history' ? readHistory(source, options) : readJson(source, options)
  for await (const batch of reader) {
    const wanted = batch.filter(({ at }) => at >= since && at <= until)
    if (wanted.length > 0) yield wanted
  }
}

/** A day at a time; the order within a day's file may be that of a clock that was set back. */
async function* readHistory(source: HistorySource, options: ReadOptions): AsyncGenerator<HistoryRecord[]> {
  const cbor = await loadCbor()
  const [directory = ''] = source.paths
  for (const { path } of await listDayFiles(nodeFiles, directory, 'datapoints')) {
    const bytes = await nodeFiles.read(path, DAY_BYTES_LIMIT).catch(() => undefined)
    if (bytes === undefined) {
      options.onProblem?.(`${path}: cannot be read`)
      continue
    }
    options.onBytes?.(bytes.length)
    const records = dayOf(bytes, path, source.device, cbor, options)
    records.sort((a, b) => a.at - b.at)
    yield records
  }
}

function dayOf(
  bytes: Buffer,
  path: string,
  device: string,
  cbor: Cbor,
  { onProblem }: ReadOptions,
): HistoryRecord[] {
  const { frames, damagedCount } = readFrames(bytes)
  if (damagedCount > 0) onProblem?.(`${path}: is damaged; what could be read of it is used`)
  const [header, ...rest] = frames
  if (header === undefined) return []
  if (!isReadable(decodeRecord(cbor, header), 'datapoints')) {
    onProblem?.(`${path}: was written by another version of the agent`)
    return []
  }
  const records: HistoryRecord[] = []
  let names: readonly string[] = []
  for (const frame of rest) {
    // The first bytes tell most entries from the lists of names, but the content has to be decoded either way.
    const record = decodeRecord(cbor, frame)
    if (record.kind === 'names') names = record.names
    if (record.kind !== 'entry') continue
    const at = instantOf(frame) ?? record.at
    records.push({ device, at, datapoints: [...datapointsOf(at, record.content, names)] })
  }
  return records
}

async function* readJson(source: HistorySource, options: ReadOptions): AsyncGenerator<HistoryRecord[]> {
  const group = new Grouping()
  let order: readonly string[] = source.paths
  if (source.kind === 'reports' && order.length > 1) order = await byReportTime(order)
  for (const path of order) {
    let foreign = 0
    const onFault = (line: number) => options.onProblem?.(`${path}:${line}: is not JSON`)
    const onBytes = options.onBytes
    for await (const values of jsonValues(path, { onFault, ...(onBytes === undefined ? {} : { onBytes }) })) {
      for (const value of values) {
        const parts = partsOf(source, value)
        if (parts === undefined) foreign++
        for (const part of parts ?? []) group.add(part)
      }
      yield group.takeFinished()
    }
    if (foreign > 0)
      options.onProblem?.(`${path}: ${plural(foreign, 'value')} of another kind than ${source.kind}`)
  }
  yield group.takeAll()
}

/** Reports carry their time; the names of their files may not. */
async function byReportTime(paths: readonly string[]): Promise<string[]> {
  const timed: { path: string; at: number }[] = []
  for (const path of paths) {
    let at = Number.POSITIVE_INFINITY
    for await (const [value] of jsonValues(path)) {
      if (isReport(value)) at = reportTime(value) ?? at
      break
    }
    timed.push({ path, at })
  }
  return timed.sort((a, b) => a.at - b.at).map(({ path }) => path)
}

interface Part extends HistoryRecord {
  /** Of several values for one instant the highest version counts (developer guide, "Detect metrics export"). */
  readonly version: number
}

/** `undefined` for what is nothing of the source's kind. */
function partsOf({ kind, device }: HistorySource, value: unknown): Part[] | undefined {
  if (kind === 'reports') {
    if (!isReport(value)) return undefined
    const at = reportTime(value)
    const thing = value.thingName ?? value.thing
    const name = typeof thing === 'string' ? thing : device
    return at === undefined
      ? undefined
      : [{ device: name, at, datapoints: datapointsOfReport(value), version: 0 }]
  }
  if (!isMembers(value)) return undefined
  if (kind === 'lines') {
    const { at, metric } = value
    const content = metricValueOf(value.value)
    if (typeof at !== 'number' || typeof metric !== 'string' || content === undefined) return undefined
    return [{ device, at, datapoints: [{ metric, value: content }], version: 0 }]
  }
  return Array.isArray(value.metrics) ? value.metrics.flatMap((each) => exported(each) ?? []) : undefined
}

/** Narrowed by a dimension it is another metric, and none that a device measures. */
function exported(entry: unknown): Part | undefined {
  if (!isMembers(entry) || isMembers(entry.dimension)) return undefined
  const { name, thing, timestamp, version } = entry
  const at = epochMs(timestamp)
  const value = metricValueOf(entry.value)
  if (typeof name !== 'string' || typeof thing !== 'string' || at === undefined || value === undefined)
    return undefined
  return {
    device: thing,
    at,
    datapoints: [{ metric: name, value }],
    version: typeof version === 'number' ? version : 0,
  }
}

/** Puts together what belongs to one instant of one device: it is finished when a later instant comes. */
class Grouping {
  readonly #open = new Map<
    string,
    { at: number; values: Map<string, { datapoint: Datapoint; version: number }> }
  >()
  #finished: HistoryRecord[] = []

  add({ device, at, datapoints, version }: Part): void {
    let open = this.#open.get(device)
    if (open === undefined || open.at !== at) {
      if (open !== undefined) this.#finish(device)
      open = { at, values: new Map() }
      this.#open.set(device, open)
    }
    for (const datapoint of datapoints) {
      const known = open.values.get(datapoint.metric)
      if (known === undefined || version >= known.version)
        open.values.set(datapoint.metric, { datapoint, version })
    }
  }

  takeFinished(): HistoryRecord[] {
    const finished = this.#finished
    this.#finished = []
    return finished
  }

  takeAll(): HistoryRecord[] {
    for (const device of [...this.#open.keys()]) this.#finish(device)
    return this.takeFinished()
  }

  #finish(device: string): void {
    const open = this.#open.get(device)
    if (open === undefined) return
    this.#open.delete(device)
    const datapoints = [...open.values.values()].map(({ datapoint }) => datapoint)
    this.#finished.push({ device, at: open.at, datapoints })
  }
}
