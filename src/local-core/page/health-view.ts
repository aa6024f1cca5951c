/**
 * The agent's health message as people look at it; its shape is that of `report/health.ts`. Read leniently, as it comes
 * over publish/subscribe: without a time it is no health message, and what is malformed is left out.
 */
import { compact, isRecord, listOf, member, numberOf, stringOf } from './members.ts'

export interface HealthView {
  readonly kind: 'health'
  /** Epoch milliseconds, by the device's clock. */
  readonly at: number
  readonly agentVersion?: string
  readonly uptimeSeconds?: number
  readonly starts?: number
  readonly residentBytes?: number
  readonly reports?: ReportsView
  readonly outbox?: OutboxView
  /** Parts of the collection and sinks that fail just now. */
  readonly failing: readonly { readonly part: string; readonly error: string }[]
  readonly behaviors: readonly BehaviorView[]
}

interface ReportsView {
  readonly handedOver?: number
  readonly accepted?: number
  readonly rejected?: number
  readonly lastAcceptedAt?: number
}

interface OutboxView {
  readonly entries?: number
  readonly bytes?: number
  /** Entries that went without being handed over, for all reasons together. */
  readonly dropped: number
  readonly state?: string
  readonly fault?: string
}

interface BehaviorView {
  readonly securityProfile: string
  readonly behavior: string
  readonly metric: string
  /** One of `BehaviorHealth`'s; another one is shown as it is. */
  readonly state: string
  readonly detail: string
  readonly value?: number
  readonly threshold?: number
  readonly since?: number
}

/** Five profiles with a hundred behaviors each apply to a device at most ("AWS IoT Device Defender quotas"). */
const BEHAVIORS_MAX = 500

export function viewHealth(payload: unknown): HealthView | undefined {
  const at = numberOf(member(payload, 'at'))
  if (at === undefined) return undefined
  return compact({
    kind: 'health',
    at,
    agentVersion: stringOf(member(payload, 'agentVersion')),
    uptimeSeconds: numberOf(member(payload, 'uptimeSeconds')),
    starts: numberOf(member(payload, 'starts')),
    residentBytes: numberOf(member(payload, 'residentBytes')),
    reports: viewReports(member(payload, 'reports')),
    outbox: viewOutbox(member(payload, 'outbox')),
    failing: listOf(member(payload, 'parts')).flatMap((each) => {
      const part = stringOf(member(each, 'part'))
      const error = stringOf(member(each, 'error'))
      return part === undefined || error === undefined ? [] : [{ part, error }]
    }),
    behaviors: listOf(member(payload, 'behaviors')).slice(0, BEHAVIORS_MAX).flatMap(viewBehavior),
  })
}

const viewReports = (reports: unknown): ReportsView | undefined =>
  isRecord(reports)
    ? compact({
        handedOver: numberOf(member(reports, 'handedOver')),
        accepted: numberOf(member(reports, 'accepted')),
        rejected: numberOf(member(reports, 'rejected')),
        lastAcceptedAt: numberOf(member(reports, 'lastAcceptedAt')),
      })
    : undefined

function viewOutbox(outbox: unknown): OutboxView | undefined {
  if (!isRecord(outbox)) return undefined
  const dropped = member(outbox, 'dropped')
  const counts = isRecord(dropped) ? Object.values(dropped) : []
  return compact({
    entries: numberOf(member(outbox, 'entries')),
    bytes: numberOf(member(outbox, 'bytes')),
    dropped: counts.reduce<number>((sum, count) => sum + (numberOf(count) ?? 0), 0),
    state: stringOf(member(outbox, 'state')),
    fault: stringOf(member(outbox, 'fault')),
  })
}

function viewBehavior(each: unknown): BehaviorView[] {
  const behavior = stringOf(member(each, 'behaviorName'))
  const state = stringOf(member(each, 'state'))
  if (behavior === undefined || state === undefined) return []
  return [
    compact({
      securityProfile: stringOf(member(each, 'securityProfileName')) ?? '',
      behavior,
      metric: stringOf(member(each, 'metric')) ?? '',
      state,
      detail: stringOf(member(each, 'detail')) ?? '',
      value: numberOf(member(each, 'value')),
      threshold: numberOf(member(each, 'threshold')),
      since: numberOf(member(each, 'since')),
    }),
  ]
}
