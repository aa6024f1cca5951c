/**
 * The pace at which a deployment reaches a thing group, and when AWS itself stops it: both go on while no command runs.
 * Source: Greengrass V2 developer guide, "Create deployments", "Deployment job configuration"; bounds: API reference.
 */
import type { JobConfiguration } from '../aws/deployments.ts'

export interface JobOptions {
  /** Devices that are told in the first minutes. */
  readonly ratePerMinute?: number
  /** Devices a minute at the most. */
  readonly maxPerMinute?: number
  /** Percent of failures at which AWS cancels the rest. */
  readonly abortPercent?: number
  readonly deviceTimeoutMinutes?: number
}

/** A hundred devices: what one person can still look at. */
const RATE_PER_MINUTE = 100
/** The most that the service takes. */
const MAX_PER_MINUTE = 1000
/** With half the base rate succeeded in between, the pace doubles. */
const INCREMENT_FACTOR = 2
/** An update with a slow link and a nucleus restart takes minutes; after this a device hangs. */
const DEVICE_TIMEOUT_MINUTES = 60
/** One failure among the first few would otherwise be a large share. */
const ABORT_AFTER_DEVICES = 10

/** @param failShareMax what the gate bears: beyond it the rest of the ring should not even begin */
export function jobWishes(
  asked: JobOptions,
  failShareMax: number,
): { configuration: JobConfiguration; asked: JobOptions } {
  const { ratePerMinute, maxPerMinute = MAX_PER_MINUTE, deviceTimeoutMinutes, abortPercent } = asked
  const percent = abortPercent ?? Math.max(1, Math.round(failShareMax * 100))
  return {
    asked,
    configuration: {
      jobExecutionsRolloutConfig: {
        exponentialRate: exponential(Math.min(ratePerMinute ?? RATE_PER_MINUTE, maxPerMinute)),
        maximumPerMinute: maxPerMinute,
      },
      abortConfig: { criteriaList: [failuresAbove(percent)] },
      timeoutConfig: { inProgressTimeoutInMinutes: deviceTimeoutMinutes ?? DEVICE_TIMEOUT_MINUTES },
    },
  }
}

/** The configuration that is there, with what was asked for and nothing else changed. */
export function jobOver(present: JobConfiguration, asked: JobOptions): JobConfiguration {
  const { ratePerMinute, maxPerMinute, abortPercent, deviceTimeoutMinutes } = asked
  return {
    ...present,
    ...(ratePerMinute === undefined && maxPerMinute === undefined
      ? {}
      : { jobExecutionsRolloutConfig: rateOver(present.jobExecutionsRolloutConfig, asked) }),
    ...(abortPercent === undefined
      ? {}
      : {
          abortConfig: { criteriaList: criteriaOver(present.abortConfig?.criteriaList ?? [], abortPercent) },
        }),
    ...(deviceTimeoutMinutes === undefined
      ? {}
      : { timeoutConfig: { inProgressTimeoutInMinutes: deviceTimeoutMinutes } }),
  }
}

type Rate = NonNullable<JobConfiguration['jobExecutionsRolloutConfig']>
type Criteria = NonNullable<JobConfiguration['abortConfig']>['criteriaList']

/** The first rate may not be above the highest one. */
function rateOver(present: Rate = {}, { ratePerMinute, maxPerMinute }: JobOptions): Rate {
  const most = maxPerMinute ?? present.maximumPerMinute
  const old = present.exponentialRate
  const first = ratePerMinute ?? old?.baseRatePerMinute
  const base = first === undefined ? undefined : Math.min(first, most ?? MAX_PER_MINUTE)
  return {
    ...present,
    ...(most === undefined ? {} : { maximumPerMinute: most }),
    ...(base === undefined
      ? {}
      : { exponentialRate: old === undefined ? exponential(base) : { ...old, baseRatePerMinute: base } }),
  }
}

/** Other kinds of failures have limits of their own. */
function criteriaOver(present: Criteria = [], thresholdPercentage: number): Criteria {
  const isThere = present.some(({ failureType }) => failureType === 'FAILED')
  return isThere
    ? present.map((each) => (each.failureType === 'FAILED' ? { ...each, thresholdPercentage } : each))
    : [...present, failuresAbove(thresholdPercentage)]
}

const exponential = (base: number): NonNullable<Rate['exponentialRate']> => ({
  baseRatePerMinute: base,
  incrementFactor: INCREMENT_FACTOR,
  rateIncreaseCriteria: { numberOfSucceededThings: Math.max(1, Math.floor(base / 2)) },
})

const failuresAbove = (thresholdPercentage: number): NonNullable<Criteria>[number] => ({
  failureType: 'FAILED',
  action: 'CANCEL',
  thresholdPercentage,
  minNumberOfExecutedThings: ABORT_AFTER_DEVICES,
})
