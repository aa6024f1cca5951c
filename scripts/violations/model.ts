/**
 * What the violation commands, the report and the comparison work on, whoever told of it: the device's own history,
 * Device Defender Detect, or events that a topic delivered. Times are epoch milliseconds throughout.
 *
 * Sources: iot API reference, ViolationEvent and ActiveViolation; the shape of events is that of `detect/violation.ts`.
 */
import type { Behavior } from '../../src/detect/security-profile.ts'
import type { Evidence } from '../../src/detect/violation.ts'
import type { MetricValue } from '../../src/metrics/datapoint.ts'

export type ViolationOrigin = 'device' | 'events' | 'detect'
export type VerificationState = 'FALSE_POSITIVE' | 'BENIGN_POSITIVE' | 'TRUE_POSITIVE' | 'UNKNOWN'

/** One event as it was told. */
export interface ViolationRecord {
  readonly at: number
  readonly type: 'in-alarm' | 'alarm-cleared' | 'alarm-invalidated'
  readonly metricValue?: MetricValue
  /** The device's own; Detect has none. */
  readonly evidence?: Evidence
}

/** One violation, from its alarm to its end: all events of one id on one thing. */
export interface Violation {
  readonly id: string
  readonly origin: ViolationOrigin
  readonly thingName: string
  readonly securityProfileName: string
  /** As its author wrote it. */
  readonly behavior: Behavior
  /** Oldest first; at least one. The first is not the alarm where that lies before what was read. */
  readonly records: readonly ViolationRecord[]
  /** When it was raised; of one whose alarm was not read, when it was first heard of. */
  readonly startedAt: number
  readonly endedAt?: number
  readonly state: 'in-alarm' | 'cleared' | 'invalidated'
  /** The newest value that violated, of one that lasts, where the source tells it: Detect does. */
  readonly last?: MetricPoint
  readonly verification?: { readonly state: VerificationState; readonly note?: string }
}

export interface MetricPoint {
  readonly at: number
  readonly value: MetricValue
}

/** Which violations are wanted; what is left out does not restrict. */
export interface ViolationFilter {
  readonly thingName?: string
  readonly securityProfileName?: string
  readonly behaviorName?: string
  readonly state?: Violation['state']
  readonly verification?: VerificationState
  /** Violations that were in alarm at some time from `since` to `until`, both included. */
  readonly since?: number
  readonly until?: number
}

export interface MetricRange {
  readonly thingName: string
  readonly metric: string
  /** As the behavior has it; Detect keeps the metric apart for each. */
  readonly dimension?: Behavior['metricDimension'] & {}
  readonly since: number
  readonly until: number
}

/** One place to read from. What could not be read is told to `onProblem` and the rest is given. */
export interface ViolationSource {
  readonly origin: ViolationOrigin
  /** For people: the folder, or the region. */
  readonly description: string
  /** Newest first. */
  readonly violations: (filter: ViolationFilter) => Promise<readonly Violation[]>
  /** Oldest first. Empty where the source keeps no values. */
  readonly metricValues: (range: MetricRange) => Promise<readonly MetricPoint[]>
  readonly close: () => void
}
