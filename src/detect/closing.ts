/** Ends an interval: its datapoint is judged, remembered for windows and percentiles, and the next interval opens. */
import type { Datapoint } from '../metrics/datapoint.ts'
import type { CompiledBehavior } from './compile.ts'
import { type Accumulated, toMetricValue } from './interval.ts'
import { isWindowComplete, judgeList, judgeNumber, windowValue } from './judge.ts'
import type { Plan } from './plan.ts'
import { emptyPopulation, learn } from './population.ts'
import type { BehaviorState, DetectState, Learned, Series } from './state.ts'
import { endTurn, invalidateSilent, settle, sightOf, type Turn } from './turn.ts'
import type { ViolationEvent } from './violation.ts'
import { type Past, pastOf, retained } from './window.ts'

export interface Outcome {
  readonly state: DetectState
  readonly events: readonly ViolationEvent[]
}

export interface IntervalOutcome extends Outcome {
  /** The interval's datapoints, of all metrics, also of those that no behavior is about: what history keeps. */
  readonly datapoints: readonly Datapoint[]
}

export function closeTurn(turn: Turn, plan: Plan, closesAt: number): IntervalOutcome {
  const datapoints: Datapoint[] = []
  for (const [metric, series] of Object.entries(turn.series)) {
    const { open } = series
    if (open === undefined) continue
    judgeInterval(turn, plan, metric, series)
    recordLearned(turn, plan, metric, series)
    datapoints.push({ metric, value: toMetricValue(open) })
    turn.series[metric] = closedSeries(turn, open, series)
  }
  for (const [index, state] of turn.behaviors.entries()) {
    if (state.judged) turn.behaviors[index] = { ...state, judged: false }
  }
  invalidateSilent(turn, plan)
  return { state: opened(turn, plan, closesAt), events: turn.events, datapoints }
}

function judgeInterval(turn: Turn, plan: Plan, metric: string, series: Series): void {
  const sight = sightOf(turn, series)
  for (const index of plan.byMetric.get(metric)?.indexes ?? []) {
    if ((turn.behaviors[index] as BehaviorState).judged) continue
    const behavior = plan.behaviors[index] as CompiledBehavior
    const { test } = behavior
    const judgement = test.kind === 'list' ? judgeList(test, sight) : judgeNumber(behavior, test, sight)
    settle(turn, index, behavior, sight, judgement, false)
  }
}

/** A window's value is learnt from only if the window was whole. */
function recordLearned(turn: Turn, plan: Plan, metric: string, series: Series): void {
  const { open } = series
  if (open === undefined || open.kind === 'union') return
  for (const { key, durationMs } of plan.byMetric.get(metric)?.learned ?? []) {
    if (!isWindowComplete(durationMs, { series, clock: turn.clock, openedAt: turn.before.openedAt })) continue
    const { pending = [], population = emptyPopulation } = turn.learned[key] ?? {}
    const value = windowValue(durationMs, open, series)
    const middle = (turn.before.openedAt + turn.clock.at) / 2
    turn.learned[key] = { pending: [...pending, { at: turn.clock.at, middle, value }], population }
  }
}

function closedSeries(
  turn: Turn,
  open: Accumulated,
  { coveredMs, kind, closed, past, dataAt }: Series,
): Series {
  if (open.kind === 'union') return { coveredMs: 0, kind, closed, past, dataAt, previous: open }
  const interval = { startAt: turn.before.openedAt, endAt: turn.clock.at, coveredMs, value: open.value }
  return { coveredMs: 0, kind, closed: [...closed, interval], past, dataAt }
}

/** The state in which the next interval begins. */
function opened(turn: Turn, plan: Plan, closesAt: number): DetectState {
  const openedAt = turn.clock.at
  const dueAt = Math.max(openedAt, closesAt + turn.clock.aheadMs)
  const state = { ...endTurn(turn), openedAt, closesAt: dueAt }
  return withWindows(state, plan)
}

/** Settles windows and populations for the length of the interval that is open. */
export function withWindows(state: DetectState, plan: Plan): DetectState {
  const series: Record<string, Series> = {}
  for (const [metric, each] of Object.entries(state.series)) {
    series[metric] = eachWindow(each, plan.byMetric.get(metric)?.durationsMs ?? [], state.closesAt)
  }
  const learned: Record<string, Learned> = {}
  for (const { learned: keys } of plan.byMetric.values()) {
    for (const { key, durationMs } of keys) {
      const windowStartAt = durationMs === undefined ? state.openedAt : state.closesAt - durationMs
      learned[key] = admitted(state.learned[key], windowStartAt)
    }
  }
  return { ...state, series, learned }
}

function eachWindow(series: Series, durationsMs: readonly number[], closesAt: number): Series {
  const { kind } = series
  if (kind === 'union') return series
  const closed = retained(series.closed, closesAt)
  const past: Record<number, Past> = {}
  for (const each of durationsMs) past[each] = pastOf(closed, kind, each, closesAt)
  const { coveredMs, dataAt, open } = series
  return open === undefined
    ? { coveredMs, kind, closed, past, dataAt }
    : { open, coveredMs, kind, closed, past, dataAt }
}

/** Takes datapoints into the population once the window no longer overlaps them. */
function admitted(learned: Learned | undefined, windowStartAt: number): Learned {
  const { pending = [], population = emptyPopulation } = learned ?? {}
  const overlapping = pending.findIndex(({ middle }) => middle > windowStartAt)
  const count = overlapping < 0 ? pending.length : overlapping
  return {
    pending: count === 0 ? pending : pending.slice(count),
    population: learn(population, pending.slice(0, count), windowStartAt),
  }
}
