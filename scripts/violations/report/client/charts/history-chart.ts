/** Violations over time: a bar for each stretch of it, made of the behaviors that were violated. */
import { formatCount, formatInstant } from '../../../../render/numbers.ts'
import type { Bins } from '../count.ts'
import { nextId, svg } from '../dom.ts'
import { type Palette, patterns } from '../palette.ts'
import { drawing, type Frame, frameOf, NARROW_WIDTH, timeAxis } from './frame.ts'
import { linearScale, type Range, valueTicks } from './scale.ts'

const HEIGHT = 220
const HEIGHT_NARROW = 170

export interface HistoryChart {
  readonly svg: SVGSVGElement
  readonly frame: Frame
}

export function historyChart(width: number, { stepMs, since, counts }: Bins, palette: Palette): HistoryChart {
  const isNarrow = width < NARROW_WIDTH
  const range: Range = { from: since, to: since + counts.length * stepMs }
  const frame = frameOf(width, isNarrow ? HEIGHT_NARROW : HEIGHT, isNarrow ? 36 : 48, range)
  const { left, right, top, bottom, x } = frame
  const totals = counts.map((each) => each.reduce((a, b) => a + b, 0))
  // Violations come whole.
  const ticks = valueTicks(Math.max(1, ...totals), 4).filter(Number.isInteger)
  const y = linearScale({ from: 0, to: ticks.at(-1) as number }, bottom, top)
  const prefix = nextId('group')
  const barWidth = Math.max(1, ((right - left) / counts.length) * 0.78)
  const total = totals.reduce((a, b) => a + b, 0)
  const chart = drawing(
    frame,
    `${formatCount(total)} violations from ${formatInstant(range.from)} to ${formatInstant(range.to)} UTC, by behavior; the table below has the numbers`,
    patterns(prefix, palette.names.length),
    ticks.map((tick) => [
      svg('line', { class: 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      svg('text', { class: 'tick', x: left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, formatCount(tick)),
    ]),
    counts.map((groups, index) => {
      const start = x(since + index * stepMs)
      let height = 0
      const bars = groups.flatMap((count, group) => {
        if (count === 0) return []
        const from = height
        height += count
        return svg('rect', {
          x: start + ((right - left) / counts.length) * 0.11,
          y: y(height),
          width: barWidth,
          height: Math.max(1, y(from) - y(height)),
          fill: `url(#${prefix}-${group})`,
        })
      })
      if (bars.length === 0) return undefined
      const told = groups.flatMap((count, group) =>
        count === 0 ? [] : `${palette.names[group]}: ${formatCount(count)}`,
      )
      return svg(
        'g',
        { class: 'stack' },
        bars,
        svg('title', {}, [`${formatInstant(since + index * stepMs)} UTC`, ...told].join('\n')),
      )
    }),
    timeAxis(frame),
  )
  return { svg: chart, frame }
}
