/**
 * Makes a violation event fit a transport that takes less: Greengrass nucleus lite ends an IPC frame at 10,000 bytes.
 * What explains goes first, what identifies stays: the observed list, the window's parts, the first-seen times, then
 * offenders beyond the first, at last the set in the behavior's criteria, which the profile's author has anyway.
 */
import type { MetricValue } from '../metrics/datapoint.ts'
import { elementsOf } from './criteria.ts'
import type { Behavior } from './security-profile.ts'
import type { Evidence, ViolationEvent } from './violation.ts'

/** The event itself if it fits; else a smaller one, the smallest there is if none fits. Sizes are of UTF-8 JSON. */
export function boundViolation(event: ViolationEvent, bytesMax: number): ViolationEvent {
  let bounded = event
  for (const reduce of reductions) {
    if (bytesOf(bounded) <= bytesMax) return bounded
    bounded = reduce(bounded)
  }
  return bounded
}

const reductions: readonly ((event: ViolationEvent) => ViolationEvent)[] = [
  (event) => ({ ...event, evidence: withLists(event.evidence, 10) }),
  (event) => ({ ...event, evidence: withLists(event.evidence, 0) }),
  (event) => withValue(event, 10),
  (event) => ({ ...event, behavior: withSet(event.behavior, 10) }),
  (event) => withValue(event, 1),
  (event) => ({ ...event, behavior: withSet(event.behavior, 0) }),
]

const bytesOf = (event: ViolationEvent) => Buffer.byteLength(JSON.stringify(event))

function withLists(evidence: Evidence, count: number): Evidence {
  if (evidence.kind === 'window')
    return { ...evidence, intervals: count === 0 ? [] : evidence.intervals.slice(-count) }
  if (evidence.kind === 'invalidation') return evidence
  return {
    ...evidence,
    observed: evidence.observed.slice(0, count),
    firstSeen: evidence.firstSeen.slice(0, count),
    ...(evidence.processes && { processes: evidence.processes.slice(0, count) }),
  }
}

function withValue(event: ViolationEvent, count: number): ViolationEvent {
  return event.metricValue === undefined ? event : { ...event, metricValue: cut(event.metricValue, count) }
}

function withSet(behavior: Behavior, count: number): Behavior {
  const { criteria } = behavior
  if (criteria?.value === undefined) return behavior
  return { ...behavior, criteria: { ...criteria, value: cut(criteria.value, count) } }
}

function cut(value: MetricValue, count: number): MetricValue {
  const elements = elementsOf(value)
  if (elements === undefined) return value
  return { [Object.keys(value)[0] as string]: elements.slice(0, count) } as unknown as MetricValue
}
