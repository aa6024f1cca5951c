/** The few numbers at the top of a page. */
import { formatCount } from '../../../../render/numbers.ts'
import type { Violation } from '../../../model.ts'
import { h } from '../dom.ts'

const COUNTS = {
  violations: (all: readonly Violation[]) => all.length,
  'in alarm': (all: readonly Violation[]) => all.filter(({ state }) => state === 'in-alarm').length,
  things: (all: readonly Violation[]) => new Set(all.map(({ thingName }) => thingName)).size,
  behaviors: (all: readonly Violation[]) => new Set(all.map(({ behavior }) => behavior.name)).size,
}

export type Tile = keyof typeof COUNTS

export const tiles = (violations: readonly Violation[], wanted: readonly Tile[]): HTMLElement =>
  h(
    'dl',
    { class: 'tiles' },
    wanted.map((each) => {
      const count = COUNTS[each](violations)
      return h(
        'div',
        { class: each === 'in alarm' && count > 0 ? 'tile alarming' : 'tile' },
        h('dt', {}, each === 'in alarm' && count > 0 ? '▲ in alarm now' : each),
        h('dd', {}, formatCount(count)),
      )
    }),
  )
