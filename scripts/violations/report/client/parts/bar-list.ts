/** Names with how often, the most first: a bar for the eye and the number for everyone. */
import { formatCount } from '../../../../render/numbers.ts'
import type { Count } from '../count.ts'
import { type Child, h, svg } from '../dom.ts'

export function barList(
  counts: readonly Count[],
  total: number,
  linkOf: (count: Count) => Child,
): HTMLElement {
  const highest = counts[0]?.count ?? 1
  const rest = total - counts.length
  return h(
    'div',
    {},
    h(
      'ol',
      { class: 'bar-list' },
      counts.map((each) =>
        h(
          'li',
          {},
          h('span', { class: 'bar-name' }, linkOf(each)),
          h('span', { class: 'bar-count' }, formatCount(each.count)),
          svg(
            'svg',
            { class: 'bar-track', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
            svg('rect', { width: 100, height: 6, rx: 1, class: 'track' }),
            svg('rect', {
              width: Math.max(1, (each.count / highest) * 100),
              height: 6,
              rx: 1,
              class: 'fill',
            }),
          ),
        ),
      ),
    ),
    rest > 0 ? h('p', { class: 'muted' }, `and ${formatCount(rest)} more`) : undefined,
  )
}
