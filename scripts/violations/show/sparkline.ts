/**
 * A metric's course in one line of block characters, eight heights, and below it a ruler that shows while which part of
 * it the alarm lasted. Lists are drawn by their length.
 */
import type { MetricPoint } from '../model.ts'
import { contentOf } from '../words.ts'

const HEIGHTS = '▁▂▃▄▅▆▇█'

export interface Span {
  readonly since: number
  readonly until: number
}

export interface Sparkline {
  readonly line: string
  readonly ruler: string
  readonly min: number
  readonly max: number
}

/** `undefined` where there is nothing to draw. */
export function sparkline(
  points: readonly MetricPoint[],
  { since, until }: Span,
  alarm: Span,
  width: number,
): Sparkline | undefined {
  const columns: (number | undefined)[] = Array.from({ length: width })
  const columnOf = (at: number) =>
    Math.min(width - 1, Math.max(0, Math.floor(((at - since) / (until - since)) * width)))
  const shown = points.filter(({ at }) => at >= since && at <= until)
  // Of several in a column the highest: an alarm is about a peak more often than about a trough.
  for (const { at, value } of shown) {
    const column = columnOf(at)
    columns[column] = Math.max(columns[column] ?? Number.NEGATIVE_INFINITY, sizeOf(value))
  }
  // A value holds until the next is due, so that only what was not measured is a gap.
  const holdsMs = usualGapMs(shown)
  for (const { at, value } of shown) {
    const end = Math.min(at + holdsMs, until)
    for (let column = columnOf(at) + 1; column < columnOf(end); column += 1) columns[column] ??= sizeOf(value)
  }
  if (shown.length === 0) return undefined
  // Of all values, not of the columns: what is lowest may share one with what is higher.
  const sizes = shown.map(({ value }) => sizeOf(value))
  const min = sizes.reduce((a, b) => Math.min(a, b))
  const max = sizes.reduce((a, b) => Math.max(a, b))
  // From zero, where nothing is below: half of something should look like half of it.
  const floor = Math.min(0, min)
  const heightOf = (value: number) =>
    max === floor
      ? 0
      : Math.min(HEIGHTS.length - 1, Math.floor(((value - floor) / (max - floor)) * HEIGHTS.length))
  const [from, to] = [columnOf(alarm.since), columnOf(alarm.until)]
  return {
    line: columns.map((each) => (each === undefined ? ' ' : HEIGHTS[heightOf(each)])).join(''),
    ruler: columns
      .map((_, index) => (index < from || index > to ? ' ' : '^'))
      .join('')
      .trimEnd(),
    min,
    max,
  }
}

/** The part of a time in which something is known: a few values fill the line, however much was asked for. */
export function spanOfKnown(points: readonly MetricPoint[], { since, until }: Span, alarm: Span): Span {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined) return { since, until }
  const from = Math.max(since, Math.min(first.at, alarm.since))
  const to = Math.min(until, Math.max(last.at + usualGapMs(points), alarm.until))
  return to > from ? { since: from, until: to } : { since, until }
}

/** The middle one of the times between values. */
function usualGapMs(points: readonly MetricPoint[]): number {
  const gaps = points.slice(1).map(({ at }, index) => at - (points[index] as MetricPoint).at)
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0
}

function sizeOf(value: MetricPoint['value']): number {
  const content = contentOf(value)
  return typeof content === 'number' ? content : content.length
}
