/**
 * What Device Defender Detect has found out: violation events, metric values, what operators said of violations, and
 * the tasks that act on them. Retention as in the General Reference, quotas of Device Defender.
 */
import type { Account, Input } from './account.ts'

export const DAY_SECONDS = 86_400
export const EVENTS_KEPT_SECONDS = 30 * DAY_SECONDS
export const METRICS_KEPT_SECONDS = 14 * DAY_SECONDS
export const TASKS_KEPT_SECONDS = 90 * DAY_SECONDS

/** All times are in seconds, as they travel. */
export interface DetectData {
  readonly events: StoredViolationEvent[]
  /** By `metricKey`, the oldest value first. */
  readonly metricValues: Map<string, readonly StoredMetricValue[]>
  /** By the id of the violation. */
  readonly verifications: Map<string, Verification>
  readonly tasks: Map<string, StoredDetectTask>
  /** What one action on one thing takes; at once if left out. */
  secondsPerAction?: number
}

export interface StoredViolationEvent {
  readonly violationId: string
  readonly thingName: string
  readonly securityProfileName: string
  /** As it was when the event came about. */
  readonly behavior: Input
  readonly metricValue?: Input
  readonly confidenceLevel?: 'LOW' | 'MEDIUM' | 'HIGH'
  readonly violationEventType: 'in-alarm' | 'alarm-cleared' | 'alarm-invalidated'
  readonly violationEventTime: number
}

export interface StoredMetricValue {
  readonly timestamp: number
  readonly value: Input
}

export interface Verification {
  readonly state: string
  readonly description?: string
}

export interface StoredDetectTask {
  readonly taskId: string
  readonly token: string
  readonly startedAt: number
  readonly target: Input
  readonly range?: Input
  readonly isOnlyActive: boolean
  readonly isWithSuppressed: boolean
  readonly actionNames: readonly string[]
  readonly executions: StoredExecution[]
  canceledAt?: number
}

export interface StoredExecution {
  readonly violationId: string
  readonly thingName: string
  readonly actionName: string
  readonly startsAt: number
  readonly endsAt: number
  result?: {
    readonly status: 'SUCCESSFUL' | 'FAILED'
    readonly errorCode?: string
    readonly message?: string
  }
}

export interface MetricSeries {
  readonly thingName: string
  readonly metricName: string
  readonly dimensionName?: string | undefined
  readonly dimensionValueOperator?: string | undefined
}

export const metricKey = (series: MetricSeries) =>
  JSON.stringify([
    series.thingName,
    series.metricName,
    series.dimensionName ?? null,
    series.dimensionName === undefined ? null : (series.dimensionValueOperator ?? 'IN'),
  ])

/** Puts values of a thing's metric beside those that are there. */
export function addMetricValues(
  { detect }: Account,
  series: MetricSeries,
  values: readonly StoredMetricValue[],
): void {
  const key = metricKey(series)
  const all = [...(detect.metricValues.get(key) ?? []), ...values]
  detect.metricValues.set(
    key,
    all.sort((a, b) => a.timestamp - b.timestamp),
  )
}

/** Violations whose last event is the alarm. */
export function activeViolations({ detect }: Account): readonly StoredViolationEvent[] {
  const last = new Map<string, StoredViolationEvent>()
  for (const event of detect.events) {
    const known = last.get(event.violationId)
    const isLater = known === undefined || event.violationEventTime >= known.violationEventTime
    if (isLater) last.set(event.violationId, event)
  }
  return [...last.values()].filter(({ violationEventType }) => violationEventType === 'in-alarm')
}

export const isSuppressed = ({ behavior }: StoredViolationEvent) => behavior.suppressAlerts === true

export function criteriaTypeOf({ behavior }: StoredViolationEvent): string {
  const criteria = (behavior.criteria ?? {}) as Input
  if (criteria.mlDetectionConfig !== undefined) return 'MACHINE_LEARNING'
  return criteria.statisticalThreshold === undefined ? 'STATIC' : 'STATISTICAL'
}
