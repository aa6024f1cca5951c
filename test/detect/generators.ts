/** Random profiles and series for the properties. Small numbers, so that every boundary is met often. */
import fc from 'fast-check'
import type { IntervalSamples } from '../../scripts/profiles/series-notation.ts'
import type { Behavior } from '../../src/detect/security-profile.ts'
import type { MetricValue } from '../../src/metrics/datapoint.ts'

export const customMetrics = { load: 'number', users: 'string-list' } as const

const ordering = fc.constantFrom('less-than', 'less-than-equals', 'greater-than', 'greater-than-equals')
const runs = {
  consecutiveDatapointsToAlarm: fc.integer({ min: 1, max: 3 }),
  consecutiveDatapointsToClear: fc.integer({ min: 1, max: 3 }),
}
const durationSeconds = fc.constantFrom(300, 600, 900)
const port = fc.constantFrom(22, 23, 443, 8883)
const user = fc.constantFrom('root', 'ggc', 'nobody')
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.1.1', '192.0.2.1')
const prefix = fc.constantFrom('10.0.0.0/24', '10.0.1.0/24', '192.0.2.1')
const statistic = fc.constantFrom('p0', 'p1', 'p10', 'p50', 'p90', 'p99', 'p100')

const numeric = (member: 'count' | 'number', max: number) =>
  fc.oneof(
    fc.record({
      comparisonOperator: ordering,
      value: fc.integer({ min: 0, max }).map((each) => ({ [member]: each })),
      durationSeconds,
      ...runs,
    }),
    fc.record({
      comparisonOperator: ordering,
      statisticalThreshold: fc.record({ statistic }),
      durationSeconds,
      ...runs,
    }),
  )
const sets = (operators: readonly string[], member: string, element: fc.Arbitrary<number | string>) =>
  fc.record({
    comparisonOperator: fc.constantFrom(...operators),
    value: fc.uniqueArray(element, { maxLength: 3 }).map((elements) => ({ [member]: elements })),
    ...runs,
  })

const behavior = (metric: string, criteria: fc.Arbitrary<unknown>) =>
  fc.record({ metric: fc.constant(metric), criteria }) as fc.Arbitrary<Pick<Behavior, 'metric' | 'criteria'>>

export const profiles = fc
  .array(
    fc.oneof(
      behavior('aws:all-bytes-out', numeric('count', 30)),
      behavior('aws:num-listening-tcp-ports', numeric('count', 10)),
      behavior('load', numeric('number', 10)),
      behavior('aws:listening-tcp-ports', sets(['in-port-set', 'not-in-port-set'], 'ports', port)),
      behavior('aws:destination-ip-addresses', sets(['in-cidr-set', 'not-in-cidr-set'], 'cidrs', prefix)),
      behavior('users', sets(['in-set', 'not-in-set'], 'strings', user)),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((behaviors) => ({
    securityProfileName: 'random',
    behaviors: behaviors.map((each, index) => ({ name: `b${index}`, ...each })),
  }))

/** Mostly calm, sometimes not: a uniform series would hardly ever be learnt from and then broken. */
const amount = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 2, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 12 }) },
)
const metrics: Readonly<Record<string, fc.Arbitrary<MetricValue>>> = {
  'aws:all-bytes-out': amount.map((count) => ({ count })),
  'aws:num-listening-tcp-ports': amount.map((count) => ({ count })),
  load: amount.map((number) => ({ number })),
  'aws:listening-tcp-ports': fc.array(port, { maxLength: 4 }).map((ports) => ({ ports })),
  'aws:destination-ip-addresses': fc.array(address, { maxLength: 3 }).map((cidrs) => ({ cidrs })),
  users: fc.array(user, { maxLength: 3 }).map((strings) => ({ strings })),
}

export const SAMPLES = 3

/** An interval lacks a metric altogether or has it in each of its samples: the reference knows no half-covered ones. */
const intervals = (value: fc.Arbitrary<MetricValue>): fc.Arbitrary<IntervalSamples[]> =>
  fc.array(
    fc.oneof(
      { weight: 15, arbitrary: fc.array(value, { minLength: SAMPLES, maxLength: SAMPLES }) },
      { weight: 1, arbitrary: fc.constant(new Array<undefined>(SAMPLES).fill(undefined)) },
    ),
    { minLength: 1, maxLength: 50 },
  )

export const series: fc.Arbitrary<ReadonlyMap<string, IntervalSamples[]>> = fc
  .tuple(...Object.values(metrics).map(intervals))
  .map(
    (all) => new Map(Object.keys(metrics).map((metric, index) => [metric, all[index] as IntervalSamples[]])),
  )
