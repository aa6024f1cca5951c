/**
 * All that the engine remembers, as one plain value that JSON and CBOR carry unchanged. It is never altered: each call
 * gives a new one that shares what stayed the same.
 *
 * Bounds: a hundred behaviors a profile; `SERIES_MAX` metrics; an hour of intervals and `LIST_ELEMENTS_MAX` elements a
 * metric; `POPULATION_DATAPOINTS_MAX` numbers for each metric and duration with a statistical threshold. The last part,
 * `learned`, is by far the largest and changes slowly: whoever stores the state may store it less often, and put it
 * back with `withLearned`; what is lost by that is learning, never an alarm.
 */
import type { Accumulation } from '../metrics/catalog.ts'
import type { Alarm } from './alarm.ts'
import type { Clock } from './clock.ts'
import type { Accumulated } from './interval.ts'
import type { Learnt, Population } from './population.ts'
import type { ClosedInterval, Past } from './window.ts'

export const STATE_VERSION = 1

export interface DetectState {
  readonly version: typeof STATE_VERSION
  /** Names the behaviors that `behaviors` follows; another engine must `resume` the state first. */
  readonly engine: string
  readonly clock: Clock
  /** When the open interval began and when it is due to close; engine's time. */
  readonly openedAt: number
  readonly closesAt: number
  /** In the order of the engine that made the state. */
  readonly behaviors: readonly BehaviorState[]
  /** By metric. */
  readonly series: Readonly<Record<string, Series>>
  /** By metric and duration, see `learnedKey`. */
  readonly learned: Readonly<Record<string, Learned>>
}

export interface BehaviorState {
  readonly profileName: string
  readonly behaviorName: string
  readonly fingerprint: string
  readonly alarm: Alarm
  /** The open interval's datapoint has been found violating already, before its end. */
  readonly judged: boolean
  /** The latest datapoint's judgement, for those who look. */
  readonly last?: Judgement
}

export interface Judgement {
  readonly at: number
  readonly verdict: 'conforming' | 'violating' | 'none'
  /** Why there was no verdict. */
  readonly reason?: 'window-incomplete' | 'learning' | 'negative-values' | 'other-type'
  /** The number judged, or how many elements offended. */
  readonly value?: number
  readonly threshold?: number
}

/** One metric, as it was sampled. */
export interface Series {
  /** The open interval so far; absent before its first datapoint. */
  readonly open?: Accumulated
  readonly coveredMs: number
  /** The interval before, for the time since which its elements have been there. */
  readonly previous?: Accumulated
  readonly kind: Accumulation
  /** Numbers of closed intervals that windows may need, oldest first. */
  readonly closed: readonly ClosedInterval[]
  /** What they add to each window in use, by its milliseconds. */
  readonly past: Readonly<Record<number, Past>>
  /** When the latest datapoint came, engine's time. */
  readonly dataAt: number
}

export interface Learned {
  /** Datapoints that the current window still overlaps, oldest first. */
  readonly pending: readonly (Learnt & { readonly middle: number })[]
  readonly population: Population
}

/** AWS allows a hundred custom metrics; a stranger's datapoints beyond this are passed over. */
export const SERIES_MAX = 256

export const learnedKey = (metric: string, durationMs: number | undefined) =>
  `${metric} ${(durationMs ?? 0) / 1000}`
