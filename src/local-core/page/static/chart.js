/**
 * A chart over time in SVG: area, line, threshold, spans in alarm, marks, and a cursor. Zero is the bottom always: traffic
 * drawn from its own least value would look like a swing where there is none.
 */
import { svg } from './dom.js'

const WIDTH = 600
const HEIGHT = 96
const PAD = 5

/** @typedef {{at: number, value: number}} Point */

/**
 * @param {Point[]} points oldest first
 * @param {object} options
 * @param {number} options.from left end, epoch milliseconds
 * @param {number} options.to right end
 * @param {string} options.label for who does not see it
 * @param {'in' | 'out'} options.tone
 * @param {number} [options.threshold]
 * @param {{from: number, to: number}[]} [options.bands] in alarm
 * @param {number[]} [options.marks] alarms raised
 * @param {Point} [options.cursor]
 */
export function timeChart(points, { from, to, label, tone, threshold, bands = [], marks = [], cursor }) {
  const { line, area, x, y } = layout(points, { from, to, threshold })
  return svg(
    'svg',
    {
      class: `chart ${tone}`,
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': label,
    },
    bands.map((band) => svg('rect', { class: 'band', ...span(band, x), y: 0, height: HEIGHT })),
    [0.25, 0.5, 0.75].map((share) =>
      svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: HEIGHT * share, y2: HEIGHT * share }),
    ),
    svg('path', { class: 'area', d: area }),
    svg('path', { class: 'line', d: line }),
    threshold === undefined
      ? ''
      : svg('line', { class: 'threshold', x1: 0, x2: WIDTH, y1: y(threshold), y2: y(threshold) }),
    marks.map((at) => svg('line', { class: 'mark-line', x1: x(at), x2: x(at), y1: 0, y2: HEIGHT })),
    cursor === undefined
      ? ''
      : [
          svg('line', { class: 'cursor', x1: x(cursor.at), x2: x(cursor.at), y1: 0, y2: HEIGHT }),
          svg('circle', { class: 'dot', cx: x(cursor.at), cy: y(cursor.value), r: 3.5 }),
        ],
  )
}

/**
 * Where everything goes.
 * @param {Point[]} points oldest first
 * @param {{from: number, to: number, threshold?: number | undefined}} range
 */
export function layout(points, { from, to, threshold = 0 }) {
  const top = points.reduce((most, { value }) => Math.max(most, value), threshold * 1.1)
  const x = (/** @type {number} */ at) =>
    to > from ? PAD + clamp((at - from) / (to - from)) * (WIDTH - 2 * PAD) : WIDTH / 2
  const y = (/** @type {number} */ value) =>
    top <= 0 ? HEIGHT - PAD : PAD + (1 - Math.max(0, value) / top) * (HEIGHT - 2 * PAD)
  const line = points
    .map(({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('')
  const first = points[0]
  const last = points.at(-1)
  const area =
    first && last ? `${line}L${x(last.at).toFixed(1)} ${HEIGHT}L${x(first.at).toFixed(1)} ${HEIGHT}Z` : ''
  return { line, area, top, x, y }
}

/** When alarms were raised and ended, with a row for each version. @param {{label: string, bands: {from: number, to: number}[], from: number, to: number}} strip */
export function alarmStrip({ label, bands, from, to }) {
  const { x } = layout([], { from, to })
  return svg(
    'svg',
    {
      class: 'strip',
      viewBox: `0 0 ${WIDTH} 12`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': label,
    },
    svg('rect', { class: 'strip-back', x: 0, y: 0, width: WIDTH, height: 12 }),
    bands.map((band) => svg('rect', { class: 'strip-alarm', ...span(band, x), y: 0, height: 12 })),
  )
}

/** At least a pixel or two wide: an alarm of a second within an hour is still one. @param {{from: number, to: number}} band @param {(at: number) => number} x */
const span = ({ from, to }, x) => ({ x: x(from), width: Math.max(2, x(to) - x(from)) })

/** @param {number} share */
const clamp = (share) => Math.min(1, Math.max(0, share))

/** The point nearest to that time. @param {Point[]} points @param {number} at */
export const nearest = (points, at) =>
  points.reduce(
    (/** @type {Point | undefined} */ best, point) =>
      best === undefined || Math.abs(point.at - at) < Math.abs(best.at - at) ? point : best,
    undefined,
  )
