/**
 * Traffic and connections over time, one point an interval, with the alarms that were raised then. What stands under the
 * pointer, or the arrow keys, is written out above.
 */
import { nearest, timeChart } from '../chart.js'
import { h } from '../dom.js'
import { formatBytes, formatCount, formatDuration, formatTime } from '../format.js'

/** @typedef {{name: string, label: string, tone: 'in' | 'out', value: (view: any) => number | undefined}} Series */

/** @type {Record<string, {text: string, format: (value: number) => string, series: Series[]}>} */
const QUANTITIES = {
  bytes: {
    text: 'Bytes',
    format: formatBytes,
    series: [
      { name: 'in', label: 'In', tone: 'in', value: (view) => view.traffic?.bytesIn },
      { name: 'out', label: 'Out', tone: 'out', value: (view) => view.traffic?.bytesOut },
    ],
  },
  packets: {
    text: 'Packets',
    format: formatCount,
    series: [
      { name: 'in', label: 'In', tone: 'in', value: (view) => view.traffic?.packetsIn },
      { name: 'out', label: 'Out', tone: 'out', value: (view) => view.traffic?.packetsOut },
    ],
  },
  connections: {
    text: 'Connections',
    format: formatCount,
    series: [
      { name: 'established', label: 'Established', tone: 'in', value: (view) => view.connections?.total },
      { name: 'listening', label: 'Listening TCP ports', tone: 'out', value: (view) => view.tcpPorts?.total },
    ],
  },
}

const MINUTE = 60_000
/** Offered where they are shorter than what there is. */
const WINDOWS = [
  { text: '2 min', ms: 2 * MINUTE },
  { text: '10 min', ms: 10 * MINUTE },
  { text: '1 h', ms: 60 * MINUTE },
  { text: '6 h', ms: 360 * MINUTE },
]

/** @param {HTMLElement} place */
export function createTraffic(place) {
  let quantity = 'bytes'
  /** @type {number | undefined} */
  let windowMs
  /** @type {number | undefined} */
  let cursorAt
  /** @type {import('../model.js').Model | undefined} */
  let last

  const quantities = choice(
    'What to show',
    Object.entries(QUANTITIES).map(([value, { text }]) => ({ value, text })),
    (value) => {
      quantity = value
      redraw()
    },
  )
  const windows = choice('How far back', [], (value) => {
    windowMs = value === 'all' ? undefined : Number(value)
    redraw()
  })
  const charts = h('div', { class: 'charts' })
  const axis = h('p', { class: 'axis' })
  /** @type {{quantity: string, figures: ReturnType<typeof seriesFigure>[]} | undefined} */
  let shown
  place.replaceChildren(h('div', { class: 'controls' }, quantities.element, windows.element), charts)

  charts.addEventListener('pointermove', (event) => {
    const range = rangeNow()
    const box = charts.querySelector('svg')?.getBoundingClientRect()
    if (range === undefined || box === undefined || !(event instanceof PointerEvent)) return
    cursorAt = range.from + ((event.clientX - box.left) / box.width) * (range.to - range.from)
    redraw()
  })
  charts.addEventListener('pointerleave', () => {
    cursorAt = undefined
    redraw()
  })
  charts.addEventListener('keydown', (event) => {
    const step = event instanceof KeyboardEvent ? { ArrowLeft: -1, ArrowRight: 1 }[event.key] : undefined
    const range = rangeNow()
    if (step === undefined || range === undefined) return
    const { points } = range
    const current =
      cursorAt === undefined ? points.length - 1 : points.findIndex(({ at }) => at >= (cursorAt ?? 0))
    cursorAt = points[Math.min(points.length - 1, Math.max(0, current + step))]?.at
    redraw()
    event.preventDefault()
  })

  function rangeNow() {
    const all = (last?.intervals ?? []).filter(
      ({ view }) => view.traffic !== undefined || quantity === 'connections',
    )
    const to = all[0]?.at
    if (to === undefined) return undefined
    const oldest = all.at(-1)?.at ?? to
    const from = windowMs === undefined ? oldest : Math.max(oldest, to - windowMs)
    const points = all.filter(({ at }) => at >= from).reverse()
    return { from, to, points, spanMs: to - oldest }
  }

  function redraw() {
    const range = rangeNow()
    if (range === undefined || last === undefined) {
      shown = undefined
      charts.replaceChildren(
        h('p', { class: 'empty' }, 'Traffic is a difference: it comes with the second report.'),
      )
      windows.offer([])
      return
    }
    windows.offer([
      ...WINDOWS.filter(({ ms }) => ms < range.spanMs).map(({ text, ms }) => ({ value: String(ms), text })),
      { value: 'all', text: `All, ${formatDuration(range.spanMs)}` },
    ])
    windows.set(windowMs === undefined ? 'all' : String(windowMs))
    quantities.set(quantity)
    const { format, series } = /** @type {typeof QUANTITIES[string]} */ (QUANTITIES[quantity])
    const marks = last.alarms.violations.flatMap(({ raisedAt }) =>
      raisedAt !== undefined && raisedAt >= range.from && raisedAt <= range.to ? [raisedAt] : [],
    )
    if (shown?.quantity !== quantity) {
      shown = { quantity, figures: series.map(seriesFigure) }
      charts.replaceChildren(...shown.figures.map(({ element }) => element), axis)
    }
    for (const figure of shown.figures) figure.draw(range, { format, marks, cursorAt })
    axis.replaceChildren(
      h('span', {}, formatTime(range.from)),
      marks.length > 0 ? h('span', { class: 'mark-key' }, `▲ ${formatCount(marks.length)} raised`) : '',
      h('span', {}, formatTime(range.to)),
    )
  }

  return {
    /** @param {import('../model.js').Model} model */
    draw(model) {
      last = model
      redraw()
    },
  }
}

/**
 * One series with its name, its value and its chart. What has the keyboard or the pointer stays while the chart is drawn.
 * @param {Series} series
 */
function seriesFigure({ label, tone, value }) {
  const caption = h('figcaption', {})
  const plot = h('div', { class: 'plot', tabindex: 0, role: 'slider', 'aria-label': `${label}, by time` })
  return {
    element: h('figure', { class: 'series' }, caption, plot),
    /**
     * @param {{from: number, to: number, points: any[]}} range
     * @param {{format: (value: number) => string, marks: number[], cursorAt: number | undefined}} options
     */
    draw({ from, to, points }, { format, marks, cursorAt }) {
      const known = points.flatMap(({ at, view }) => {
        const each = value(view)
        return each === undefined ? [] : [{ at, value: each }]
      })
      const top = known.reduce((most, each) => Math.max(most, each.value), 0)
      const cursor = cursorAt === undefined ? undefined : nearest(known, cursorAt)
      const shown = cursor ?? known.at(-1)
      const text = shown === undefined ? 'no value' : `${format(shown.value)} at ${formatTime(shown.at)}`
      caption.replaceChildren(
        h('span', { class: `key ${tone}` }, label),
        h('strong', {}, shown === undefined ? '–' : format(shown.value)),
        shown === undefined ? '' : h('span', { class: cursor ? 'at' : 'muted' }, formatTime(shown.at)),
        h('span', { class: 'muted peak' }, `peak ${format(top)}`),
      )
      plot.setAttribute('aria-valuemin', '0')
      plot.setAttribute('aria-valuemax', String(Math.max(0, known.length - 1)))
      plot.setAttribute('aria-valuenow', String(shown === undefined ? 0 : known.indexOf(shown)))
      plot.setAttribute('aria-valuetext', text)
      plot.replaceChildren(
        timeChart(known, {
          from,
          to,
          tone,
          marks,
          label: `${label}: ${text}, at most ${format(top)}`,
          ...(cursor !== undefined && { cursor }),
        }),
      )
    },
  }
}

/**
 * A row of buttons of which one is pressed. Kept while what it offers is the same, so that it keeps the keyboard.
 * @param {string} label
 * @param {{value: string, text: string}[]} options
 * @param {(value: string) => void} onChoose
 */
function choice(label, options, onChoose) {
  const element = h('div', { class: 'choice', role: 'group', 'aria-label': label })
  /** @type {Map<string, Element>} */
  const buttons = new Map()
  /** @param {{value: string, text: string}[]} offered */
  function offer(offered) {
    const wanted = offered.map(({ value, text }) => {
      const button = buttons.get(value) ?? h('button', { type: 'button', 'aria-pressed': 'false' })
      if (!buttons.has(value)) button.addEventListener('click', () => onChoose(value))
      buttons.set(value, button)
      if (button.textContent !== text) button.textContent = text
      return button
    })
    const isSame =
      wanted.length === element.children.length &&
      wanted.every((each, index) => each === element.children[index])
    if (!isSame) element.replaceChildren(...wanted)
  }
  offer(options)
  return {
    element,
    offer,
    /** @param {string} value */
    set(value) {
      for (const [each, button] of buttons) button.setAttribute('aria-pressed', String(each === value))
    },
  }
}
