/** What one account holds in one region, for the operations that are imitated. */

export interface Account {
  readonly accountId: string
  readonly region: string
  readonly profiles: Map<string, StoredProfile>
  readonly customMetrics: Map<string, StoredCustomMetric>
  readonly dimensions: Map<string, StoredDimension>
  readonly mitigationActions: Map<string, StoredMitigationAction>
  readonly thingGroups: Set<string>
  /** By the ARN of what is tagged. */
  readonly tags: Map<string, Map<string, string>>
  /** Epoch milliseconds. */
  readonly nowMs: () => number
  /** Entries in a page of a list, however many are asked for. */
  readonly pageMax: number
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
