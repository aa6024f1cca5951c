/** One thing: its violations and its metrics over all of the report. */
import { plural } from '../../../../render/numbers.ts'
import { seriesName } from '../../series-name.ts'
import type { Context } from '../context.ts'
import { countBy } from '../count.ts'
import { h, name } from '../dom.ts'
import { metricPanel } from '../parts/metric-panel.ts'
import { tiles } from '../parts/tiles.ts'
import { violationTable } from '../parts/violation-table.ts'
import { card } from '../parts/words.ts'
import { type Query, thingPath } from '../route.ts'
import { rangeIn, wholeRange } from './range.ts'
import { alarmsOf } from './subject.ts'

const DAY_MS = 86_400_000

export function thingView(context: Context, thingName: string, query: Query): HTMLElement {
  const { report, byThing, setQuery } = context
  const violations = byThing.get(thingName) ?? []
  const series = report.seriesOf(thingName)
  const whole = wholeRange(series, series.size === 0 ? violations : [], report.generatedAt)
  const table = violationTable(context, `Violations of ${thingName}`, true)
  table.show(violations)
  const [most] = countBy(violations, ({ behavior }) => seriesName(behavior))
  const metric = query.metric ?? most?.name ?? series.keys().next().value
  return h(
    'div',
    {},
    h('p', { class: 'crumbs' }, h('a', { href: '#/' }, 'All violations'), ' / ', name(thingName)),
    h('header', { class: 'page-head' }, h('h1', { tabindex: -1 }, name(thingName))),
    tiles(violations, ['violations', 'in alarm', 'behaviors']),
    series.size === 0 || metric === undefined
      ? card('Metrics', h('p', { class: 'muted' }, 'No values of this thing are in this report.'))
      : card(
          'Metrics',
          metricPanel({
            series,
            metric,
            range: rangeIn(query, whole),
            home: {
              range: { from: Math.max(whole.from, whole.to - DAY_MS), to: whole.to },
              text: 'Last day',
            },
            whole,
            alarmsOf: (each) => alarmsOf(context, thingName, each),
            thresholdOf: () => undefined,
            durationSecondsOf: () => undefined,
            onChange: (each, { from, to }) =>
              setQuery(thingPath(thingName), { metric: each, from: String(from), to: String(to) }),
          }),
        ),
    card(plural(violations.length, 'violation'), table.element),
  )
}
