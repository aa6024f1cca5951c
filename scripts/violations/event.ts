/**
 * A violation event as it travels, read with suspicion: a topic, a queue or a file may deliver anything. Sources: iot API
 * reference, ViolationEvent; Amazon SNS developer guide, "Parsing Amazon SNS message formats" (the event is text in
 * `Message`); AWS Lambda developer guide, the events that SNS and SQS give to a function (`Records`).
 */
import type { Behavior } from '../../src/detect/security-profile.ts'
import type { Evidence } from '../../src/detect/violation.ts'
import { epochMs, isMembers, metricValueOf } from '../profiles/history/report-datapoints.ts'
import type { VerificationState, ViolationRecord } from './model.ts'

export interface ToldEvent {
  readonly violationId: string
  readonly thingName: string
  readonly securityProfileName: string
  readonly behavior: Behavior
  readonly record: ViolationRecord
  readonly verification?: { readonly state: VerificationState; readonly note?: string }
}

type Members = Readonly<Record<string, unknown>>

const EVENT_TYPES = ['in-alarm', 'alarm-cleared', 'alarm-invalidated'] as const
export const VERIFICATION_STATES = ['FALSE_POSITIVE', 'BENIGN_POSITIVE', 'TRUE_POSITIVE', 'UNKNOWN'] as const

/** An envelope within an envelope, SNS to SQS to Lambda, is three deep. */
const ENVELOPES_MAX = 4

/** What an envelope holds, or the value itself. */
export function unwrapped(value: unknown, depth = 0): unknown[] {
  if (depth >= ENVELOPES_MAX || !isMembers(value)) return [value]
  const { Message, Records, Sns, body, Body } = value
  if (Array.isArray(Records)) return Records.flatMap((each) => unwrapped(each, depth + 1))
  if (isMembers(Sns)) return unwrapped(Sns, depth + 1)
  const inner = [Message, body, Body].find((each) => typeof each === 'string')
  if (inner === undefined) return [value]
  const parsed = parseOrUndefined(String(inner))
  return parsed === undefined ? [value] : unwrapped(parsed, depth + 1)
}

/** `undefined` for what is no violation event. */
export function toldEvent(value: unknown): ToldEvent | undefined {
  if (!isMembers(value)) return undefined
  const { violationId, thingName, securityProfileName, behavior } = value
  const at = epochMs(value.violationEventTime)
  const type = EVENT_TYPES.find((each) => each === value.violationEventType)
  const read = behaviorOf(behavior)
  if (!isText(violationId) || !isText(thingName) || read === undefined) return undefined
  if (at === undefined || type === undefined) return undefined
  const metricValue = metricValueOf(value.metricValue)
  const evidence = evidenceOf(value.evidence)
  const verification = verificationOf(value)
  return {
    violationId,
    thingName,
    securityProfileName: isText(securityProfileName) ? securityProfileName : '',
    behavior: read,
    record: {
      at,
      type,
      ...(metricValue === undefined ? {} : { metricValue }),
      ...(evidence === undefined ? {} : { evidence }),
    },
    ...(verification === undefined ? {} : { verification }),
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** Its name and its metric are what is needed; of the rest what has the right form is kept as it was written. */
export function behaviorOf(value: unknown): Behavior | undefined {
  if (!isMembers(value) || !isText(value.name)) return undefined
  const { criteria, metricDimension, metric, ...rest } = value
  return {
    ...rest,
    metric: typeof metric === 'string' ? metric : '',
    ...(isMembers(criteria) ? { criteria: criteriaOf(criteria) } : {}),
    ...(isMembers(metricDimension) && isText(metricDimension.dimensionName) ? { metricDimension } : {}),
  } as unknown as Behavior
}

/** Without members that are of another type than those who read them may expect. */
function criteriaOf(criteria: Members): Members {
  const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
    comparisonOperator: isText,
    value: (value) => metricValueOf(value) !== undefined,
    durationSeconds: isNumber,
    consecutiveDatapointsToAlarm: isCount,
    consecutiveDatapointsToClear: isCount,
    statisticalThreshold: (value) => isMembers(value) && isText(value.statistic),
    mlDetectionConfig: isMembers,
  }
  return Object.fromEntries(Object.entries(criteria).filter(([name, value]) => fits[name]?.(value) ?? true))
}

/** iot API reference, BehaviorCriteria: 1 to 10 datapoints. */
const isCount = (value: unknown) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 10

/** Whatever is not as the agent writes it is no evidence: who draws it should not have to doubt each member. */
function evidenceOf(value: unknown): Evidence | undefined {
  if (!isMembers(value)) return undefined
  const isWhole =
    (value.kind === 'window' && isWindow(value)) ||
    (value.kind === 'list' && isList(value)) ||
    (value.kind === 'invalidation' && isText(value.reason) && isNumber(value.since))
  return isWhole ? (value as unknown as Evidence) : undefined
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isElement = (value: unknown) => typeof value === 'string' || isNumber(value)
const isListOf = (value: unknown, fits: (each: Members) => boolean) =>
  Array.isArray(value) && value.every((each) => isMembers(each) && fits(each))

const isWindow = ({ value, threshold, coveredSeconds, intervals, intervalsTotal }: Members) =>
  [value, threshold, coveredSeconds, intervalsTotal].every(isNumber) &&
  isListOf(intervals, (each) => isNumber(each.endedAt) && isNumber(each.value))

const isList = ({ observed, observedTotal, offendersTotal, firstSeen, processes }: Members) =>
  Array.isArray(observed) &&
  observed.every(isElement) &&
  [observedTotal, offendersTotal].every(isNumber) &&
  isListOf(firstSeen, (each) => isElement(each.element) && isNumber(each.at)) &&
  (processes === undefined ||
    isListOf(
      processes,
      (each) =>
        isElement(each.element) && ((isNumber(each.pid) && isText(each.executable)) || isText(each.unknown)),
    ))

function verificationOf({ verificationState, verificationStateDescription: note }: Members) {
  const state = VERIFICATION_STATES.find((each) => each === verificationState)
  if (state === undefined) return undefined
  return { state, ...(isText(note) ? { note } : {}) }
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
