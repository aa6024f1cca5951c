/** Commands worth typing now. */
import { h } from '../dom.js'

/** @param {import('../model.js').Model} model */
export const drawNext = ({ steps }) => [
  h(
    'dl',
    { class: 'next' },
    steps.map(({ command, meaning }) =>
      h('div', {}, h('dt', {}, h('code', {}, command)), h('dd', {}, meaning)),
    ),
  ),
]
