/** What one account holds in one region, for the operations that are imitated. */
import type { DetectData } from './detect-data.ts'
import type { Iam } from './iam/state.ts'
import { addThingGroup, type Registry } from './registry.ts'
import type { StoredBucket } from './s3/state.ts'

export interface Account {
  readonly accountId: string
  readonly region: string
  /** Epoch milliseconds. */
  readonly nowMs: () => number
  /** Entries in a page of a list, however many are asked for. */
  readonly pageMax: number
  /** By the ARN of what is tagged; of AWS IoT only. */
  readonly tags: Map<string, Map<string, string>>

  readonly profiles: Map<string, StoredProfile>
  readonly customMetrics: Map<string, StoredCustomMetric>
  readonly dimensions: Map<string, StoredDimension>
  readonly mitigationActions: Map<string, StoredMitigationAction>
  readonly detect: DetectData

  readonly registry: Registry
  readonly iotPolicies: Map<string, StoredIotPolicy>
  readonly topicRules: Map<string, StoredTopicRule>
  /** The ARN of the role behind each alias. */
  readonly roleAliases: Map<string, string>
  /** IoT jobs, by whoever has made some. */
  jobs?: JobSource

  readonly buckets: Map<string, StoredBucket>
  readonly iam: Iam
}

interface AccountOptions {
  readonly region?: string
  readonly accountId?: string
  /** Groups that there are, by their names; see `registry.ts` for more. */
  readonly thingGroups?: readonly string[]
  readonly pageMax?: number
  readonly nowMs?: () => number
}

/** The most that a page of AWS IoT's lists can be asked to hold (iot API reference, MaxResults). */
const PAGE_MAX = 250

export function newAccount(options: AccountOptions = {}): Account {
  const account: Account = {
    accountId: options.accountId ?? '123456789012',
    region: options.region ?? 'eu-west-1',
    nowMs: options.nowMs ?? Date.now,
    pageMax: options.pageMax ?? PAGE_MAX,
    tags: new Map(),
    profiles: new Map(),
    customMetrics: new Map(),
    dimensions: new Map(),
    mitigationActions: new Map(),
    detect: { events: [], metricValues: new Map(), verifications: new Map(), tasks: new Map() },
    registry: { things: new Map(), groups: new Map(), membershipChanges: 0 },
    iotPolicies: new Map(),
    topicRules: new Map(),
    roleAliases: new Map(),
    buckets: new Map(),
    iam: { roles: new Map(), policies: new Map() },
  }
  for (const name of options.thingGroups ?? []) addThingGroup(account, { name })
  return account
}

/** Input of an operation, after it was checked against its shape. */
export type Input = Readonly<Record<string, unknown>>

export interface StoredBehavior {
  readonly name: string
  readonly metric?: string
  readonly metricDimension?: { readonly dimensionName: string; readonly operator?: string }
  readonly criteria?: Input
}

export interface MetricToRetain {
  readonly metric: string
  readonly metricDimension?: { readonly dimensionName: string; readonly operator?: string }
}

export interface StoredProfile {
  readonly name: string
  readonly arn: string
  description?: string
  behaviors: readonly StoredBehavior[]
  alertTargets: Input
  retained: readonly MetricToRetain[]
  exportConfig?: Input
  version: number
  readonly createdAt: number
  changedAt: number
  readonly targets: Set<string>
}

export interface StoredCustomMetric {
  readonly name: string
  readonly arn: string
  readonly type: string
  displayName?: string
  readonly token: string
  readonly createdAt: number
  changedAt: number
}

export interface StoredDimension {
  readonly name: string
  readonly arn: string
  readonly type: string
  stringValues: readonly string[]
  readonly token: string
  readonly createdAt: number
  changedAt: number
}

export interface StoredMitigationAction {
  readonly name: string
  readonly arn: string
  readonly id: string
  roleArn: string
  /** Exactly one member, which tells the kind. */
  params: Input
  readonly createdAt: number
  changedAt: number
}

/** A policy of AWS IoT, not of IAM. */
export interface StoredIotPolicy {
  readonly name: string
  readonly arn: string
  /** JSON text, as it was written. */
  readonly document: string
  /** ARNs of certificates and thing groups. */
  readonly targets: Set<string>
}

export interface StoredTopicRule {
  readonly name: string
  readonly arn: string
  payload: Input
  readonly createdAt: number
}

/** Answers of `DescribeJob` and `ListJobExecutionsForJob` for the jobs that a service knows. */
export interface JobSource {
  /** The members of `Job`. */
  describe(jobId: string): Input | undefined
  /** `executionSummaries`. */
  executions(jobId: string, status?: string): readonly Input[] | undefined
}

export const arnOf = ({ region, accountId }: Account, resource: string) =>
  `arn:aws:iot:${region}:${accountId}:${resource}`

/** The wire form of times: seconds, with a fraction. */
export const secondsNow = ({ nowMs }: Account) => nowMs() / 1000

/** Names of profiles that speak of a metric or a dimension. */
export function usersOf(account: Account, uses: (part: MetricToRetain) => boolean): string[] {
  return [...account.profiles.values()]
    .filter(({ behaviors, retained }) =>
      [...behaviors, ...retained].some((part) => part.metric !== undefined && uses(part as MetricToRetain)),
    )
    .map(({ name }) => name)
}

/** Puts the tags of a create request on what was created. */
export function setTags(account: Account, arn: string, tags: unknown): void {
  const given = (tags ?? []) as readonly { Key: string; Value?: string }[]
  const known = account.tags.get(arn) ?? new Map<string, string>()
  for (const { Key, Value = '' } of given) known.set(Key, Value)
  account.tags.set(arn, known)
}
