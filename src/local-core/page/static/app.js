/**
 * The live page: events come in over one stream, change the model, and each panel is drawn from the model. Drawing
 * happens once a frame, however many events came.
 */
import { byId } from './dom.js'
import { apply, newModel } from './model.js'
import { drawConnections } from './panels/connections.js'
import { drawCustom } from './panels/custom.js'
import { drawBanner, drawFacts, drawTiles } from './panels/headline.js'
import { drawListeners } from './panels/listeners.js'
import { drawLog } from './panels/log.js'
import { drawNext } from './panels/next.js'
import { createReportList } from './panels/reports.js'
import { drawTraffic } from './panels/traffic.js'

let model = newModel()
const reportList = createReportList(byId('reports'))

/** @type {[string, (model: import('./model.js').Model) => (Node | string)[]][]} */
const panels = [
  ['facts', drawFacts],
  ['banner', drawBanner],
  ['tiles', drawTiles],
  ['listeners', drawListeners],
  ['connections', drawConnections],
  ['custom', drawCustom],
  ['traffic', drawTraffic],
  ['log', drawLog],
  ['next', drawNext],
]

let isDrawing = false
function drawSoon() {
  if (isDrawing) return
  isDrawing = true
  requestAnimationFrame(() => {
    isDrawing = false
    for (const [id, draw] of panels) redraw(byId(id), draw(model))
    reportList.draw(model)
    document.title = titleOf(model)
  })
}

/** Keeps what is scrolled where it was. @param {HTMLElement} place @param {(Node | string)[]} content */
function redraw(place, content) {
  const scrolled = place.querySelector('.scroll')
  const { scrollTop = 0, scrollLeft = 0 } = scrolled ?? {}
  const hadFocus = scrolled !== null && document.activeElement === scrolled
  place.replaceChildren(...content)
  const next = place.querySelector('.scroll')
  if (!(next instanceof HTMLElement)) return
  next.scrollTop = scrollTop
  next.scrollLeft = scrollLeft
  if (hadFocus) next.focus({ preventScroll: true })
}

/** @param {import('./model.js').Model} model */
const titleOf = ({ core, component }) =>
  `${component?.state ?? 'starting'} · ${core?.thingName ?? 'greengrass-defender'}`

let announceTimer = 0
/** The last thing that was worth saying, once things are calm: a replay of an hour is not read out. @param {string} text */
function announce(text) {
  clearTimeout(announceTimer)
  announceTimer = setTimeout(() => {
    byId('announcer').textContent = text
  }, 500)
}

/** @param {import('./model.js').Model['link']} link */
function setLink(link) {
  model.link = link
  drawSoon()
}

const stream = new EventSource('/events')
stream.addEventListener('reset', () => {
  model = newModel()
  reportList.clear()
  setLink('live')
})
stream.addEventListener('message', ({ data }) => {
  const said = apply(model, JSON.parse(data))
  if (said !== undefined) announce(said)
  drawSoon()
})
stream.addEventListener('error', () => setLink('lost'))
drawSoon()
