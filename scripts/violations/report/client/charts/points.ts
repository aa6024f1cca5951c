/** What of a series is drawn: the part in view, thinned to what pixels can show, and summed up as a behavior's window asks. */
import { accumulationOf } from '../../../../../src/metrics/catalog.ts'
import type { NumberSeries } from '../data.ts'
import type { Range } from './scale.ts'

export interface Point {
  readonly at: number
  readonly value: number
}

/** The first place whose time is not before `at`. */
export function placeOf(times: readonly number[], at: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] as number) < at) low = middle + 1
    else high = middle
  }
  return low
}

/** Those in view and the neighbour on each side, which the line goes on to. */
export function pointsIn({ times, values }: NumberSeries, { from, to }: Range): Point[] {
  const first = Math.max(0, placeOf(times, from) - 1)
  const last = Math.min(times.length, placeOf(times, to) + 2)
  return times.slice(first, last).map((at, index) => ({ at, value: values[first + index] as number }))
}

/**
 * At most four points a column of pixels: its first, its lowest, its highest and its last. The line looks the same, and no
 * peak is lost: a peak is what an alarm is about.
 */
export function thinned(
  points: readonly Point[],
  { from, to }: Range,
  columnCount: number,
): readonly Point[] {
  if (points.length <= columnCount * 4) return points
  const width = (to - from) / columnCount || 1
  const kept: Point[] = []
  let begin = 0
  for (let index = 1; index <= points.length; index += 1) {
    const column = Math.floor(((points[begin] as Point).at - from) / width)
    const next = points[index]
    if (next !== undefined && Math.floor((next.at - from) / width) === column) continue
    kept.push(...extremes(points.slice(begin, index)))
    begin = index
  }
  return kept
}

function extremes(points: readonly Point[]): Point[] {
  const [first] = points as [Point]
  let low = first
  let high = first
  for (const point of points) {
    if (point.value < low.value) low = point
    if (point.value > high.value) high = point
  }
  const last = points.at(-1) as Point
  return [...new Set([first, low, high, last])].sort((a, b) => a.at - b.at)
}

/** The usual time between two datapoints: their median, of an even number the smaller. */
export function intervalMs(times: readonly number[]): number {
  const gaps = times.slice(1).map((at, index) => at - (times[index] as number))
  return gaps.sort((a, b) => a - b)[(gaps.length - 1) >>> 1] ?? 300_000
}

/**
 * What a behavior with `durationSeconds` judges: at each datapoint, the sum or the highest of the window that ends there.
 * `undefined` where that is the datapoint itself.
 */
export function windowed(
  series: NumberSeries,
  durationSeconds: number | undefined,
): NumberSeries | undefined {
  const { times, values, metric } = series
  // A quarter more than the interval, for reports are never quite on time.
  if (durationSeconds === undefined || durationSeconds * 1000 <= intervalMs(times) * 1.25) return undefined
  const isSum = accumulationOf(metric, 'count') === 'sum'
  const width = durationSeconds * 1000
  const windows: number[] = []
  let begin = 0
  let sum = 0
  for (const [index, at] of times.entries()) {
    sum += values[index] as number
    while ((times[begin] as number) <= at - width) {
      sum -= values[begin] as number
      begin += 1
    }
    windows.push(isSum ? sum : Math.max(...values.slice(begin, index + 1)))
  }
  return { ...series, values: windows }
}
