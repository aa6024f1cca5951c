/** Values, criteria and states in words, for tables and for those who read one violation. */
import type { Behavior } from '../../src/detect/security-profile.ts'
import type { MetricValue } from '../../src/metrics/datapoint.ts'
import { formatDuration, numberText } from '../render/numbers.ts'
import type { VerificationState, Violation, ViolationRecord } from './model.ts'
import { offendingValue } from './offenders.ts'

export const stateWords: Readonly<Record<Violation['state'], string>> = {
  'in-alarm': 'alarm',
  cleared: 'cleared',
  invalidated: 'invalid',
}

export const verificationWords: Readonly<Record<VerificationState, string>> = {
  TRUE_POSITIVE: 'true',
  FALSE_POSITIVE: 'false',
  BENIGN_POSITIVE: 'benign',
  UNKNOWN: '',
}

/** What raised it, of a list only what offends; of one whose alarm was not read, what is known of it later. */
export function violatingValue(violation: Violation): MetricValue | undefined {
  const value = toldValue(violation)
  return value === undefined ? undefined : offendingValue(violation.behavior, value)
}

/** The same as it was told. */
export const toldValue = ({ records, last }: Violation): MetricValue | undefined =>
  alarmOf(records)?.metricValue ?? last?.value

export const alarmOf = (records: readonly ViolationRecord[]): ViolationRecord | undefined =>
  records.find(({ type }) => type === 'in-alarm')

export const contentOf = (value: MetricValue): number | readonly (number | string)[] =>
  Object.values(value)[0] as number | readonly (number | string)[]

export function valueText(metric: string, value: MetricValue): string {
  const content = contentOf(value)
  if (typeof content === 'number') return numberText(metric, content)
  return content.length === 0 ? 'none' : content.join(' ')
}

const comparisons: Readonly<Record<string, string>> = {
  'less-than': 'less than',
  'less-than-equals': 'at most',
  'greater-than': 'more than',
  'greater-than-equals': 'at least',
  'in-cidr-set': 'within',
  'not-in-cidr-set': 'outside of',
  'in-port-set': 'one of',
  'not-in-port-set': 'none of',
  'in-set': 'one of',
  'not-in-set': 'none of',
}

/** `less than 1.0 MB in 5 min`, `one of 22 8883`. */
export function normalText({ metric, criteria }: Behavior): string {
  if (criteria === undefined) return 'not said: it has no criteria'
  const { comparisonOperator, value, durationSeconds, statisticalThreshold, mlDetectionConfig } = criteria
  if (mlDetectionConfig !== undefined) {
    return `as ML Detect has learned it, with ${String(mlDetectionConfig.confidenceLevel).toLowerCase()} confidence`
  }
  const comparison = comparisons[String(comparisonOperator)] ?? String(comparisonOperator ?? '')
  const what =
    statisticalThreshold === undefined
      ? value === undefined
        ? ''
        : valueText(metric, value)
      : `the percentile ${statisticalThreshold.statistic}`
  const window = durationSeconds === undefined ? '' : ` in ${formatDuration(durationSeconds)}`
  return `${comparison} ${what}${window}`.trim()
}

/** How many intervals in a row it takes, where it is not one. */
export function runsText({ criteria }: Behavior): string | undefined {
  const { consecutiveDatapointsToAlarm: alarm = 1, consecutiveDatapointsToClear: clear = 1 } = criteria ?? {}
  if (alarm === 1 && clear === 1) return undefined
  return `${alarm} in a row raise an alarm, ${clear} clear it`
}

/** To the nearest second, as the live page, the log and the times between events have it. */
export const lastsText = ({ startedAt, endedAt }: Violation, now: number): string =>
  formatDuration(Math.round(((endedAt ?? now) - startedAt) / 1000))
