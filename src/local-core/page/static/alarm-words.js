/** Violations and criteria in words. */
import { formatBytes, formatCount } from './format.js'

/** Elements named in a line. */
const ELEMENTS_SHOWN_MAX = 4

/** @typedef {Record<string, any>} View */

/** Traffic counts bytes; everything else is a plain number. @param {string} metric @param {number} value */
export const formatMetric = (metric, value) =>
  /-bytes-(in|out)$/.test(metric) ? formatBytes(value) : formatCount(value)

/** What offends, or how much there was: `port 4444`, `52.4 MB in 300 s`. @param {View} view */
export function foundText({ offenders, value, metric, normal }) {
  if (offenders !== undefined) return `${nounOf(metric, offenders.total)} ${elementsText(offenders)}`
  if (value === undefined) return 'no value'
  return `${formatMetric(metric, value)}${windowText(normal)}`
}

/** What the criteria call normal: `not-in-port-set 4444, 31337`, `less-than 50.0 MB in 300 s`. @param {View} view */
export function normalText({ normal, metric }) {
  const { operator = 'no criteria', elements, elementsTotal, threshold, statistic } = normal
  if (elements !== undefined) return `${operator} ${elementsText({ elements, total: elementsTotal })}`
  const limit = threshold === undefined ? '' : ` ${formatMetric(metric, threshold)}`
  return `${operator}${limit}${statistic === undefined ? '' : ` (${statistic})`}${windowText(normal)}`
}

/** @param {View} normal */
const windowText = ({ durationSeconds }) => (durationSeconds === undefined ? '' : ` in ${durationSeconds} s`)

/** @param {{elements: string[], total: number}} list */
export function elementsText({ elements, total }, shownMax = ELEMENTS_SHOWN_MAX) {
  const shown = elements.slice(0, shownMax)
  const more = total - shown.length
  return shown.join(', ') + (more > 0 ? `, +${formatCount(more)}` : '')
}

/** @param {string} metric @param {number} count */
export function nounOf(metric, count) {
  const [one, many] = /-ports$/.test(metric)
    ? ['port', 'ports']
    : /addresses$/.test(metric)
      ? ['address', 'addresses']
      : ['element', 'elements']
  return count === 1 ? one : many
}

/** `/usr/bin/node, pid 4711, container 0123456789ab`, or why it is not known. @param {View} process */
export function processText({ executable, pid, containerId, unknown }) {
  if (unknown !== undefined) return `unknown: ${unknown}`
  const container = containerId === undefined ? '' : `, container ${containerId.slice(0, 12)}`
  return `${executable ?? 'unknown program'}${pid === undefined ? '' : `, pid ${pid}`}${container}`
}
