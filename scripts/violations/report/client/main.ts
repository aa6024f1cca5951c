/** The report's program: reads the data that lie in the page and shows the view that the address asks for. */
import { REPORT_ELEMENT, SERIES_ELEMENT, type WireReport, type WireSeries } from '../wire.ts'
import { announce, liveRegion } from './announce.ts'
import { type Context, contextOf } from './context.ts'
import { decodeReport } from './data.ts'
import { h, replace, visible } from './dom.ts'
import { parseRoute, type Route } from './route.ts'
import { overviewView } from './views/overview.ts'
import { thingView } from './views/thing.ts'
import { findViolation, violationTitle, violationView } from './views/violation.ts'

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? 'null'
const report = decodeReport(
  JSON.parse(textOf(REPORT_ELEMENT)) as WireReport,
  () => JSON.parse(textOf(SERIES_ELEMENT)) as WireSeries,
)
const context = contextOf(report)
const main = h('main', { id: 'content' })

document.body.append(
  h('a', { class: 'skip', href: '#/', click: skip }, 'Skip to the content'),
  h(
    'header',
    { class: 'top' },
    h('a', { class: 'brand', href: '#/' }, 'Violation report'),
    h('span', { class: 'muted' }, 'greengrass-defender'),
  ),
  main,
  liveRegion(),
)
show(false)
addEventListener('hashchange', () => show(true))

/** The address after `#` is the view's: this link moves the focus only. */
function skip(event: Event): void {
  event.preventDefault()
  main.querySelector('h1')?.focus()
}

function show(isChange: boolean): void {
  const { view, title } = viewOf(context, parseRoute(location.hash))
  replace(main, view)
  document.title = visible(title)
  if (!isChange) return
  // As a page that was loaded: from its top, and a screen reader reads its heading.
  scrollTo(0, 0)
  main.querySelector('h1')?.focus({ preventScroll: true })
  announce('')
}

function viewOf(all: Context, route: Route): { readonly view: HTMLElement; readonly title: string } {
  const { title, violations } = all.report
  if (route.page === 'overview') return { view: overviewView(all, route.query), title }
  if (route.page === 'violation') {
    const violation = findViolation(violations, route.id, route.thingName)
    if (violation !== undefined) {
      return { view: violationView(all, violation, route.query), title: violationTitle(violation) }
    }
    return notHere(`No violation ${route.id} is in this report.`)
  }
  if (route.page === 'thing') {
    if (all.report.things.includes(route.thingName)) {
      return { view: thingView(all, route.thingName, route.query), title: route.thingName }
    }
    return notHere(`Nothing of ${route.thingName} is in this report.`)
  }
  return notHere('This report has no such page.')
}

const notHere = (text: string) => ({
  view: h(
    'div',
    {},
    h('h1', { tabindex: -1 }, 'Not in this report'),
    h('p', {}, text, ' It may have been made for another time or other things.'),
    h('p', {}, h('a', { href: '#/' }, 'All violations')),
  ),
  title: 'Not in this report',
})
