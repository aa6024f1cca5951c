/**
 * The engine's rules once more, written as plainly as possible and independently: only at the end of each interval,
 * over whole arrays, without early verdicts, shared state or sorted caches. For reports at an even 300 s.
 */

import type { IntervalSamples } from '../../scripts/profiles/series-notation.ts'
import type { Behavior, SecurityProfile } from '../../src/detect/security-profile.ts'
import type { MetricValue } from '../../src/metrics/datapoint.ts'

export interface ReferenceEvent {
  /** The interval at whose end it is due, from 1. */
  readonly interval: number
  readonly behavior: string
  readonly type: string
}

type Point = number | ReadonlySet<number | string> | undefined

const shares: Record<string, number> = { p0: 0, p1: 0.01, p10: 0.1, p50: 0.5, p90: 0.9, p99: 0.99, p100: 1 }

export function referenceEvents(
  profile: SecurityProfile,
  series: ReadonlyMap<string, readonly IntervalSamples[]>,
): ReferenceEvent[] {
  const perBehavior = (profile.behaviors ?? []).map((behavior) =>
    eventsOf(behavior, series.get(behavior.metric) ?? []),
  )
  return perBehavior.flat().sort(byIntervalAndName)
}

export function byIntervalAndName(a: ReferenceEvent, b: ReferenceEvent): number {
  return a.interval - b.interval || (a.behavior < b.behavior ? -1 : a.behavior > b.behavior ? 1 : 0)
}

function eventsOf(behavior: Behavior, intervals: readonly IntervalSamples[]): ReferenceEvent[] {
  const points = intervals.map((samples) => pointOf(behavior.metric, samples))
  const { consecutiveDatapointsToAlarm: toAlarm = 1, consecutiveDatapointsToClear: toClear = 1 } =
    behavior.criteria ?? {}
  const events: ReferenceEvent[] = []
  let inAlarm = false
  let run = 0
  for (let index = 0; index < points.length; index++) {
    const conforms = verdict(behavior, points, index)
    if (conforms === undefined) continue
    const isOpposite = conforms === inAlarm
    run = isOpposite ? run + 1 : 0
    if (run < (inAlarm ? toClear : toAlarm)) continue
    inAlarm = !inAlarm
    run = 0
    events.push({
      interval: index + 1,
      behavior: behavior.name,
      type: inAlarm ? 'in-alarm' : 'alarm-cleared',
    })
  }
  return events
}

function pointOf(metric: string, samples: IntervalSamples): Point {
  const present = samples.filter((sample) => sample !== undefined)
  if (present.length === 0) return undefined
  const values = present.map((value: MetricValue) => Object.values(value)[0] as number | (number | string)[])
  if (typeof values[0] !== 'number') return new Set(values.flat())
  const numbers = values as number[]
  return metric.startsWith('aws:all-') ? numbers.reduce((sum, each) => sum + each, 0) : Math.max(...numbers)
}

/** `undefined` without a verdict. */
function verdict(
  { metric, criteria }: Behavior,
  points: readonly Point[],
  index: number,
): boolean | undefined {
  const point = points[index]
  const { comparisonOperator = '', value, durationSeconds = 300, statisticalThreshold } = criteria ?? {}
  if (point === undefined) return undefined
  if (typeof point !== 'number') {
    const set = Object.values(value ?? {})[0] as (number | string)[]
    const inside = (element: number | string) => set.some((each) => isIn(element, each))
    const elements = [...point]
    return comparisonOperator.startsWith('not-') ? !elements.some(inside) : elements.every(inside)
  }
  const length = durationSeconds / 300
  const windowAt = (end: number) => {
    const members = points
      .slice(Math.max(0, end - length + 1), end + 1)
      .filter((each) => typeof each === 'number')
    const joined = metric.startsWith('aws:all-')
      ? members.reduce((sum, each) => sum + each, 0)
      : Math.max(...members)
    return { joined, whole: members.length === length }
  }
  let threshold = Object.values(value ?? {})[0] as number
  if (statisticalThreshold !== undefined) {
    const population: number[] = []
    for (let earlier = 0; earlier <= index - length; earlier++) {
      const window = windowAt(earlier)
      if (points[earlier] !== undefined && window.whole) population.push(window.joined)
    }
    if (population.length < 30) return undefined
    population.sort((a, b) => a - b)
    if ((population[0] as number) < 0) return undefined
    threshold = interpolated(population, shares[statisticalThreshold.statistic] as number)
  }
  const { joined, whole } = windowAt(index)
  const conforms = compare(comparisonOperator, joined, threshold)
  const isCeiling = comparisonOperator.startsWith('less')
  return whole || conforms !== isCeiling ? conforms : undefined
}

export function interpolated(sorted: readonly number[], share: number): number {
  const rank = share * (sorted.length - 1)
  const low = sorted[Math.floor(rank)] as number
  const high = sorted[Math.ceil(rank)] as number
  return low === high ? low : low * (1 - (rank % 1)) + high * (rank % 1)
}

function compare(operator: string, value: number, threshold: number): boolean {
  if (operator === 'less-than') return value < threshold
  if (operator === 'less-than-equals') return value <= threshold
  return operator === 'greater-than' ? value > threshold : value >= threshold
}

/** Prefixes in the properties end on whole bytes, so that text decides. */
function isIn(element: number | string, each: number | string): boolean {
  return typeof each === 'string' && each.endsWith('.0/24')
    ? String(element).startsWith(each.slice(0, -4))
    : element === each
}
