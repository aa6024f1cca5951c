/** A metric that is a number, over time: the line, the threshold with the side of it that is not normal, the alarms. */
import { numberText } from '../../../../render/numbers.ts'
import type { NumberSeries } from '../data.ts'
import { nextId, svg } from '../dom.ts'
import {
  type AlarmSpan,
  alarmMarks,
  alarmSpans,
  drawing,
  type Frame,
  frameOf,
  NARROW_WIDTH,
  timeAxis,
} from './frame.ts'
import { type Point, pointsIn, thinned } from './points.ts'
import { linearScale, type Range, type Scale, valueTicks } from './scale.ts'

export interface Threshold {
  readonly value: number
  /** Where the values lie that violate. */
  readonly side: 'above' | 'below'
}

export interface NumberChart {
  readonly svg: SVGSVGElement
  readonly frame: Frame
  readonly points: readonly Point[]
  readonly yOf: Scale
}

const HEIGHT = 260
const HEIGHT_NARROW = 200
/** More dots than that would be a thick line. */
const DOTS_MAX = 120

export function numberChart(
  width: number,
  range: Range,
  series: NumberSeries,
  context: {
    readonly label: string
    readonly threshold?: Threshold
    readonly alarms: readonly AlarmSpan[]
    readonly faint?: NumberSeries
  },
): NumberChart {
  const { threshold, alarms, faint, label } = context
  const isNarrow = width < NARROW_WIDTH
  const frame = frameOf(width, isNarrow ? HEIGHT_NARROW : HEIGHT, isNarrow ? 58 : 74, range)
  const { left, right, top, bottom, x } = frame
  const points = pointsIn(series, range)
  const shown = thinned(points, range, right - left)
  const behind = faint === undefined ? [] : thinned(pointsIn(faint, range), range, right - left)
  const visible = points.filter(({ at }) => at >= range.from && at <= range.to)
  const highest = Math.max(0, threshold?.value ?? 0, ...shown.map(({ value }) => value))
  const lowest = Math.min(0, threshold?.value ?? 0, ...shown.map(({ value }) => value))
  const ticks = lowest < 0 ? [lowest, 0, highest] : valueTicks(highest * 1.06, isNarrow ? 4 : 5)
  const y = linearScale({ from: ticks[0] as number, to: ticks.at(-1) as number }, bottom, top)
  const clip = nextId('clip')
  const chart = drawing(
    frame,
    label,
    svg(
      'defs',
      {},
      svg(
        'clipPath',
        { id: clip },
        svg('rect', { x: left, y: top - 2, width: right - left, height: bottom - top + 4 }),
      ),
    ),
    alarmSpans(frame, alarms),
    ticks.map((tick) => [
      svg('line', { class: 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      svg(
        'text',
        { class: 'tick', x: left - 8, y: y(tick) + 4, 'text-anchor': 'end' },
        numberText(series.metric, tick),
      ),
    ]),
    threshold === undefined ? undefined : thresholdLines(frame, y, threshold, series.metric),
    svg(
      'g',
      { 'clip-path': `url(#${clip})` },
      behind.length === 0 ? undefined : svg('path', { class: 'line faint', d: pathOf(behind, x, y) }),
      svg('path', { class: 'line', d: pathOf(shown, x, y) }),
      visible.length > DOTS_MAX
        ? undefined
        : visible.map(({ at, value }) => svg('circle', { class: 'dot', cx: x(at), cy: y(value), r: 3 })),
    ),
    timeAxis(frame),
    alarmMarks(frame, alarms),
    visible.length === 0
      ? svg(
          'text',
          { class: 'empty', x: (left + right) / 2, y: (top + bottom) / 2, 'text-anchor': 'middle' },
          'No values in this time',
        )
      : undefined,
  )
  return { svg: chart, frame, points: visible, yOf: y }
}

/** A hundredth of a pixel is enough, and a tenth of the text. */
const pathOf = (points: readonly Point[], x: Scale, y: Scale): string =>
  points
    .map(({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${x(at).toFixed(2)} ${y(value).toFixed(2)}`)
    .join('')

function thresholdLines(
  { left, right, top, bottom }: Frame,
  y: Scale,
  { value, side }: Threshold,
  metric: string,
): SVGElement {
  const at = y(value)
  const [from, to] = side === 'above' ? [top, at] : [at, bottom]
  const isNearTop = at - top < 20
  return svg(
    'g',
    { class: 'threshold' },
    svg('rect', { x: left, y: from, width: right - left, height: Math.max(0, to - from) }),
    svg('line', { x1: left, x2: right, y1: at, y2: at }),
    svg(
      'text',
      { x: right - 4, y: isNearTop ? at + 15 : at - 6, 'text-anchor': 'end' },
      `threshold ${numberText(metric, value)}`,
    ),
  )
}
