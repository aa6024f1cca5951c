/**
 * What has to change at AWS so that the account is as the files say: a list of values, in an order in which each step
 * is legal and no device is left unwatched while the next one is taken.
 *
 * Nothing outside the files' own names is touched, unless pruning is asked for: then every profile, custom metric and
 * dimension that no file speaks of goes. Mitigation actions stay even then: AWS IoT Audit uses the same ones.
 */
import { PROFILES_PER_TARGET_MAX } from '../../src/detect/profile-limits.ts'
import type { SecurityProfile } from '../../src/detect/security-profile.ts'
import type {
  CustomMetricDefinition,
  DimensionDefinition,
  MitigationActionDefinition,
  ProfileDeletions,
} from '../aws/detect-control-plane.ts'
import { differences, type FieldChange } from './difference.ts'
import { type DataMap, normalAction, normalProfile, normalSet } from './normal.ts'
import {
  type Actual,
  type ActualProfile,
  type Desired,
  type DesiredProfile,
  namesUsedBy,
} from './resources.ts'

export type Change =
  | {
      readonly action: 'create'
      readonly of: 'custom-metric'
      readonly name: string
      readonly definition: CustomMetricDefinition
    }
  | {
      readonly action: 'update'
      readonly of: 'custom-metric'
      readonly name: string
      readonly fields: readonly FieldChange[]
      readonly definition: CustomMetricDefinition
    }
  | {
      readonly action: 'create'
      readonly of: 'dimension'
      readonly name: string
      readonly definition: DimensionDefinition
    }
  | {
      readonly action: 'update'
      readonly of: 'dimension'
      readonly name: string
      readonly fields: readonly FieldChange[]
      readonly definition: DimensionDefinition
    }
  | { readonly action: 'delete'; readonly of: 'custom-metric' | 'dimension'; readonly name: string }
  | {
      readonly action: 'create'
      readonly of: 'mitigation-action'
      readonly name: string
      readonly definition: MitigationActionDefinition
    }
  | {
      readonly action: 'update'
      readonly of: 'mitigation-action'
      readonly name: string
      readonly fields: readonly FieldChange[]
      readonly definition: MitigationActionDefinition
    }
  | {
      readonly action: 'create'
      readonly of: 'security-profile'
      readonly name: string
      /** With its tags. */
      readonly profile: SecurityProfile
    }
  | {
      readonly action: 'update'
      readonly of: 'security-profile'
      readonly name: string
      readonly fields: readonly FieldChange[]
      readonly profile: SecurityProfile
      readonly deletions: ProfileDeletions
      readonly expectedVersion: number
    }
  | {
      readonly action: 'delete'
      readonly of: 'security-profile'
      readonly name: string
      readonly expectedVersion: number
    }
  | {
      readonly action: 'attach' | 'detach'
      readonly of: 'target'
      /** The profile's. */
      readonly name: string
      /** In its short form. */
      readonly target: string
    }
  | {
      readonly action: 'create' | 'update' | 'delete'
      readonly of: 'tag'
      /** The profile's. */
      readonly name: string
      readonly arn: string
      readonly fields: readonly FieldChange[]
    }

export interface PlanOptions {
  readonly prune: boolean
}

export function planChanges(desired: Desired, actual: Actual, { prune }: PlanOptions): Change[] {
  const profiles = [...desired.profiles.values()].sort(byName)
  const unwanted = prune ? leftOver(actual.profiles, desired.profiles.keys()) : []
  const attaching = profiles.flatMap((each) => attachments(each, actual))
  const detaching = [
    ...profiles.flatMap((each) => detachments(each, actual)),
    ...unwanted.flatMap((name) => detachAll(name, actual)),
  ]
  const full = targetsWithoutRoom(actual, attaching)
  const used = profiles.map(({ profile }) => namesUsedBy(profile))
  const keep = (declared: Iterable<string>, kind: 'customMetrics' | 'dimensions') =>
    new Set([...declared, ...used.flatMap((names) => names[kind])])
  return [
    ...sortedKeys(desired.customMetrics).flatMap((name) => customMetricChange(name, desired, actual)),
    ...sortedKeys(desired.dimensions).flatMap((name) => dimensionChange(name, desired, actual)),
    ...sortedKeys(desired.mitigationActions).flatMap((name) => mitigationActionChange(name, desired, actual)),
    ...profiles.flatMap((each) => profileChange(each, actual)),
    // What watches is attached before what goes is detached, but where AWS has no room for both.
    ...detaching.filter(({ target }) => full.has(target)),
    ...attaching,
    ...detaching.filter(({ target }) => !full.has(target)),
    ...unwanted.map((name) => deletionOf(name, actual)),
    // These cannot go before the last profile that speaks of them.
    ...(prune ? leftOver(actual.customMetrics, keep(desired.customMetrics.keys(), 'customMetrics')) : []).map(
      (name): Change => ({ action: 'delete', of: 'custom-metric', name }),
    ),
    ...(prune ? leftOver(actual.dimensions, keep(desired.dimensions.keys(), 'dimensions')) : []).map(
      (name): Change => ({ action: 'delete', of: 'dimension', name }),
    ),
  ]
}

/** The profile's own change, and that of its tags. */
function profileChange({ profile, tags }: DesiredProfile, actual: Actual): Change[] {
  const name = profile.securityProfileName
  const existing = actual.profiles.get(name)
  if (existing === undefined) return [{ action: 'create', of: 'security-profile', name, profile }]
  const before = normalProfile(existing.profile)
  const after = normalProfile(profile)
  const fields = differences(before, after)
  const update: Change = {
    action: 'update',
    of: 'security-profile',
    name,
    fields,
    ...replacement(profile, before, after),
    expectedVersion: existing.version,
  }
  return [...(fields.length === 0 ? [] : [update]), ...tagChanges(name, tags, existing)]
}

/**
 * UpdateSecurityProfile leaves a part alone that it is silent about, so a part that goes needs its flag, and must not be
 * there itself, not even empty. A description has no flag: it is replaced by none.
 */
function replacement(profile: SecurityProfile, before: DataMap, after: DataMap) {
  const goes = (part: string) => before[part] !== undefined && after[part] === undefined
  const request: { -readonly [K in keyof SecurityProfile]: SecurityProfile[K] } = { ...profile }
  const deletions: { -readonly [K in keyof ProfileDeletions]: ProfileDeletions[K] } = {}
  delete request.tags
  if (after.behaviors === undefined) delete request.behaviors
  if (after.alertTargets === undefined) delete request.alertTargets
  if (after.additionalMetricsToRetain === undefined) {
    delete request.additionalMetricsToRetain
    delete request.additionalMetricsToRetainV2
  }
  if (goes('behaviors')) deletions.deleteBehaviors = true
  if (goes('alertTargets')) deletions.deleteAlertTargets = true
  if (goes('additionalMetricsToRetain')) deletions.deleteAdditionalMetricsToRetain = true
  if (goes('metricsExportConfig')) deletions.deleteMetricsExportConfig = true
  if (goes('securityProfileDescription')) request.securityProfileDescription = ''
  return { profile: request as SecurityProfile, deletions }
}

/** Tags of AWS's own (`aws:...`) are not for us to change. */
function tagChanges(name: string, wanted: DesiredProfile['tags'], existing: ActualProfile): Change[] {
  if (wanted === undefined) return []
  const own = [...(existing.tags ?? [])].filter(([key]) => !key.startsWith('aws:'))
  const fields = differences(Object.fromEntries(own), Object.fromEntries(wanted))
  const kinds = {
    create: fields.filter(({ before }) => before === undefined),
    update: fields.filter(({ before, after }) => before !== undefined && after !== undefined),
    delete: fields.filter(({ after }) => after === undefined),
  }
  return (['create', 'update', 'delete'] as const)
    .filter((action) => kinds[action].length > 0)
    .map((action) => ({ action, of: 'tag', name, arn: existing.arn, fields: kinds[action] }))
}

function customMetricChange(name: string, desired: Desired, actual: Actual): Change[] {
  const definition = desired.customMetrics.get(name) as CustomMetricDefinition
  const existing = actual.customMetrics.get(name)
  if (existing === undefined) return [{ action: 'create', of: 'custom-metric', name, definition }]
  const label = ({ displayName }: CustomMetricDefinition) => (displayName ? { displayName } : {})
  const fields = differences(label(existing), label(definition))
  return fields.length === 0 ? [] : [{ action: 'update', of: 'custom-metric', name, fields, definition }]
}

function dimensionChange(name: string, desired: Desired, actual: Actual): Change[] {
  const definition = desired.dimensions.get(name) as DimensionDefinition
  const existing = actual.dimensions.get(name)
  if (existing === undefined) return [{ action: 'create', of: 'dimension', name, definition }]
  const values = ({ stringValues }: DimensionDefinition) => ({ stringValues: normalSet(stringValues) })
  const fields = differences(values(existing), values(definition))
  return fields.length === 0 ? [] : [{ action: 'update', of: 'dimension', name, fields, definition }]
}

function mitigationActionChange(name: string, desired: Desired, actual: Actual): Change[] {
  const definition = desired.mitigationActions.get(name) as MitigationActionDefinition
  const existing = actual.mitigationActions.get(name)
  if (existing === undefined) return [{ action: 'create', of: 'mitigation-action', name, definition }]
  const fields = differences(normalAction(existing), normalAction(definition))
  return fields.length === 0 ? [] : [{ action: 'update', of: 'mitigation-action', name, fields, definition }]
}

type TargetChange = Extract<Change, { of: 'target' }>

function attachments({ profile, targets = [] }: DesiredProfile, actual: Actual): TargetChange[] {
  const name = profile.securityProfileName
  const attached = actual.profiles.get(name)?.targets ?? []
  return normalSet(targets)
    .filter((target) => !attached.includes(target))
    .map((target) => ({ action: 'attach', of: 'target', name, target }))
}

function detachments({ profile, targets }: DesiredProfile, actual: Actual): TargetChange[] {
  const name = profile.securityProfileName
  if (targets === undefined) return []
  return detachAll(name, actual).filter(({ target }) => !targets.includes(target))
}

export function detachAll(name: string, actual: Actual): TargetChange[] {
  return normalSet(actual.profiles.get(name)?.targets ?? []).map((target) => {
    return { action: 'detach', of: 'target', name, target }
  })
}

export function deletionOf(name: string, actual: Actual): Change {
  const { version } = actual.profiles.get(name) as ActualProfile
  return { action: 'delete', of: 'security-profile', name, expectedVersion: version }
}

/** Targets whose profiles, as far as they are known here, would be too many if none were detached first. */
function targetsWithoutRoom(actual: Actual, attaching: readonly TargetChange[]): ReadonlySet<string> {
  const counts = new Map<string, number>()
  const targets = [
    ...[...actual.profiles.values()].flatMap((profile) => profile.targets),
    ...attaching.map(({ target }) => target),
  ]
  for (const target of targets) counts.set(target, (counts.get(target) ?? 0) + 1)
  return new Set([...counts].filter(([, count]) => count > PROFILES_PER_TARGET_MAX).map(([target]) => target))
}

function leftOver(existing: ReadonlyMap<string, unknown>, wanted: Iterable<string>): string[] {
  const kept = new Set(wanted)
  return sortedKeys(existing).filter((name) => !kept.has(name))
}

const sortedKeys = (map: ReadonlyMap<string, unknown>) => [...map.keys()].sort()
const byName = (a: DesiredProfile, b: DesiredProfile) =>
  a.profile.securityProfileName < b.profile.securityProfileName ? -1 : 1
