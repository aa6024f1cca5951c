/**
 * A colour and a texture for each of the behaviors with the most violations; the rest shares the last. The hues are those of
 * Okabe and Ito ("Color Universal Design", 2008), darkened or lightened in the style sheet until each has a contrast of 3:1
 * to the page; the texture tells them apart on paper and without colours.
 */
import type { Violation } from '../../model.ts'
import { countBy } from './count.ts'
import { svg } from './dom.ts'

const OWN_MAX = 6
const OTHER = 'other behaviors'

export interface Palette {
  /** The last is what the others share, where there are any. */
  readonly names: readonly string[]
  readonly groupOf: (behaviorName: string) => number
  readonly isShared: (group: number) => boolean
}

/** Of all violations, so that a behavior keeps its colour whatever is filtered. */
export function paletteOf(violations: readonly Violation[]): Palette {
  const counts = countBy(violations, ({ behavior }) => behavior.name)
  const own = counts.slice(0, counts.length === OWN_MAX + 1 ? OWN_MAX + 1 : OWN_MAX).map(({ name }) => name)
  const groups = new Map(own.map((name, index) => [name, index]))
  return {
    names: counts.length > own.length ? [...own, OTHER] : own,
    groupOf: (name) => groups.get(name) ?? own.length,
    isShared: (group) => group >= own.length,
  }
}

/** The textures as SVG patterns; ids begin with `prefix`, for each drawing has its own. */
export const patterns = (prefix: string, count: number): SVGDefsElement =>
  svg(
    'defs',
    {},
    Array.from({ length: count }, (_, group) =>
      svg(
        'pattern',
        {
          id: `${prefix}-${group}`,
          width: 8,
          height: 8,
          patternUnits: 'userSpaceOnUse',
          ...(group % 2 === 1 ? { patternTransform: `rotate(${group === 3 ? -45 : 45})` } : {}),
        },
        svg('rect', { width: 8, height: 8, class: `fill-${group}` }),
        TEXTURES[group]?.map((attributes) => svg('path', { class: 'texture', ...attributes })),
      ),
    ),
  )

const TEXTURES: readonly (readonly Readonly<Record<string, string | number>>[])[] = [
  [],
  [{ d: 'M0 4H8' }],
  [{ d: 'M4 4h.01', 'stroke-linecap': 'round', 'stroke-width': 3 }],
  [{ d: 'M0 4H8' }],
  [{ d: 'M0 4H8' }],
  [{ d: 'M0 4H8M4 0V8' }],
  [{ d: 'M4 0V8' }],
]

export function swatch(group: number): SVGSVGElement {
  const prefix = `swatch-${group}-${++swatches}`
  return svg(
    'svg',
    { class: 'swatch', width: 14, height: 14, 'aria-hidden': 'true' },
    patterns(prefix, group + 1),
    svg('rect', { width: 14, height: 14, rx: 3, fill: `url(#${prefix}-${group})` }),
  )
}
let swatches = 0
