/** What charts over time have in common: the margins, the time axis, the alarms behind and the marks above. */
import { formatInstant } from '../../../../render/numbers.ts'
import { svg } from '../dom.ts'
import { linearScale, type Range, type Scale, timeTicks } from './scale.ts'

export interface Frame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly range: Range
  readonly x: Scale
}

export const NARROW_WIDTH = 560
const AXIS_HEIGHT = 28
const MARKS_HEIGHT = 26
/** A label such as `24 Nov 10:00` and some air. */
const TICK_WIDTH = 96

export function frameOf(width: number, plotHeight: number, left: number, range: Range): Frame {
  const right = width - 14
  return {
    width,
    height: MARKS_HEIGHT + plotHeight + AXIS_HEIGHT,
    left,
    right,
    top: MARKS_HEIGHT,
    bottom: MARKS_HEIGHT + plotHeight,
    range,
    x: linearScale(range, left, right),
  }
}

export function timeAxis({ x, left, right, bottom, range }: Frame): SVGElement {
  const ticks = timeTicks(range, Math.max(2, Math.floor((right - left) / TICK_WIDTH)))
  return svg(
    'g',
    { class: 'axis' },
    svg('line', { class: 'base', x1: left, x2: right, y1: bottom, y2: bottom }),
    ticks.map(({ at, text }) => [
      svg('line', { class: 'base', x1: x(at), x2: x(at), y1: bottom, y2: bottom + 5 }),
      svg('text', { x: Math.min(x(at), right - 24), y: bottom + 20, 'text-anchor': 'middle' }, text),
    ]),
  )
}

export interface AlarmSpan extends Range {
  /** The alarm that the page is about, or another on the same metric. */
  readonly isMain: boolean
  /** It lasts: the end is where the report ends. */
  readonly isOpen: boolean
  readonly end: 'cleared' | 'invalidated' | undefined
}

/** Behind the data. */
export const alarmSpans = (
  { x, left, right, top, bottom }: Frame,
  alarms: readonly AlarmSpan[],
): SVGElement[] =>
  alarms.flatMap(({ from, to, isMain }) => {
    const [start, end] = [Math.max(x(from), left), Math.min(x(to), right)]
    if (end < left || start > right) return []
    return svg('rect', {
      class: isMain ? 'alarm-span main' : 'alarm-span',
      x: start,
      y: top,
      width: Math.max(end - start, 2),
      height: bottom - top,
    })
  })

/** Above the data: a sign and a word where an alarm was raised and where it ended. */
export function alarmMarks(frame: Frame, alarms: readonly AlarmSpan[]): SVGElement[] {
  const { left, right, x } = frame
  const isInside = (at: number) => x(at) >= left - 1 && x(at) <= right + 1
  return alarms
    .filter(({ isMain }) => isMain)
    .flatMap(({ from, to, isOpen, end }) => {
      // Two labels need some room between them; else the first ends where its line is.
      const isTight = x(to) - x(from) < 84
      const raised = isInside(from)
        ? [
            mark(
              frame,
              from,
              'raised',
              '▲ in alarm',
              isTight || from > frame.range.from + (frame.range.to - frame.range.from) * 0.8,
            ),
          ]
        : []
      if (isOpen || end === undefined || !isInside(to)) return raised
      const text = end === 'cleared' ? '✓ cleared' : '– invalidated'
      return [...raised, mark(frame, to, 'ended', text, x(to) > right - 84)]
    })
}

function mark(
  { x, top, bottom }: Frame,
  at: number,
  kind: string,
  text: string,
  isLeft: boolean,
): SVGElement {
  return svg(
    'g',
    { class: `mark ${kind}` },
    svg('line', { x1: x(at), x2: x(at), y1: top - 8, y2: bottom }),
    svg('text', { x: x(at) + (isLeft ? -4 : 4), y: top - 11, 'text-anchor': isLeft ? 'end' : 'start' }, text),
    svg('title', {}, `${text} ${formatInstant(at)}`),
  )
}

/** A drawing that fills its place, and on paper whatever place there is. */
export const drawing = (
  { width, height }: Frame,
  label: string,
  ...children: Parameters<typeof svg>[2][]
): SVGSVGElement =>
  svg(
    'svg',
    { class: 'drawing', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    ...children,
  )
