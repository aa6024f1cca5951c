/** What listens: one row for each port and interface, those that appeared since the start first. */
import { h, table } from '../dom.js'
import { formatTime } from '../format.js'

/** @param {import('../model.js').Model} model */
export function drawListeners({ reports }) {
  const view = reports[0]?.view
  if (view === undefined) return [h('p', { class: 'empty' }, 'No report yet.')]
  if (view.listeners.length === 0) return [h('p', { class: 'empty' }, 'Nothing listens.')]
  const rows = [...view.listeners].sort((a, b) => (b.newSince ?? 0) - (a.newSince ?? 0))
  const total = (view.tcpPorts?.total ?? 0) + (view.udpPorts?.total ?? 0)
  return [
    table(['Port', 'Protocol', 'Interface', 'Usually', 'Since'], rows.map(cells), {
      caption: 'Listening ports',
      rowClass: (index) => (rows[index].newSince === undefined ? undefined : 'new'),
      numeric: [0],
    }),
    leftOut(total - view.listeners.length),
  ]
}

/** @param {any} listener */
const cells = ({ port, protocol, interface: name, service, newSince }) => [
  port,
  protocol.toUpperCase(),
  interfaceName(name),
  service ?? h('span', { class: 'muted' }, '–'),
  newSince === undefined
    ? h('span', { class: 'muted' }, 'start')
    : h('span', { class: 'badge new' }, 'new', h('time', {}, ` ${formatTime(newSince)}`)),
]

/** A wildcard address stands for the interface where a listener takes all of them. @param {string | undefined} name */
function interfaceName(name) {
  if (name === undefined) return h('span', { class: 'muted' }, 'unknown')
  return name === '0.0.0.0' || name === '::' ? [name, h('span', { class: 'muted' }, ' all')] : name
}

/** @param {number} count */
export const leftOut = (count) =>
  count > 0
    ? h('p', { class: 'note' }, `${count} more were counted and left out of the report to keep its size.`)
    : ''
