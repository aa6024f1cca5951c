/** What the metric panel needs to know of a thing, and of the violation that a page is about. */
import type { Violation } from '../../../model.ts'
import { seriesName } from '../../series-name.ts'
import type { AlarmSpan } from '../charts/frame.ts'
import type { Threshold } from '../charts/number-chart.ts'
import type { Context } from '../context.ts'

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
