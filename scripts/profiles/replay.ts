/**
 * Judges recorded report intervals one after the other, for years of them at a time. Verdicts are put together from the
 * engine's own parts (criteria, windows, populations, alarm steps); what is left out is all that the engine keeps to be
 * able to stop and go on: immutable states, early verdicts, evidence. The same stream gives the same alarms, at the end
 * of the interval in which the component raises them; a property over random streams holds the two together.
 *
 * Records must come in the order of time. Where one is further than half an interval late, the agent was not running:
 * what lies between was not measured, and the interval of the late record is as long as any other.
 */
import { type Alarm, ok, step } from '../../src/detect/alarm.ts'
import type { CompiledBehavior, CompiledProfile } from '../../src/detect/compile.ts'
import { type Element, elementsOf, type ListTest, type NumberTest } from '../../src/detect/criteria.ts'
import {
  emptyPopulation,
  type Learnt,
  learn,
  type Population,
  thresholdOf,
} from '../../src/detect/population.ts'
import { type ClosedInterval, isComplete, joined, noPast, pastOf, retained } from '../../src/detect/window.ts'
import { accumulationOf, type ValueMember } from '../../src/metrics/catalog.ts'
import type { Datapoint, MetricValue } from '../../src/metrics/datapoint.ts'

export interface ReplayEvent {
  readonly at: number
  /** Position among the judged behaviors of all profiles. */
  readonly behavior: number
  readonly type: 'in-alarm' | 'alarm-cleared' | 'alarm-invalidated'
  /** What raised it: the number judged, or the elements that offend. */
  readonly value?: number | readonly Element[]
}

export interface Verdicts {
  conforming: number
  violating: number
  /** A datapoint, but too little history, or one of another type. */
  none: number
}

export interface Replay {
  /** One interval's datapoints, each metric once; answers the alarms that it raises or ends. */
  record(at: number, datapoints: readonly Datapoint[]): readonly ReplayEvent[]
  /** By behavior, so far. */
  readonly verdicts: readonly Readonly<Verdicts>[]
}

/** "No metrics from a device for more than 2 days" invalidates its alarms (Troubleshooting AWS IoT Device Defender). */
const SILENCE_MS_MAX = 2 * 86_400_000
/** Reports come a little early or late; half an interval late is another one that is missing. */
const LATE_INTERVALS_MAX = 1.5

export const judgedBehaviors = (profiles: readonly CompiledProfile[]): readonly CompiledBehavior[] =>
  profiles.flatMap(({ judged }) => judged)

export function createReplay(profiles: readonly CompiledProfile[], intervalMs: number): Replay {
  const behaviors = judgedBehaviors(profiles)
  const tracks = tracksOf(behaviors)
  const alarms: Alarm[] = behaviors.map(() => ok)
  const verdicts = behaviors.map((): Verdicts => ({ conforming: 0, violating: 0, none: 0 }))
  const inAlarm = new Set<number>()
  let openedAt: number | undefined
  let events: ReplayEvent[] = []

  function settle(index: number, verdict: keyof Verdicts, at: number, value: ReplayEvent['value']): void {
    const counts = verdicts[index] as Verdicts
    counts[verdict]++
    const alarm = alarms[index] as Alarm
    if (verdict === 'none' || (verdict === 'conforming' && alarm === ok)) return
    const behavior = behaviors[index] as CompiledBehavior
    const outcome = step(alarm, verdict, behavior)
    if (outcome.transition === undefined) {
      alarms[index] = outcome.next
    } else if (outcome.transition === 'in-alarm') {
      alarms[index] = raised(behavior, at)
      inAlarm.add(index)
      events.push({ at, behavior: index, type: 'in-alarm', ...(value === undefined ? {} : { value }) })
    } else {
      alarms[index] = ok
      inAlarm.delete(index)
      events.push({ at, behavior: index, type: 'alarm-cleared' })
    }
  }

  /** Alarms whose metric has been silent for two days by `until`, an interval's end; intervals ended each `intervalMs`. */
  function invalidateSilent(until: number): void {
    for (const index of inAlarm) {
      const metric = (behaviors[index] as CompiledBehavior).behavior.metric
      const dataAt = tracks.get(metric)?.dataAt ?? Number.NEGATIVE_INFINITY
      if (until - dataAt <= SILENCE_MS_MAX) continue
      const sinceOpen = Math.max(0, dataAt + SILENCE_MS_MAX - (openedAt as number))
      const found = (openedAt as number) + (Math.floor(sinceOpen / intervalMs) + 1) * intervalMs
      alarms[index] = ok
      inAlarm.delete(index)
      events.push({ at: Math.min(found, until), behavior: index, type: 'alarm-invalidated' })
    }
  }

  function record(at: number, datapoints: readonly Datapoint[]): readonly ReplayEvent[] {
    events = []
    const interval = intervalAfter(openedAt, at, intervalMs)
    if (openedAt !== undefined && interval.openedAt !== openedAt) invalidateSilent(at - intervalMs)
    openedAt = interval.openedAt
    for (const { metric, value } of datapoints) {
      const track = tracks.get(metric)
      if (track !== undefined) judge(track, value, interval, settle)
    }
    if (inAlarm.size > 0) invalidateSilent(at)
    openedAt = at
    return events
  }

  return { record, verdicts }
}

/** The engine's step asks for a whole alarm; replaying needs no more of it than its kind and its run. */
const raised = ({ behavior }: CompiledBehavior, at: number): Alarm => ({
  kind: 'in-alarm',
  violationId: '',
  since: at,
  meeting: 0,
  last: { at, value: { count: 0 } },
  behavior,
})

export interface ReportInterval {
  readonly openedAt: number
  readonly at: number
  /** When it was due to end: windows are settled by this. */
  readonly closesAt: number
  readonly lengthMs: number
  /** As windows see it: what a record tells is that the whole interval was measured. */
  readonly open: { readonly coveredMs: number; readonly lengthMs: number }
}

/** @param openedAt when the one before ended; undefined for the first */
export function intervalAfter(openedAt: number | undefined, at: number, intervalMs: number): ReportInterval {
  const isLate = openedAt === undefined || at - openedAt > intervalMs * LATE_INTERVALS_MAX
  const startAt = isLate ? at - intervalMs : openedAt
  const lengthMs = at - startAt
  const closesAt = isLate ? at : startAt + intervalMs
  return { openedAt: startAt, at, closesAt, lengthMs, open: { coveredMs: lengthMs, lengthMs } }
}

/** The trailing window of one duration, or for none the datapoint by itself; as of the datapoint judged last. */
interface Window {
  readonly durationMs: number | undefined
  value: number
  isWhole: boolean
}

interface NumberJudge {
  readonly index: number
  readonly test: NumberTest
  readonly window: Window
  readonly learned: LearnedTrack | undefined
}

interface ListJudge {
  readonly index: number
  readonly test: ListTest
}

interface LearnedTrack {
  readonly window: Window
  readonly pending: (Learnt & { readonly middle: number })[]
  population: Population
}

/** All that is remembered of one metric. */
interface Track {
  readonly numbers: readonly NumberJudge[]
  readonly lists: readonly ListJudge[]
  readonly windows: readonly Window[]
  readonly learned: readonly LearnedTrack[]
  readonly metric: string
  kind: 'sum' | 'max' | 'union' | undefined
  closed: ClosedInterval[]
  compactFrom: number
  dataAt: number
  /** The list before and what it gave: devices mostly show the same as the last time. */
  elements: readonly Element[] | undefined
  member: ValueMember | undefined
  offenders: (readonly Element[])[]
}

function tracksOf(behaviors: readonly CompiledBehavior[]): Map<string, Track> {
  const indexes = new Map<string, number[]>()
  for (const [index, { behavior }] of behaviors.entries()) {
    indexes.set(behavior.metric, [...(indexes.get(behavior.metric) ?? []), index])
  }
  return new Map([...indexes].map(([metric, own]) => [metric, trackOf(metric, own, behaviors)]))
}

function trackOf(metric: string, indexes: readonly number[], behaviors: readonly CompiledBehavior[]): Track {
  const learned = new Map<string, LearnedTrack>()
  const windows = new Map<number | undefined, Window>()
  const numbers: NumberJudge[] = []
  const lists: ListJudge[] = []
  for (const index of indexes) {
    const { test, durationMs, learnedKey } = behaviors[index] as CompiledBehavior
    if (test.kind === 'list') {
      lists.push({ index, test })
      continue
    }
    const window = windows.get(durationMs) ?? { durationMs, value: 0, isWhole: false }
    windows.set(durationMs, window)
    if ('statistic' in test.threshold && !learned.has(learnedKey)) {
      learned.set(learnedKey, { window, pending: [], population: emptyPopulation })
    }
    const population = 'statistic' in test.threshold ? learned.get(learnedKey) : undefined
    numbers.push({ index, test, window, learned: population })
  }
  return {
    metric,
    numbers,
    lists,
    windows: [...windows.values()],
    learned: [...learned.values()],
    kind: undefined,
    closed: [],
    compactFrom: COMPACT_FROM_MIN,
    dataAt: Number.NEGATIVE_INFINITY,
    elements: undefined,
    member: undefined,
    offenders: [],
  }
}

type Settle = (index: number, verdict: keyof Verdicts, at: number, value: ReplayEvent['value']) => void

function judge(track: Track, value: MetricValue, interval: ReportInterval, settle: Settle): void {
  const elements = elementsOf(value)
  if (elements !== undefined) {
    if (beginsAs(track, 'union', interval.at)) judgeList(track, value, elements, interval.at, settle)
    return
  }
  const isCount = 'count' in value
  const amount = isCount ? value.count : (value as { readonly number: number }).number
  const kind = accumulationOf(track.metric, isCount ? 'count' : 'number')
  if (!Number.isFinite(amount) || (kind === 'sum' && amount < 0)) return
  beginsAs(track, kind, interval.at)
  if (kind === 'union') {
    for (const { index } of track.lists) settle(index, 'none', interval.at, undefined)
  } else judgeNumber(track, kind, amount, interval, settle)
}

/** A metric that changed its type begins afresh. */
function beginsAs(track: Track, kind: Track['kind'], at: number): true {
  if (track.kind !== kind) track.closed = []
  track.kind = kind
  track.dataAt = at
  return true
}

function judgeList(
  track: Track,
  value: MetricValue,
  elements: readonly Element[],
  at: number,
  settle: Settle,
): void {
  const member = Object.keys(value)[0] as ValueMember
  if (track.member !== member || !isSameList(track.elements, elements)) {
    track.member = member
    track.elements = elements
    track.offenders = track.lists.map(({ test }) => (test.member === member ? test.offenders(elements) : []))
  }
  for (const [position, { index, test }] of track.lists.entries()) {
    const offenders = track.offenders[position] as readonly Element[]
    if (test.member !== member) settle(index, 'none', at, undefined)
    else if (offenders.length === 0) settle(index, 'conforming', at, undefined)
    else settle(index, 'violating', at, offenders)
  }
  // A list where the criteria expect a number.
  for (const { index } of track.numbers) settle(index, 'none', at, undefined)
}

function isSameList(a: readonly Element[] | undefined, b: readonly Element[]): boolean {
  if (a?.length !== b.length) return false
  for (let index = 0; index < b.length; index++) if (a[index] !== b[index]) return false
  return true
}

function judgeNumber(
  track: Track,
  kind: 'sum' | 'max',
  amount: number,
  interval: ReportInterval,
  settle: Settle,
): void {
  const { at, openedAt, closesAt, lengthMs } = interval
  for (const window of track.windows) {
    const past =
      window.durationMs === undefined ? noPast : pastOf(track.closed, kind, window.durationMs, closesAt)
    window.value = joined(kind, past.value, amount)
    window.isWhole = window.durationMs === undefined || isComplete(past, interval.open, window.durationMs)
  }
  for (const { index, test, window, learned } of track.numbers) {
    const { value, isWhole } = window
    const threshold = thresholdFor(test, learned, interval)
    if (threshold === undefined) {
      settle(index, 'none', at, undefined)
      continue
    }
    const conforms = test.holds(value, threshold)
    // More history could only confirm a broken ceiling, or a floor that is reached.
    const isDecided = test.isCeiling ? !conforms : conforms
    if (!isDecided && !isWhole) settle(index, 'none', at, undefined)
    else settle(index, conforms ? 'conforming' : 'violating', at, value)
  }
  for (const { window, pending } of track.learned) {
    if (window.isWhole) pending.push({ at, middle: (openedAt + at) / 2, value: window.value })
  }
  for (const { index } of track.lists) settle(index, 'none', at, undefined)
  track.closed.push({ startAt: openedAt, endAt: at, coveredMs: lengthMs, value: amount })
  if (track.closed.length >= track.compactFrom) compact(track, closesAt)
}

/** Intervals that no window needs any more are let go of many at a time: windows pass over them anyhow. */
const COMPACT_FROM_MIN = 64

function compact(track: Track, closesAt: number): void {
  track.closed = [...retained(track.closed, closesAt)]
  track.compactFrom = Math.max(COMPACT_FROM_MIN, track.closed.length * 2)
}

/** Takes into the population what the window that is judged now no longer overlaps. */
function thresholdFor(
  test: NumberTest,
  learned: LearnedTrack | undefined,
  { openedAt, closesAt }: ReportInterval,
): number | undefined {
  if ('fixed' in test.threshold) return test.threshold.fixed
  if (learned === undefined) return undefined
  const { pending, window } = learned
  const windowStartAt = window.durationMs === undefined ? openedAt : closesAt - window.durationMs
  const overlapping = pending.findIndex(({ middle }) => middle > windowStartAt)
  const added = pending.splice(0, overlapping < 0 ? pending.length : overlapping)
  learned.population = learn(learned.population, added, windowStartAt)
  return thresholdOf(learned.population, test.threshold.statistic)
}
