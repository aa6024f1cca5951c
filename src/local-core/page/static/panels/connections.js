/** Who talks to this machine, or it to them: established TCP connections summed by remote host. */
import { h, table } from '../dom.js'
import { formatCount, formatPorts } from '../format.js'
import { ownerOfHost, shareText } from '../owners.js'
import { leftOut, processCell } from './listeners.js'

/** Rows drawn; a report may name thousands of hosts. */
const HOSTS_SHOWN_MAX = 100

/** @param {import('../model.js').Model} model @param {{address?: string}} chosen */
export function drawConnections(model, chosen) {
  const connections = model.intervals[0]?.view.connections
  if (connections === undefined) return [h('p', { class: 'empty' }, 'No report with connections yet.')]
  if (connections.hosts.length === 0) return [h('p', { class: 'empty' }, 'No established connection.')]
  const shown = withChosen(connections.hosts, chosen.address)
  const hidden = connections.hosts.length - shown.length
  // A device's history has the addresses alone.
  const isCounted = connections.hosts.some((/** @type {any} */ host) => host.count !== undefined)
  const columns = COLUMNS.filter(({ counted }) => isCounted || !counted)
  return [
    table(
      columns.map(({ heading }) => heading),
      shown.map((host) => columns.map(({ cell }) => cell(host, model))),
      {
        caption: 'Established connections by remote host',
        numeric: columns.flatMap(({ heading }, index) => (heading === 'Count' ? [index] : [])),
        rowClass: (index) => (shown[index].address === chosen.address ? 'chosen' : undefined),
      },
    ),
    hidden > 0 ? h('p', { class: 'note' }, `${formatCount(hidden)} more hosts are in the report.`) : '',
    leftOut(connections.total - (connections.listed ?? connections.total)),
  ]
}

/** @type {{heading: string, counted?: boolean, cell: (host: any, model: import('../model.js').Model) => import('../dom.js').Child}[]} */
const COLUMNS = [
  { heading: 'Remote host', cell: ({ address }) => h('span', { class: 'mono' }, address) },
  { heading: 'Process', cell: hostProcess },
  { heading: 'Count', counted: true, cell: ({ count }) => formatCount(count) },
  { heading: 'Remote ports', counted: true, cell: ({ remotePorts }) => formatPorts(remotePorts) },
  { heading: 'Local ports', counted: true, cell: ({ localPorts }) => formatPorts(localPorts) },
]

/** One process is looked up for a host: of several connections it need not be that of all. @param {any} host @param {import('../model.js').Model} model */
function hostProcess({ address, count }, model) {
  const owner = ownerOfHost(model, address)
  const share = owner === undefined ? undefined : shareText(count)
  return [processCell(owner), share === undefined ? '' : h('div', { class: 'muted share' }, share)]
}

/** The one that was asked for is shown, however many are before it. @param {any[]} hosts @param {string | undefined} address */
function withChosen(hosts, address) {
  const first = hosts.slice(0, HOSTS_SHOWN_MAX)
  const asked = hosts.slice(HOSTS_SHOWN_MAX).find((host) => host.address === address)
  return asked === undefined ? first : [asked, ...first.slice(1)]
}
