/**
 * A parsed profile made ready for judging: the behaviors that this device can judge, and those it leaves to AWS with
 * the reason. Nothing is dropped silently.
 */
import { createHash } from 'node:crypto'
import { metricCatalog } from '../metrics/catalog.ts'
import type { CustomMetricType } from '../metrics/snapshot.ts'
import { compileCriteria, type Test } from './criteria.ts'
import { kindOf } from './criteria-reader.ts'
import type { Behavior, BehaviorCriteria, SecurityProfile } from './security-profile.ts'
import { learnedKey } from './state.ts'

export interface CompiledBehavior {
  readonly profileName: string
  /** As its author wrote it. */
  readonly behavior: Behavior
  /** The same for the same metric and criteria, whatever the order of keys and lists. */
  readonly fingerprint: string
  readonly test: Test
  /** Length of the trailing window; absent where the datapoint itself is judged. */
  readonly durationMs?: number
  /** Where the population of its statistic is kept. */
  readonly learnedKey: string
  readonly toAlarm: number
  readonly toClear: number
}

interface NotJudged {
  readonly profileName: string
  readonly behavior: Behavior
  readonly reason: string
}

export interface CompiledProfile {
  readonly profile: SecurityProfile
  readonly judged: readonly CompiledBehavior[]
  readonly notJudged: readonly NotJudged[]
}

export function compileProfile(
  profile: SecurityProfile,
  customMetricTypes: ReadonlyMap<string, CustomMetricType> = new Map(),
): CompiledProfile {
  const profileName = profile.securityProfileName
  const judged: CompiledBehavior[] = []
  const notJudged: NotJudged[] = []
  for (const behavior of profile.behaviors ?? []) {
    const reason = whyNotJudged(behavior)
    if (reason !== undefined) notJudged.push({ profileName, behavior, reason })
    else judged.push(compileBehavior(profileName, behavior, customMetricTypes))
  }
  return { profile, judged, notJudged }
}

function whyNotJudged({ metric, criteria }: Behavior): string | undefined {
  if (criteria === undefined) return 'it has no criteria: AWS collects or exports the metric'
  if (criteria.mlDetectionConfig !== undefined) {
    return 'it asks for ML Detect, whose algorithm AWS does not publish: a device cannot judge as AWS would'
  }
  if (metricCatalog.get(metric)?.side === 'cloud') {
    return `${metric} is measured by AWS IoT Core, not on the device`
  }
  return undefined
}

function compileBehavior(
  profileName: string,
  behavior: Behavior,
  customMetricTypes: ReadonlyMap<string, CustomMetricType>,
): CompiledBehavior {
  const criteria = behavior.criteria as BehaviorCriteria
  const windowed =
    criteria.durationSeconds !== undefined && kindOf(behavior, customMetricTypes)?.accumulation !== 'union'
  const durationMs = windowed ? (criteria.durationSeconds as number) * 1000 : undefined
  return {
    profileName,
    behavior,
    fingerprint: fingerprintOf(behavior),
    test: compileCriteria(criteria),
    ...(durationMs === undefined ? {} : { durationMs }),
    learnedKey: learnedKey(behavior.metric, durationMs),
    // Both default to 1: iot API reference, BehaviorCriteria.
    toAlarm: criteria.consecutiveDatapointsToAlarm ?? 1,
    toClear: criteria.consecutiveDatapointsToClear ?? 1,
  }
}

/** Only what decides a verdict: a behavior that is merely muted, or written in another order, keeps its state. */
function fingerprintOf({ metric, criteria }: Behavior): string {
  return createHash('sha256')
    .update(canonical({ metric, criteria }))
    .digest('hex')
    .slice(0, FINGERPRINT_DIGITS)
}
/** 64 bits: chance does not make two of a device's few hundred behaviors equal. */
const FINGERPRINT_DIGITS = 16

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`)
  return `{${members.sort().join(',')}}`
}
