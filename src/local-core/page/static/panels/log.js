/** What the component warned about, what was denied, which faults were asked for; newest first. */
import { h } from '../dom.js'
import { formatTime } from '../format.js'
import { badge } from './headline.js'

/** @param {import('../model.js').Model} model */
export function drawLog({ log, session }) {
  // A device's log is Greengrass's, and this page reads the agent's own state alone.
  if (session?.kind === 'device') return []
  if (log.length === 0) return [h('p', { class: 'empty' }, 'None. The component is quiet while all is well.')]
  return [
    h('ol', { class: 'log scroll', tabindex: 0, 'aria-label': 'Warnings, newest first' }, log.map(entry)),
  ]
}

/** @param {any} entry */
const entry = ({ at, level, message, detail }) =>
  h(
    'li',
    {},
    h('span', { class: 'when' }, formatTime(at)),
    badge(level, level === 'error' ? 'bad' : 'warn'),
    h('span', { class: 'message' }, message, detail && h('span', { class: 'mono muted' }, ' ', detail)),
  )
