/** How each behavior stands, for people: the page, `status`, the health message. */

import type { CompiledBehavior, CompiledProfile } from './compile.ts'
import type { Plan } from './plan.ts'
import { LEARNING_DATAPOINTS_MIN } from './population.ts'
import type { Behavior } from './security-profile.ts'
import { type BehaviorState, type DetectState, learnedKey } from './state.ts'

export interface BehaviorStatus {
  readonly securityProfileName: string
  readonly behavior: Behavior
  readonly state: 'ok' | 'pending' | 'in-alarm' | 'learning' | 'no-data' | 'not-judged'
  /** One line: `1204 of less-than 5000`, `learning, 12 of 30`, `in alarm since ...`. */
  readonly detail: string
  /** The number last judged, or how many elements offended. */
  readonly value?: number
  readonly threshold?: number
  /** Epoch milliseconds; when in alarm. */
  readonly since?: number
  readonly violationId?: string
}

export function statusOf(
  profiles: readonly CompiledProfile[],
  plan: Plan,
  state: DetectState,
): BehaviorStatus[] {
  const states = new Map(plan.behaviors.map((behavior, index) => [behavior.behavior, state.behaviors[index]]))
  return profiles.flatMap(({ profile, judged, notJudged }) =>
    (profile.behaviors ?? []).map((behavior): BehaviorStatus => {
      const securityProfileName = profile.securityProfileName
      const compiled = judged.find((each) => each.behavior === behavior)
      const found = states.get(behavior)
      if (compiled !== undefined && found !== undefined) {
        return { securityProfileName, behavior, ...standing(compiled, found, state) }
      }
      const reason = notJudged.find((each) => each.behavior === behavior)?.reason ?? ''
      return {
        securityProfileName,
        behavior,
        state: 'not-judged',
        detail: `not evaluated on the device: ${reason}`,
      }
    }),
  )
}

type Standing = Omit<BehaviorStatus, 'securityProfileName' | 'behavior'>

function standing(compiled: CompiledBehavior, { alarm, last }: BehaviorState, state: DetectState): Standing {
  const numbers = {
    ...(last?.value === undefined ? {} : { value: last.value }),
    ...(last?.threshold === undefined ? {} : { threshold: last.threshold }),
  }
  if (alarm.kind === 'in-alarm') {
    const { since, violationId, meeting } = alarm
    const clearing = meeting > 0 ? `, ${meeting} of ${compiled.toClear} to clear` : ''
    const detail = `${comparison(compiled, last)}${clearing}`
    return { state: 'in-alarm', detail, since, violationId, ...numbers }
  }
  if (last?.reason === 'learning') return { state: 'learning', detail: learning(compiled, state), ...numbers }
  const detail = comparison(compiled, last)
  if (alarm.kind === 'pending') {
    return {
      state: 'pending',
      detail: `${detail}, ${alarm.violating} of ${compiled.toAlarm} to alarm`,
      ...numbers,
    }
  }
  if (last === undefined || last.verdict === 'none') return { state: 'no-data', detail, ...numbers }
  return { state: 'ok', detail, ...numbers }
}

function comparison({ test, durationMs }: CompiledBehavior, last: BehaviorState['last']): string {
  if (last === undefined) return 'no datapoint yet'
  if (last.reason === 'other-type') return 'the metric is of another type than the criteria'
  if (last.reason === 'negative-values') return 'no percentiles: the metric had negative values'
  if (test.kind === 'list') {
    return last.value === 0
      ? 'nothing offends'
      : `${last.value} ${last.value === 1 ? 'element offends' : 'elements offend'}`
  }
  const statistic = 'statistic' in test.threshold ? ` (${test.threshold.statistic})` : ''
  const window = durationMs === undefined ? '' : ` in ${durationMs / 1000} s`
  const missing = last.reason === 'window-incomplete' ? ', window not yet whole' : ''
  return `${last.value}${window}, normal is ${test.operator} ${last.threshold}${statistic}${missing}`
}

function learning({ behavior, durationMs }: CompiledBehavior, state: DetectState): string {
  const count = state.learned[learnedKey(behavior.metric, durationMs)]?.population.count ?? 0
  return `learning, ${count} of ${LEARNING_DATAPOINTS_MIN}`
}
