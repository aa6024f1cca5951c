/**
 * What makes a plan impossible, found before anything is changed; and what makes it look like a mistake.
 * Sources: iot API reference, UpdateCustomMetric (a type cannot change); General Reference, Device Defender quotas.
 */
import { PROFILES_PER_TARGET_MAX } from '../../src/detect/profile-limits.ts'
import type { Change } from './changes.ts'
import { type Actual, type Desired, type DesiredProfile, namesUsedBy } from './resources.ts'
import { type Scope, scopeOf, thingGroupOf } from './target.ts'

export function planProblems(desired: Desired, actual: Actual, scope: Scope | undefined): string[] {
  const profiles = [...desired.profiles.values()]
  return [
    ...typeChanges(desired, actual),
    ...foreignActions(desired, actual),
    ...profiles.flatMap((each) => unknownNames(each, desired, actual)),
    ...profiles.flatMap((each) => wrongTargets(each, actual, scope)),
    ...crowdedTargets(desired, actual),
  ]
}

function typeChanges(desired: Desired, actual: Actual): string[] {
  return [...desired.customMetrics].flatMap(([name, { type }]) => {
    const existing = actual.customMetrics.get(name)
    return existing === undefined || existing.type === type
      ? []
      : [
          `custom metric "${name}" is of the type ${existing.type} in the account and ${type} in the files: AWS cannot change a type; use another name, or delete the metric first`,
        ]
  })
}

/** The name belongs to an action of another kind, which AWS IoT Audit may rely on. */
function foreignActions(desired: Desired, actual: Actual): string[] {
  return [...desired.mitigationActions.keys()].flatMap((name) => {
    const kind = Object.keys(actual.mitigationActions.get(name)?.actionParams ?? {})[0]
    return kind === undefined || kind === 'addThingsToThingGroupParams'
      ? []
      : [`mitigation action "${name}" is in the account with ${kind}: use another name`]
  })
}

/** AWS would refuse the profile; the faults of a name are better found here. */
function unknownNames({ path, profile }: DesiredProfile, desired: Desired, actual: Actual): string[] {
  const used = namesUsedBy(profile)
  const missing = (
    names: readonly string[],
    kind: 'customMetrics' | 'dimensions',
    word: string,
    member: string,
  ) =>
    names
      .filter((name) => !desired[kind].has(name) && !actual[kind].has(name))
      .map(
        (name) =>
          `${path}: ${word} "${name}" is neither in the account nor in the files: declare it under ${member}`,
      )
  return [
    ...missing(used.customMetrics, 'customMetrics', 'custom metric', 'customMetrics'),
    ...missing(used.dimensions, 'dimensions', 'dimension', 'dimensions'),
  ]
}

function wrongTargets({ path, targets = [] }: DesiredProfile, actual: Actual, scope: Scope | undefined) {
  return targets.flatMap((target) => {
    const elsewhere = scopeOf(target)
    if (elsewhere !== undefined && scope !== undefined) {
      return [
        `${path}: the target ${target} is not of the account ${scope.accountId} in ${scope.region}, where the profile is`,
      ]
    }
    const group = thingGroupOf(target)
    return group !== undefined && actual.missingThingGroups.has(group)
      ? [`${path}: there is no thing group "${group}" in the account: create it first`]
      : []
  })
}

function crowdedTargets(desired: Desired, actual: Actual): string[] {
  const names = new Map<string, string[]>()
  const add = (name: string, targets: readonly string[]) => {
    for (const target of targets) names.set(target, [...(names.get(target) ?? []), name])
  }
  for (const [name, { targets }] of desired.profiles) add(name, targets ?? [])
  for (const [name, { targets }] of actual.profiles) {
    if (desired.profiles.get(name)?.targets === undefined && desired.profiles.has(name)) add(name, targets)
  }
  return [...names]
    .filter(([, profiles]) => profiles.length > PROFILES_PER_TARGET_MAX)
    .map(
      ([target, profiles]) =>
        `the target ${target} would have ${profiles.length} profiles (${profiles.sort().join(', ')}), AWS takes ${PROFILES_PER_TARGET_MAX}`,
    )
}

/** A plan that takes away more than this share is more likely a wrong folder or account than a wish. */
const DELETED_SHARE_MAX = 1 / 3

/** Why a plan is not carried out without `--force`; `undefined` if it may be. */
export function tooManyDeletions(changes: readonly Change[], actual: Actual): string | undefined {
  const resources = actual.profiles.size + actual.customMetrics.size + actual.dimensions.size
  const attachments = [...actual.profiles.values()].reduce((sum, { targets }) => sum + targets.length, 0)
  const deleted = changes.filter(({ action, of }) => action === 'delete' && of !== 'tag').length
  const detached = changes.filter(({ action }) => action === 'detach').length
  const excesses = [
    isExcessive(deleted, resources)
      ? `deletes ${deleted} of ${resources} profiles, custom metrics and dimensions`
      : '',
    isExcessive(detached, attachments) ? `detaches ${detached} of ${attachments} targets` : '',
  ].filter((text) => text !== '')
  return excesses.length === 0
    ? undefined
    : `the plan ${excesses.join(' and ')}, more than a third: if that is meant, add --force`
}

const isExcessive = (count: number, total: number) => count > 1 && count > total * DELETED_SHARE_MAX
