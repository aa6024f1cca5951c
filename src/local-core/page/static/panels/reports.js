/**
 * Each report with its reply, newest first. Rows are added and dropped, never redrawn, so that one which was opened
 * stays open; the documents are written out only when somebody opens them.
 */
import { h } from '../dom.js'
import { formatCount, formatTime } from '../format.js'
import { badge } from './headline.js'

/** Faults named of one report; the first ones tell most. */
const REMARKS_SHOWN_MAX = 5

/** @param {HTMLElement} place */
export function createReportList(place) {
  /** @type {Map<any, HTMLElement>} */
  const rows = new Map()
  const list = h('ol', { class: 'reports scroll', tabindex: 0, 'aria-label': 'Reports, newest first' })
  const empty = h('p', { class: 'empty' }, 'No report yet.')
  place.replaceChildren(empty)

  return {
    clear() {
      rows.clear()
      list.replaceChildren()
      place.replaceChildren(empty)
    },
    /** @param {import('../model.js').Model} model */
    draw({ reports, session, alarms }) {
      if (session?.kind === 'device') {
        place.replaceChildren(deviceReports(alarms.health?.view.reports))
        return
      }
      for (const event of [...reports].reverse()) {
        if (rows.has(event)) continue
        const row = reportRow(event)
        rows.set(event, row)
        list.prepend(row)
      }
      for (const [event, row] of rows) {
        if (reports.includes(event)) continue
        row.remove()
        rows.delete(event)
      }
      if (rows.size > 0 && !list.isConnected) place.replaceChildren(list)
    },
  }
}

/** A device keeps no reports: what became of them is in its health. @param {any} reports */
function deviceReports(reports) {
  if (reports === undefined) return h('p', { class: 'empty' }, 'No state of the agent yet.')
  const { handedOver, accepted, rejected, lastAcceptedAt } = reports
  const counted = (/** @type {number | undefined} */ value) =>
    value === undefined ? '–' : formatCount(value)
  const rows = [
    ['Handed over to Greengrass', counted(handedOver)],
    ['Accepted by Device Defender', counted(accepted)],
    ['Rejected', counted(rejected)],
    ['Last accepted', lastAcceptedAt === undefined ? 'none yet' : formatTime(lastAcceptedAt)],
  ]
  return h(
    'dl',
    { class: 'agent' },
    rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )
}

/** @param {any} event */
function reportRow(event) {
  const details = h(
    'details',
    {},
    h(
      'summary',
      {},
      h('span', { class: 'when' }, formatTime(event.at)),
      badge(event.status, TONES[/** @type {'ACCEPTED'} */ (event.status)]),
      h('span', { class: 'muted' }, `${formatCount(event.bytes)} bytes, ${event.format}`),
      h('span', { class: 'muted id' }, event.reportId === undefined ? 'no id' : `#${event.reportId}`),
      reason(event),
    ),
  )
  details.addEventListener('toggle', () => {
    if (details.childElementCount > 1) return
    details.append(
      documentView(`Published to ${event.topic}`, event.report),
      event.reply === undefined
        ? h('p', { class: 'note' }, 'No reply was sent.')
        : documentView('Reply', event.reply),
    )
  })
  return h('li', {}, details)
}

const TONES = { ACCEPTED: 'ok', REJECTED: 'bad', SILENT: 'warn' }

/** Why it was rejected, in the service's words, and what its stand-in found. @param {any} event */
const reason = ({ reply, remarks = [] }) => [
  reply?.statusDetails &&
    h('span', { class: 'reason' }, `${reply.statusDetails.ErrorCode}: ${reply.statusDetails.ErrorMessage}`),
  remarks
    .slice(0, REMARKS_SHOWN_MAX)
    .map((/** @type {string} */ remark) => h('span', { class: 'reason' }, remark)),
]

/** @param {string} title @param {unknown} value */
const documentView = (title, value) =>
  h(
    'figure',
    { class: 'document' },
    h('figcaption', {}, title),
    h('pre', { tabindex: 0 }, JSON.stringify(value, null, 2)),
  )
