/** Datapoints and violations of the history, one after the other, in each of the formats that `defender history` prints. */
import type { MetricValue } from '../../src/metrics/datapoint.ts'
import type { TimedDatapoint, TimedViolation } from '../../src/store/history-records.ts'
import { formatInstant, numberText } from './numbers.ts'
import { cut, printable, type TerminalStyle } from './terminal.ts'

export type HistoryFormat = 'table' | 'json' | 'csv' | 'cbor'

export interface HistoryRenderer {
  /** What comes before the first, if anything does. */
  readonly head: string
  readonly datapoint: (datapoint: TimedDatapoint) => string | Uint8Array
  readonly violation: (violation: TimedViolation) => string | Uint8Array
}

/** @param encodeCbor may reuse its buffer: what is returned is copied */
export function historyRenderer(
  format: HistoryFormat,
  kind: 'datapoints' | 'violations',
  style: TerminalStyle,
  encodeCbor: (value: unknown) => Uint8Array,
): HistoryRenderer {
  switch (format) {
    case 'table':
      return tableRenderer(kind, style)
    case 'csv':
      return csvRenderer(kind)
    case 'json':
      return recordRenderer((record) => `${JSON.stringify(record)}\n`)
    case 'cbor':
      return recordRenderer((record) => Buffer.from(encodeCbor(record)))
  }
}

/** One record each: JSON a line, or a CBOR sequence (RFC 8742). */
function recordRenderer(encode: (record: object) => string | Uint8Array): HistoryRenderer {
  return {
    head: '',
    datapoint: ({ at, metric, value }) => encode({ at, time: isoTime(at), metric, value }),
    violation: ({ at, event }) => encode({ at, time: isoTime(at), event }),
  }
}

/** RFC 4180, but for its line ends: lines end as everywhere else here. Members of a list are separated by blanks. */
function csvRenderer(kind: 'datapoints' | 'violations'): HistoryRenderer {
  const names =
    kind === 'datapoints'
      ? ['time', 'metric', 'type', 'value']
      : ['time', 'event', 'securityProfileName', 'behaviorName', 'metric', 'value', 'violationId']
  return {
    head: csvLine(names),
    datapoint: ({ at, metric, value }) =>
      csvLine([isoTime(at), metric, Object.keys(value)[0] ?? '', valueText(value)]),
    violation: ({ at, event }) => {
      const { type, profile, behavior, metric, value, id } = violationFields(event)
      return csvLine([isoTime(at), type, profile, behavior, metric, value, id])
    },
  }
}

const csvLine = (fields: readonly string[]): string =>
  `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\n`

const TIME = { heading: 'Time (UTC)', width: 19 }
const columns = {
  // aws:num-established-tcp-connections has 35 characters
  datapoints: [TIME, { heading: 'Metric', width: 35 }],
  // alarm-invalidated has 17
  violations: [TIME, { heading: 'Event', width: 17 }, { heading: 'Profile / behavior', width: 26 }],
}

/** Columns are fixed, since nothing is known of the rows to come; the last one has the rest of the width. */
function tableRenderer(kind: 'datapoints' | 'violations', style: TerminalStyle): HistoryRenderer {
  const fixed = columns[kind]
  const rest = Math.max(10, style.width - fixed.reduce((sum, { width }) => sum + width + 2, 0))
  const line = (cells: readonly string[]): string => {
    const padded = fixed.map(({ width }, index) =>
      cut(printable(cells[index] ?? ''), width).padEnd(width + 2),
    )
    return `${padded.join('')}${cut(printable(cells.at(-1) ?? ''), rest)}`.trimEnd()
  }
  return {
    head: `${style.colors.bold(line([...fixed.map(({ heading }) => heading), 'Value']))}\n`,
    datapoint: ({ at, metric, value }) => `${line([formatInstant(at), metric, valueWords(metric, value)])}\n`,
    violation: ({ at, event }) => {
      const { type, profile, behavior, metric } = violationFields(event)
      const value = valueWords(metric, objectOf(objectOf(event).metricValue))
      return `${line([formatInstant(at), type, `${profile} / ${behavior}`, value])}\n`
    },
  }
}

/** An instant beyond what a date can be is given as it is. */
const isoTime = (at: number): string => {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString()
}

function valueText(value: MetricValue | Readonly<Record<string, unknown>>): string {
  const [content] = Object.values(value) as unknown[]
  return Array.isArray(content) ? content.join(' ') : String(content ?? '')
}

/** For people: `602 MB`. */
function valueWords(metric: string, value: MetricValue | Readonly<Record<string, unknown>>): string {
  const [content] = Object.values(value) as unknown[]
  return typeof content === 'number' ? numberText(metric, content) : valueText(value)
}

interface ViolationFields {
  readonly type: string
  readonly profile: string
  readonly behavior: string
  readonly metric: string
  readonly value: string
  readonly id: string
}

/** What is in a file may be of any shape; what is not there is empty. */
function violationFields(event: unknown): ViolationFields {
  const { violationEventType, securityProfileName, behavior, metricValue, violationId } = objectOf(event)
  const { name, metric } = objectOf(behavior)
  return {
    type: textOf(violationEventType),
    profile: textOf(securityProfileName),
    behavior: textOf(name),
    metric: textOf(metric),
    value: valueText(objectOf(metricValue)),
    id: textOf(violationId),
  }
}

/** The metric that a violation is about. */
export const metricOf = ({ event }: TimedViolation): string => violationFields(event).metric

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
