/** One violation: what was seen against what is normal, the metric around it, the evidence, and what else the thing did. */
import { formatInstant } from '../../../../render/numbers.ts'
import type { Violation } from '../../../model.ts'
import { normalText, runsText, verificationWords } from '../../../words.ts'
import { seriesName } from '../../series-name.ts'
import type { Context } from '../context.ts'
import { type Child, h, name } from '../dom.ts'
import { evidenceCard, transitions } from '../parts/evidence.ts'
import { metricPanel } from '../parts/metric-panel.ts'
import { type Column, plainTable } from '../parts/table.ts'
import { violationColumns } from '../parts/violation-table.ts'
import { card, durationText, relativeText, seenText, stateBadge, thingLink } from '../parts/words.ts'
import type { Query } from '../route.ts'
import { rangeAround, rangeIn, wholeRange } from './range.ts'
import { alarmsOf, thresholdOf } from './subject.ts'

const NEIGHBOURS_MS = 24 * 3_600_000
/** On each side. */
const NEIGHBOURS_SHOWN = 6

export function violationView(context: Context, violation: Violation, query: Query): HTMLElement {
  const { report } = context
  const { behavior, thingName } = violation
  return h(
    'div',
    {},
    h(
      'p',
      { class: 'crumbs' },
      h('a', { href: '#/' }, 'All violations'),
      ' / ',
      thingLink(thingName),
      ' / ',
      name(behavior.name),
    ),
    h(
      'header',
      { class: 'page-head' },
      h('h1', { tabindex: -1 }, name(behavior.name), h('span', { class: 'light' }, ' on '), name(thingName)),
      stateBadge(violation.state),
    ),
    h(
      'div',
      { class: 'verdict card' },
      pair('Seen', name(seenText(violation))),
      pair('Normal', name(normalText(behavior))),
      pair('Lasted', durationText(violation, report.generatedAt)),
      transitions(violation),
    ),
    card('The metric around it', panel(context, violation, query)),
    evidenceCard(violation),
    neighbours(context, violation),
    card('The behavior and its profile', facts(violation), profileText(context, violation)),
  )
}

const pair = (label: string, ...value: Child[]) =>
  h('div', { class: 'pair' }, h('span', { class: 'label' }, label), h('span', { class: 'big' }, ...value))

function panel(context: Context, violation: Violation, query: Query): HTMLElement {
  const { report, setQuery, linkTo } = context
  const { thingName, behavior, startedAt, endedAt = report.generatedAt } = violation
  const series = report.seriesOf(thingName)
  const own = seriesName(behavior)
  const whole = wholeRange(series, [violation], report.generatedAt)
  const home = rangeAround(violation, whole, report.generatedAt)
  const path = linkTo(violation).slice(1)
  return metricPanel({
    series,
    metric: query.metric ?? own,
    range: rangeIn(query, home),
    home: { range: home, text: 'Around the alarm' },
    whole,
    alarm: { from: startedAt, to: endedAt },
    alarmsOf: (metric) => alarmsOf(context, thingName, metric, violation),
    thresholdOf: (metric) => (metric === own ? thresholdOf(violation) : undefined),
    durationSecondsOf: (metric) => (metric === own ? behavior.criteria?.durationSeconds : undefined),
    onChange: (metric, { from, to }) => setQuery(path, { metric, from: String(from), to: String(to) }),
  })
}

/** What came before and after on the same thing: the nearest, oldest first, with the violation itself between them. */
function neighbours(context: Context, violation: Violation): HTMLElement {
  const { byThing, linkTo } = context
  const near = (byThing.get(violation.thingName) ?? [])
    .filter((each) => Math.abs(each.startedAt - violation.startedAt) <= NEIGHBOURS_MS)
    .reverse()
  const place = near.indexOf(violation)
  const shown = near.slice(Math.max(0, place - NEIGHBOURS_SHOWN), place + NEIGHBOURS_SHOWN + 1)
  if (shown.length <= 1) {
    return card(
      'Before and after on this thing',
      h('p', { class: 'muted' }, 'Nothing else in the day before and the day after.'),
    )
  }
  const { behavior, state, seen, lasted } = violationColumns(context) as Record<string, Column<Violation>>
  const columns: readonly Column<Violation>[] = [
    {
      heading: 'When',
      area: 'left',
      cell: (each) =>
        each === violation ? h('strong', {}, 'this one') : relativeText(each.startedAt, violation.startedAt),
    },
    {
      ...(behavior as Column<Violation>),
      cell: (each) =>
        each === violation
          ? name(each.behavior.name)
          : h('a', { href: linkTo(each) }, name(each.behavior.name)),
    },
    state as Column<Violation>,
    seen as Column<Violation>,
    lasted as Column<Violation>,
  ]
  const more = near.length - shown.length
  return card(
    'Before and after on this thing',
    plainTable('Violations of the same thing within a day', columns, shown),
    more > 0 ? h('p', {}, `${more} more on the page of `, thingLink(violation.thingName), '.') : undefined,
  )
}

function facts({ behavior, securityProfileName, id, verification, origin }: Violation): HTMLElement {
  const said = verification === undefined ? '' : verificationWords[verification.state]
  const rows: readonly (readonly [string, Child])[] = [
    ['Security profile', name(securityProfileName)],
    ['Metric', name(seriesName(behavior), 'mono')],
    ['Rule', runsText(behavior) ?? 'each report by itself raises or clears it'],
    ['Muted', behavior.suppressAlerts === true ? 'yes: recorded, and nobody is notified' : 'no'],
    ['Judged', ORIGINS[origin]],
    [
      'Verified',
      said === ''
        ? 'not yet'
        : [`${said} positive`, verification?.note === undefined ? '' : [': ', name(verification.note)]],
    ],
    ['Violation id', name(id, 'mono')],
  ]
  return h(
    'dl',
    { class: 'facts' },
    rows.map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))),
  )
}

const ORIGINS: Readonly<Record<Violation['origin'], string>> = {
  device: 'on the device, told by its own history',
  events: 'as events told it',
  detect: 'by Device Defender Detect',
}

function profileText({ report }: Context, { securityProfileName, behavior }: Violation): HTMLElement {
  const whole = report.profileTexts.get(securityProfileName)
  return h(
    'details',
    { open: true },
    h('summary', {}, whole === undefined ? 'The behavior as its author wrote it' : 'The security profile'),
    h(
      'pre',
      { tabindex: 0, role: 'region', 'aria-label': 'The text' },
      whole ?? JSON.stringify(behavior, null, 2),
    ),
  )
}

export const violationTitle = ({ behavior, thingName, startedAt }: Violation): string =>
  `${behavior.name} on ${thingName}, ${formatInstant(startedAt)}`

/** Of one id on several things the address names the thing. */
export const findViolation = (
  violations: readonly Violation[],
  id: string,
  thingName: string | undefined,
): Violation | undefined =>
  violations.find((each) => each.id === id && (thingName === undefined || each.thingName === thingName))
