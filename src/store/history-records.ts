/**
 * The records in a history file, in the frames of `frames.ts`:
 *
 *     ['history', version, kind]            the first of each file
 *     ['names', [name, ...]]                metric names by number, for the datapoints that follow; a later one replaces it
 *     [at, [[name number, type, value], ...]]   datapoints of one instant; type is an index of `valueTypes`
 *     [at, event]                           a violation event, as its owner gave it
 *
 * `at` is epoch milliseconds. Names by number take a datapoint from about 35 bytes to about 8.
 */
import type { Datapoint, MetricValue } from '../metrics/datapoint.ts'
import type { Cbor } from './cbor.ts'
import { type Frame, frame } from './frames.ts'

export type HistoryKind = 'datapoints' | 'violations'

const FORMAT = 'history'
const NAMES = 'names'
const VERSION = 1
/** Never reordered: the files hold the indices. */
const valueTypes: readonly string[] = ['count', 'ports', 'cidrs', 'number', 'numbers', 'strings']

export interface TimedDatapoint extends Datapoint {
  readonly at: number
}

export interface TimedViolation {
  readonly at: number
  readonly event: unknown
}

export const encodeHeader = (cbor: Cbor, kind: HistoryKind) => frame(cbor.encode([FORMAT, VERSION, kind]))

export const encodeNames = (cbor: Cbor, names: readonly string[]) => frame(cbor.encode([NAMES, names]))

export const encodeViolation = (cbor: Cbor, at: number, event: unknown) => frame(cbor.encode([at, event]))

export function encodeDatapoints(
  cbor: Cbor,
  at: number,
  datapoints: readonly Datapoint[],
  numberOf: (metric: string) => number,
): Buffer {
  return frame(
    cbor.encode([
      at,
      datapoints.map(({ metric, value }) => {
        const [type, content] = Object.entries(value)[0] ?? ['', undefined]
        return [numberOf(metric), valueTypes.indexOf(type), content]
      }),
    ]),
  )
}

type HistoryRecord =
  | { readonly kind: 'header'; readonly version: number; readonly of: string }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'entry'; readonly at: number; readonly content: unknown }
  | { readonly kind: 'unknown' }

export function decodeRecord(cbor: Cbor, { record }: Frame): HistoryRecord {
  let value: unknown
  try {
    value = cbor.decode(record)
  } catch {
    return { kind: 'unknown' }
  }
  if (!Array.isArray(value)) return { kind: 'unknown' }
  const [first, second, third] = value
  if (first === FORMAT && typeof second === 'number' && typeof third === 'string') {
    return { kind: 'header', version: second, of: third }
  }
  if (first === NAMES && Array.isArray(second)) return { kind: 'names', names: second.map(String) }
  return typeof first === 'number' ? { kind: 'entry', at: first, content: second } : { kind: 'unknown' }
}

/**
 * The instant of an entry without decoding the rest: an array of two that begins with a 64-bit float, as cbor-x writes
 * numbers beyond 32 bits. Undefined for whatever else; `decodeRecord` knows.
 */
export function instantOf({ record }: Frame): number | undefined {
  const ARRAY_OF_TWO = 0x82
  const FLOAT64 = 0xfb
  return record[0] === ARRAY_OF_TWO && record[1] === FLOAT64 ? record.readDoubleBE(2) : undefined
}

/** Whether this program can read, and add to, a file with that first record. */
export const isReadable = (record: HistoryRecord | undefined, kind: HistoryKind): boolean =>
  record?.kind === 'header' && record.version === VERSION && record.of === kind

/** The datapoints of a record's content; what is not one is left out. */
export function* datapointsOf(
  at: number,
  content: unknown,
  names: readonly string[],
): Generator<TimedDatapoint> {
  if (!Array.isArray(content)) return
  for (const item of content) {
    if (!Array.isArray(item)) continue
    const metric = names[Number(item[0])]
    const value = metricValue(Number(item[1]), item[2])
    if (metric !== undefined && value !== undefined) yield { at, metric, value }
  }
}

function metricValue(type: number, content: unknown): MetricValue | undefined {
  const isNumbers = () => Array.isArray(content) && content.every((element) => typeof element === 'number')
  const isStrings = () => Array.isArray(content) && content.every((element) => typeof element === 'string')
  switch (valueTypes[type]) {
    case 'count':
      return typeof content === 'number' ? { count: content } : undefined
    case 'number':
      return typeof content === 'number' ? { number: content } : undefined
    case 'ports':
      return isNumbers() ? { ports: content as number[] } : undefined
    case 'numbers':
      return isNumbers() ? { numbers: content as number[] } : undefined
    case 'cidrs':
      return isStrings() ? { cidrs: content as string[] } : undefined
    case 'strings':
      return isStrings() ? { strings: content as string[] } : undefined
    default:
      return undefined
  }
}
