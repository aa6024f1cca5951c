/** Thresholds that no device can ever be on the wrong side of, or on the right one. */
import type { Behavior, BehaviorCriteria } from '../../../src/detect/security-profile.ts'
import { isAwsMetric, metricCatalog } from '../../../src/metrics/catalog.ts'
import { builtInMetrics, healthMetrics } from '../../../src/metrics/custom.ts'
import { coveredBy } from '../prefix-text.ts'
import type { Finding, LintContext } from './finding.ts'

/**
 * No device that runs Greengrass sends faster than this: 100 Gbit/s Ethernet, which carries at most 148,809,524 frames
 * of 64 bytes a second (IEEE 802.3: 20 bytes of preamble and gap for each).
 */
const BYTES_PER_SECOND_MAX = 12_500_000_000
const PACKETS_PER_SECOND_MAX = 148_809_524
/** One entry for each port and interface; more listeners than ports of one protocol is no device we know. */
const LISTENERS_MAX = 65_536
/** `net.netfilter.nf_conntrack_max` and file descriptors end long before; ports of one address pair end here. */
const CONNECTIONS_MAX = 4_000_000

export function thresholds({ profile }: LintContext): Finding[] {
  return (profile.behaviors ?? []).flatMap((behavior, index) => {
    const { criteria } = behavior
    if (criteria === undefined) return []
    const at = `behaviors[${index}].criteria`
    return [
      ...unreachable(behavior, criteria, at),
      ...silence(behavior, criteria, at),
      ...everything(criteria, at),
      ...signedPercentile(behavior, criteria, at),
    ]
  })
}

function largest({ metric }: Behavior, { durationSeconds = 300 }: BehaviorCriteria): number | undefined {
  if (/^aws:all-bytes-/.test(metric)) return BYTES_PER_SECOND_MAX * durationSeconds
  if (/^aws:all-packets-/.test(metric)) return PACKETS_PER_SECOND_MAX * durationSeconds
  if (/^aws:num-listening-/.test(metric)) return LISTENERS_MAX
  return metric === 'aws:num-established-tcp-connections' ? CONNECTIONS_MAX : undefined
}

function unreachable(behavior: Behavior, criteria: BehaviorCriteria, at: string): Finding[] {
  const max = largest(behavior, criteria)
  const { value, comparisonOperator = '' } = criteria
  if (max === undefined || value === undefined || !('count' in value) || value.count <= max) return []
  const isCeiling = comparisonOperator.startsWith('less-than')
  const window =
    metricCatalog.get(behavior.metric)?.accumulation === 'sum'
      ? ` in ${criteria.durationSeconds ?? 300} s`
      : ''
  return [
    {
      code: isCeiling ? 'never-in-alarm' : 'always-in-alarm',
      severity: 'warning',
      at: `${at}.value.count`,
      reason: `no device comes to ${value.count}${window}; the most that hardware does is about ${max}`,
      fix: 'choose a bound near what the device does: `defender profiles suggest` proposes one from its history',
    },
  ]
}

/** The agent's own reports are traffic. */
function silence(
  { metric }: Behavior,
  { value, comparisonOperator }: BehaviorCriteria,
  at: string,
): Finding[] {
  const isTraffic = /^aws:all-(bytes|packets)-/.test(metric)
  if (!isTraffic || value === undefined || !('count' in value)) return []
  const asksForSilence =
    (comparisonOperator === 'less-than-equals' && value.count === 0) ||
    (comparisonOperator === 'less-than' && value.count === 1)
  if (!asksForSilence) return []
  return [
    {
      code: 'always-in-alarm',
      severity: 'warning',
      at: `${at}.value.count`,
      reason: `only silence would be normal, and the report that says so is traffic itself`,
      fix: 'choose a bound above what the device needs for itself',
    },
  ]
}

/** A set of prefixes that holds every address there is. */
function everything({ value, comparisonOperator }: BehaviorCriteria, at: string): Finding[] {
  if (value === undefined || !('cidrs' in value)) return []
  const isAll = ['0.0.0.0/0', '::/0'].every((all) => holds(value.cidrs, all))
  if (!isAll) return []
  const isAllowList = comparisonOperator === 'in-cidr-set'
  return [
    {
      code: isAllowList ? 'never-in-alarm' : 'always-in-alarm',
      severity: 'warning',
      at: `${at}.value.cidrs`,
      reason: `every address is in this set, so ${isAllowList ? 'none' : 'each'} raises an alarm`,
      fix: 'list the ranges that are meant',
    },
  ]
}

/** In one prefix, or in two halves. */
function holds(cidrs: readonly string[], all: string): boolean {
  const halves = all === '::/0' ? ['::/1', '8000::/1'] : ['0.0.0.0/1', '128.0.0.0/1']
  return coveredBy(cidrs, all) || halves.every((half) => coveredBy(cidrs, half))
}

const neverNegative: ReadonlySet<string> = new Set([...builtInMetrics, ...healthMetrics])

function signedPercentile(
  { metric }: Behavior,
  { statisticalThreshold }: BehaviorCriteria,
  at: string,
): Finding[] {
  if (statisticalThreshold === undefined || isAwsMetric(metric) || neverNegative.has(metric)) return []
  return [
    {
      code: 'percentile-of-signed',
      severity: 'note',
      at: `${at}.statisticalThreshold`,
      reason: `one negative value of "${metric}", and there are no percentiles of it for two weeks`,
      fix: 'measure what is never negative, or compare with a "value"',
    },
  ]
}
