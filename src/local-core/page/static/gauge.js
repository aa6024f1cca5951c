/** A value against its threshold: a bar that grows to the right, and a mark where the threshold is. */
import { svg } from './dom.js'

const WIDTH = 200
const HEIGHT = 10
/** Where the threshold stands while the value is below it: some room is left to go beyond. */
const THRESHOLD_SHARE = 0.75

/**
 * Shares of the whole width. A value far beyond its threshold fills the bar, and the mark moves to the left.
 * @param {number} value @param {number} threshold
 */
export function gaugeLayout(value, threshold) {
  const least = Math.max(threshold, 0) / THRESHOLD_SHARE
  const scale = Math.max(least, value, 0)
  if (scale === 0) return { filled: 0, mark: THRESHOLD_SHARE }
  return { filled: Math.max(value, 0) / scale, mark: Math.max(threshold, 0) / scale }
}

/** @param {number} value @param {number} threshold @param {string} label */
export function gauge(value, threshold, label) {
  const { filled, mark } = gaugeLayout(value, threshold)
  const x = Math.min(mark * WIDTH, WIDTH - 1)
  return svg(
    'svg',
    {
      class: 'gauge',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': label,
    },
    svg('rect', { class: 'gauge-back', x: 0, y: 2, width: WIDTH, height: HEIGHT - 4, rx: 3 }),
    svg('rect', { class: 'gauge-value', x: 0, y: 2, width: filled * WIDTH, height: HEIGHT - 4, rx: 3 }),
    svg('line', { class: 'gauge-mark', x1: x, x2: x, y1: 0, y2: HEIGHT }),
  )
}
