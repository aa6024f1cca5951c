/** Commands worth typing now. */
import { h } from '../dom.js'

/** @param {import('../model.js').Model} model */
export const drawNext = ({ session }) => [
  h(
    'dl',
    { class: 'next' },
    (session?.steps ?? []).map((/** @type {any} */ { command, meaning }) =>
      h('div', {}, h('dt', {}, h('code', {}, command)), h('dd', {}, meaning)),
    ),
  ),
]
