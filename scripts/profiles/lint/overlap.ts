/** Behaviors that another behavior makes superfluous. */
import { type CompiledBehavior, compileProfile } from '../../../src/detect/compile.ts'
import { elementsOf } from '../../../src/detect/criteria.ts'
import { coveredBy } from '../prefix-text.ts'
import type { Finding, LintContext } from './finding.ts'

interface Placed {
  readonly compiled: CompiledBehavior
  readonly index: number
  readonly path: string
}

export function overlap({ file, profile, files, customMetricTypes }: LintContext): Finding[] {
  const own = placedIn(profile, file.path, customMetricTypes)
  const others = files
    .filter((each) => each !== file && sharesTarget(each.targets, file.targets))
    .flatMap((each) => placedIn(each.profile, each.path, customMetricTypes))
  return own.flatMap((later): Finding[] => {
    const earlier = own.filter(({ index }) => index < later.index)
    const twin = [...earlier, ...others.filter(({ path }) => path < later.path)].find((each) =>
      isTwin(each, later),
    )
    if (twin !== undefined) return [duplicate(twin, later)]
    const shadow = [...own, ...others].find(
      (each) => each !== later && !isTwin(each, later) && shadows(each, later),
    )
    return shadow === undefined ? [] : [shadowed(shadow, later)]
  })
}

/** Files without targets may be attached anywhere, so nothing is said of them. */
const sharesTarget = (a: readonly string[], b: readonly string[]) => a.some((target) => b.includes(target))

function placedIn(
  profile: LintContext['profile'],
  path: string,
  customMetricTypes: LintContext['customMetricTypes'],
): Placed[] {
  const { judged } = compileProfile(profile, customMetricTypes)
  return judged.map((compiled) => ({
    compiled,
    index: (profile.behaviors ?? []).indexOf(compiled.behavior),
    path,
  }))
}

const isTwin = (a: Placed, b: Placed) => a.compiled.fingerprint === b.compiled.fingerprint
const nameOf = ({ compiled, path }: Placed, seenFrom: Placed) =>
  path === seenFrom.path ? `"${compiled.behavior.name}"` : `"${compiled.behavior.name}" in ${path}`

const duplicate = (twin: Placed, later: Placed): Finding => ({
  code: 'duplicate-behavior',
  severity: 'warning',
  at: `behaviors[${later.index}].name`,
  reason: `it says the same as ${nameOf(twin, later)}: each violation raises two alarms`,
  fix: 'leave one of them out',
})

const shadowed = (shadow: Placed, later: Placed): Finding => ({
  code: 'shadowed-behavior',
  severity: 'warning',
  at: `behaviors[${later.index}].criteria`,
  reason: `whenever it raises an alarm, ${nameOf(shadow, later)} has raised one already`,
  fix: 'leave one of them out, or mute the stricter one with "suppressAlerts": true to tell two grades apart',
})

/** Whether every datapoint that violates `b` violates `a` too, and `a` needs no longer run of them. */
function shadows({ compiled: a }: Placed, { compiled: b }: Placed): boolean {
  if (a.behavior.metric !== b.behavior.metric || a.durationMs !== b.durationMs || a.toAlarm > b.toAlarm)
    return false
  // A muted alarm does not make the loud one superfluous.
  if (a.behavior.suppressAlerts === true && b.behavior.suppressAlerts !== true) return false
  const [left, right] = [a.test, b.test]
  if (left.kind === 'number' && right.kind === 'number') {
    if (!('fixed' in left.threshold) || !('fixed' in right.threshold) || left.isCeiling !== right.isCeiling)
      return false
    const [mine, other] = [left.threshold.fixed, right.threshold.fixed]
    if (mine === other) return !left.operator.endsWith('equals') && right.operator.endsWith('equals')
    return left.isCeiling ? mine < other : mine > other
  }
  if (left.kind !== 'list' || right.kind !== 'list' || left.operator !== right.operator) return false
  const [mine, other] = [a, b].map(
    ({ behavior }) => elementsOf(behavior.criteria?.value ?? { count: 0 }) ?? [],
  )
  if (mine === undefined || other === undefined) return false
  // An allow-list is stricter when it is smaller, a deny-list when it is larger.
  const isDenyList = left.operator.startsWith('not-')
  const [smaller, larger] = isDenyList ? [other, mine] : [mine, other]
  return smaller.length > 0 && smaller.every((element) => isIn(larger, element))
}

function isIn(set: readonly (number | string)[], element: number | string): boolean {
  if (set.includes(element)) return true
  return (
    typeof element === 'string' && set.every((each) => typeof each === 'string') && coveredBy(set, element)
  )
}
