/**
 * Why one judge raised an alarm and the other did not, where it can be told from what both say. Reasons are tried in the
 * order of how certain they are; what none of them explains has none, and is worth looking at.
 */
import { compileProfile } from '../../../src/detect/compile.ts'
import type { Behavior } from '../../../src/detect/security-profile.ts'
import { stableJson } from '../../plan/stable-json.ts'
import type { Violation, ViolationSource } from '../model.ts'
import { alarmOf } from '../words.ts'
import { laneOf } from './match.ts'

export interface Context {
  readonly ours: readonly Violation[]
  readonly theirs: readonly Violation[]
  readonly source: ViolationSource
  readonly toleranceMs: number
  readonly now: number
}

/** General Reference, quotas of Device Defender: violations are kept for 30 days. */
const DETECT_KEEPS_MS = 30 * 86_400_000
/** Reports come every five minutes, and Detect judges within a minute or so of one. */
const DETECT_LAG_MS = 10 * 60_000
/** Clocks that are farther apart than this are not the reason: time zones are the largest honest mistake. */
const CLOCK_MS_MAX = 14 * 3_600_000

export function whyOursOnly(violation: Violation, context: Context): string | undefined {
  const { startedAt, behavior } = violation
  const { now } = context
  if (startedAt < now - DETECT_KEEPS_MS) return 'Detect keeps violations for 30 days'
  if (startedAt > now - DETECT_LAG_MS) return 'Detect may not have judged it yet'
  const other = otherCriteria(violation, context.theirs)
  if (other !== undefined) return other
  const apart = clocksApart(violation, context.theirs, context)
  if (apart !== undefined) return apart
  const evidence = alarmOf(violation.records)?.evidence
  if (behavior.criteria?.statisticalThreshold !== undefined) return PERCENTILES
  if (evidence?.kind === 'list' && evidence.early) {
    return 'seen between two reports: a report tells of its own instant only'
  }
  if (evidence?.kind === 'window' && evidence.early && isLevel(behavior)) {
    return 'the level rose between two reports: a report tells of its own instant only'
  }
  if (isWindowed(behavior)) return WINDOWS
  if (!context.theirs.some((their) => their.thingName === violation.thingName)) {
    return 'Detect has no violation of this thing at all: does it report, and is the profile attached?'
  }
  return undefined
}

export async function whyTheirsOnly(violation: Violation, context: Context): Promise<string | undefined> {
  const { behavior, thingName, startedAt } = violation
  const [notJudged] = compileProfile({
    securityProfileName: violation.securityProfileName || 'unnamed',
    behaviors: [behavior],
  }).notJudged
  if (notJudged !== undefined) return `not judged on the device: ${notJudged.reason}`
  if (context.source.origin === 'events' && behavior.suppressAlerts === true) {
    return 'the behavior is muted: the agent records its events and does not publish them'
  }
  const other = otherCriteria(violation, context.ours)
  if (other !== undefined) return other
  const apart = clocksApart(violation, context.ours, context)
  if (apart !== undefined) return apart
  if (context.source.origin === 'device') {
    const around = { since: startedAt - context.toleranceMs, until: startedAt + context.toleranceMs }
    const values = await context.source.metricValues({ thingName, metric: behavior.metric, ...around })
    if (values.length === 0) return 'the device has no datapoint of this metric then'
  }
  if (behavior.criteria?.statisticalThreshold !== undefined) return PERCENTILES
  if (isWindowed(behavior)) return WINDOWS
  return undefined
}

const PERCENTILES =
  'Detect takes its percentile from all devices, this one from its own last 14 days and from 30 datapoints on'
const WINDOWS = 'windows of several reports: AWS does not say how it adds them up'

/** Longer than a report interval, so that the judges may make different windows of the same reports. */
const isWindowed = ({ criteria }: Behavior) => (criteria?.durationSeconds ?? 0) > 300

const isLevel = ({ metric }: Behavior) => metric.startsWith('aws:num-')

/** The same behavior by name, and another by what it says. */
function otherCriteria(violation: Violation, others: readonly Violation[]): string | undefined {
  const same = others.find((other) => laneOf(other) === laneOf(violation))
  if (same === undefined) return undefined
  const of = ({ metric, criteria = {} }: Behavior) => {
    const { consecutiveDatapointsToAlarm = 1, consecutiveDatapointsToClear = 1, ...rest } = criteria
    return stableJson({ metric, ...rest, consecutiveDatapointsToAlarm, consecutiveDatapointsToClear })
  }
  return of(same.behavior) === of(violation.behavior)
    ? undefined
    : 'the behavior has other criteria here and there'
}

/** One of the same behavior, as long as this one, whole quarters of an hour away: a clock is in another time zone. */
function clocksApart(
  violation: Violation,
  others: readonly Violation[],
  { toleranceMs }: Context,
): string | undefined {
  const lasts = ({ startedAt, endedAt }: Violation) =>
    endedAt === undefined ? undefined : endedAt - startedAt
  const length = lasts(violation)
  const distances = others
    .filter((other) => laneOf(other) === laneOf(violation))
    .filter((other) => length !== undefined && Math.abs((lasts(other) ?? Infinity) - length) <= toleranceMs)
    .map((other) => other.startedAt - violation.startedAt)
    .filter((distance) => Math.abs(distance) <= CLOCK_MS_MAX)
  // Whole quarters of an hour are what zones differ by.
  const zone = distances.find((distance) => {
    const quarters = Math.round(distance / 900_000)
    return quarters !== 0 && Math.abs(distance - quarters * 900_000) <= 60_000
  })
  return zone === undefined
    ? undefined
    : `the other has one as long, ${Math.round(Math.abs(zone) / 60_000)} minutes ${zone > 0 ? 'later' : 'earlier'}: look at the device's clock`
}
