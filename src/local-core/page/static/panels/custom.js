/** Custom metrics of the last report; the panel is hidden while there are none. */
import { h, table } from '../dom.js'

/** @param {import('../model.js').Model} model */
export function drawCustom({ intervals }) {
  const custom = intervals[0]?.view.custom ?? []
  if (custom.length === 0) return []
  const rows = custom.map((/** @type {any} */ { name, values }) => [
    h('span', { class: 'mono' }, name),
    values.join(', '),
  ])
  return [table(['Metric', 'Value'], rows, { caption: 'Custom metrics' })]
}
