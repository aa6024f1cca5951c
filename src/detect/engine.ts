/**
 * Judges datapoints against security profiles. Pure: a state and what was seen go in, the next state and the events come
 * out; the instant is told, ids come from the caller.
 *
 *   resume         at start, and when profiles change: a former state is taken over and its interval goes on
 *   sample         as often as the agent looks (every 15 s or so); violations that nothing later can undo come at once
 *   closeInterval  at each report: the interval's datapoint is judged, and the next interval opens
 *   evaluate       one whole interval in one call, for replaying history
 *
 * An alarm given early is exactly the alarm that the end of the interval would give, only sooner.
 */
import type { Datapoint } from '../metrics/datapoint.ts'
import { closeTurn, type IntervalOutcome, type Outcome } from './closing.ts'
import type { CompiledProfile } from './compile.ts'
import { planOf } from './plan.ts'
import { resume } from './resume.ts'
import { sampleInto } from './sampling.ts'
import type { DetectState } from './state.ts'
import { type BehaviorStatus, statusOf } from './status.ts'
import { beginTurn, endTurn, type Naming } from './turn.ts'

/** All times are epoch milliseconds by the device's clock. `closesAt`: when the interval that opens is due to end. */
export interface Engine {
  resume(former: DetectState | undefined, at: number, closesAt: number): Outcome
  sample(state: DetectState, datapoints: readonly Datapoint[], at: number): Outcome
  closeInterval(state: DetectState, at: number, closesAt: number): IntervalOutcome
  evaluate(
    state: DetectState,
    datapoints: readonly Datapoint[],
    at: number,
    closesAt: number,
  ): IntervalOutcome
  /** Of all behaviors, judged or not, in the order of the profiles. */
  status(state: DetectState): readonly BehaviorStatus[]
}

export function createEngine(profiles: readonly CompiledProfile[], naming: Naming): Engine {
  const plan = planOf(profiles)
  return {
    resume: (former, at, closesAt) => resume(plan, naming, former, at, closesAt),
    sample: (state, datapoints, at) => {
      const turn = beginTurn(plan, state, at, naming)
      sampleInto(turn, plan, datapoints)
      return { state: endTurn(turn), events: turn.events }
    },
    closeInterval: (state, at, closesAt) =>
      closeTurn(beginTurn(plan, state, at, naming, true), plan, closesAt),
    evaluate: (state, datapoints, at, closesAt) => {
      const turn = beginTurn(plan, state, at, naming, true)
      sampleInto(turn, plan, datapoints)
      return closeTurn(turn, plan, closesAt)
    },
    status: (state) => statusOf(profiles, plan, state),
  }
}
