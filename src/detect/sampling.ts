/** Takes what was seen at one instant into the open interval, and gives the verdicts that nothing later can undo. */
import { accumulationOf, type ValueMember } from '../metrics/catalog.ts'
import type { Datapoint, MetricValue } from '../metrics/datapoint.ts'
import type { CompiledBehavior } from './compile.ts'
import { accumulate } from './interval.ts'
import { isBroken, judgeNumber, offendersIn, type Sight } from './judge.ts'
import type { Plan } from './plan.ts'
import { type BehaviorState, SERIES_MAX, type Series } from './state.ts'
import { seriesOf, settle, sightOf, type Turn } from './turn.ts'

export function sampleInto(turn: Turn, plan: Plan, datapoints: readonly Datapoint[]): void {
  for (const datapoint of datapoints) {
    const series = sampledSeries(turn, datapoint)
    if (series === undefined) continue
    turn.series[datapoint.metric] = series
    const indexes = plan.byMetric.get(datapoint.metric)?.indexes
    // Numbers are judged when the interval ends, which is now; lists are bounded then, so each sample is looked through.
    if (indexes === undefined || (turn.endsInterval && series.kind !== 'union')) continue
    const sight = sightOf(turn, series, datapoint.value)
    for (const index of indexes) judgeEarly(turn, index, plan.behaviors[index] as CompiledBehavior, sight)
  }
}

/** `undefined` if the datapoint cannot be used, as if it had not come. */
function sampledSeries(turn: Turn, { metric, value }: Datapoint): Series | undefined {
  const before = seriesOf(turn.series, metric)
  if (before === undefined && (metric === '__proto__' || Object.keys(turn.series).length >= SERIES_MAX))
    return undefined
  const kind = accumulationOf(metric, Object.keys(value)[0] as ValueMember)
  // A metric that changed its type begins afresh.
  const former = before?.kind === kind ? before : undefined
  const open = accumulate(metric, former?.open, value, turn.at, former?.previous)
  if (open === undefined) return undefined
  // Twice in one sample covers no more time than once.
  const coveredMs = (former?.coveredMs ?? 0) + (former?.dataAt === turn.clock.at ? 0 : turn.elapsedMs)
  const { closed = [], past = {}, previous } = former ?? {}
  return {
    open,
    coveredMs,
    kind,
    closed,
    past,
    dataAt: turn.clock.at,
    ...(previous === undefined ? {} : { previous }),
  }
}

function judgeEarly(turn: Turn, index: number, behavior: CompiledBehavior, sight: Sight): void {
  if ((turn.behaviors[index] as BehaviorState).judged) return
  const { test } = behavior
  if (test.kind === 'list') {
    const value = offendersIn(test, sight.sample as MetricValue).length
    if (value > 0) settle(turn, index, behavior, sight, { at: turn.at, verdict: 'violating', value }, true)
  } else if (isBroken(behavior, test, sight)) {
    settle(turn, index, behavior, sight, judgeNumber(behavior, test, sight), true)
  }
}
