/**
 * Violations and metric values. Source: iot API reference, ListViolationEvents, ListActiveViolations, ListMetricValues,
 * PutVerificationStateOnViolation.
 */
import { type Account, type Input, secondsNow } from '../account.ts'
import {
  activeViolations,
  criteriaTypeOf,
  DAY_SECONDS,
  EVENTS_KEPT_SECONDS,
  isSuppressed,
  METRICS_KEPT_SECONDS,
  type MetricSeries,
  metricKey,
  type StoredViolationEvent,
} from '../detect-data.ts'
import { invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import type { Operations } from './operation.ts'

export const violationOperations: Operations = {
  ListViolationEvents: (account, input) => {
    const { start, end } = readWindow(input, EVENTS_KEPT_SECONDS)
    const kept = secondsNow(account) - EVENTS_KEPT_SECONDS
    const all = account.detect.events
      .filter(({ violationEventTime: at }) => at >= Math.max(start, kept) && at <= end)
      .filter((event) => isWanted(account, event, input))
      .sort((a, b) => b.violationEventTime - a.violationEventTime)
      .map((event) => ({
        ...described(account, event),
        ...(event.metricValue === undefined ? {} : { metricValue: event.metricValue }),
        violationEventType: event.violationEventType,
        violationEventTime: event.violationEventTime,
      }))
    const { entries, next } = page(account, 'violation events', all, input)
    return { violationEvents: entries, ...next }
  },

  ListActiveViolations: (account, input) => {
    const { securityProfileName: profile } = input
    const isKnown = (name: unknown) =>
      account.profiles.has(String(name)) ||
      account.detect.events.some(({ securityProfileName }) => securityProfileName === name)
    if (profile !== undefined && !isKnown(profile)) throw notFound(`Security profile ${profile}`)
    const all = activeViolations(account)
      .filter((event) => isWanted(account, event, input))
      .map((event) => ({
        ...described(account, event),
        ...(event.metricValue === undefined ? {} : { lastViolationValue: event.metricValue }),
        lastViolationTime: event.violationEventTime,
        violationStartTime: event.violationEventTime,
      }))
    const { entries, next } = page(account, 'active violations', all, input)
    return { activeViolations: entries, ...next }
  },

  ListMetricValues: (account, input) => {
    const { start, end } = readWindow(input, METRICS_KEPT_SECONDS)
    const series = input as unknown as MetricSeries
    const { metricName, dimensionName } = series
    if (!metricName.startsWith('aws:') && !account.customMetrics.has(metricName)) {
      throw notFound(`Metric ${metricName}`)
    }
    if (dimensionName !== undefined && !account.dimensions.has(dimensionName)) {
      throw notFound(`Dimension ${dimensionName}`)
    }
    const kept = secondsNow(account) - METRICS_KEPT_SECONDS
    const key = metricKey(series)
    const all = (account.detect.metricValues.get(key) ?? []).filter(
      ({ timestamp }) => timestamp >= Math.max(start, kept) && timestamp <= end,
    )
    const { entries, next } = page(account, `values of ${key}`, all, input)
    return { metricDatumList: entries, ...next }
  },

  PutVerificationStateOnViolation: (account, input) => {
    const id = String(input.violationId)
    // No ResourceNotFoundException is among the operation's errors.
    if (!account.detect.events.some(({ violationId }) => violationId === id)) {
      throw invalid(`Violation ${id} does not exist`)
    }
    const description = input.verificationStateDescription
    account.detect.verifications.set(id, {
      state: String(input.verificationState),
      ...(description === undefined ? {} : { description: String(description) }),
    })
    return {}
  },
}

/** Windows longer than what is kept are refused; whether AWS does so is not published. */
function readWindow(
  { startTime, endTime }: Input,
  longestSeconds: number,
): { readonly start: number; readonly end: number } {
  const start = Number(startTime)
  const end = Number(endTime)
  if (start >= end) throw invalid('startTime must be before endTime')
  if (end - start > longestSeconds) {
    throw invalid(`The time between startTime and endTime exceeds ${longestSeconds / DAY_SECONDS} days`)
  }
  return { start, end }
}

function isWanted(account: Account, event: StoredViolationEvent, input: Input): boolean {
  const verification = account.detect.verifications.get(event.violationId)?.state ?? 'UNKNOWN'
  const isLike = (wanted: unknown, value: string) => wanted === undefined || wanted === value
  return (
    isLike(input.thingName, event.thingName) &&
    isLike(input.securityProfileName, event.securityProfileName) &&
    isLike(input.verificationState, verification) &&
    isLike(input.behaviorCriteriaType, criteriaTypeOf(event)) &&
    isSuppressed(event) === (input.listSuppressedAlerts === true)
  )
}

function described({ detect }: Account, event: StoredViolationEvent) {
  const { violationId, thingName, securityProfileName, behavior, confidenceLevel } = event
  const verification = detect.verifications.get(violationId)
  return {
    violationId,
    thingName,
    securityProfileName,
    behavior,
    ...(confidenceLevel === undefined ? {} : { violationEventAdditionalInfo: { confidenceLevel } }),
    verificationState: verification?.state ?? 'UNKNOWN',
    ...(verification?.description === undefined
      ? {}
      : { verificationStateDescription: verification.description }),
  }
}
