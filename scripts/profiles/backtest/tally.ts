/**
 * What a backtest counts. Tallies of parts add up to the tally of the whole, so that devices can be replayed apart, and
 * their size depends on the behaviors and days, not on the devices.
 */
import type { Verdicts } from '../replay.ts'
import { type Compared, type Difference, type Episode, startOf } from './episodes.ts'

const DAY_MS = 86_400_000

export interface VersionTally {
  alarms: number
  /** Devices with one alarm at least. */
  devices: number
  /** Time in alarm, all devices together. */
  alarmMs: number
  verdicts: Verdicts
  /** Alarms raised, by day since 1970 in UTC. */
  perDay: Record<number, number>
}

export interface BehaviorTally {
  now: VersionTally
  before: VersionTally
  appears: number
  vanishes: number
  moves: number
  same: number
}

export interface DeviceDifference {
  readonly device: string
  /** `profile/behavior`. */
  readonly behavior: string
  readonly difference: Difference
}

export interface Tally {
  devices: number
  records: number
  datapoints: number
  /** Records that came after a later one of the same device, and were passed over. */
  outOfOrder: number
  from: number
  to: number
  behaviors: Record<string, BehaviorTally>
  /** The first ones in time; all are counted in `behaviors`. */
  differences: DeviceDifference[]
}

/** Differences shown: more than anyone reads, and little enough to keep. */
export const DIFFERENCES_KEPT_MAX = 500

export const emptyTally = (): Tally => ({
  devices: 0,
  records: 0,
  datapoints: 0,
  outOfOrder: 0,
  from: Number.POSITIVE_INFINITY,
  to: Number.NEGATIVE_INFINITY,
  behaviors: {},
  differences: [],
})

const emptyVersion = (): VersionTally => ({
  alarms: 0,
  devices: 0,
  alarmMs: 0,
  verdicts: { conforming: 0, violating: 0, none: 0 },
  perDay: {},
})

export function behaviorTally(tally: Tally, behavior: string): BehaviorTally {
  let found = Object.hasOwn(tally.behaviors, behavior) ? tally.behaviors[behavior] : undefined
  if (found === undefined) {
    found = { now: emptyVersion(), before: emptyVersion(), appears: 0, vanishes: 0, moves: 0, same: 0 }
    tally.behaviors[behavior] = found
  }
  return found
}

/** @param endAt when the records of the device end: an alarm that lasts is counted until then */
export function addEpisodes(
  version: VersionTally,
  episodes: readonly Episode[],
  verdicts: Readonly<Verdicts>,
  endAt: number,
): void {
  version.alarms += episodes.length
  if (episodes.length > 0) version.devices++
  for (const { from, to = endAt } of episodes) {
    version.alarmMs += Math.max(0, to - from)
    const day = Math.floor(from / DAY_MS)
    version.perDay[day] = (version.perDay[day] ?? 0) + 1
  }
  addVerdicts(version.verdicts, verdicts)
}

export function addCompared(
  tally: Tally,
  device: string,
  behavior: string,
  { differences, same }: Compared,
): void {
  const own = behaviorTally(tally, behavior)
  own.same += same
  for (const difference of differences) {
    own[difference.kind]++
    tally.differences.push({ device, behavior, difference })
  }
  keepFirst(tally)
}

function keepFirst(tally: Tally): void {
  if (tally.differences.length <= DIFFERENCES_KEPT_MAX) return
  tally.differences.sort(byTime)
  tally.differences.length = DIFFERENCES_KEPT_MAX
}

/** By time; at one time by device and behavior, so that the order of the work does not show. */
export function byTime(a: DeviceDifference, b: DeviceDifference): number {
  const key = ({ device, behavior }: DeviceDifference) => `${device}\n${behavior}`
  return startOf(a.difference) - startOf(b.difference) || (key(a) < key(b) ? -1 : 1)
}

/** Adds `part` to `whole`, which is changed. */
export function addTally(whole: Tally, part: Tally): void {
  whole.devices += part.devices
  whole.records += part.records
  whole.datapoints += part.datapoints
  whole.outOfOrder += part.outOfOrder
  whole.from = Math.min(whole.from, part.from)
  whole.to = Math.max(whole.to, part.to)
  for (const [behavior, from] of Object.entries(part.behaviors)) {
    const to = behaviorTally(whole, behavior)
    for (const kind of ['appears', 'vanishes', 'moves', 'same'] as const) to[kind] += from[kind]
    addVersion(to.now, from.now)
    addVersion(to.before, from.before)
  }
  whole.differences.push(...part.differences)
  keepFirst(whole)
}

function addVersion(to: VersionTally, from: VersionTally): void {
  to.alarms += from.alarms
  to.devices += from.devices
  to.alarmMs += from.alarmMs
  addVerdicts(to.verdicts, from.verdicts)
  for (const [day, count] of Object.entries(from.perDay))
    to.perDay[Number(day)] = (to.perDay[Number(day)] ?? 0) + count
}

function addVerdicts(to: Verdicts, from: Readonly<Verdicts>): void {
  to.conforming += from.conforming
  to.violating += from.violating
  to.none += from.none
}
