/**
 * Verdicts on one behavior. At the end of an interval its datapoint conforms, violates, or gives no verdict; within the
 * interval the one question is whether it violates already and nothing later can undo that.
 *
 * A window with less history than its duration gives a verdict only where more history could not change it: traffic
 * already above its ceiling stays above it, traffic already above its floor too.
 */
import type { MetricValue } from '../metrics/datapoint.ts'
import { type Clock, toDeviceTime } from './clock.ts'
import type { CompiledBehavior } from './compile.ts'
import { type Element, elementsOf, type ListTest, type NumberTest } from './criteria.ts'
import { type Accumulated, type AccumulatedList, type AccumulatedNumber, numberValue } from './interval.ts'
import { hasNegative, type Population, thresholdOf } from './population.ts'
import type { Judgement, Learned, Series } from './state.ts'
import {
  INTERVALS_SHOWN_MAX,
  type ListEvidence,
  listEvidence,
  offendersValue,
  type WindowEvidence,
} from './violation.ts'
import { isComplete, joined, membersOf, noPast } from './window.ts'

/** What a judgement looks at: one metric's series, the populations, and the open interval. */
export interface Sight {
  readonly series: Series
  readonly learned: Readonly<Record<string, Learned>>
  readonly clock: Clock
  readonly openedAt: number
  readonly closesAt: number
  /** The sample just taken, for an early verdict on a list; none when an interval ends. */
  readonly sample: MetricValue | undefined
  /** Epoch milliseconds by the device's clock. */
  readonly at: number
}

/** Elements of a sample that violate; none if the sample is of another type. */
export function offendersIn(test: ListTest, value: MetricValue): readonly Element[] {
  const elements = test.member in value ? elementsOf(value) : undefined
  return elements === undefined ? [] : test.offenders(elements)
}

/** Whether the open interval violates already, whatever comes. Only a ceiling can be broken for good. */
export function isBroken(behavior: CompiledBehavior, test: NumberTest, sight: Sight): boolean {
  const { open } = sight.series
  if (!test.isCeiling || open === undefined || open.kind === 'union') return false
  const threshold = resolve(test, sight.learned[behavior.learnedKey]?.population)
  return (
    typeof threshold === 'number' &&
    !test.holds(windowValue(behavior.durationMs, open, sight.series), threshold)
  )
}

export function judgeNumber(behavior: CompiledBehavior, test: NumberTest, sight: Sight): Judgement {
  const { at, series } = sight
  const { open } = series
  if (open === undefined || open.kind === 'union') return { at, verdict: 'none', reason: 'other-type' }
  const value = windowValue(behavior.durationMs, open, series)
  const threshold = resolve(test, sight.learned[behavior.learnedKey]?.population)
  if (typeof threshold !== 'number') return { at, verdict: 'none', reason: threshold, value }
  const conforms = test.holds(value, threshold)
  const isDecided = test.isCeiling ? !conforms : conforms
  if (!isDecided && !isWindowComplete(behavior.durationMs, sight)) {
    return { at, verdict: 'none', reason: 'window-incomplete', value, threshold }
  }
  return { at, verdict: conforms ? 'conforming' : 'violating', value, threshold }
}

export function judgeList(test: ListTest, sight: Sight): Judgement {
  const { open } = sight.series
  if (open?.kind !== 'union' || open.member !== test.member) {
    return { at: sight.at, verdict: 'none', reason: 'other-type' }
  }
  const offenders = test.offenders(open.elements).length
  return { at: sight.at, verdict: offenders === 0 ? 'conforming' : 'violating', value: offenders }
}

/** Whether the window that ends with the open interval was measured for long enough. */
export function isWindowComplete(
  durationMs: number | undefined,
  { series, clock, openedAt }: Pick<Sight, 'series' | 'clock' | 'openedAt'>,
): boolean {
  if (durationMs === undefined) return true
  const open = { coveredMs: series.coveredMs, lengthMs: clock.at - openedAt }
  return isComplete(series.past[durationMs] ?? noPast, open, durationMs)
}

/** The metricValue of an event: the number judged, or what offends. */
export function metricValueOf(behavior: CompiledBehavior, sight: Sight, judgement: Judgement): MetricValue {
  const { test } = behavior
  const open = sight.series.open as Accumulated
  return test.kind === 'list'
    ? offendersValue(open as AccumulatedList, offendersNow(test, sight))
    : numberValue(open.member, judgement.value as number)
}

export function evidenceOf(
  behavior: CompiledBehavior,
  sight: Sight,
  isEarly: boolean,
  judgement: Judgement,
): WindowEvidence | ListEvidence {
  const { test } = behavior
  if (test.kind === 'number') return windowEvidence(behavior, test, sight, isEarly, judgement)
  return listEvidence(sight.series.open as AccumulatedList, offendersNow(test, sight), isEarly, sight.at)
}

/** The sample may hold offenders that the bounded union has no room for. */
function offendersNow(test: ListTest, { series, sample }: Sight): readonly Element[] {
  const offenders = test.offenders((series.open as AccumulatedList).elements)
  return sample === undefined ? offenders : [...offenders, ...offendersIn(test, sample)]
}

/** What is judged and learnt: the open interval together with the closed ones of the window. */
export function windowValue(durationMs: number | undefined, open: AccumulatedNumber, series: Series): number {
  const past = durationMs === undefined ? undefined : series.past[durationMs]
  return joined(open.kind, past?.value, open.value)
}

function resolve(
  test: NumberTest,
  population: Population | undefined,
): number | 'learning' | 'negative-values' {
  if ('fixed' in test.threshold) return test.threshold.fixed
  if (population === undefined) return 'learning'
  const threshold = thresholdOf(population, test.threshold.statistic)
  return threshold ?? (hasNegative(population) ? 'negative-values' : 'learning')
}

function windowEvidence(
  behavior: CompiledBehavior,
  test: NumberTest,
  sight: Sight,
  early: boolean,
  judgement: Judgement,
): WindowEvidence {
  const { durationMs } = behavior
  const { series, clock } = sight
  const open = series.open as AccumulatedNumber
  const closed = durationMs === undefined ? [] : membersOf(series.closed, durationMs, sight.closesAt)
  const shown = closed.slice(Math.max(0, closed.length - INTERVALS_SHOWN_MAX + 1))
  const coveredMs = closed.reduce((sum, interval) => sum + interval.coveredMs, series.coveredMs)
  return {
    kind: 'window',
    early,
    value: judgement.value as number,
    threshold: judgement.threshold as number,
    ...('statistic' in test.threshold
      ? {
          statistic: test.threshold.statistic,
          populationCount: sight.learned[behavior.learnedKey]?.population.count ?? 0,
        }
      : {}),
    ...(durationMs === undefined ? {} : { durationSeconds: durationMs / 1000 }),
    coveredSeconds: Math.round(coveredMs / 1000),
    intervals: [
      ...shown.map(({ endAt, value }) => ({ endedAt: toDeviceTime(clock, endAt), value })),
      { endedAt: sight.at, value: open.value },
    ],
    intervalsTotal: closed.length + 1,
  }
}
