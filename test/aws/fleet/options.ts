/** What a simulated fleet is made of, and how component versions do on it. */

export interface FleetOptions {
  readonly devices: number
  /** Two fleets with the same seed meet the same fates. */
  readonly seed?: number
  /**
   * Thing groups. A number: so many devices, the next that are in no group yet. Names: those, whether or not they are
   * in another group as well.
   */
  readonly groups?: Readonly<Record<string, number | readonly string[]>>
  /** Share of devices with the lite nucleus; the others have the classic one. */
  readonly liteShare?: number
  /** Share of devices that have no connection: deployments wait for them. */
  readonly offlineShare?: number
  /** The component whose versions are described. */
  readonly component?: string
  /** By version. */
  readonly versions?: Readonly<Record<string, VersionBehavior>>
  /** From the job's notification until the device begins. */
  readonly latencyMs?: Span
  /** From there to the result. */
  readonly deployMs?: Span
  readonly reportIntervalMs?: number
}

export interface Span {
  readonly min: number
  readonly max: number
}

/** Shares of devices, from 0 to 1, that meet a fate; no device meets two of the first four. */
export interface VersionBehavior {
  /** Its artifact cannot be fetched: the deployment fails and changes nothing. */
  readonly noDownloadShare?: number
  /** It does not come up: BROKEN, the deployment fails. */
  readonly crashShare?: number
  /** It comes up, the deployment succeeds, and later it goes BROKEN. */
  readonly lateCrashShare?: number
  /** It runs, and none of its reports is accepted. */
  readonly silentShare?: number
  /** How long after the deployment a late crash comes. */
  readonly lateCrashMs?: number
  /** Of the classic devices on which it crashes: those that cannot go back either. */
  readonly noRollbackShare?: number
  /** Devices that take `slowFactor` times as long. */
  readonly slowShare?: number
  readonly slowFactor?: number
  /** Violations raised on each device. */
  readonly violationsPerDay?: number
}

export type CompleteFleetOptions = Required<FleetOptions>

export const withDefaults = (options: FleetOptions): CompleteFleetOptions => ({
  seed: 1,
  groups: {},
  liteShare: 0,
  offlineShare: 0,
  component: 'community.greengrass.DeviceDefender',
  versions: {},
  latencyMs: { min: 1_000, max: 15_000 },
  deployMs: { min: 20_000, max: 90_000 },
  reportIntervalMs: 300_000, // Device Defender throttles reports that come more often
  ...options,
})

export const LATE_CRASH_MS = 120_000
export const SLOW_FACTOR = 10
