/** What a chart of the metric panel shows, in a sentence and as a table: for those who do not see it, and for exact values. */
import { formatInstant, numberText, plural } from '../../../../render/numbers.ts'
import type { Point } from '../charts/points.ts'
import type { PresenceRow } from '../charts/presence-chart.ts'
import type { Range } from '../charts/scale.ts'
import { type Child, h, name } from '../dom.ts'
import { tableDetails } from './table.ts'
import { time } from './words.ts'

/** `2026-11-24 10:00 to 12:00 UTC`. */
export function rangeText({ from, to }: Range): string {
  const [first, last] = [formatInstant(from).slice(0, 16), formatInstant(to).slice(0, 16)]
  return `${first} to ${first.slice(0, 10) === last.slice(0, 10) ? last.slice(11) : last} UTC`
}

const NAMED_MAX = 5

/** @param isOfAlarm whether there is an alarm that new elements are told from */
export function listSummary(rows: readonly PresenceRow[], range: Range, isOfAlarm: boolean): Child {
  const fresh = rows.filter(({ isNew }) => isNew)
  const where = h('span', { class: 'muted' }, `${rangeText(range)}. `)
  if (!isOfAlarm) return [where, plural(rows.length, 'different element')]
  if (fresh.length === 0) return [where, 'Nothing was first reported with this alarm.']
  return [
    where,
    h('strong', {}, 'First reported with this alarm: '),
    fresh
      .slice(0, NAMED_MAX)
      .map(({ element, firstSeen }, index) => [
        index === 0 ? '' : ', ',
        name(element, 'mono'),
        ` at ${formatInstant(firstSeen).slice(11)}`,
      ]),
    fresh.length > NAMED_MAX ? ` and ${fresh.length - NAMED_MAX} more` : '',
  ]
}

export function numberSummary(points: readonly Point[], range: Range, metric: string): Child {
  const where = h('span', { class: 'muted' }, `${rangeText(range)}. `)
  if (points.length === 0) return [where, 'No values']
  const highest = points.reduce((most, { value }) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  return [where, `${plural(points.length, 'value')}, highest ${numberText(metric, highest)}`]
}

export const pointText = ({ at, value }: Point, metric: string): Child => [
  h('strong', {}, numberText(metric, value)),
  ` at ${formatInstant(at)} UTC`,
]

export const numberTable = (points: readonly Point[], range: Range, metric: string): HTMLElement =>
  tableDetails(
    'As a table',
    `${metric}, ${rangeText(range)}`,
    [
      { heading: 'Time (UTC)', isHead: true, cell: ({ at }) => time(at), sortKey: ({ at }) => at },
      {
        heading: 'Value',
        isNumber: true,
        cell: ({ value }) => numberText(metric, value),
        sortKey: ({ value }) => value,
      },
    ],
    () => points,
  )

export const listTable = (
  rows: readonly PresenceRow[],
  range: Range,
  metric: string,
  isOfAlarm: boolean,
): HTMLElement =>
  tableDetails(
    'As a table',
    `${metric}, ${rangeText(range)}`,
    [
      {
        heading: 'Element',
        isHead: true,
        cell: ({ element }) => name(element, 'mono'),
        sortKey: ({ element }) => element,
      },
      {
        heading: 'First reported (UTC)',
        cell: ({ firstSeen, isFromBeginning }) => [
          isFromBeginning ? 'from the beginning, ' : '',
          time(firstSeen),
        ],
        sortKey: ({ firstSeen }) => firstSeen,
      },
      {
        heading: 'Last reported (UTC)',
        cell: ({ lastSeen }) => time(lastSeen),
        sortKey: ({ lastSeen }) => lastSeen,
      },
      {
        heading: 'Reports',
        isNumber: true,
        cell: ({ datapointCount }) => datapointCount,
        sortKey: ({ datapointCount }) => datapointCount,
      },
      ...(isOfAlarm
        ? [{ heading: 'With the alarm', cell: ({ isNew }: PresenceRow) => (isNew ? '◆ new' : '') }]
        : []),
    ],
    () => rows,
  )
