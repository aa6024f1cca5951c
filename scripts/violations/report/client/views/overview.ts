/** All violations: over time, by thing, and as a list, each narrowed by the filters. */
import { formatCount, formatInstant, plural } from '../../../../render/numbers.ts'
import type { Violation } from '../../../model.ts'
import { announce } from '../announce.ts'
import type { Frame } from '../charts/frame.ts'
import { addGestures } from '../charts/gestures.ts'
import { historyChart } from '../charts/history-chart.ts'
import type { Range } from '../charts/scale.ts'
import { onWidth } from '../charts/width.ts'
import type { Context } from '../context.ts'
import { binsOf, countBy } from '../count.ts'
import { h, name, replace } from '../dom.ts'
import { applyFilter, type Filter, filterIn, queryOf } from '../filter.ts'
import { swatch } from '../palette.ts'
import { barList } from '../parts/bar-list.ts'
import { filterForm } from '../parts/filter-form.ts'
import { tableDetails } from '../parts/table.ts'
import { tiles } from '../parts/tiles.ts'
import { violationTable } from '../parts/violation-table.ts'
import { card, thingLink, time } from '../parts/words.ts'
import type { Query } from '../route.ts'

const TOP_COUNT = 8
/** A bar and the gap beside it. */
const BAR_PIXELS = 18

export function overviewView(context: Context, query: Query): HTMLElement {
  const { report, setQuery } = context
  const all = report.violations
  let filter = filterIn(query)
  let found: readonly Violation[] = all
  let drawnFrame: Frame | undefined
  let drawn: SVGSVGElement | undefined

  const numbers = h('div')
  const chart = h('div', {
    class: 'chart history',
    role: 'group',
    tabindex: 0,
    'aria-label': 'Chart of violations over time: drag, or press + and - and the arrows, to choose a time',
  })
  const legend = h('ul', { class: 'legend', 'aria-label': 'Behaviors' })
  const chartTable = h('div')
  const tops = h('div')
  const behaviors = h('div')
  const table = violationTable(context, 'Violations', false)
  const form = filterForm(all, filter, apply)

  function apply(next: Filter): void {
    filter = next
    setQuery('/', queryOf(filter))
    draw()
    announce(`${plural(found.length, 'violation')} shown`)
  }
  /** Something other than the form asks for it. */
  function applyAndShow(next: Filter): void {
    form.set(next)
    apply(next)
  }

  function draw(): void {
    found = applyFilter(all, filter)
    replace(numbers, tiles(found, ['violations', 'in alarm', 'things', 'behaviors']))
    drawChart()
    const things = countBy(found, ({ thingName }) => thingName)
    replace(
      tops,
      barList(things.slice(0, TOP_COUNT), things.length, (each) => thingLink(each.name)),
    )
    const names = countBy(found, ({ behavior }) => behavior.name)
    replace(
      behaviors,
      barList(names.slice(0, TOP_COUNT), names.length, (each) =>
        h(
          'button',
          {
            type: 'button',
            class: 'link with-swatch',
            click: () => applyAndShow({ ...filter, behavior: each.name }),
          },
          swatch(context.palette.groupOf(each.name)),
          name(each.name),
        ),
      ),
    )
    table.show(found)
  }

  function shownRange(): Range {
    const starts = found.map(({ startedAt }) => startedAt)
    const earliest = starts.reduce((a, b) => Math.min(a, b), starts[0] ?? report.generatedAt)
    const latest = starts.reduce((a, b) => Math.max(a, b), starts[0] ?? report.generatedAt)
    return { from: filter.from ?? earliest, to: Math.max(filter.to ?? latest, filter.from ?? earliest) }
  }

  function drawChart(): void {
    const { palette } = context
    const width = Math.round(chart.clientWidth)
    // Not in the page yet: it is drawn when it is.
    if (width === 0) return
    const { from, to } = shownRange()
    const bins = binsOf(
      found,
      { since: from, until: to },
      Math.max(8, Math.floor(width / BAR_PIXELS)),
      palette.names.length,
      ({ behavior }) => palette.groupOf(behavior.name),
    )
    const made = historyChart(width, bins, palette)
    drawnFrame = made.frame
    drawn = made.svg
    replace(chart, drawn)
    const present = palette.names.map((_, group) =>
      bins.counts.reduce((sum, each) => sum + (each[group] ?? 0), 0),
    )
    replace(
      legend,
      palette.names.map((each, group) =>
        present[group] === 0
          ? undefined
          : h(
              'li',
              {},
              swatch(group),
              name(each),
              h('span', { class: 'muted' }, ` ${formatCount(present[group] ?? 0)}`),
            ),
      ),
    )
    const groups = palette.names
      .map((text, group) => ({ text, group }))
      .filter(({ group }) => present[group] !== 0)
    replace(
      chartTable,
      tableDetails(
        'As a table',
        'Violations over time by behavior',
        [
          {
            heading: 'From (UTC)',
            isHead: true,
            cell: ({ at }: { at: number; counts: readonly number[] }) => time(at),
            sortKey: ({ at }) => at,
          },
          ...groups.map(({ text, group }) => ({
            heading: text,
            isNumber: true,
            cell: ({ counts }: { counts: readonly number[] }) => formatCount(counts[group] ?? 0),
            sortKey: ({ counts }: { counts: readonly number[] }) => counts[group] ?? 0,
          })),
        ],
        () => bins.counts.map((counts, index) => ({ at: bins.since + index * bins.stepMs, counts })),
      ),
    )
  }

  function show({ from, to }: Range): void {
    // The fields are exact to the minute.
    const minute = 60_000
    const since = Math.floor(from / minute) * minute
    applyAndShow({ ...filter, from: since, to: Math.max(Math.ceil(to / minute) * minute, since + minute) })
  }
  addGestures(chart, {
    frame: () => drawnFrame,
    drawing: () => drawn,
    show,
    zoom: (factor) => {
      const { from, to } = drawnFrame?.range ?? shownRange()
      const half = ((to - from) / 2) * factor
      show({ from: (from + to) / 2 - half, to: (from + to) / 2 + half })
    },
    move: (share) => {
      const { from, to } = drawnFrame?.range ?? shownRange()
      const by = (to - from) * share
      show({ from: from + by, to: to + by })
    },
    reset: () => {
      applyAndShow(withoutTime(filter))
    },
    point: () => {},
    step: () => {},
  })

  draw()
  onWidth(chart, drawChart)
  return h(
    'div',
    {},
    h('header', { class: 'page-head' }, h('h1', { tabindex: -1 }, name(report.title))),
    h(
      'p',
      { class: 'muted lead' },
      'Made ',
      formatInstant(report.generatedAt),
      ' UTC from ',
      name(report.source),
      '. All times are UTC.',
    ),
    report.notes.length === 0
      ? undefined
      : h(
          'ul',
          { class: 'notes' },
          report.notes.map((note) => h('li', {}, note)),
        ),
    form.element,
    numbers,
    card('Violations over time', chart, legend, chartTable),
    h(
      'div',
      { class: 'columns' },
      card('Things with the most', tops),
      card('Behaviors with the most', behaviors),
    ),
    card('Violations', table.element),
  )
}

const withoutTime = (filter: Filter): Filter =>
  Object.fromEntries(Object.entries(filter).filter(([key]) => key !== 'from' && key !== 'to'))
