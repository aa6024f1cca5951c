/**
 * What AWS IoT Device Defender Detect has found, and what operators say of it. Source: iot API reference, the actions
 * named beside; General Reference, "AWS IoT Device Defender endpoints and quotas" for rates and retention.
 *
 * Times are epoch milliseconds here and seconds on the way. What AWS answers is handed on as it came, to be read by the
 * same reader as the events of a topic.
 */
import { type Clock, systemClock } from '../../src/schedule/clock.ts'
import { type AwsOptions, callsOf, clientConfig } from './client.ts'
import { paceOf } from './pace.ts'

type VerificationState = 'FALSE_POSITIVE' | 'BENIGN_POSITIVE' | 'TRUE_POSITIVE' | 'UNKNOWN'

/** Both included. */
export interface TimeWindow {
  readonly since: number
  readonly until: number
}

export interface EventsWish {
  readonly thingName?: string
  readonly securityProfileName?: string
  readonly verificationState?: VerificationState
  /** Those of muted behaviors, which AWS tells apart. */
  readonly isSuppressed: boolean
}

export interface DetectMetric {
  readonly thingName: string
  readonly metricName: string
  readonly dimensionName?: string
  readonly dimensionValueOperator?: 'IN' | 'NOT_IN'
}

export interface ActiveAlarm {
  /** As a violation event has it: `violationId`, `thingName`, `behavior` and so on. */
  readonly event: Readonly<Record<string, unknown>>
  readonly startedAt: number
  readonly lastAt?: number
  readonly lastValue?: unknown
}

export interface DetectViolations {
  readonly region: string
  /** ListViolationEvents, all pages of a window. */
  events(window: TimeWindow, wish: EventsWish): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** ListActiveViolations; none of a profile that does not exist. */
  active(wish: EventsWish): Promise<readonly ActiveAlarm[]>
  /** ListMetricValues, all pages of a window; none of a metric that does not exist. */
  metricValues(
    metric: DetectMetric,
    window: TimeWindow,
  ): Promise<readonly { readonly at: number; readonly value: unknown }[]>
  /** PutVerificationStateOnViolation. */
  verify(violationId: string, state: VerificationState, note?: string): Promise<void>
  close(): void
}

/** What a sweep needs beside the account. */
export interface SweepOptions {
  readonly clock?: Clock
  readonly random?: () => number
  readonly signal?: AbortSignal
}

/** API reference: the most that a page of any of these lists holds. */
const PAGE_SIZE = 250
/** Half of what an account may ask for of each of these lists in a second: 10 (the values of metrics 15). */
const CALLS_PER_SECOND = 5

export async function openDetectViolations(
  options: AwsOptions,
  { clock = systemClock, random = Math.random, signal }: SweepOptions = {},
): Promise<DetectViolations> {
  const sdk = await import('@aws-sdk/client-iot')
  const client = new sdk.IoTClient(clientConfig(options))
  const { region, call, find, list } = await callsOf('iot', client, options, PAGE_SIZE)
  const abort = signal === undefined ? {} : { signal }
  const pace = paceOf({ clock, random, callsPerSecond: CALLS_PER_SECOND, ...abort })
  const timesOf = ({ since, until }: TimeWindow) => ({
    startTime: new Date(since),
    endTime: new Date(until),
  })
  const sending = signal === undefined ? {} : { abortSignal: signal }

  return {
    region,

    events: (window, { isSuppressed, ...wish }) =>
      list(
        'ListViolationEvents',
        (page) =>
          pace.run(() => {
            const request = { ...timesOf(window), ...wish, listSuppressedAlerts: isSuppressed, ...page }
            return client.send(new sdk.ListViolationEventsCommand(request), sending)
          }),
        (answer: { violationEvents?: { violationEventTime?: Date }[] }) =>
          answer.violationEvents?.map((event) => ({
            ...event,
            violationEventTime: event.violationEventTime?.getTime(),
          })),
      ),

    active: async ({ isSuppressed, ...wish }) => {
      const found = await find('ListActiveViolations', () =>
        list(
          'ListActiveViolations',
          (page) =>
            pace.run(() => {
              const request = { ...wish, listSuppressedAlerts: isSuppressed, ...page }
              return client.send(new sdk.ListActiveViolationsCommand(request), sending)
            }),
          (answer: { activeViolations?: AnsweredAlarm[] }) => answer.activeViolations?.flatMap(alarmOf),
        ),
      )
      return found ?? []
    },

    metricValues: async (metric, window) => {
      const found = await find('ListMetricValues', () =>
        list(
          'ListMetricValues',
          (page) =>
            pace.run(() => {
              const request = { ...metric, ...timesOf(window), ...page }
              return client.send(new sdk.ListMetricValuesCommand(request), sending)
            }),
          (answer: { metricDatumList?: { timestamp?: Date; value?: unknown }[] }) =>
            answer.metricDatumList?.flatMap(({ timestamp, value }) =>
              timestamp === undefined ? [] : [{ at: timestamp.getTime(), value }],
            ),
        ),
      )
      return found ?? []
    },

    verify: async (violationId, verificationState, note) => {
      const request = {
        violationId,
        verificationState,
        ...(note === undefined ? {} : { verificationStateDescription: note }),
      }
      await call('PutVerificationStateOnViolation', () =>
        client.send(new sdk.PutVerificationStateOnViolationCommand(request)),
      )
    },

    close: () => client.destroy(),
  }
}

interface AnsweredAlarm {
  readonly violationStartTime?: Date
  readonly lastViolationTime?: Date
  readonly lastViolationValue?: unknown
}

function alarmOf(answer: AnsweredAlarm): ActiveAlarm[] {
  const { violationStartTime, lastViolationTime, lastViolationValue, ...event } = answer
  if (violationStartTime === undefined) return []
  return [
    {
      event,
      startedAt: violationStartTime.getTime(),
      ...(lastViolationTime === undefined ? {} : { lastAt: lastViolationTime.getTime() }),
      ...(lastViolationValue === undefined ? {} : { lastValue: lastViolationValue }),
    },
  ]
}
