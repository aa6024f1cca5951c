/**
 * One metric of a thing around an alarm or over all of the report, with another of its metrics a choice away. The same time
 * stays in view when the metric changes: what else was going on just then is the question.
 */
import { formatDuration } from '../../../../render/numbers.ts'
import { announce } from '../announce.ts'
import type { AlarmSpan, Frame } from '../charts/frame.ts'
import { addGestures } from '../charts/gestures.ts'
import { numberChart, type Threshold } from '../charts/number-chart.ts'
import { type Point, placeOf, windowed } from '../charts/points.ts'
import { presenceChart, presenceRows } from '../charts/presence-chart.ts'
import type { Range, Scale } from '../charts/scale.ts'
import { onWidth } from '../charts/width.ts'
import type { ListSeries, NumberSeries, Series } from '../data.ts'
import { type Child, h, nextId, replace, svg } from '../dom.ts'
import { listSummary, listTable, numberSummary, numberTable, pointText, rangeText } from './metric-text.ts'

export interface PanelSubject {
  readonly series: ReadonlyMap<string, Series>
  readonly metric: string
  readonly range: Range
  /** Where the button that goes back goes to. */
  readonly home: { readonly range: Range; readonly text: string }
  /** All that is known. */
  readonly whole: Range
  readonly alarmsOf: (metric: string) => readonly AlarmSpan[]
  /** The alarm that new elements are told from. */
  readonly alarm?: Range
  readonly thresholdOf: (metric: string) => Threshold | undefined
  readonly durationSecondsOf: (metric: string) => number | undefined
  readonly onChange: (metric: string, range: Range) => void
}

/** Closer than that there is nothing to be seen. */
const RANGE_MS_MIN = 10_000
const WIDTH_MIN = 280
const ROWS_SHOWN = 25
const ROWS_SHOWN_MAX = 300

/** What is on the screen, for the pointer to find its way. */
interface Drawn {
  readonly svg: SVGSVGElement
  readonly frame: Frame
  /** None of a list. */
  readonly points: readonly Point[]
  readonly yOf?: Scale
}

export function metricPanel(subject: PanelSubject): HTMLElement {
  let { metric, range } = subject
  let rowsMax = ROWS_SHOWN
  let drawn: Drawn | undefined
  let cursor: number | undefined
  const isOfAlarm = subject.alarm !== undefined
  const rowsOf = memory((series: ListSeries) => presenceRows(series, subject.alarm))
  const windowsOf = memory((series: NumberSeries) =>
    windowed(series, subject.durationSecondsOf(series.metric)),
  )

  const helpId = nextId('help')
  const host = h('div', { class: 'chart', role: 'group', tabindex: 0, 'aria-describedby': helpId })
  const readout = h('p', { class: 'readout' })
  const below = h('div')

  function draw(): void {
    const width = Math.max(WIDTH_MIN, Math.round(host.clientWidth))
    const series = subject.series.get(metric)
    cursor = undefined
    host.setAttribute('aria-label', `Chart of ${metric}`)
    if (series === undefined) {
      drawn = undefined
      replace(host, h('p', { class: 'muted' }, 'No values of this metric are in this report.'))
      replace(below)
      replace(readout)
    } else if (series.kind === 'number') drawNumbers(series, width)
    else drawLists(series, width)
  }

  function drawNumbers(series: NumberSeries, width: number): void {
    const windows = windowsOf(series)
    const threshold = subject.thresholdOf(metric)
    drawn = numberChart(width, range, windows ?? series, {
      label: `${metric}, ${rangeText(range)}`,
      alarms: subject.alarmsOf(metric),
      ...(threshold === undefined ? {} : { threshold }),
      ...(windows === undefined ? {} : { faint: series }),
    })
    replace(host, drawn.svg)
    replace(readout, numberSummary(drawn.points, range, metric))
    const seconds = subject.durationSecondsOf(metric) ?? 0
    replace(
      below,
      windows === undefined
        ? undefined
        : note(
            `The line is what the behavior judges: windows of ${formatDuration(seconds)}. ` +
              "The faint line is each report's own value.",
          ),
      numberTable(drawn.points, range, metric),
    )
  }

  function drawLists(series: ListSeries, width: number): void {
    const made = presenceChart(width, range, rowsOf(series), {
      label: `${metric}, ${rangeText(range)}`,
      alarms: subject.alarmsOf(metric),
      rowsMax,
    })
    drawn = { svg: made.svg, frame: made.frame, points: [] }
    replace(host, made.svg)
    replace(readout, listSummary(rowsOf(series), range, isOfAlarm))
    replace(
      below,
      made.rows.length > made.shownCount ? moreRows(made.rows.length, made.shownCount) : undefined,
      listTable(made.rows, range, metric, isOfAlarm),
    )
  }

  function moreRows(total: number, shownCount: number): HTMLElement {
    const more = Math.min(total, ROWS_SHOWN_MAX)
    const press = () => {
      rowsMax = more
      draw()
      host.focus()
    }
    return note(
      `${shownCount} of ${total} are shown. `,
      shownCount < more
        ? h('button', { type: 'button', click: press }, `Show ${more}`)
        : 'The table has all.',
    )
  }

  function setCursor(place: number | undefined): void {
    if (drawn === undefined || place === cursor) return
    const { svg: chart, frame, points, yOf } = drawn
    cursor = place
    chart.querySelector('.cursor')?.remove()
    const point = place === undefined ? undefined : points[place]
    if (point === undefined || yOf === undefined) {
      // A list has no values to point at, and its sentence stays.
      if (yOf !== undefined) replace(readout, numberSummary(points, range, metric))
      return
    }
    const x = frame.x(point.at)
    chart.append(
      svg(
        'g',
        { class: 'cursor' },
        svg('line', { x1: x, x2: x, y1: frame.top, y2: frame.bottom }),
        svg('circle', { cx: x, cy: yOf(point.value), r: 5 }),
      ),
    )
    replace(readout, pointText(point, metric))
  }

  function show(next: Range): void {
    const length = Math.max(next.to - next.from, RANGE_MS_MIN)
    const middle = (next.from + next.to) / 2
    range = { from: Math.round(middle - length / 2), to: Math.round(middle + length / 2) }
    draw()
    subject.onChange(metric, range)
    announce(`Shown: ${rangeText(range)}`)
  }
  function zoom(factor: number): void {
    const half = ((range.to - range.from) / 2) * factor
    const middle = (range.from + range.to) / 2
    // Beyond all that is known there is nothing.
    const reach = (subject.whole.to - subject.whole.from) * 1.1
    show(half * 2 > reach ? subject.whole : { from: middle - half, to: middle + half })
  }
  function move(share: number): void {
    const by = (range.to - range.from) * share
    show({ from: range.from + by, to: range.to + by })
  }
  const reset = () => show(subject.home.range)

  function choose(next: string): void {
    metric = next
    rowsMax = ROWS_SHOWN
    draw()
    subject.onChange(metric, range)
    announce(readout.textContent ?? '')
  }

  addGestures(host, {
    frame: () => drawn?.frame,
    drawing: () => drawn?.svg,
    show,
    zoom,
    move,
    reset,
    point: (at) => setCursor(at === undefined ? undefined : nearest(drawn?.points ?? [], at)),
    step: (direction) => {
      const last = (drawn?.points.length ?? 0) - 1
      if (last < 0) return
      const next = cursor === undefined ? (direction > 0 ? 0 : last) : cursor + direction
      setCursor(Math.min(Math.max(next, 0), last))
      announce(readout.textContent ?? '')
    },
  })
  onWidth(host, draw)
  return h(
    'div',
    { class: 'metric-panel' },
    controls(subject, { choose, show, zoom, move, reset }),
    host,
    readout,
    below,
    help(helpId),
  )
}

interface Actions {
  readonly choose: (metric: string) => void
  readonly show: (range: Range) => void
  readonly zoom: (factor: number) => void
  readonly move: (share: number) => void
  readonly reset: () => void
}

function controls(
  { metric, series, home, whole }: PanelSubject,
  { choose, show, zoom, move, reset }: Actions,
): HTMLElement {
  const id = nextId('metric')
  const names = [...new Set([metric, ...series.keys()])]
  const select: HTMLSelectElement = h(
    'select',
    { id, change: () => choose(select.value) },
    names.map((each) => h('option', { value: each, selected: each === metric }, each)),
  )
  const button = (text: string, label: string, click: () => void) =>
    h('button', { type: 'button', 'aria-label': label, title: label, click }, text)
  return h(
    'div',
    { class: 'controls' },
    h('label', { for: id }, 'Metric'),
    select,
    h(
      'div',
      { class: 'buttons', role: 'group', 'aria-label': 'Time shown' },
      button('←', 'Earlier', () => move(-0.4)),
      button('→', 'Later', () => move(0.4)),
      button('+', 'Zoom in', () => zoom(0.5)),
      button('−', 'Zoom out', () => zoom(2)),
      button(home.text, home.text, reset),
      button('All', 'All of the report', () => show(whole)),
    ),
  )
}

const help = (id: string) =>
  h(
    'p',
    { class: 'muted hint', id },
    'Drag over a part to see it larger, press twice to go back. With the keyboard: arrows move, + and − zoom, ' +
      'Home goes back, Shift with an arrow goes from value to value.',
  )

const note = (...text: Child[]) => h('p', { class: 'muted' }, ...text)

function nearest(points: readonly Point[], at: number): number | undefined {
  if (points.length === 0) return undefined
  const place = placeOf(
    points.map((each) => each.at),
    at,
  )
  const [before, after] = [points[place - 1], points[place]]
  return before !== undefined && (after === undefined || at - before.at < after.at - at) ? place - 1 : place
}

/** Computed once for each series. */
function memory<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>()
  return (key) => {
    const found = known.get(key) ?? { value: compute(key) }
    known.set(key, found)
    return found.value
  }
}
