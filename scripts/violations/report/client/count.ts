/** Counting violations: by name, and over time in bars of an even length. */
import type { Violation } from '../../model.ts'

export interface Count {
  readonly name: string
  readonly count: number
}

/** The most first; of as many, by name. */
export function countBy(violations: readonly Violation[], nameOf: (violation: Violation) => string): Count[] {
  const counts = new Map<string, number>()
  for (const violation of violations) {
    const name = nameOf(violation)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
}

export interface Bins {
  readonly stepMs: number
  readonly since: number
  /** For each bar, how many of each group were raised in it. */
  readonly counts: readonly (readonly number[])[]
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Lengths that people count time in; days begin at midnight UTC, as they divide the epoch. */
const STEPS_MS = [1, 5, 15, 30]
  .map((minutes) => minutes * MINUTE_MS)
  .concat([1, 3, 6, 12].map((hours) => hours * HOUR_MS))
  .concat([1, 2, 7, 28].map((days) => days * DAY_MS))

/** @param groupOf from 0 to `groupCount` - 1 */
export function binsOf(
  violations: readonly Violation[],
  range: { readonly since: number; readonly until: number },
  binCountMax: number,
  groupCount: number,
  groupOf: (violation: Violation) => number,
): Bins {
  const length = range.until - range.since
  let stepMs = STEPS_MS.find((step) => length / step < binCountMax - 1) ?? 28 * DAY_MS
  // A clock that was wrong by years.
  while (length / stepMs >= binCountMax - 1) stepMs *= 2
  const since = Math.floor(range.since / stepMs) * stepMs
  const binCount = Math.floor((range.until - since) / stepMs) + 1
  const counts = Array.from({ length: binCount }, () => new Array<number>(groupCount).fill(0))
  for (const violation of violations) {
    // One that was in alarm when the time shown began counts for its first bar.
    const place = Math.max(0, Math.floor((violation.startedAt - since) / stepMs))
    const bin = counts[place]
    const group = groupOf(violation)
    if (bin !== undefined) bin[group] = (bin[group] ?? 0) + 1
  }
  return { stepMs, since, counts }
}
