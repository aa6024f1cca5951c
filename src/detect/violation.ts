/**
 * What is said when an alarm is raised, cleared or invalidated: the message that Device Defender sends to an SNS topic,
 * member for member, so that existing subscribers go on, and beside it the evidence.
 * Sources: iot API reference, ViolationEvent and Behavior; the SNS messages shown in AWS's workshop on Device Defender
 * (times in epoch milliseconds, a violation's id of 32 hexadecimal digits is the same in all its events).
 */
import type { MetricValue } from '../metrics/datapoint.ts'
import type { Element } from './criteria.ts'
import { type AccumulatedList, byElement, listValue } from './interval.ts'
import type { Statistic } from './percentile.ts'
import type { Behavior } from './security-profile.ts'

type ViolationEventType = 'in-alarm' | 'alarm-cleared' | 'alarm-invalidated'

export interface ViolationEvent {
  /** Epoch milliseconds, by the device's clock. */
  readonly violationEventTime: number
  readonly thingName: string
  /** As its author wrote it. */
  readonly behavior: Behavior
  readonly violationEventType: ViolationEventType
  /** The value judged; of a list only what offends. Absent when an alarm is invalidated: there is none. */
  readonly metricValue?: MetricValue
  readonly violationId: string
  readonly securityProfileName: string
  /** Ours; AWS has no such member and its subscribers pass over it. */
  readonly evidence: Evidence
}

export type Evidence = WindowEvidence | ListEvidence | InvalidationEvidence

export interface WindowEvidence {
  readonly kind: 'window'
  /** Whether the verdict was given before its interval ended, because nothing later could undo it. */
  readonly early: boolean
  readonly value: number
  /** What it was compared with. */
  readonly threshold: number
  readonly statistic?: Statistic
  /** Datapoints that the statistic was taken from. */
  readonly populationCount?: number
  readonly durationSeconds?: number
  /** Seconds of the window that were measured. */
  readonly coveredSeconds: number
  /** What the window is made of, oldest first; of many, the newest. */
  readonly intervals: readonly { readonly endedAt: number; readonly value: number }[]
  readonly intervalsTotal: number
}

export interface ListEvidence {
  readonly kind: 'list'
  readonly early: boolean
  /** The whole list of the interval so far, sorted; of a long one its beginning. */
  readonly observed: readonly Element[]
  /** At least so many different elements were there. */
  readonly observedTotal: number
  readonly offendersTotal: number
  /** Since when each of the elements in `metricValue` has been there, epoch milliseconds. */
  readonly firstSeen: readonly { readonly element: Element; readonly at: number }[]
  /** Who listens on the ports or talks to the addresses of `metricValue`, where that was asked for and may be known. */
  readonly processes?: readonly ProcessEvidence[]
}

export type ProcessEvidence = { readonly element: Element } & (
  | { readonly pid: number; readonly executable: string; readonly containerId?: string }
  | { readonly unknown: string }
)

export interface InvalidationEvidence {
  readonly kind: 'invalidation'
  readonly reason: 'silent-for-two-days' | 'behavior-removed' | 'behavior-changed'
  /** Since when the metric is silent, or the behavior is no longer the same; epoch milliseconds. */
  readonly since: number
}

/** A muted behavior's events are to be recorded and not published. */
export function isSuppressed(event: ViolationEvent): boolean {
  return event.behavior.suppressAlerts === true
}

/**
 * Elements shown of a list. With the longest address, 45 characters, a hundred offenders with their times and a
 * hundred observed elements take about 20 kB; `boundViolation` makes less of them where a transport takes less.
 */
const SHOWN_MAX = 100
/** A window of an hour at 300 s. */
export const INTERVALS_SHOWN_MAX = 12

/** @param offenders in any order, with repetitions */
export function offendersValue(list: AccumulatedList, offenders: readonly Element[]): MetricValue {
  return listValue(list.member, distinctOf(offenders).slice(0, SHOWN_MAX))
}

/** @param offenders in any order, with repetitions */
export function listEvidence(
  list: AccumulatedList,
  offenders: readonly Element[],
  early: boolean,
  at: number,
): ListEvidence {
  const distinct = distinctOf(offenders)
  const firstSeen = new Map(list.elements.map((element, index) => [element, list.firstSeen[index] as number]))
  return {
    kind: 'list',
    early,
    observed: [...list.elements].sort(byElement).slice(0, SHOWN_MAX),
    observedTotal: list.total,
    offendersTotal: distinct.length,
    firstSeen: distinct.slice(0, SHOWN_MAX).map((element) => ({ element, at: firstSeen.get(element) ?? at })),
  }
}

const distinctOf = (elements: readonly Element[]) => [...new Set(elements)].sort(byElement)
