/**
 * Which process a port or an address belongs to: as the page's server found it for the last report, or else as the
 * evidence of a violation has it, which may be some time ago.
 */

import { formatCount } from './format.js'

/** @typedef {{executable?: string, pid?: number, containerId?: string}} Process */

/** @param {import('./model.js').Model} model @param {string} address @returns {Process | undefined} */
export const ownerOfHost = ({ owners, alarms }, address) =>
  owners?.hosts.find((/** @type {any} */ each) => each.address === address) ??
  fromEvidence(alarms, 'aws:destination-ip-addresses', address)

/** @param {import('./model.js').Model} model @param {'tcp' | 'udp'} protocol @param {number} port @returns {Process | undefined} */
export const ownerOfPort = ({ owners, alarms }, protocol, port) =>
  owners?.listeners.find((/** @type {any} */ each) => each.protocol === protocol && each.port === port) ??
  fromEvidence(alarms, `aws:listening-${protocol}-ports`, String(port))

/** Of alarms that stand: later it may be another's. @param {import('./alarms.js').Alarms} alarms @param {string} metric @param {string} element */
function fromEvidence({ violations }, metric, element) {
  for (const { view, type } of violations) {
    if (view.metric !== metric || type !== 'in-alarm') continue
    const found = view.evidence.processes.find(
      (/** @type {any} */ each) => each.element === element && each.unknown === undefined,
    )
    if (found !== undefined) return found
  }
  return undefined
}

/** `node (4711)`: the program's own name, for a table; the whole path is its tooltip. @param {Process} process */
export function shortName({ executable = 'unknown program', pid }) {
  const name = executable.slice(executable.lastIndexOf('/') + 1)
  return pid === undefined ? name : `${name} (${pid})`
}

/** How much of a host's connections its process is known to hold. @param {number | undefined} count */
export const shareText = (count) =>
  count === undefined || count < 2 ? undefined : `at least 1 of ${formatCount(count)}`
