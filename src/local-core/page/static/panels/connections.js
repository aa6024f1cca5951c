/** Who talks to this machine, or it to them: established TCP connections summed by remote host. */
import { h, table } from '../dom.js'
import { formatCount, formatPorts } from '../format.js'
import { leftOut } from './listeners.js'

/** Rows drawn; a report may name thousands of hosts. */
const HOSTS_SHOWN_MAX = 100

/** @param {import('../model.js').Model} model */
export function drawConnections({ reports }) {
  const connections = reports[0]?.view.connections
  if (connections === undefined) return [h('p', { class: 'empty' }, 'No report with connections yet.')]
  if (connections.hosts.length === 0) return [h('p', { class: 'empty' }, 'No established connection.')]
  const shown = connections.hosts.slice(0, HOSTS_SHOWN_MAX)
  const hidden = connections.hosts.length - shown.length
  return [
    table(['Remote host', 'Count', 'Remote ports', 'Local ports', 'Interface'], shown.map(cells), {
      caption: 'Established connections by remote host',
      numeric: [1],
    }),
    hidden > 0 ? h('p', { class: 'note' }, `${formatCount(hidden)} more hosts are in the report.`) : '',
    leftOut(connections.total - connections.listed),
  ]
}

/** @param {any} host */
const cells = ({ address, count, remotePorts, localPorts, interfaces }) => [
  h('span', { class: 'mono' }, address),
  formatCount(count),
  formatPorts(remotePorts),
  formatPorts(localPorts),
  interfaces.join(', '),
]
