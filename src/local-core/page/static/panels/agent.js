/** The agent's own health, by its last message: what it costs, what waits to be sent, what fails. */
import { h } from '../dom.js'
import { formatBytes, formatCount, formatDuration, formatTime } from '../format.js'

/** @param {import('../model.js').Model} model */
export function drawAgent({ alarms }) {
  const health = alarms.health?.view
  if (health === undefined) return [h('p', { class: 'empty' }, 'No health message yet.')]
  const { residentBytes, uptimeSeconds, starts, outbox, failing, agentVersion, at } = health
  return [
    h(
      'dl',
      { class: 'agent' },
      fact('Resident memory', residentBytes, formatBytes),
      fact('Uptime', uptimeSeconds, (seconds) => formatDuration(seconds * 1000)),
      fact('Starts', starts, formatCount),
      fact('Waiting to be sent', outbox?.entries, (entries) => waiting(entries, outbox.bytes)),
      fact('Dropped', outbox?.dropped, formatCount),
      fact('Storage', outbox?.state, (state) => (outbox.fault ? `${state}: ${outbox.fault}` : state)),
    ),
    failing.map((/** @type {any} */ { part, error }) =>
      h('p', { class: 'banner bad' }, h('strong', {}, part), ` ${error}`),
    ),
    h('p', { class: 'note' }, `${agentVersion ? `Version ${agentVersion}, as` : 'As'} of ${formatTime(at)}.`),
  ].flat()
}

/** @param {number} entries @param {number | undefined} bytes */
const waiting = (entries, bytes) =>
  bytes === undefined || entries === 0
    ? formatCount(entries)
    : `${formatCount(entries)}, ${formatBytes(bytes)}`

/** What the message does not have is a dash. @param {string} name @param {any} value @param {(value: any) => string} format */
const fact = (name, value, format) =>
  h('div', {}, h('dt', {}, name), h('dd', {}, value === undefined ? '–' : format(value)))
