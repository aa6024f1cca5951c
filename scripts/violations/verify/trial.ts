/**
 * The test that shows what a changed behavior does: quiet at the value that raised the alarm, loud beyond it. Both are
 * played through the engine of the device before they are printed, and the former behavior too: a test that it passed
 * as well would prove nothing.
 */
import { parseSecurityProfile, type SecurityProfile } from '../../../src/detect/security-profile.ts'
import { durationsSeconds, metricCatalog } from '../../../src/metrics/catalog.ts'
import type { MetricValue } from '../../../src/metrics/datapoint.ts'
import type { CustomMetricType } from '../../../src/metrics/snapshot.ts'
import { formatDurationShort } from '../../profiles/duration.ts'
import { engineFor, PLAY_START_AT, playSeries } from '../../profiles/play.ts'
import { parseSeries } from '../../profiles/series-notation.ts'

type Behavior = NonNullable<SecurityProfile['behaviors']>[number]

export interface Trial {
  readonly name: string
  readonly metric: string
  /** In the notation of test files. */
  readonly series: string
  readonly alarms: readonly { readonly at: string; readonly event: string }[]
}

/** The time between reports that AWS takes, and the shortest window. */
const INTERVAL_SECONDS = Math.min(...durationsSeconds)

export const customTypeOf = (metric: string, value: MetricValue): CustomMetricType | undefined => {
  if (metricCatalog.has(metric)) return undefined
  const types = {
    number: 'number',
    numbers: 'number-list',
    strings: 'string-list',
    cidrs: 'ip-address-list',
  } as const
  return types[Object.keys(value)[0] as keyof typeof types]
}

/** None where the device does not judge the behavior, or judges these series otherwise than they are meant. */
export function trialsOf(
  before: Behavior,
  after: Behavior,
  value: MetricValue,
  what: string,
): readonly Trial[] {
  const quiet = seriesAt(before, value)
  // A percentile that has not been learned raises nothing: there the former behavior proves nothing either way.
  const isLearned = before.criteria?.statisticalThreshold !== undefined
  if (!(isLearned || hasAlarm(before, value, quiet)) || hasAlarm(after, value, quiet)) return []
  const trials: Trial[] = [{ name: `${what} is quiet`, metric: after.metric, series: quiet, alarms: [] }]
  const stranger = beyond(after, value)
  if (stranger !== undefined) {
    const series = seriesAt(after, stranger)
    const alarms = alarmsOf(after, value, series)
    if (alarms.length > 0) {
      trials.push({ name: `${after.name} is raised beyond it`, metric: after.metric, series, alarms })
    }
  }
  return trials
}

const hasAlarm = (behavior: Behavior, value: MetricValue, series: string) =>
  alarmsOf(behavior, value, series).length > 0

function alarmsOf(behavior: Behavior, value: MetricValue, series: string): Trial['alarms'] {
  const type = customTypeOf(behavior.metric, value)
  const types = new Map(type === undefined ? [] : [[behavior.metric, type]])
  const input = { securityProfileName: 'trial', behaviors: [behavior] }
  const parsed = parseSecurityProfile(input, { customMetricTypes: types })
  if (!parsed.ok) return []
  const intervals = parseSeries(behavior.metric, series, type)
  const { events } = playSeries(
    engineFor([parsed.profile], types),
    INTERVAL_SECONDS * 1000,
    new Map([[behavior.metric, intervals]]),
  )
  return events.map((event) => ({
    at: formatDurationShort(event.violationEventTime - PLAY_START_AT),
    event: event.violationEventType,
  }))
}

/** The value for as long as it takes to raise an alarm; of a sum over a window, spread over its intervals. */
function seriesAt({ metric, criteria = {} }: Behavior, value: MetricValue): string {
  const content = Object.values(value)[0] as number | readonly (number | string)[]
  const times = criteria.consecutiveDatapointsToAlarm ?? 1
  if (typeof content !== 'number') return repeated(`[${content.map(bare).join(',')}]`, times)
  const isSum = metricCatalog.get(metric)?.accumulation === 'sum'
  const intervals = isSum ? Math.max(1, Math.round((criteria.durationSeconds ?? 0) / INTERVAL_SECONDS)) : 1
  if (intervals === 1) return repeated(String(content), times)
  const each = Math.floor(content / intervals)
  const last = content - each * (intervals - 1)
  // Any window of that many intervals in a row then sums up to the value.
  const window = [...Array.from({ length: intervals - 1 }, () => each), last]
  const rest = Array.from({ length: times - 1 }, (_, index) => window[index % intervals])
  return [...window, ...rest].join(' ')
}

const repeated = (token: string, times: number) => (times === 1 ? token : `${token}x${times}`)

/** An address without the length of its network: that is how a device reports it. */
const bare = (element: number | string) => String(element).replace(/\/\d+$/, '')

/** 203.0.113.0/24 and its like are nobody's (RFC 5737); 4444 is a well-known backdoor's port. */
const STRANGERS: Readonly<Record<string, readonly (number | string)[]>> = {
  ports: [4444, 4445, 31_337],
  cidrs: ['203.0.113.254', '198.51.100.254', '192.0.2.254'],
  strings: ['never-seen-before'],
  numbers: [-1, 987_654_321],
}

function beyond({ criteria = {}, metric }: Behavior, value: MetricValue): MetricValue | undefined {
  const bound = Object.values(criteria.value ?? {})[0] as number | readonly (number | string)[] | undefined
  const [member = ''] = Object.keys(value)
  if (typeof bound === 'number') {
    const isCeiling = criteria.comparisonOperator?.startsWith('less') === true
    const other = isCeiling ? bound + 1 : bound - 1
    return other < 0 && metricCatalog.has(metric)
      ? undefined
      : ({ [member]: other } as unknown as MetricValue)
  }
  if (bound === undefined) return undefined
  // What may not be is still there, unless nothing of it is left.
  if (criteria.comparisonOperator?.startsWith('not-in')) {
    return bound[0] === undefined ? undefined : ({ [member]: [bound[0]] } as unknown as MetricValue)
  }
  const stranger = (STRANGERS[member] ?? []).find(
    (each) => !bound.includes(each) && !bound.includes(`${each}/32`),
  )
  return stranger === undefined ? undefined : ({ [member]: [stranger] } as unknown as MetricValue)
}
