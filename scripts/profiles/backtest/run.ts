/** Replays one source through one or two versions of profiles. */
import { type CompiledProfile, compileProfile } from '../../../src/detect/compile.ts'
import type { SecurityProfile } from '../../../src/detect/security-profile.ts'
import type { CustomMetricType } from '../../../src/metrics/snapshot.ts'
import { type HistoryRecord, type ReadOptions, readRecords } from '../history/records.ts'
import type { HistorySource } from '../history/sources.ts'
import { createReplay, judgedBehaviors, type Replay, type ReplayEvent } from '../replay.ts'
import { compareEpisodes, type Episode } from './episodes.ts'
import { addCompared, addEpisodes, behaviorTally, emptyTally, type Tally } from './tally.ts'

/** Plain data: it goes to worker threads as it is. */
export interface BacktestPlan {
  readonly now: readonly SecurityProfile[]
  /** The former version, if there are two. */
  readonly before?: readonly SecurityProfile[]
  readonly customMetricTypes: ReadonlyMap<string, CustomMetricType>
  /** Time between reports; found from the records where it is not given. */
  readonly intervalMs?: number
  readonly since?: number
  readonly until?: number
}

export interface Compiled {
  readonly now: readonly CompiledProfile[]
  readonly before: readonly CompiledProfile[] | undefined
}

export function compilePlan({ now, before, customMetricTypes }: BacktestPlan): Compiled {
  const compile = (profiles: readonly SecurityProfile[]) =>
    profiles.map((profile) => compileProfile(profile, customMetricTypes))
  return { now: compile(now), before: before && compile(before) }
}

/** `gateway-baseline/ManyConnections`: the same behavior in both versions has the same name. */
export const behaviorKeys = (profiles: readonly CompiledProfile[]): string[] =>
  judgedBehaviors(profiles).map(({ profileName, behavior }) => `${profileName}/${behavior.name}`)

export async function backtestSource(
  source: HistorySource,
  plan: BacktestPlan,
  compiled: Compiled,
  options: Pick<ReadOptions, 'onBytes' | 'onProblem'> = {},
): Promise<Tally> {
  const tally = emptyTally()
  const devices = new Map<string, DeviceReplay>()
  const range = {
    ...(plan.since === undefined ? {} : { since: plan.since }),
    ...(plan.until === undefined ? {} : { until: plan.until }),
  }
  for await (const batch of readRecords(source, { ...options, ...range })) {
    for (const record of batch) {
      let device = devices.get(record.device)
      if (device === undefined) {
        device = new DeviceReplay(record.device, compiled, plan.intervalMs)
        devices.set(record.device, device)
      }
      device.add(record, tally)
    }
  }
  for (const device of devices.values()) device.finish(tally)
  return tally
}

/** So many distances between records say how far apart they are. */
export const DISTANCES_LOOKED_AT = 20
/** Where there is one record only: the time between reports that AWS takes without a raised quota. */
const INTERVAL_MS_DEFAULT = 300_000

class DeviceReplay {
  readonly #device: string
  readonly #compiled: Compiled
  #versions: { now: VersionReplay; before: VersionReplay | undefined } | undefined
  #intervalMs: number | undefined
  /** The first records, until the interval is known. */
  #waiting: HistoryRecord[] = []
  #lastAt = Number.NEGATIVE_INFINITY

  constructor(device: string, compiled: Compiled, intervalMs: number | undefined) {
    this.#device = device
    this.#compiled = compiled
    this.#intervalMs = intervalMs
  }

  add(record: HistoryRecord, tally: Tally): void {
    if (record.at <= this.#lastAt) {
      tally.outOfOrder++
      return
    }
    this.#lastAt = record.at
    tally.records++
    tally.datapoints += record.datapoints.length
    tally.from = Math.min(tally.from, record.at)
    tally.to = Math.max(tally.to, record.at)
    if (this.#versions !== undefined) this.#replay(record)
    else {
      this.#waiting.push(record)
      if (this.#intervalMs !== undefined || this.#waiting.length > DISTANCES_LOOKED_AT) this.#start()
    }
  }

  #start(): void {
    const intervalMs = this.#intervalMs ?? usualDistance(this.#waiting.map(({ at }) => at))
    const { now, before } = this.#compiled
    this.#versions = {
      now: new VersionReplay(now, intervalMs),
      before: before && new VersionReplay(before, intervalMs),
    }
    for (const record of this.#waiting) this.#replay(record)
    this.#waiting = []
  }

  #replay({ at, datapoints }: HistoryRecord): void {
    this.#versions?.now.record(at, datapoints)
    this.#versions?.before?.record(at, datapoints)
  }

  finish(tally: Tally): void {
    if (this.#waiting.length > 0) this.#start()
    if (this.#versions === undefined) return
    tally.devices++
    const { now, before } = this.#versions
    for (const [key, { episodes, verdicts }] of now.byBehavior()) {
      addEpisodes(behaviorTally(tally, key).now, episodes, verdicts, this.#lastAt)
    }
    if (before === undefined) return
    const formerly = before.byBehavior()
    for (const [key, { episodes, verdicts }] of formerly) {
      addEpisodes(behaviorTally(tally, key).before, episodes, verdicts, this.#lastAt)
    }
    const present = now.byBehavior()
    for (const key of new Set([...formerly.keys(), ...present.keys()])) {
      const compared = compareEpisodes(formerly.get(key)?.episodes ?? [], present.get(key)?.episodes ?? [])
      addCompared(tally, this.#device, key, compared)
    }
  }
}

/** The middle one of the first distances: gaps and a late report do not move it. */
export function usualDistance(instants: readonly number[]): number {
  const distances = instants.slice(1).map((at, index) => at - (instants[index] as number))
  distances.sort((a, b) => a - b)
  return distances[Math.floor(distances.length / 2)] ?? INTERVAL_MS_DEFAULT
}

class VersionReplay {
  readonly #replay: Replay
  readonly #keys: readonly string[]
  readonly #episodes: Episode[][]

  constructor(profiles: readonly CompiledProfile[], intervalMs: number) {
    this.#replay = createReplay(profiles, intervalMs)
    this.#keys = behaviorKeys(profiles)
    this.#episodes = this.#keys.map(() => [])
  }

  record(at: number, datapoints: HistoryRecord['datapoints']): void {
    for (const event of this.#replay.record(at, datapoints)) {
      const episodes = this.#episodes[event.behavior] as Episode[]
      if (event.type === 'in-alarm') episodes.push(begun(event))
      else episodes.push({ ...(episodes.pop() as Episode), to: event.at })
    }
  }

  byBehavior() {
    return new Map(
      this.#keys.map((key, index) => [
        key,
        { episodes: this.#episodes[index] ?? [], verdicts: this.#replay.verdicts[index] ?? NO_VERDICTS },
      ]),
    )
  }
}

const NO_VERDICTS = { conforming: 0, violating: 0, none: 0 }
/** Offending elements shown of a list. */
const ELEMENTS_SHOWN_MAX = 5

function begun({ at, value }: ReplayEvent): Episode {
  if (value === undefined) return { from: at }
  if (typeof value === 'number') return { from: at, value: String(value) }
  const more = value.length > ELEMENTS_SHOWN_MAX ? `, +${value.length - ELEMENTS_SHOWN_MAX}` : ''
  return { from: at, value: value.slice(0, ELEMENTS_SHOWN_MAX).join(', ') + more }
}
