/**
 * One call of the engine at work: a draft of the next state, and the events so far. Only here is anything altered, and
 * only what the turn itself has made; the state it began with stays as it was.
 */
import type { MetricValue } from '../metrics/datapoint.ts'
import { ok, step } from './alarm.ts'
import { advance, type Clock, toDeviceTime } from './clock.ts'
import type { CompiledBehavior } from './compile.ts'
import { evidenceOf, metricValueOf, type Sight } from './judge.ts'
import type { Plan } from './plan.ts'
import type { BehaviorState, DetectState, Judgement, Learned, Series } from './state.ts'
import type { InvalidationEvidence, ViolationEvent } from './violation.ts'

/** "No metrics from a device for more than 2 days" invalidates its alarms (Troubleshooting AWS IoT Device Defender). */
const SILENCE_MS_MAX = 2 * 86_400_000

/** What events carry that only the outside knows. */
export interface Naming {
  readonly thingName: string
  /** A new violation's id, 1-128 of `[a-zA-Z0-9-]`; AWS's are 32 hexadecimal digits. */
  newViolationId(of: {
    readonly profileName: string
    readonly behaviorName: string
    readonly at: number
  }): string
}

export interface Turn {
  /** Epoch milliseconds by the device's clock. */
  readonly at: number
  readonly clock: Clock
  /** Engine's time since the call before. */
  readonly elapsedMs: number
  readonly before: DetectState
  readonly behaviors: BehaviorState[]
  readonly series: Record<string, Series>
  readonly learned: Record<string, Learned>
  readonly events: ViolationEvent[]
  readonly naming: Naming
  /** The interval ends with this turn, so that no verdict of it is early. */
  readonly endsInterval: boolean
}

export function beginTurn(
  plan: Plan,
  before: DetectState,
  at: number,
  naming: Naming,
  endsInterval = false,
): Turn {
  if (before.engine !== plan.id)
    throw new Error('this state belongs to other security profiles: resume() it first')
  const clock = advance(before.clock, at)
  const turn: Turn = {
    at,
    clock,
    elapsedMs: clock.at - before.clock.at,
    before,
    behaviors: [...before.behaviors],
    series: { ...before.series },
    learned: { ...before.learned },
    events: [],
    naming,
    endsInterval,
  }
  // A device that slept must not find its silence gone because it has a datapoint now.
  if (turn.elapsedMs > SILENCE_MS_MAX) invalidateSilent(turn, plan)
  return turn
}

/** The state as the turn leaves it, in the same interval. */
export function endTurn(turn: Turn): DetectState {
  const { version, engine, openedAt, closesAt } = turn.before
  const { clock, behaviors, series, learned } = turn
  return { version, engine, clock, openedAt, closesAt, behaviors, series, learned }
}

/** Custom metrics may be named like members that every object has. */
export function seriesOf(series: Readonly<Record<string, Series>>, metric: string): Series | undefined {
  return Object.hasOwn(series, metric) ? series[metric] : undefined
}

export function sightOf(turn: Turn, series: Series, sample?: MetricValue): Sight {
  const { openedAt, closesAt } = turn.before
  return { series, learned: turn.learned, clock: turn.clock, openedAt, closesAt, at: turn.at, sample }
}

/** Moves a behavior by one datapoint; `isJudged` marks the interval as judged, so that it is not counted twice. */
export function settle(
  turn: Turn,
  index: number,
  behavior: CompiledBehavior,
  sight: Sight,
  judgement: Judgement,
  isJudged: boolean,
): void {
  const state = turn.behaviors[index] as BehaviorState
  turn.behaviors[index] = {
    profileName: state.profileName,
    behaviorName: state.behaviorName,
    fingerprint: state.fingerprint,
    alarm:
      judgement.verdict === 'none' ? state.alarm : moved(turn, state, behavior, sight, judgement, isJudged),
    judged: isJudged,
    last: judgement,
  }
}

function moved(
  turn: Turn,
  state: BehaviorState,
  behavior: CompiledBehavior,
  sight: Sight,
  judgement: Judgement,
  isJudged: boolean,
): BehaviorState['alarm'] {
  const verdict = judgement.verdict === 'violating' ? 'violating' : 'conforming'
  const outcome = step(state.alarm, verdict, behavior)
  if (outcome.transition === undefined) {
    const { next } = outcome
    if (next.kind !== 'in-alarm' || verdict === 'conforming') return next
    return { ...next, last: { at: turn.at, value: metricValueOf(behavior, sight, judgement) } }
  }
  const value = metricValueOf(behavior, sight, judgement)
  const isRaised = outcome.transition === 'in-alarm'
  const violationId = isRaised ? newId(turn, state) : outcome.cleared.violationId
  turn.events.push({
    violationEventTime: turn.at,
    thingName: turn.naming.thingName,
    behavior: behavior.behavior,
    violationEventType: outcome.transition,
    metricValue: value,
    violationId,
    securityProfileName: state.profileName,
    evidence: evidenceOf(behavior, sight, isJudged && !turn.endsInterval, judgement),
  })
  if (!isRaised) return ok
  const last = { at: turn.at, value }
  return { kind: 'in-alarm', violationId, since: turn.at, meeting: 0, last, behavior: behavior.behavior }
}

function newId(turn: Turn, { profileName, behaviorName }: BehaviorState): string {
  return turn.naming.newViolationId({ profileName, behaviorName, at: turn.at })
}

/** Ends an alarm that nothing can clear any more. A behavior that is not in alarm comes back as it is. */
export function invalidate(
  turn: Pick<Turn, 'at' | 'events' | 'naming'>,
  state: BehaviorState,
  evidence: InvalidationEvidence,
): BehaviorState {
  const { alarm } = state
  if (alarm.kind !== 'in-alarm') return state
  turn.events.push({
    violationEventTime: turn.at,
    thingName: turn.naming.thingName,
    behavior: alarm.behavior,
    violationEventType: 'alarm-invalidated',
    violationId: alarm.violationId,
    securityProfileName: state.profileName,
    evidence,
  })
  return { ...state, alarm: ok }
}

/** Ends the alarms of behaviors whose metric has been silent for more than two days. */
export function invalidateSilent(turn: Turn, plan: Plan): void {
  for (const [index, state] of turn.behaviors.entries()) {
    if (state.alarm.kind !== 'in-alarm') continue
    const { metric } = (plan.behaviors[index] as CompiledBehavior).behavior
    const dataAt = seriesOf(turn.series, metric)?.dataAt ?? Number.NEGATIVE_INFINITY
    if (turn.clock.at - dataAt <= SILENCE_MS_MAX) continue
    const since = Number.isFinite(dataAt) ? toDeviceTime(turn.clock, dataAt) : state.alarm.since
    turn.behaviors[index] = invalidate(turn, state, {
      kind: 'invalidation',
      reason: 'silent-for-two-days',
      since,
    })
  }
}
