/**
 * All metrics that AWS IoT Device Defender Detect knows, and what a security profile may say about each.
 *
 * Sources: AWS IoT developer guide, "Device-side metrics", "Cloud-side metrics", "Custom metrics" and "Scoping metrics
 * in security profiles using dimensions"; iot API reference, BehaviorCriteria and MetricValue. Where the example of the
 * device-side page spells `aws:destination-ip-address`, its heading and the console spell the plural, which is used here.
 */
import type { CustomMetricType } from './snapshot.ts'

/** BehaviorCriteria.comparisonOperator, all ten. */
export const comparisonOperators = [
  'less-than',
  'less-than-equals',
  'greater-than',
  'greater-than-equals',
  'in-cidr-set',
  'not-in-cidr-set',
  'in-port-set',
  'not-in-port-set',
  'in-set',
  'not-in-set',
] as const
export type ComparisonOperator = (typeof comparisonOperators)[number]

/** The members of MetricValue. */
export const valueMembers = ['count', 'cidrs', 'ports', 'number', 'numbers', 'strings'] as const
export type ValueMember = (typeof valueMembers)[number]

/** The only windows that AWS accepts, in seconds. */
export const durationsSeconds = [300, 600, 900, 1800, 3600] as const

/** How the samples of one report interval, and the intervals of one window, become one value. */
export type Accumulation =
  | 'sum' // traffic: each sample is a delta
  | 'max' // a level: the highest one counts
  | 'union' // a list: whatever was there at any moment counts

export interface MetricKind {
  readonly member: ValueMember
  readonly accumulation: Accumulation
  readonly operators: readonly ComparisonOperator[]
  /** Whether criteria may have `durationSeconds`; "cannot be used with list-based metric datatypes". */
  readonly duration: boolean
  /** Whether criteria may have `statisticalThreshold`. */
  readonly statistical: boolean
}

export interface MetricDefinition extends MetricKind {
  readonly name: string
  /** Who measures it: the device, in its reports, or AWS IoT Core, which a device cannot imitate. */
  readonly side: 'device' | 'cloud'
  /** Absent for lists. */
  readonly unit?: string
  /** Whether a `metricDimension` (a topic filter) may narrow it. */
  readonly dimension: boolean
}

const ordering = ['less-than', 'less-than-equals', 'greater-than', 'greater-than-equals'] as const
const addressSets = ['in-cidr-set', 'not-in-cidr-set'] as const
const portSets = ['in-port-set', 'not-in-port-set'] as const
const sets = ['in-set', 'not-in-set'] as const

const traffic: MetricKind = {
  member: 'count',
  accumulation: 'sum',
  operators: ordering,
  duration: true,
  statistical: true,
}
const level: MetricKind = { ...traffic, accumulation: 'max' }
const list = (member: ValueMember, operators: readonly ComparisonOperator[]): MetricKind => ({
  member,
  accumulation: 'union',
  operators,
  duration: false,
  statistical: false,
})

const device = (name: string, kind: MetricKind, unit?: string): MetricDefinition => ({
  name,
  side: 'device',
  dimension: false,
  ...kind,
  ...(unit === undefined ? {} : { unit }),
})
const cloud = (name: string, kind: MetricKind, dimension: boolean, unit?: string): MetricDefinition => ({
  name,
  side: 'cloud',
  dimension,
  ...kind,
  ...(unit === undefined ? {} : { unit }),
})

const definitions: readonly MetricDefinition[] = [
  device('aws:all-bytes-out', traffic, 'bytes'),
  device('aws:all-bytes-in', traffic, 'bytes'),
  device('aws:all-packets-out', traffic, 'packets'),
  device('aws:all-packets-in', traffic, 'packets'),
  device('aws:num-listening-tcp-ports', level, 'ports'),
  device('aws:num-listening-udp-ports', level, 'ports'),
  device('aws:num-established-tcp-connections', level, 'connections'),
  device('aws:listening-tcp-ports', list('ports', portSets)),
  device('aws:listening-udp-ports', list('ports', portSets)),
  device('aws:destination-ip-addresses', list('cidrs', addressSets)),

  cloud('aws:message-byte-size', level, true, 'bytes'),
  cloud('aws:num-messages-sent', traffic, true, 'messages'),
  cloud('aws:num-messages-received', traffic, true, 'messages'),
  cloud('aws:num-authorization-failures', traffic, true, 'failures'),
  cloud('aws:num-connection-attempts', traffic, false, 'attempts'),
  cloud('aws:num-disconnects', traffic, false, 'disconnects'),
  cloud(
    'aws:disconnect-duration',
    { ...level, operators: ['less-than', 'less-than-equals'], statistical: false },
    false,
    'minutes',
  ),
  cloud('aws:source-ip-address', list('cidrs', addressSets), true),
]

export const metricCatalog: ReadonlyMap<string, MetricDefinition> = new Map(
  definitions.map((definition) => [definition.name, definition]),
)

/** What a behavior on a custom metric of each type may say. A number is a level: its highest value counts. */
export const customMetricKinds: Readonly<Record<CustomMetricType, MetricKind>> = {
  number: { ...level, member: 'number' },
  'number-list': list('numbers', sets),
  'string-list': list('strings', sets),
  'ip-address-list': list('cidrs', addressSets),
}

/** Names that begin so belong to AWS; custom metrics may not. */
export const isAwsMetric = (name: string): boolean => name.startsWith('aws:')

/** How datapoints of a metric are accumulated: by its definition, or by the member that a custom value has. */
export function accumulationOf(metric: string, member: ValueMember): Accumulation {
  const definition = metricCatalog.get(metric)
  if (definition !== undefined) return definition.accumulation
  return member === 'count' || member === 'number' ? 'max' : 'union'
}
