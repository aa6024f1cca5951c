/**
 * The live page: events come in over one stream, change the model, and each panel is drawn from the model. Drawing
 * happens once a frame, however many events came.
 */
import { inAlarmCount } from './alarms.js'
import { createAnnouncer } from './announcer.js'
import { byId } from './dom.js'
import { apply, newModel } from './model.js'
import { drawAgent } from './panels/agent.js'
import { drawBehaviors } from './panels/behaviors.js'
import { drawConnections } from './panels/connections.js'
import { drawCustom } from './panels/custom.js'
import { drawBanner, drawFacts, drawTiles } from './panels/headline.js'
import { drawListeners } from './panels/listeners.js'
import { drawLog } from './panels/log.js'
import { drawNext } from './panels/next.js'
import { createReportList } from './panels/reports.js'
import { drawTraffic } from './panels/traffic.js'
import { createViolationList } from './panels/violations.js'

let model = newModel()
const reportList = createReportList(byId('reports'))
const violationList = createViolationList(byId('violations'))
const announce = createAnnouncer((text) => {
  byId('announcer').textContent = text
})

/** @type {[string, (model: import('./model.js').Model) => (Node | string)[]][]} */
const panels = [
  ['facts', drawFacts],
  ['banner', drawBanner],
  ['tiles', drawTiles],
  ['behaviors', drawBehaviors],
  ['listeners', drawListeners],
  ['connections', drawConnections],
  ['custom', drawCustom],
  ['traffic', drawTraffic],
  ['agent', drawAgent],
  ['log', drawLog],
  ['next', drawNext],
]

/** A hidden page gets no frames; its title should tell of an alarm all the same. */
const HIDDEN_DRAW_MS = 250

let isDrawing = false
function drawSoon() {
  if (isDrawing) return
  isDrawing = true
  const frame = requestAnimationFrame(draw)
  const timer = setTimeout(draw, HIDDEN_DRAW_MS)
  function draw() {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    isDrawing = false
    for (const [id, drawPanel] of panels) redraw(byId(id), drawPanel(model))
    reportList.draw(model)
    violationList.draw(model)
    document.title = titleOf(model)
  }
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
function titleOf({ core, component, alarms }) {
  const count = inAlarmCount(alarms)
  const alarm = count === 0 ? '' : `(${count} in alarm) `
  return `${alarm}${component?.state ?? 'starting'} · ${core?.thingName ?? 'greengrass-defender'}`
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
  violationList.clear()
  setLink('live')
})
stream.addEventListener('message', ({ data }) => {
  const said = apply(model, JSON.parse(data))
  if (said !== undefined) announce(said)
  drawSoon()
})
stream.addEventListener('error', () => setLink('lost'))
// An alarm that stands grows older without any event. What is lost grows no older: it may be over by now.
setInterval(() => {
  if (model.link === 'live') violationList.tick()
}, 1000)
drawSoon()
