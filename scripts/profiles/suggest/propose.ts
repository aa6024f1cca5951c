/**
 * Behaviors proposed from what was seen, each with the evidence that it rests on, in words. Levels and traffic get a
 * ceiling above the highest value seen, lists of ports and strings what was seen, addresses the ranges they lie in.
 * What gives no sensible bound is named with the reason and left out, and so is what was seen a few times only: a port
 * that the system chose, or somebody who should not have been there.
 */
import { NAME_MAX, namePattern } from '../../../src/detect/profile-limits.ts'
import type { Behavior, BehaviorCriteria } from '../../../src/detect/security-profile.ts'
import { isAwsMetric, metricCatalog } from '../../../src/metrics/catalog.ts'
import type { CustomMetricType } from '../../../src/metrics/snapshot.ts'
import { formatCount, formatDuration, plural } from '../../render/numbers.ts'
import {
  type Distribution,
  type ElementSeen,
  FIRST_REPORTS_MAX,
  type ListSeen,
  type NumbersSeen,
  type Observed,
} from './observe.ts'
import { type AddressRange, rangesOf } from './ranges.ts'

export interface Proposed {
  readonly behavior: Behavior & { readonly criteria: BehaviorCriteria }
  readonly evidence: readonly string[]
  /** What a typical report shows, for the quiet part of its tests. */
  readonly typical: number | readonly (number | string)[]
}

export interface Proposal {
  readonly behaviors: readonly Proposed[]
  readonly leftOut: readonly { readonly metric: string; readonly reason: string }[]
  readonly customMetrics: ReadonlyMap<string, CustomMetricType>
}

/** Above the highest value seen: what a device did in a week it may do a little more of in the next. */
export const HEADROOM = 1.5
/** Levels are small numbers: half as many again of two would be three. */
const LEVEL_HEADROOM_MIN = 3
/** More ports or strings than that are opened by chance, and the next one would be news every day. */
const SET_ELEMENTS_MAX = 60
/** Doubtful is what was in fewer reports than that, and in a smaller share of them. More than that are not told apart. */
const SIGHTINGS_MIN = FIRST_REPORTS_MAX
const SIGHTINGS_SHARE_MIN = 0.1

const isDoubtful = (sightings: number, { reports }: ListSeen) =>
  sightings < SIGHTINGS_MIN && sightings < reports * SIGHTINGS_SHARE_MIN

/** Of several elements together: a scan of a whole network in one report is seen once. Exact below `SIGHTINGS_MIN`. */
const sightingsOf = (elements: readonly ElementSeen[]) =>
  new Set(elements.flatMap(({ firstReports }) => firstReports)).size

const DOUBTFUL = `fewer than ${SIGHTINGS_MIN} reports and less than a tenth of them`

export function propose(observed: Observed): Proposal {
  const behaviors: Proposed[] = []
  const leftOut: { metric: string; reason: string }[] = []
  const customMetrics = new Map<string, CustomMetricType>()
  for (const [metric, seen] of observed.metrics) {
    if (!namePattern.test(metric) || metric.length > NAME_MAX) {
      leftOut.push({ metric, reason: 'no profile can hold a metric of that name' })
      continue
    }
    if (metricCatalog.get(metric)?.side === 'cloud') {
      leftOut.push({ metric, reason: 'it is measured by AWS IoT Core, not on the device' })
      continue
    }
    if (!isAwsMetric(metric)) customMetrics.set(metric, customTypeOf(seen))
    if (seen.kind === 'numbers') leftOut.push(...neverWhole(metric, seen, observed))
    const found = seen.kind === 'numbers' ? ceilings(metric, seen, observed) : allowed(metric, seen, observed)
    if (typeof found === 'string') leftOut.push({ metric, reason: found })
    else behaviors.push(...found)
  }
  return { behaviors, leftOut, customMetrics }
}

function customTypeOf(seen: NumbersSeen | ListSeen): CustomMetricType {
  if (seen.kind === 'numbers') return 'number'
  if (seen.member === 'numbers') return 'number-list'
  return seen.member === 'strings' ? 'string-list' : 'ip-address-list'
}

/** Windows that the history is too short for: what a part of one held is no evidence of what a whole one may. */
function neverWhole(metric: string, { byWindow }: NumbersSeen, { from, to }: Observed): Proposal['leftOut'] {
  const windows = [...byWindow].filter(([, { count }]) => count === 0)
  return windows.map(([windowMs]) => ({
    metric: `${metric} in ${windowMs / 1000} s`,
    reason: `no such window was whole in ${formatDuration((to - from) / 1000)} of history; it takes ${formatDuration(windowMs / 1000)} of reports without a gap`,
  }))
}

function ceilings(metric: string, seen: NumbersSeen, observed: Observed): Proposed[] | string {
  const windows = [...seen.byWindow].filter(([, { count }]) => count > 0)
  if (windows.some(([, { min }]) => min < 0))
    return 'it had negative values, for which no ceiling is proposed'
  return windows.map(([windowMs, distribution]) => {
    const isTraffic = windowMs > 0
    const highest = distribution.max
    const count = roundUp(Math.max(highest * HEADROOM, isTraffic ? 1 : highest + LEVEL_HEADROOM_MIN))
    const length = windowMs > SHORT_WINDOW_MS ? 'InAnHour' : ''
    return {
      behavior: {
        name: `${nameOf(metric)}${length}`,
        metric,
        criteria: {
          comparisonOperator: 'less-than-equals',
          value: seen.member === 'count' ? { count } : { number: count },
          durationSeconds: isTraffic ? windowMs / 1000 : SHORT_WINDOW_MS / 1000,
          consecutiveDatapointsToAlarm: 1,
          consecutiveDatapointsToClear: 1,
        } as BehaviorCriteria,
      },
      evidence: numberEvidence(distribution, windowMs, observed),
      typical: Math.round(seen.byWindow.get(isTraffic ? SHORT_WINDOW_MS : 0)?.quantile(0.5) ?? 0),
    }
  })
}

const SHORT_WINDOW_MS = 300_000

function numberEvidence(distribution: Distribution, windowMs: number, { days }: Observed): string[] {
  const what = windowMs > 0 ? `whole windows of ${windowMs / 1000} s` : 'values'
  const [median, p99] = [0.5, 0.99].map((share) => formatCount(Math.round(distribution.quantile(share))))
  const highest = formatCount(Math.ceil(distribution.max))
  return [
    `${formatCount(distribution.count)} ${what} on ${plural(days, 'day')}: median ${median}, p99 ${p99}, highest ${highest};`,
    `the ceiling is ${HEADROOM} times the highest${windowMs > 0 ? '' : `, or ${LEVEL_HEADROOM_MIN} more`}, rounded up`,
  ]
}

/** Two leading digits: a ceiling of 8,137,442 would pretend to know more than a week tells. */
export function roundUp(value: number): number {
  if (value < 100) return Math.ceil(value)
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Math.ceil(value / unit) * unit
}

function allowed(metric: string, seen: ListSeen, observed: Observed): Proposed[] | string {
  if (seen.isOverfull) return 'more different values were seen than a profile could list'
  return seen.member === 'cidrs' ? ranges(metric, seen, observed) : set(metric, seen, observed)
}

function set(metric: string, seen: ListSeen, { days }: Observed): Proposed[] | string {
  const all = [...seen.elements].sort(([a], [b]) => (a < b ? -1 : 1))
  const elements = all.filter(([, { count }]) => !isDoubtful(count, seen))
  const doubtful = all.filter(([, { count }]) => isDoubtful(count, seen))
  if (elements.length > SET_ELEMENTS_MAX) {
    return `${elements.length} different values were seen, more than ${SET_ELEMENTS_MAX}: they come and go by chance`
  }
  const share = ([element, { count }]: readonly [number | string, ElementSeen]) =>
    count === seen.reports ? `${element} always` : `${element} in ${formatCount(count)}`
  if (elements.length === 0 && doubtful.length > 0) {
    return `what it held was in ${DOUBTFUL}: ${firstOf(doubtful.map(share))}`
  }
  const what = doubtful.length === 0 ? 'all that was seen' : 'what was seen'
  return [
    {
      behavior: {
        name: nameOf(metric),
        metric,
        criteria: {
          comparisonOperator: seen.member === 'ports' ? 'in-port-set' : 'in-set',
          value: { [seen.member]: elements.map(([element]) => element) } as unknown as { ports: number[] },
          consecutiveDatapointsToAlarm: 1,
          consecutiveDatapointsToClear: 1,
        },
      },
      evidence: [
        `${what} in ${plural(seen.reports, 'report')} on ${plural(days, 'day')}${elements.length === 0 ? ': nothing' : ':'}`,
        ...wrapped(elements.map(share)),
        ...doubtfulEvidence(doubtful.map(share)),
      ],
      typical: elements.slice(0, TYPICAL_ELEMENTS_MAX).map(([element]) => element),
    },
  ]
}

function ranges(metric: string, seen: ListSeen, { days }: Observed): Proposed[] | string {
  const all = rangesOf([...seen.elements.keys()].map(String))
  const sightings = ({ addresses }: AddressRange) =>
    sightingsOf(addresses.flatMap((address) => seen.elements.get(address) ?? []))
  const found = all.filter((range) => !isDoubtful(sightings(range), seen))
  const doubtful = all.filter((range) => isDoubtful(sightings(range), seen))
  const named = doubtful.flatMap(({ addresses }) =>
    addresses.map((address) => `${address} in ${formatCount(seen.elements.get(address)?.count ?? 0)}`),
  )
  if (found.length === 0 && doubtful.length > 0) return `what it held was in ${DOUBTFUL}: ${firstOf(named)}`
  const addresses = found.flatMap((range) => range.addresses)
  return [
    {
      behavior: {
        name: nameOf(metric),
        metric,
        criteria: {
          comparisonOperator: 'in-cidr-set',
          value: { cidrs: found.map(({ cidr }) => cidr) },
          consecutiveDatapointsToAlarm: 1,
          consecutiveDatapointsToClear: 1,
        },
      },
      evidence: [
        `${formatCount(addresses.length)} ${addresses.length === 1 ? 'address' : 'addresses'} in ${plural(seen.reports, 'report')} on ${plural(days, 'day')}, widened to their networks:`,
        ...wrapped(found.map((range) => `${range.cidr} had ${formatCount(range.addresses.length)}`)),
        ...doubtfulEvidence(named),
      ],
      typical: addresses.slice(0, TYPICAL_ELEMENTS_MAX),
    },
  ]
}

/** Left out, so that who reads it may put in what belongs there. */
const doubtfulEvidence = (doubtful: readonly string[]): string[] =>
  doubtful.length === 0 ? [] : [`doubtful and left out, since in ${DOUBTFUL}:`, ...wrapped(doubtful)]

/** Of what would fill many lines. */
const NAMED_MAX = 12

const firstOf = (named: readonly string[]): string =>
  [...named.slice(0, NAMED_MAX), ...(named.length > NAMED_MAX ? [`+${named.length - NAMED_MAX}`] : [])].join(
    ', ',
  )

const TYPICAL_ELEMENTS_MAX = 4
/** A comment in the file stays within what an editor shows. */
const EVIDENCE_LINE_MAX = 90
const EVIDENCE_LINES_MAX = 8

function wrapped(parts: readonly string[]): string[] {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + part.length + 2 <= EVIDENCE_LINE_MAX)
      lines[lines.length - 1] = `${last}, ${part}`
    else lines.push(part)
  }
  return lines.length <= EVIDENCE_LINES_MAX
    ? lines
    : [...lines.slice(0, EVIDENCE_LINES_MAX), `and more: ${parts.length} in all`]
}

/** `aws:all-bytes-out` is about `AllBytesOut`; a custom metric's name may have any of the characters that a behavior's may. */
export function nameOf(metric: string): string {
  const words = metric.replace(/^aws:/, '').split(/[-_:]+/)
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('') || metric
}
