/**
 * How fast a job tells things of itself, and when it gives up. Source: iot developer guide, "How job configurations
 * work": rollout and abort configurations; the greengrassv2 API has the same members in DeploymentIoTJobConfiguration.
 */
import type { ExecutionStatus, Job, StoredDeployment } from '../greengrass/state.ts'

interface RolloutConfig {
  readonly maximumPerMinute?: number
  readonly exponentialRate?: {
    readonly baseRatePerMinute: number
    readonly incrementFactor: number
    readonly rateIncreaseCriteria: {
      readonly numberOfNotifiedThings?: number
      readonly numberOfSucceededThings?: number
    }
  }
}

interface AbortCriteria {
  readonly failureType: 'FAILED' | 'REJECTED' | 'TIMED_OUT' | 'ALL'
  readonly thresholdPercentage: number
  readonly minNumberOfExecutedThings: number
}

export interface JobConfiguration {
  readonly jobExecutionsRolloutConfig?: RolloutConfig
  readonly abortConfig?: { readonly criteriaList: readonly AbortCriteria[] }
  readonly timeoutConfig?: { readonly inProgressTimeoutInMinutes?: number }
}

/** The most that IoT jobs notify in a minute, with or without a configuration. */
const NOTIFICATIONS_PER_MINUTE_MAX = 1_000
const ENDED: readonly ExecutionStatus[] = ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'REJECTED']
const FAILURES: readonly ExecutionStatus[] = ['FAILED', 'TIMED_OUT', 'REJECTED']

export const configurationOf = ({ content }: StoredDeployment) =>
  (content.iotJobConfiguration ?? {}) as JobConfiguration

/** Things that are told in a minute, as things stand. */
export function notificationsPerMinute(configuration: JobConfiguration, job: Job): number {
  const { exponentialRate, maximumPerMinute = NOTIFICATIONS_PER_MINUTE_MAX } =
    configuration.jobExecutionsRolloutConfig ?? {}
  if (exponentialRate === undefined) return maximumPerMinute
  const { baseRatePerMinute, incrementFactor, rateIncreaseCriteria } = exponentialRate
  const { numberOfNotifiedThings, numberOfSucceededThings } = rateIncreaseCriteria
  const increases =
    numberOfNotifiedThings === undefined
      ? Math.floor(job.counts.SUCCEEDED / (numberOfSucceededThings ?? Number.POSITIVE_INFINITY))
      : Math.floor(job.executions.size / numberOfNotifiedThings)
  return Math.min(maximumPerMinute, baseRatePerMinute * incrementFactor ** increases)
}

/** Whether a job has seen too many failures. */
export function isToAbort({ abortConfig }: JobConfiguration, { counts }: Job): boolean {
  const sum = (statuses: readonly ExecutionStatus[]) =>
    statuses.reduce((total, each) => total + counts[each], 0)
  const ended = sum(ENDED)
  return (abortConfig?.criteriaList ?? []).some(
    ({ failureType, thresholdPercentage, minNumberOfExecutedThings }) =>
      ended >= minNumberOfExecutedThings &&
      (100 * sum(failureType === 'ALL' ? FAILURES : [failureType])) / ended >= thresholdPercentage,
  )
}
