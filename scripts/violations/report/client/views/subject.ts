/** What the metric panel needs to know of a thing, and of the violation that a page is about. */
import type { Violation } from '../../../model.ts'
import { seriesName } from '../../series-name.ts'
import type { AlarmSpan } from '../charts/frame.ts'
import type { Threshold } from '../charts/number-chart.ts'
import type { Range } from '../charts/scale.ts'
import type { Context } from '../context.ts'
import type { Series } from '../data.ts'
import { instantIn, type Query } from '../route.ts'

/** Around an alarm: as much as lets one see what was usual before it. */
const AROUND_MS = 90 * 60_000

export function rangeAround({ startedAt, endedAt }: Violation, now: number): Range {
  const end = Math.min(endedAt ?? now, startedAt + 24 * 3_600_000)
  const around = Math.max(AROUND_MS, (end - startedAt) * 0.5)
  return { from: startedAt - around, to: end + around }
}

/** All that is known of a thing: its values and its violations. */
export function wholeRange(
  series: ReadonlyMap<string, Series>,
  violations: readonly Violation[],
  now: number,
): Range {
  const times = [...series.values()]
    .flatMap((each) => [each.times[0], each.times.at(-1)])
    .filter((at) => at !== undefined)
  const all = [...times, ...violations.flatMap(({ startedAt, endedAt }) => [startedAt, endedAt ?? now])]
  const from = all.reduce((a, b) => Math.min(a, b), all[0] ?? now - 3_600_000)
  const to = all.reduce((a, b) => Math.max(a, b), all[0] ?? now)
  return { from, to: to > from ? to : from + 60_000 }
}

/** The alarms on a metric of a thing; the one that a page is about is shown on every metric. */
export function alarmsOf(context: Context, thingName: string, metric: string, main?: Violation): AlarmSpan[] {
  return (
    (context.byThing.get(thingName) ?? [])
      .filter((each) => each === main || seriesName(each.behavior) === metric)
      // The main one is drawn last, above the others.
      .sort((a, b) => Number(a === main) - Number(b === main))
      .map((each) => ({
        from: each.startedAt,
        to: each.endedAt ?? context.report.generatedAt,
        isMain: each === main,
        isOpen: each.endedAt === undefined,
        end: each.state === 'in-alarm' ? undefined : each.state,
      }))
  )
}

/** What was compared with: of a percentile, what it was then. */
export function thresholdOf({ behavior, records }: Violation): Threshold | undefined {
  const { comparisonOperator = '', value } = behavior.criteria ?? {}
  const evidence = records.map((record) => record.evidence).find((each) => each?.kind === 'window')
  const stated = value === undefined ? undefined : Object.values(value)[0]
  const limit = evidence?.kind === 'window' ? evidence.threshold : stated
  if (typeof limit !== 'number') return undefined
  return { value: limit, side: comparisonOperator.startsWith('greater-than') ? 'below' : 'above' }
}

/** The time in the address, or else what the page shows at first. */
export function rangeIn(query: Query, otherwise: Range): Range {
  const from = instantIn(query, 'from')
  const to = instantIn(query, 'to')
  return from !== undefined && to !== undefined && to > from ? { from, to } : otherwise
}
