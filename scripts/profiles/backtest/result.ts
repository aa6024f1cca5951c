/** The outcome of a backtest as plain data: what `--output json` prints and the other outputs are drawn from. */
import type { CompiledProfile } from '../../../src/detect/compile.ts'
import type { Compiled } from './run.ts'
import { byTime, type DeviceDifference, type Tally, type VersionTally } from './tally.ts'

const DAY_MS = 86_400_000

export interface VersionResult {
  readonly alarms: number
  readonly devices: number
  readonly alarmSeconds: number
  readonly verdicts: VersionTally['verdicts']
  /** Alarms raised, one number for each of `days`. */
  readonly perDay: readonly number[]
}

export interface BehaviorResult {
  readonly securityProfileName: string
  readonly behavior: string
  readonly metric: string
  /** Why the device does not judge it; it has no numbers then. */
  readonly notJudged?: string
  /** Absent where the version lacks the behavior. */
  readonly now?: VersionResult
  readonly before?: VersionResult
  readonly appears: number
  readonly vanishes: number
  readonly moves: number
  readonly same: number
}

export interface BacktestResult {
  readonly compared: boolean
  readonly devices: number
  readonly records: number
  readonly datapoints: number
  readonly outOfOrder: number
  /** Epoch milliseconds of the first and the last record; absent where there is none. */
  readonly from?: number
  readonly to?: number
  /** UTC dates, each day from the first to the last. */
  readonly days: readonly string[]
  readonly behaviors: readonly BehaviorResult[]
  /** The first in time. */
  readonly differences: readonly DeviceDifference[]
  readonly problems: readonly string[]
}

export function backtestResult(
  tally: Tally,
  { now, before }: Compiled,
  problems: readonly string[],
): BacktestResult {
  const isEmpty = tally.records === 0
  const firstDay = Math.floor(tally.from / DAY_MS)
  const dayCount = isEmpty ? 0 : Math.floor(tally.to / DAY_MS) - firstDay + 1
  const days = Array.from({ length: dayCount }, (_, index) => firstDay + index)
  const behaviors = namesOf([...now, ...(before ?? [])]).map(({ profile, name }): BehaviorResult => {
    const found = whereIs(profile, name, now) ?? whereIs(profile, name, before ?? [])
    const own = tally.behaviors[`${profile}/${name}`]
    const version = (tallied: VersionTally | undefined, profiles: readonly CompiledProfile[] | undefined) =>
      tallied !== undefined && whereIs(profile, name, profiles ?? [])?.isJudged === true
        ? versionResult(tallied, days)
        : undefined
    const nowResult = version(own?.now, now)
    const beforeResult = version(own?.before, before)
    const notJudged = found?.reason
    return {
      securityProfileName: profile,
      behavior: name,
      metric: found?.metric ?? '',
      ...(notJudged === undefined ? {} : { notJudged }),
      ...(nowResult === undefined ? {} : { now: nowResult }),
      ...(beforeResult === undefined ? {} : { before: beforeResult }),
      appears: own?.appears ?? 0,
      vanishes: own?.vanishes ?? 0,
      moves: own?.moves ?? 0,
      same: own?.same ?? 0,
    }
  })
  return {
    compared: before !== undefined,
    devices: tally.devices,
    records: tally.records,
    datapoints: tally.datapoints,
    outOfOrder: tally.outOfOrder,
    ...(isEmpty ? {} : { from: tally.from, to: tally.to }),
    days: days.map((day) => new Date(day * DAY_MS).toISOString().slice(0, 10)),
    behaviors,
    differences: [...tally.differences].sort(byTime),
    problems,
  }
}

function versionResult(
  { alarms, devices, alarmMs, verdicts, perDay }: VersionTally,
  days: readonly number[],
): VersionResult {
  return {
    alarms,
    devices,
    alarmSeconds: Math.round(alarmMs / 1000),
    verdicts,
    perDay: days.map((day) => perDay[day] ?? 0),
  }
}

/** In the order of the files, each once. */
function namesOf(profiles: readonly CompiledProfile[]): { profile: string; name: string }[] {
  const names = new Map<string, { profile: string; name: string }>()
  for (const { profile } of profiles) {
    for (const { name } of profile.behaviors ?? []) {
      names.set(`${profile.securityProfileName}/${name}`, { profile: profile.securityProfileName, name })
    }
  }
  return [...names.values()]
}

function whereIs(
  profileName: string,
  behaviorName: string,
  profiles: readonly CompiledProfile[],
): { readonly metric: string; readonly isJudged: boolean; readonly reason?: string } | undefined {
  const compiled = profiles.find(({ profile }) => profile.securityProfileName === profileName)
  const behavior = compiled?.profile.behaviors?.find(({ name }) => name === behaviorName)
  if (compiled === undefined || behavior === undefined) return undefined
  const reason = compiled.notJudged.find((each) => each.behavior === behavior)?.reason
  return {
    metric: behavior.metric,
    isJudged: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
  }
}
