/**
 * What the commands ask of AWS IoT Device Defender Detect: one method for each operation, pages joined, absence as
 * `undefined`. Everything else that goes wrong is an `AwsProblem`. Source: iot API reference, the actions named beside.
 */
import type { Behavior, SecurityProfile } from '../../src/detect/security-profile.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'

export type Tags = ReadonlyMap<string, string>

export interface NamedArn {
  readonly name: string
  readonly arn: string
}

export interface ExistingProfile {
  /** Without its tags, which are another question. */
  readonly profile: SecurityProfile
  readonly arn: string
  /** Rises with each update. */
  readonly version: number
}

export interface CustomMetricDefinition {
  readonly type: CustomMetricType
  readonly displayName?: string
}

export interface DimensionDefinition {
  readonly type: 'TOPIC_FILTER'
  readonly stringValues: readonly string[]
}

/** What is done about an alarm: of all kinds of actions this one serves Detect. */
export interface MitigationActionDefinition {
  readonly roleArn: string
  readonly actionParams: {
    readonly addThingsToThingGroupParams: {
      readonly thingGroupNames: readonly string[]
      readonly overrideDynamicGroups?: boolean
    }
  }
}

/** An action as it is in the account, where it may be of another kind. */
export interface ExistingMitigationAction {
  readonly roleArn: string
  readonly actionParams: Readonly<Record<string, unknown>>
}

/** The parts of a profile that an update takes away; an update is silent about a part that it does not name. */
export interface ProfileDeletions {
  readonly deleteBehaviors?: true
  readonly deleteAlertTargets?: true
  readonly deleteAdditionalMetricsToRetain?: true
  readonly deleteMetricsExportConfig?: true
}

export interface DetectControlPlane {
  readonly region: string
  /** ListSecurityProfiles. */
  listProfiles(): Promise<readonly NamedArn[]>
  /** DescribeSecurityProfile. */
  describeProfile(name: string): Promise<ExistingProfile | undefined>
  /** CreateSecurityProfile; answers the ARN. */
  createProfile(profile: SecurityProfile): Promise<string>
  /** UpdateSecurityProfile. */
  updateProfile(profile: SecurityProfile, deletions: ProfileDeletions, expectedVersion: number): Promise<void>
  /** DeleteSecurityProfile; no error if there is none. */
  deleteProfile(name: string, expectedVersion: number): Promise<void>
  /** ValidateSecurityProfileBehaviors; answers what AWS finds wrong. */
  validateBehaviors(behaviors: readonly Behavior[]): Promise<readonly string[]>

  /** ListTargetsForSecurityProfile; answers ARNs. */
  listTargets(profileName: string): Promise<readonly string[]>
  /** AttachSecurityProfile; no error if it is attached. */
  attach(profileName: string, targetArn: string): Promise<void>
  /** DetachSecurityProfile. */
  detach(profileName: string, targetArn: string): Promise<void>
  /** DescribeThingGroup. */
  hasThingGroup(name: string): Promise<boolean>

  /** ListCustomMetrics. */
  listCustomMetrics(): Promise<readonly string[]>
  /** DescribeCustomMetric. */
  describeCustomMetric(name: string): Promise<CustomMetricDefinition | undefined>
  /** CreateCustomMetric. */
  createCustomMetric(name: string, definition: CustomMetricDefinition): Promise<void>
  /** UpdateCustomMetric: nothing but the display name can change. */
  updateCustomMetric(name: string, displayName: string): Promise<void>
  /** DeleteCustomMetric; no error if there is none. */
  deleteCustomMetric(name: string): Promise<void>

  /** ListDimensions. */
  listDimensions(): Promise<readonly string[]>
  /** DescribeDimension. */
  describeDimension(name: string): Promise<DimensionDefinition | undefined>
  /** CreateDimension. */
  createDimension(name: string, definition: DimensionDefinition): Promise<void>
  /** UpdateDimension. */
  updateDimension(name: string, stringValues: readonly string[]): Promise<void>
  /** DeleteDimension; no error if there is none. */
  deleteDimension(name: string): Promise<void>

  /** DescribeMitigationAction. */
  describeMitigationAction(name: string): Promise<ExistingMitigationAction | undefined>
  /** CreateMitigationAction. */
  createMitigationAction(name: string, definition: MitigationActionDefinition): Promise<void>
  /** UpdateMitigationAction. */
  updateMitigationAction(name: string, definition: MitigationActionDefinition): Promise<void>

  /** ListTagsForResource. */
  listTags(arn: string): Promise<Tags>
  /** TagResource. */
  tag(arn: string, tags: Tags): Promise<void>
  /** UntagResource. */
  untag(arn: string, keys: readonly string[]): Promise<void>

  close(): void
}
