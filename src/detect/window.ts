/**
 * The trailing window of `durationSeconds`: which closed intervals count beside the one that is open, and whether they
 * are enough for a verdict.
 *
 * AWS says that measurements "are accumulated over this time duration" (iot API reference, BehaviorCriteria) and leaves
 * open how; here a window ends with the current report interval and takes sums of traffic and maxima of levels.
 *
 * Reports come a little early or late, so windows are made of whole intervals: one belongs to the window if its middle
 * does. Where the window begins is settled when an interval opens, from the time at which it is due to close; an
 * interval that closes late makes its window longer, but never takes an early verdict back.
 */
import { durationsSeconds } from '../metrics/catalog.ts'
import type { AccumulatedNumber } from './interval.ts'

/** All times are the engine's own, see `clock.ts`. */
export interface ClosedInterval {
  readonly startAt: number
  readonly endAt: number
  /** How much of it was measured; less than its length after a restart or while the metric could not be read. */
  readonly coveredMs: number
  readonly value: number
}

/** What closed intervals contribute to a window. */
export interface Past {
  readonly value?: number
  readonly coveredMs: number
  readonly longestMs: number
}

const WINDOW_MS_MAX = Math.max(...durationsSeconds) * 1000
/** An hour of the shortest report interval, one second. Beyond it the oldest goes and windows count as incomplete. */
const CLOSED_INTERVALS_MAX = WINDOW_MS_MAX / 1000

const middleOf = ({ startAt, endAt }: ClosedInterval) => (startAt + endAt) / 2

/** Closed intervals that some window may still need once the next interval is due at `closesAt`. */
export function retained(closed: readonly ClosedInterval[], closesAt: number): readonly ClosedInterval[] {
  const from = closed.findIndex((interval) => middleOf(interval) > closesAt - WINDOW_MS_MAX)
  if (from < 0) return closed.length === 0 ? closed : []
  const first = Math.max(from, closed.length - CLOSED_INTERVALS_MAX)
  return first === 0 ? closed : closed.slice(first)
}

export function membersOf(closed: readonly ClosedInterval[], durationMs: number, closesAt: number) {
  return closed.filter((interval) => middleOf(interval) > closesAt - durationMs)
}

export function pastOf(
  closed: readonly ClosedInterval[],
  kind: AccumulatedNumber['kind'],
  durationMs: number,
  closesAt: number,
): Past {
  let value: number | undefined
  let coveredMs = 0
  let longestMs = 0
  for (let index = closed.length - 1; index >= 0; index--) {
    const interval = closed[index] as ClosedInterval
    if (middleOf(interval) <= closesAt - durationMs) break
    value = joined(kind, value, interval.value)
    coveredMs += interval.coveredMs
    longestMs = Math.max(longestMs, interval.endAt - interval.startAt)
  }
  return value === undefined ? noPast : { value, coveredMs, longestMs }
}

export const noPast: Past = { coveredMs: 0, longestMs: 0 }

export function joined(kind: AccumulatedNumber['kind'], past: number | undefined, value: number): number {
  if (past === undefined) return value
  return kind === 'sum' ? past + value : Math.max(past, value)
}

/**
 * Whether the window is measured well enough to stand for its duration. It may lack half an interval, since that is
 * what choosing whole intervals by their middle may leave out, and what reports may be early.
 */
export function isComplete(
  past: Past,
  open: { readonly coveredMs: number; readonly lengthMs: number },
  durationMs: number,
): boolean {
  const toleranceMs = Math.max(past.longestMs, open.lengthMs) / 2
  return past.coveredMs + open.coveredMs >= durationMs - toleranceMs
}
