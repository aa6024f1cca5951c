/**
 * Violations and metric values from Detect. It keeps violations for 30 days and values for 14 (General Reference, "AWS
 * IoT Device Defender endpoints and quotas"); both are read in windows, so that a list of many pages is not one whose
 * position grows old, and what was read stays read when a later window fails.
 */
import { type Clock, systemClock } from '../../../src/schedule/clock.ts'
import type { AwsOptions } from '../../aws/client.ts'
import {
  type ActiveAlarm,
  type DetectViolations,
  type EventsWish,
  openDetectViolations,
  type TimeWindow,
} from '../../aws/detect-violations.ts'
import { AwsProblem } from '../../aws/problem.ts'
import { metricValueOf } from '../../profiles/history/report-datapoints.ts'
import { type ToldEvent, toldEvent } from '../event.ts'
import { isWanted, newestFirst, toViolations } from '../gather.ts'
import type { MetricPoint, Violation, ViolationFilter, ViolationSource } from '../model.ts'

export interface DetectSource extends ViolationSource {
  readonly region: string
  /** Of Detect alone: it keeps what operators say. */
  readonly verify: DetectViolations['verify']
}

export interface DetectSourceOptions extends AwsOptions {
  readonly clock?: Clock
  readonly random?: () => number
  readonly signal?: AbortSignal
  readonly onProblem?: (problem: string) => void
  /** After each window, with the number of events so far. */
  readonly onProgress?: (eventCount: number) => void
}

const DAY_MS = 86_400_000
const EVENTS_KEPT_MS = 30 * DAY_MS
const VALUES_KEPT_MS = 14 * DAY_MS
/** Of 2,500 events in a month that is two pages a window. */
const EVENTS_WINDOW_MS = 5 * DAY_MS
/** Two pages of values that come every five minutes. */
const VALUES_WINDOW_MS = 1.5 * DAY_MS

export async function openDetect(options: DetectSourceOptions): Promise<DetectSource> {
  const { clock = systemClock, random, signal, onProblem, onProgress, ...aws } = options
  const detect = await openDetectViolations(aws, {
    clock,
    ...(random === undefined ? {} : { random }),
    ...(signal === undefined ? {} : { signal }),
  })
  return {
    origin: 'detect',
    region: detect.region,
    description: `Detect in ${detect.region}`,
    verify: detect.verify,
    close: detect.close,

    violations: async (filter) => {
      const { told, active } = await readAll(detect, filter, clock.wallMs(), { onProblem, onProgress })
      const violations = toViolations(told, 'detect')
      return withActive(violations, active).filter((each) => isWanted(each, filter))
    },

    metricValues: async ({ thingName, metric, dimension, since, until }) => {
      const now = clock.wallMs()
      const series = {
        thingName,
        metricName: metric,
        ...(dimension === undefined
          ? {}
          : {
              dimensionName: dimension.dimensionName,
              dimensionValueOperator: dimension.operator ?? ('IN' as const),
            }),
      }
      const points = new Map<number, MetricPoint>()
      const range = { since: Math.max(since, now - VALUES_KEPT_MS), until: Math.min(until, now) }
      for (const window of windowsOf(range, VALUES_WINDOW_MS)) {
        for (const { at, value } of await detect.metricValues(series, window)) {
          const read = metricValueOf(value)
          if (read !== undefined) points.set(at, { at, value: read })
        }
      }
      return [...points.values()].sort((a, b) => a.at - b.at)
    },
  }
}

interface Telling {
  readonly onProblem: ((problem: string) => void) | undefined
  readonly onProgress: ((eventCount: number) => void) | undefined
}

/**
 * Everything that was told since the beginning of what is wanted, until now: a violation that was in alarm then has an
 * event in that time, or is active still.
 */
async function readAll(
  detect: DetectViolations,
  { thingName, securityProfileName, verification, since }: ViolationFilter,
  now: number,
  { onProblem, onProgress }: Telling,
): Promise<{ readonly told: readonly ToldEvent[]; readonly active: readonly ActiveAlarm[] }> {
  const wish = {
    ...(thingName === undefined ? {} : { thingName }),
    ...(securityProfileName === undefined ? {} : { securityProfileName }),
    ...(verification === undefined ? {} : { verificationState: verification }),
  }
  const range = { since: Math.max(since ?? 0, now - EVENTS_KEPT_MS), until: now }
  const told: ToldEvent[] = []
  const active: ActiveAlarm[] = []
  let strange = 0
  // Muted behaviors are another list.
  const wishes: readonly EventsWish[] = [
    { ...wish, isSuppressed: false },
    { ...wish, isSuppressed: true },
  ]
  for (const window of windowsOf(range, EVENTS_WINDOW_MS)) {
    try {
      for (const each of wishes) {
        for (const event of await detect.events(window, each)) {
          const read = toldEvent(event)
          if (read === undefined) strange += 1
          else told.push(read)
        }
      }
    } catch (error) {
      // Without the first window it is a failure; without a later one the newer violations are worth having.
      if (!(error instanceof AwsProblem) || window.until === range.until) throw error
      onProblem?.(`what is older than ${new Date(window.until).toISOString()} is missing: ${error.message}`)
      break
    }
    onProgress?.(told.length)
  }
  for (const each of wishes) active.push(...(await detect.active(each)))
  if (strange > 0) onProblem?.(`${strange} of Detect's events could not be read`)
  return { told, active }
}

/** The newest first; neighbours share an instant, and what is told twice counts once. */
function windowsOf({ since, until }: TimeWindow, lengthMs: number): TimeWindow[] {
  const windows: TimeWindow[] = []
  for (let end = until; end > since; end -= lengthMs) {
    windows.push({ since: Math.max(since, end - lengthMs), until: end })
  }
  return windows
}

/** What is active began when AWS says, also where the alarm's own event is older than what was read. */
function withActive(violations: readonly Violation[], active: readonly ActiveAlarm[]): Violation[] {
  const byId = new Map(violations.map((violation) => [violation.id, violation]))
  for (const alarm of active) {
    const known = byId.get(String(alarm.event.violationId))
    const read = toldEvent({
      ...alarm.event,
      violationEventTime: alarm.startedAt,
      violationEventType: 'in-alarm',
    })
    if (read === undefined || (known !== undefined && known.state !== 'in-alarm')) continue
    const [told] = toViolations([read], 'detect')
    const value = metricValueOf(alarm.lastValue)
    const last = value === undefined || alarm.lastAt === undefined ? undefined : { at: alarm.lastAt, value }
    byId.set(read.violationId, {
      ...(known ?? (told as Violation)),
      ...(last === undefined ? {} : { last }),
    })
  }
  return [...byId.values()].sort(newestFirst)
}
