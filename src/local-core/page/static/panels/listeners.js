/** What listens: one row for each port and interface, those that appeared since the start first. */
import { h, table } from '../dom.js'
import { formatTime } from '../format.js'
import { ownerOfPort, shortName } from '../owners.js'

/** @param {import('../model.js').Model} model @param {{port?: number}} chosen */
export function drawListeners(model, chosen) {
  const view = model.intervals[0]?.view
  if (view === undefined) return [h('p', { class: 'empty' }, 'No report yet.')]
  if (view.listeners.length === 0) return [h('p', { class: 'empty' }, 'Nothing listens.')]
  const rows = [...view.listeners].sort((a, b) => (b.newSince ?? 0) - (a.newSince ?? 0))
  const total = (view.tcpPorts?.total ?? 0) + (view.udpPorts?.total ?? 0)
  return [
    table(
      ['Port', 'Protocol', 'Process', 'Usually', 'Interface', 'Since'],
      rows.map((row) => cells(row, model)),
      {
        caption: 'Listening ports',
        rowClass: (index) =>
          rows[index].port === chosen.port
            ? 'chosen'
            : rows[index].newSince === undefined
              ? undefined
              : 'new',
        numeric: [0],
      },
    ),
    leftOut(total - view.listeners.length),
  ]
}

/** @param {any} listener @param {import('../model.js').Model} model */
const cells = ({ port, protocol, interface: name, service, newSince }, model) => [
  port,
  protocol.toUpperCase(),
  processCell(ownerOfPort(model, protocol, port)),
  service ?? dash(),
  interfaceName(name),
  newSince === undefined
    ? h('span', { class: 'muted' }, model.session?.kind === 'device' ? 'earlier' : 'start')
    : h('span', { class: 'badge new' }, 'new', h('time', {}, ` ${formatTime(newSince)}`)),
]

const dash = () => h('span', { class: 'muted' }, '–')

/** @param {import('../owners.js').Process | undefined} process */
export const processCell = (process) =>
  process === undefined ? dash() : h('span', { class: 'mono', title: process.executable }, shortName(process))

/** A wildcard address stands for the interface where a listener takes all of them. @param {string | undefined} name */
function interfaceName(name) {
  if (name === undefined) return dash()
  return name === '0.0.0.0' || name === '::' ? [name, h('span', { class: 'muted' }, ' all')] : name
}

/** @param {number} count */
export const leftOut = (count) =>
  count > 0
    ? h('p', { class: 'note' }, `${count} more were counted and left out of the report to keep its size.`)
    : ''
