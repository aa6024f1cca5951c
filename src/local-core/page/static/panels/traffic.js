/** Bytes in and out, one point a report. */
import { lineChart } from '../chart.js'
import { h } from '../dom.js'
import { formatBytes, formatTime } from '../format.js'

/** @param {import('../model.js').Model} model */
export function drawTraffic({ reports }) {
  const known = reports.filter(({ view }) => view.traffic !== undefined).reverse()
  if (known.length === 0) {
    return [h('p', { class: 'empty' }, 'Traffic is a difference: it comes with the second report.')]
  }
  const first = formatTime(known[0]?.at)
  const last = formatTime(known.at(-1)?.at)
  return [
    series(known, 'bytesIn', 'In', 'in'),
    series(known, 'bytesOut', 'Out', 'out'),
    h('p', { class: 'axis' }, h('span', {}, first), h('span', {}, known.length > 1 ? last : '')),
  ]
}

/** @param {any[]} reports @param {string} key @param {string} label @param {'in' | 'out'} tone */
function series(reports, key, label, tone) {
  const points = reports.map(({ at, view }) => ({ at, value: view.traffic[key] }))
  const top = Math.max(...points.map(({ value }) => value))
  return h(
    'figure',
    { class: 'series' },
    h(
      'figcaption',
      {},
      h('span', { class: `key ${tone}` }, label),
      h('strong', {}, formatBytes(points.at(-1)?.value ?? 0)),
      h('span', { class: 'muted' }, `peak ${formatBytes(top)}`),
    ),
    lineChart(points, { label, tone, format: formatBytes }),
  )
}
