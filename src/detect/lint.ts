/**
 * Warnings about a profile that is legal, and judged exactly as written, but unlikely to mean what it says. The commonest
 * mistake, in AWS's own first tutorials too, is to write what is abnormal where the criteria ask for what is normal.
 * Source: AWS IoT developer guide, "Security profile behaviors".
 */
import { metricCatalog } from '../metrics/catalog.ts'
import { hasHostBits, parsePrefix } from './cidr.ts'
import { statistics } from './percentile.ts'
import type { Behavior, BehaviorCriteria, SecurityProfile } from './security-profile.ts'

export interface ProfileWarning {
  readonly code:
    | 'statistic-turned-round'
    | 'floor-on-device-metric'
    | 'set-turned-round'
    | 'always-in-alarm'
    | 'never-in-alarm'
    | 'no-duration'
    | 'one-address-family'
    | 'host-bits'
    | 'mixed-with-ml'
  readonly path: string
  readonly reason: string
  readonly fix: string
}

type Finding = Omit<ProfileWarning, 'path'> & { readonly member: string }

export function profileWarnings(profile: SecurityProfile): ProfileWarning[] {
  const behaviors = profile.behaviors ?? []
  const warnings = behaviors.flatMap((behavior, index) => {
    const { criteria } = behavior
    if (criteria === undefined || criteria.mlDetectionConfig !== undefined) return []
    const path = `behaviors[${index}].criteria`
    return checks
      .flatMap((check) => check(behavior, criteria) ?? [])
      .map(({ code, member, reason, fix }) => ({ code, path: `${path}.${member}`, reason, fix }))
  })
  return [...warnings, ...mixedWithMl(behaviors)]
}

const opposite = {
  'greater-than': 'less-than-equals',
  'greater-than-equals': 'less-than',
  'less-than': 'greater-than-equals',
  'less-than-equals': 'greater-than',
} as const

type Ordering = keyof typeof opposite

function orderingOf(criteria: BehaviorCriteria): Ordering | undefined {
  const operator = criteria.comparisonOperator
  return operator !== undefined && operator in opposite ? (operator as Ordering) : undefined
}

const isFloor = (operator: Ordering) => operator.startsWith('greater-than')

/** Half of all datapoints lie on each side of the median; a criterion that most of them fail is not what is normal. */
function statisticTurnedRound(_: Behavior, criteria: BehaviorCriteria): Finding | undefined {
  const operator = orderingOf(criteria)
  const statistic = criteria.statisticalThreshold?.statistic
  if (operator === undefined || statistic === undefined) return undefined
  const share = statistics[statistic]
  const normalShare = isFloor(operator) ? 1 - share : share
  if (normalShare >= 0.5) return undefined
  return {
    code: 'statistic-turned-round',
    member: 'comparisonOperator',
    reason: `criteria say what is normal: "${operator}" ${statistic} takes about ${percent(1 - normalShare)} of all datapoints for violations`,
    fix: `"comparisonOperator": "${opposite[operator]}"`,
  }
}

function floorOnDeviceMetric({ metric }: Behavior, criteria: BehaviorCriteria): Finding | undefined {
  const operator = orderingOf(criteria)
  const { value } = criteria
  if (operator === undefined || !isFloor(operator) || value === undefined || !('count' in value))
    return undefined
  if (metricCatalog.get(metric)?.side !== 'device' || isTrivial(operator, value.count)) return undefined
  return {
    code: 'floor-on-device-metric',
    member: 'comparisonOperator',
    reason: `criteria say what is normal: "${operator}" ${value.count} raises an alarm when ${metric} is low`,
    fix: `if high values are the danger: "comparisonOperator": "${opposite[operator]}"`,
  }
}

/** Ports that nobody lists as the ones a device should have open: telnet, and what well-known malware listens on. */
const notoriousPorts = new Set([23, 2323, 4444, 5555, 6667, 31_337])

function setTurnedRound(_: Behavior, { comparisonOperator, value }: BehaviorCriteria): Finding | undefined {
  if (comparisonOperator !== 'in-port-set' || value === undefined || !('ports' in value)) return undefined
  if (value.ports.length === 0 || !value.ports.every((port) => notoriousPorts.has(port))) return undefined
  return {
    code: 'set-turned-round',
    member: 'comparisonOperator',
    reason: `criteria say what is normal: "in-port-set" allows ports ${value.ports.join(', ')} and no others`,
    fix: '"comparisonOperator": "not-in-port-set"',
  }
}

/** Counts are never below zero. */
const isTrivial = (operator: Ordering, count: number) =>
  count === 0 && ['greater-than-equals', 'less-than'].includes(operator)

function trivialThreshold(_: Behavior, criteria: BehaviorCriteria): Finding | undefined {
  const operator = orderingOf(criteria)
  const { value } = criteria
  if (
    operator === undefined ||
    value === undefined ||
    !('count' in value) ||
    !isTrivial(operator, value.count)
  ) {
    return undefined
  }
  return {
    code: operator === 'less-than' ? 'always-in-alarm' : 'never-in-alarm',
    member: 'value.count',
    reason: `a count is ${operator === 'less-than' ? 'never' : 'always'} "${operator}" 0`,
    fix: 'choose another bound',
  }
}

function trivialSet(_: Behavior, { comparisonOperator, value }: BehaviorCriteria): Finding | undefined {
  const elements = value === undefined ? undefined : Object.values(value)[0]
  if (comparisonOperator?.startsWith('not-in-') !== true || !Array.isArray(elements) || elements.length > 0)
    return undefined
  return {
    code: 'never-in-alarm',
    member: 'value',
    reason: 'nothing is in an empty set',
    fix: 'list what must not be there, or leave the behavior out',
  }
}

function noDuration({ metric }: Behavior, criteria: BehaviorCriteria): Finding | undefined {
  const definition = metricCatalog.get(metric)
  if (definition?.accumulation !== 'sum' || criteria.durationSeconds !== undefined) return undefined
  return {
    code: 'no-duration',
    member: 'durationSeconds',
    reason: `${metric} adds up over time, and how long is left open: on the device, one report interval`,
    fix: '"durationSeconds": 300',
  }
}

function oneAddressFamily(_: Behavior, { comparisonOperator, value }: BehaviorCriteria): Finding | undefined {
  if (comparisonOperator !== 'in-cidr-set' || value === undefined || !('cidrs' in value)) return undefined
  const ipv6 = value.cidrs.filter((cidr) => cidr.includes(':')).length
  if (value.cidrs.length === 0 || (ipv6 > 0 && ipv6 < value.cidrs.length)) return undefined
  const missing = ipv6 === 0 ? 'IPv6' : 'IPv4'
  return {
    code: 'one-address-family',
    member: 'value.cidrs',
    reason: `every ${missing} address is outside this set and raises an alarm`,
    fix: `add the ${missing} prefixes that are normal`,
  }
}

function hostBits(_: Behavior, { value }: BehaviorCriteria): Finding[] {
  if (value === undefined || !('cidrs' in value)) return []
  return value.cidrs.flatMap((cidr, index): Finding[] => {
    const prefix = parsePrefix(cidr)
    if (prefix === undefined || !hasHostBits(prefix)) return []
    return [
      {
        code: 'host-bits',
        member: `value.cidrs[${index}]`,
        reason: `${cidr} has bits set beyond its prefix, which are ignored: the whole network is meant`,
        fix: 'write the network, or the address alone',
      },
    ]
  })
}

const checks: readonly ((
  behavior: Behavior,
  criteria: BehaviorCriteria,
) => Finding | Finding[] | undefined)[] = [
  statisticTurnedRound,
  floorOnDeviceMetric,
  setTurnedRound,
  trivialThreshold,
  trivialSet,
  noDuration,
  oneAddressFamily,
  hostBits,
]

function mixedWithMl(behaviors: readonly Behavior[]): ProfileWarning[] {
  const judged = behaviors.filter(({ criteria }) => criteria !== undefined)
  const ml = judged.findIndex(({ criteria }) => criteria?.mlDetectionConfig !== undefined)
  if (ml < 0 || judged.every(({ criteria }) => criteria?.mlDetectionConfig !== undefined)) return []
  const path = `behaviors[${behaviors.indexOf(judged[ml] as Behavior)}].criteria.mlDetectionConfig`
  const reason = "a profile is either rule-based or for ML Detect in AWS's console"
  return [{ code: 'mixed-with-ml', path, reason, fix: 'put ML behaviors into a profile of their own' }]
}

const percent = (share: number) => `${Number((share * 100).toFixed(2))} %`
