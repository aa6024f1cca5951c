/** The two sides of a plan: what the files want, and what the account has. */
import type { SecurityProfile } from '../../src/detect/security-profile.ts'
import type {
  CustomMetricDefinition,
  DimensionDefinition,
  ExistingMitigationAction,
  MitigationActionDefinition,
  Tags,
} from '../aws/detect-control-plane.ts'

export interface DesiredProfile {
  /** The file, for messages. */
  readonly path: string
  readonly profile: SecurityProfile
  /** In their short form; absent where the file says nothing of targets, which are then left as they are. */
  readonly targets?: readonly string[]
  /** Absent likewise. */
  readonly tags?: Tags
}

export interface Desired {
  readonly profiles: ReadonlyMap<string, DesiredProfile>
  readonly customMetrics: ReadonlyMap<string, CustomMetricDefinition>
  readonly dimensions: ReadonlyMap<string, DimensionDefinition>
  readonly mitigationActions: ReadonlyMap<string, MitigationActionDefinition>
}

/** Profiles to be looked up by name, of which nothing is wanted. */
export const onlyNames = (names: readonly string[]): Desired => ({
  profiles: new Map(names.map((name) => [name, { path: '', profile: { securityProfileName: name } }])),
  customMetrics: new Map(),
  dimensions: new Map(),
  mitigationActions: new Map(),
})

export interface ActualProfile {
  readonly profile: SecurityProfile
  readonly arn: string
  readonly version: number
  /** In their short form. */
  readonly targets: readonly string[]
  /** Absent where they were not asked for. */
  readonly tags?: Tags
}

export interface Actual {
  readonly profiles: ReadonlyMap<string, ActualProfile>
  readonly customMetrics: ReadonlyMap<string, CustomMetricDefinition>
  readonly dimensions: ReadonlyMap<string, DimensionDefinition>
  /** Those that the files name: AWS IoT Audit has others, which are not ours to judge. */
  readonly mitigationActions: ReadonlyMap<string, ExistingMitigationAction>
  /** Thing groups that the files name and AWS does not know. */
  readonly missingThingGroups: ReadonlySet<string>
}

/** Custom metrics and dimensions that a profile speaks of. */
export function namesUsedBy({ behaviors, ...profile }: SecurityProfile) {
  const parts = [...(behaviors ?? []), ...(profile.additionalMetricsToRetainV2 ?? [])]
  const metrics = [...parts.map(({ metric }) => metric), ...(profile.additionalMetricsToRetain ?? [])]
  const dimensions = parts.flatMap(({ metricDimension }) => metricDimension?.dimensionName ?? [])
  return {
    // A behavior that was made long ago may have no metric.
    customMetrics: [
      ...new Set(metrics.filter((name) => name !== undefined && !name.startsWith('aws:'))),
    ].sort(),
    dimensions: [...new Set(dimensions)].sort(),
  }
}
