/**
 * Reads and checks a behavior's criteria: which operator, value, window and statistic go with which metric.
 * Sources: iot API reference, BehaviorCriteria and MetricValue; developer guide, the tables of "Device-side metrics",
 * "Cloud-side metrics" and "Custom metrics".
 */
import {
  comparisonOperators,
  customMetricKinds,
  durationsSeconds,
  isAwsMetric,
  type MetricKind,
  metricCatalog,
  type ValueMember,
} from '../metrics/catalog.ts'
import type { MetricValue } from '../metrics/datapoint.ts'
import type { CustomMetricType } from '../metrics/snapshot.ts'
import { parsePrefix } from './cidr.ts'
import { type Statistic, statistics } from './percentile.ts'
import * as limits from './profile-limits.ts'
import {
  type Context,
  didYouMean,
  list,
  note,
  number,
  object,
  oneOf,
  orList,
  type Reader,
  text,
} from './reader.ts'
import type { Behavior, BehaviorCriteria } from './security-profile.ts'

/** `aws:...` must be a metric that exists; any other name is a custom metric's. */
export const metricName: Reader<string> = (value, path, context) => {
  if (typeof value === 'string' && isAwsMetric(value)) {
    if (metricCatalog.has(value)) return value
    return note(
      context,
      path,
      `is no metric of Device Defender${didYouMean(value, [...metricCatalog.keys()])}`,
      value,
    )
  }
  return text({
    min: 1,
    max: limits.NAME_MAX,
    pattern: limits.namePattern,
    meaning: `a metric name of 1 to ${limits.NAME_MAX} letters, digits, ":", "_" and "-"`,
  })(value, path, context)
}

const prefixText: Reader<string> = (value, path, context) => {
  const fits =
    typeof value === 'string' &&
    value.length >= limits.CIDR_TEXT_MIN &&
    value.length <= limits.CIDR_TEXT_MAX &&
    !value.includes('%') &&
    parsePrefix(value) !== undefined
  return fits
    ? value
    : note(context, path, 'must be an IPv4 or IPv6 address or prefix, as in "192.0.2.0/24"', value)
}

const consecutive = number({
  min: 1,
  max: limits.CONSECUTIVE_MAX,
  integer: true,
  meaning: `a whole number from 1 to ${limits.CONSECUTIVE_MAX}`,
})
const anyNumber = number({ meaning: 'a number' })

const readValue = object<Partial<Record<ValueMember, unknown>>>(
  {
    count: number({ min: 0, max: limits.COUNT_MAX, integer: true, meaning: 'a whole number, 0 or more' }),
    cidrs: list(prefixText),
    ports: list(
      number({ min: 0, max: limits.PORT_MAX, integer: true, meaning: `a port, 0 to ${limits.PORT_MAX}` }),
    ),
    number: anyNumber,
    numbers: list(anyNumber),
    strings: list(text({ meaning: 'a string' })),
  },
  [],
) as Reader<unknown> as Reader<MetricValue>

export const readCriteria = object<BehaviorCriteria>(
  {
    comparisonOperator: oneOf(comparisonOperators),
    value: readValue,
    durationSeconds: oneOf(durationsSeconds),
    consecutiveDatapointsToAlarm: consecutive,
    consecutiveDatapointsToClear: consecutive,
    statisticalThreshold: object<{ statistic: Statistic }>(
      { statistic: oneOf(Object.keys(statistics) as Statistic[]) },
      ['statistic'],
    ),
    mlDetectionConfig: object<{ confidenceLevel: 'LOW' | 'MEDIUM' | 'HIGH' }>(
      { confidenceLevel: oneOf(['LOW', 'MEDIUM', 'HIGH'] as const) },
      ['confidenceLevel'],
    ),
  },
  [],
)

/** The set member of a value; `undefined` when there is none. */
function memberOf(value: MetricValue): ValueMember | undefined {
  return Object.keys(value)[0] as ValueMember | undefined
}

/** How many of the profile's value elements a criteria's value takes. */
export function countElements(value: MetricValue | undefined): number {
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce<number>((sum, each) => sum + (Array.isArray(each) ? each.length : 1), 0)
}

/** The kind of a behavior's metric, or `undefined` if it is custom and neither its type nor its value tells. */
export function kindOf(
  behavior: Behavior,
  customMetricTypes: ReadonlyMap<string, CustomMetricType>,
): MetricKind | undefined {
  const known = metricCatalog.get(behavior.metric)
  if (known !== undefined) return known
  const type = customMetricTypes.get(behavior.metric)
  if (type !== undefined) return customMetricKinds[type]
  const { criteria } = behavior
  if (criteria?.statisticalThreshold !== undefined || criteria?.mlDetectionConfig !== undefined) {
    return customMetricKinds.number
  }
  const member = criteria?.value === undefined ? undefined : memberOf(criteria.value)
  return Object.values(customMetricKinds).find((kind) => kind.member === member)
}

/** What goes with what. Members that are faulty by themselves have been noted already and are passed over. */
export function checkBehavior(
  behavior: Behavior,
  path: string,
  context: Context,
  customMetricTypes: ReadonlyMap<string, CustomMetricType>,
): void {
  const { metric, criteria } = behavior
  const definition = metricCatalog.get(metric)
  if (behavior.metricDimension !== undefined && metric !== undefined && !definition?.dimension) {
    const narrowed = [...metricCatalog.values()].filter((each) => each.dimension).map((each) => each.name)
    note(context, `${path}.metricDimension`, `only ${orList(narrowed)} can have a dimension, not "${metric}"`)
  }
  if (criteria === undefined || metric === undefined) return
  const at = `${path}.criteria`
  if (!noteModes(criteria, at, context) || criteria.mlDetectionConfig !== undefined) return
  if (!Object.hasOwn(criteria, 'comparisonOperator')) note(context, `${at}.comparisonOperator`, 'is missing')
  const kind = kindOf(behavior, customMetricTypes)
  if (kind === undefined) noteValueMember(criteria, Object.values(customMetricKinds), metric, at, context)
  else checkAgainstKind(criteria, kind, metric, at, context)
}

/** Whether exactly one way of judging is given. */
function noteModes(criteria: BehaviorCriteria, at: string, context: Context): boolean {
  const modes = ['value', 'statisticalThreshold', 'mlDetectionConfig'] as const
  const given = modes.filter((mode) => Object.hasOwn(criteria, mode))
  if (given.length === 1) return true
  note(
    context,
    at,
    `must have exactly one of ${orList(modes)}, has ${given.length === 0 ? 'none' : given.join(', ')}`,
  )
  return false
}

function checkAgainstKind(
  criteria: BehaviorCriteria,
  kind: MetricKind,
  metric: string,
  at: string,
  context: Context,
) {
  const { comparisonOperator } = criteria
  if (comparisonOperator !== undefined && !kind.operators.includes(comparisonOperator)) {
    note(
      context,
      `${at}.comparisonOperator`,
      `"${metric}" takes ${orList(kind.operators)}`,
      comparisonOperator,
    )
  }
  if (criteria.durationSeconds !== undefined && !kind.duration && kind.accumulation === 'union') {
    note(
      context,
      `${at}.durationSeconds`,
      `cannot be used with "${metric}", whose value is a list`,
      criteria.durationSeconds,
    )
  }
  if (criteria.statisticalThreshold !== undefined && !kind.statistical) {
    note(context, `${at}.statisticalThreshold`, `"${metric}" has no percentiles`)
  }
  if (Object.hasOwn(criteria, 'value')) noteValueMember(criteria, [kind], metric, at, context)
}

function noteValueMember(
  criteria: BehaviorCriteria,
  kinds: readonly MetricKind[],
  metric: string,
  at: string,
  context: Context,
): void {
  const { value } = criteria
  if (value === undefined) return
  const wanted = kinds.map((kind) => kind.member)
  const given = Object.keys(value)
  if (given.length === 1 && wanted.includes(given[0] as MetricKind['member'])) return
  const found = given.length === 0 ? 'nothing' : given.join(', ')
  note(
    context,
    `${at}.value`,
    `"${metric}" takes exactly one of the kind ${orList(wanted)}, given is ${found}`,
  )
}
