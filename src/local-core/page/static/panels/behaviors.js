/** How each behavior stands: its state, the value against the threshold, and why. */
import { formatMetric } from '../alarm-words.js'
import { standings } from '../alarms.js'
import { h } from '../dom.js'
import { formatCount, formatTime } from '../format.js'
import { gauge } from '../gauge.js'
import { goButton } from '../go.js'
import { badge } from './headline.js'

/** Rows drawn; those in alarm are the first ones. */
const BEHAVIORS_SHOWN_MAX = 100

/** A sign and a word beside the colour. @type {Record<string, {text: string, tone?: string}>} */
const STATES = {
  ok: { text: '✓ ok', tone: 'ok' },
  pending: { text: '● pending', tone: 'warn' },
  'in-alarm': { text: '▲ in alarm', tone: 'bad' },
  learning: { text: '… learning' },
  'no-data': { text: '– no data' },
  'not-judged': { text: '– not judged here' },
}

/** @param {import('../model.js').Model} model */
export function drawBehaviors({ alarms }) {
  const all = standings(alarms)
  if (all.length === 0) return [h('p', { class: 'empty' }, emptyText(alarms.health !== undefined))]
  const more = all.length - BEHAVIORS_SHOWN_MAX
  return [
    h(
      'ul',
      { class: 'behaviors scroll', tabindex: 0, 'aria-label': 'Behaviors, those in alarm first' },
      all.slice(0, BEHAVIORS_SHOWN_MAX).map(row),
    ),
    more > 0 ? h('p', { class: 'note' }, `${formatCount(more)} more behaviors are judged.`) : '',
  ]
}

/** @param {boolean} isTold */
const emptyText = (isTold) =>
  isTold
    ? 'No security profile is set: see SecurityProfiles among the parameters.'
    : 'How they stand comes with the first health message, after one interval.'

/** @param {import('../alarms.js').Standing} standing */
function row({ behavior, securityProfile, metric, state, detail, value, threshold, since }) {
  const hasGauge = value !== undefined && threshold !== undefined
  // A window that is not yet whole has a value and no verdict.
  const known = state === 'no-data' && hasGauge ? { text: '– no verdict yet' } : STATES[state]
  const { text, tone } = known ?? { text: state }
  return h(
    'li',
    { class: state },
    h('div', { class: 'behavior' }, badge(text, tone), h('strong', {}, behavior)),
    h(
      'div',
      { class: 'verdict' },
      hasGauge &&
        gauge(value, threshold, `${formatMetric(metric, value)} of ${formatMetric(metric, threshold)}`),
      h(
        'span',
        { class: 'detail' },
        hasGauge ? withUnits(detail, metric, [value, threshold]) : detail,
        since !== undefined && h('span', { class: 'muted' }, ` since ${formatTime(since)}`),
        ' ',
        goButton('Try a change', { to: 'behavior', securityProfile, behavior, metric }),
      ),
    ),
    h('div', { class: 'origin' }, h('span', { class: 'mono' }, metric), ` · ${securityProfile}`),
  )
}

/** The agent writes plain numbers; people read megabytes. @param {string} detail @param {string} metric @param {number[]} numbers */
const withUnits = (detail, metric, numbers) =>
  numbers.reduce((text, number) => text.replace(String(number), formatMetric(metric, number)), detail)
