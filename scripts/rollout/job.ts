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
  options: JobOptions,
  failShareMax: number,
): { configuration: JobConfiguration; isAsked: boolean } {
  const base = Math.min(options.ratePerMinute ?? RATE_PER_MINUTE, options.maxPerMinute ?? MAX_PER_MINUTE)
  const percent = options.abortPercent ?? Math.max(1, Math.round(failShareMax * 100))
  return {
    isAsked: Object.values(options).some((value) => value !== undefined),
    configuration: {
      jobExecutionsRolloutConfig: {
        exponentialRate: {
          baseRatePerMinute: base,
          incrementFactor: INCREMENT_FACTOR,
          rateIncreaseCriteria: { numberOfSucceededThings: Math.max(1, Math.floor(base / 2)) },
        },
        maximumPerMinute: options.maxPerMinute ?? MAX_PER_MINUTE,
      },
      abortConfig: {
        criteriaList: [
          {
            failureType: 'FAILED',
            action: 'CANCEL',
            thresholdPercentage: percent,
            minNumberOfExecutedThings: ABORT_AFTER_DEVICES,
          },
        ],
      },
      timeoutConfig: { inProgressTimeoutInMinutes: options.deviceTimeoutMinutes ?? DEVICE_TIMEOUT_MINUTES },
    },
  }
}
