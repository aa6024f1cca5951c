/** A line chart in SVG for one series: area, line, last point, and the top of the scale in words. */
import { svg } from './dom.js'
import { formatTime } from './format.js'

const WIDTH = 300
const HEIGHT = 72
const PAD = 4

/**
 * @param {{at: number, value: number}[]} points oldest first
 * @param {{label: string, tone: 'in' | 'out', format: (value: number) => string}} options
 */
export function lineChart(points, { label, tone, format }) {
  const { line, area, dots, top } = layout(points)
  const last = points.at(-1)
  const summary = last
    ? `${label}: ${format(last.value)} in the last report, at most ${format(top)}`
    : `${label}: no value yet`
  return svg(
    'svg',
    {
      class: `chart ${tone}`,
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': summary,
    },
    [0.25, 0.5, 0.75].map((share) =>
      svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: HEIGHT * share, y2: HEIGHT * share }),
    ),
    svg('path', { class: 'area', d: area }),
    svg('path', { class: 'line', d: line }),
    // One invisible column a point, wide enough to be hit, which says what the point is.
    dots.map(({ x, at, value }, index) =>
      svg(
        'rect',
        {
          class: 'hit',
          x: x - dots.length ** -1 * (WIDTH / 2),
          y: 0,
          width: WIDTH / dots.length,
          height: HEIGHT,
          'data-index': index,
        },
        svg('title', {}, `${formatTime(at)}  ${format(value)}`),
      ),
    ),
  )
}

/**
 * Where everything goes. Zero is the bottom always: traffic drawn from its own least value would look like a swing
 * where there is none.
 * @param {{at: number, value: number}[]} points
 */
export function layout(points) {
  const top = Math.max(...points.map(({ value }) => value), 0)
  const step = points.length > 1 ? (WIDTH - 2 * PAD) / (points.length - 1) : 0
  const dots = points.map(({ at, value }, index) => ({
    at,
    value,
    x: points.length > 1 ? PAD + index * step : WIDTH / 2,
    y: top === 0 ? HEIGHT - PAD : PAD + (1 - value / top) * (HEIGHT - 2 * PAD),
  }))
  const line = dots
    .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('')
  const first = dots[0]
  const last = dots.at(-1)
  const area = first && last ? `${line}L${last.x.toFixed(1)} ${HEIGHT}L${first.x.toFixed(1)} ${HEIGHT}Z` : ''
  return { line, area, dots, top }
}
