/**
 * A metric that is a list, over time: a row for each address or port, with a bar while it was there. What was first reported
 * when the alarm was raised stands first and is marked, for that is what one looks for.
 */
import { formatInstant } from '../../../../render/numbers.ts'
import type { ListSeries } from '../data.ts'
import { nextId, svg, visible } from '../dom.ts'
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
import { intervalMs } from './points.ts'
import { isNewAt, type Presence, presences } from './presence.ts'
import type { Range } from './scale.ts'

export interface PresenceRow extends Presence {
  readonly isNew: boolean
}

export interface PresenceChart {
  readonly svg: SVGSVGElement
  readonly frame: Frame
  /** Of them the first are drawn. */
  readonly rows: readonly PresenceRow[]
  readonly shownCount: number
}

const ROW_HEIGHT = 38
const BAR_HEIGHT = 12
/** What was in one report only is seen all the same. */
const BAR_WIDTH_MIN = 4
const LABEL_WIDTH = 250
/** Enough for the longest IPv6 address in the label's font, narrow. */
const LABEL_CHARACTERS_MAX = 39

export function presenceRows(series: ListSeries, alarm: Range | undefined): PresenceRow[] {
  const usual = intervalMs(series.times)
  const rows = presences(series).map((each) => ({
    ...each,
    isNew: alarm !== undefined && isNewAt(each, alarm, usual),
  }))
  return [...rows.filter(({ isNew }) => isNew), ...rows.filter(({ isNew }) => !isNew)]
}

export function presenceChart(
  width: number,
  range: Range,
  all: readonly PresenceRow[],
  context: { readonly label: string; readonly alarms: readonly AlarmSpan[]; readonly rowsMax: number },
): PresenceChart {
  const { label, alarms, rowsMax } = context
  const isNarrow = width < NARROW_WIDTH
  const rows = all.filter(({ spans }) => spans.some(({ from, to }) => to >= range.from && from <= range.to))
  const shown = rows.slice(0, rowsMax)
  const rowHeight = isNarrow ? ROW_HEIGHT + 8 : ROW_HEIGHT
  const frame = frameOf(width, Math.max(1, shown.length) * rowHeight, isNarrow ? 14 : LABEL_WIDTH, range)
  const { left, right, top, bottom } = frame
  const clip = nextId('clip')
  const chart = drawing(
    frame,
    label,
    svg(
      'defs',
      {},
      svg('clipPath', { id: clip }, svg('rect', { x: left, y: 0, width: right - left, height: bottom })),
    ),
    alarmSpans(frame, alarms),
    shown.map((row, index) => rowOf(frame, row, top + index * rowHeight, rowHeight, isNarrow, clip)),
    timeAxis(frame),
    alarmMarks(frame, alarms),
    shown.length === 0
      ? svg(
          'text',
          { class: 'empty', x: (left + right) / 2, y: (top + bottom) / 2 + 4, 'text-anchor': 'middle' },
          'Nothing was there in this time',
        )
      : undefined,
  )
  return { svg: chart, frame, rows, shownCount: shown.length }
}

function rowOf(
  { x, left, right, width }: Frame,
  { element, spans, firstSeen, isFromBeginning, isNew }: PresenceRow,
  y: number,
  height: number,
  isNarrow: boolean,
  clip: string,
): SVGElement {
  const text = visible(String(element))
  const seen = isFromBeginning
    ? 'there from the beginning'
    : `first reported ${formatInstant(firstSeen).slice(5)}`
  const bar = y + (isNarrow ? height - BAR_HEIGHT - 8 : (height - BAR_HEIGHT) / 2)
  const middle = bar + BAR_HEIGHT / 2
  return svg(
    'g',
    { class: isNew ? 'presence new' : 'presence' },
    svg('line', { class: 'grid', x1: isNarrow ? left : 0, x2: right, y1: y + height, y2: y + height }),
    svg(
      'text',
      { class: 'element', x: isNarrow ? left : 0, y: y + 16 },
      isNew ? svg('tspan', { class: 'new-word' }, '◆ new  ') : undefined,
      text.length <= LABEL_CHARACTERS_MAX ? text : `${text.slice(0, LABEL_CHARACTERS_MAX - 1)}…`,
    ),
    isNarrow
      ? svg(
          'text',
          { class: 'seen', x: width - 14, y: y + 16, 'text-anchor': 'end' },
          isFromBeginning ? '' : formatInstant(firstSeen).slice(5, 16),
        )
      : svg('text', { class: 'seen', x: 0, y: y + 31 }, seen),
    svg(
      'g',
      { 'clip-path': `url(#${clip})` },
      spans.map(({ from, to }) =>
        svg('rect', {
          class: 'bar',
          x: x(from),
          y: bar,
          width: Math.max(BAR_WIDTH_MIN, x(to) - x(from)),
          height: BAR_HEIGHT,
          rx: 3,
        }),
      ),
      isFromBeginning
        ? undefined
        : svg('path', { class: 'first', d: `M${x(firstSeen)} ${middle - 7}l6 7l-6 7l-6 -7Z` }),
    ),
    svg('title', {}, `${text}: ${seen}`),
  )
}
