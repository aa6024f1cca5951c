/**
 * The state of one behavior, and how datapoints move it.
 *
 *   ok        --(`toAlarm` violating datapoints in a row)-->     in-alarm       event in-alarm
 *   in-alarm  --(`toClear` conforming datapoints in a row)-->    ok             event alarm-cleared
 *   in-alarm  --(no metrics for two days, or not watched)-->     ok             event alarm-invalidated
 *
 * An opposite datapoint starts a run afresh; a missing one neither advances nor resets it. While in alarm, further
 * violating datapoints only renew `last`. Sources: iot API reference, BehaviorCriteria, ViolationEvent and
 * ActiveViolation; developer guide, "Troubleshooting AWS IoT Device Defender" on the two days.
 */
import type { MetricValue } from '../metrics/datapoint.ts'
import type { Behavior } from './security-profile.ts'

export type Alarm =
  | { readonly kind: 'ok' } // the criteria are met
  | { readonly kind: 'pending'; readonly violating: number } // not met, too few times yet to alarm
  | InAlarm

/** Raised and not yet cleared. */
interface InAlarm {
  readonly kind: 'in-alarm'
  readonly violationId: string
  /** Epoch milliseconds, by the device's clock. */
  readonly since: number
  /** Conforming datapoints in a row, fewer than it takes to clear. */
  readonly meeting: number
  /** The latest violating datapoint. */
  readonly last: { readonly at: number; readonly value: MetricValue }
  /** As it was when it raised the alarm: an event that ends the alarm must show it even if the profile is gone. */
  readonly behavior: Behavior
}

export type Verdict = 'conforming' | 'violating'

/** How many in a row it takes. */
interface Runs {
  readonly toAlarm: number
  readonly toClear: number
}

export type Step =
  | { readonly next: Alarm; readonly transition?: never }
  | {
      readonly next: { readonly kind: 'ok' }
      readonly transition: 'alarm-cleared'
      readonly cleared: InAlarm
    }
  /** The caller makes the alarm, because its id and value come from there. */
  | { readonly next?: never; readonly transition: 'in-alarm' }

export const ok: Alarm = { kind: 'ok' }
const unchangedOk: Step = { next: ok }

export function step(alarm: Alarm, verdict: Verdict, runs: Runs): Step {
  if (alarm.kind === 'in-alarm') return verdict === 'violating' ? interrupted(alarm) : meeting(alarm, runs)
  if (verdict === 'conforming') return unchangedOk
  const violating = (alarm.kind === 'pending' ? alarm.violating : 0) + 1
  return violating >= runs.toAlarm ? { transition: 'in-alarm' } : { next: { kind: 'pending', violating } }
}

function interrupted(alarm: InAlarm): Step {
  return { next: alarm.meeting === 0 ? alarm : { ...alarm, meeting: 0 } }
}

function meeting(alarm: InAlarm, runs: Runs): Step {
  const count = alarm.meeting + 1
  if (count >= runs.toClear) return { next: { kind: 'ok' }, transition: 'alarm-cleared', cleared: alarm }
  return { next: { ...alarm, meeting: count } }
}
