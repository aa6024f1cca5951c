/** How an engine begins: from nothing, after a restart, or with other profiles than before. */
import { startClock, toDeviceTime } from './clock.ts'
import { closeTurn, type Outcome, withWindows } from './closing.ts'
import type { CompiledBehavior } from './compile.ts'
import type { Plan } from './plan.ts'
import { type BehaviorState, type DetectState, STATE_VERSION } from './state.ts'
import { beginTurn, endTurn, invalidate, invalidateSilent, type Naming } from './turn.ts'
import type { ViolationEvent } from './violation.ts'

/** An interval that was interrupted for longer than the longest window is ended where it was interrupted. */
const INTERRUPTION_MS_MAX = 3_600_000

/**
 * Takes a former state over. A behavior with the same metric and criteria keeps its alarm and its runs, also when it was
 * muted or renamed in its description; one whose criteria changed begins anew, and its alarm, like that of one that is
 * gone, is invalidated. What was measured belongs to metrics, not behaviors, and stays.
 */
export function resume(
  plan: Plan,
  naming: Naming,
  former: DetectState | undefined,
  at: number,
  closesAt: number,
): Outcome {
  if (former === undefined) return { state: freshState(plan, at, closesAt), events: [] }
  const reconciled = reconcile(plan, naming, former, at)
  const interruptedMs = at + former.clock.aheadMs - former.clock.at
  const events = [...reconciled.events]
  let { state } = reconciled
  if (interruptedMs > INTERRUPTION_MS_MAX) {
    const interruptedAt = toDeviceTime(state.clock, state.clock.at)
    const closed = closeTurn(beginTurn(plan, state, interruptedAt, naming), plan, interruptedAt)
    events.push(...closed.events)
    state = closed.state
  }
  const turn = beginTurn(plan, state, at, naming)
  invalidateSilent(turn, plan)
  events.push(...turn.events)
  const openedAt = interruptedMs > INTERRUPTION_MS_MAX ? turn.clock.at : state.openedAt
  const dueAt = Math.max(turn.clock.at, closesAt + turn.clock.aheadMs)
  return { state: withWindows({ ...endTurn(turn), openedAt, closesAt: dueAt }, plan), events }
}

function freshState(plan: Plan, at: number, closesAt: number): DetectState {
  const state: DetectState = {
    version: STATE_VERSION,
    engine: plan.id,
    clock: startClock(at),
    openedAt: at,
    closesAt: Math.max(at, closesAt),
    behaviors: plan.behaviors.map(freshBehavior),
    series: {},
    learned: {},
  }
  return withWindows(state, plan)
}

function freshBehavior({ profileName, behavior, fingerprint }: CompiledBehavior): BehaviorState {
  return { profileName, behaviorName: behavior.name, fingerprint, alarm: { kind: 'ok' }, judged: false }
}

function reconcile(plan: Plan, naming: Naming, former: DetectState, at: number): Outcome {
  const events: ViolationEvent[] = []
  const keyOf = (profileName: string, behaviorName: string) => `${profileName}/${behaviorName}`
  const known = new Map(former.behaviors.map((each) => [keyOf(each.profileName, each.behaviorName), each]))
  const behaviors = plan.behaviors.map((behavior) => {
    const key = keyOf(behavior.profileName, behavior.behavior.name)
    const before = known.get(key)
    known.delete(key)
    if (before === undefined) return freshBehavior(behavior)
    if (before.fingerprint === behavior.fingerprint) return rewritten(before, behavior)
    invalidate({ at, events, naming }, before, {
      kind: 'invalidation',
      reason: 'behavior-changed',
      since: at,
    })
    return freshBehavior(behavior)
  })
  for (const gone of known.values()) {
    invalidate({ at, events, naming }, gone, { kind: 'invalidation', reason: 'behavior-removed', since: at })
  }
  return { state: { ...former, engine: plan.id, behaviors }, events }
}

/** Later events show the behavior as it is written now; whether it is muted, for one. */
function rewritten(state: BehaviorState, { behavior }: CompiledBehavior): BehaviorState {
  return state.alarm.kind === 'in-alarm' ? { ...state, alarm: { ...state.alarm, behavior } } : state
}
