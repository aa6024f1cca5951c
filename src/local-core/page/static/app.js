/**
 * The live page: events come in over one stream, change the model, and each panel is drawn from the model. Drawing
 * happens once a frame, however many events came.
 */
import { inAlarmCount } from './alarms.js'
import { createAnnouncer } from './announcer.js'
import { byId } from './dom.js'
import { onGo, reveal } from './go.js'
import { apply, newModel } from './model.js'
import { drawAgent } from './panels/agent.js'
import { createAttackPanel } from './panels/attacks.js'
import { drawBehaviors } from './panels/behaviors.js'
import { drawConnections } from './panels/connections.js'
import { drawCustom } from './panels/custom.js'
import { drawBanner, drawFacts, drawFoot, drawTiles } from './panels/headline.js'
import { drawListeners } from './panels/listeners.js'
import { drawLog } from './panels/log.js'
import { drawNext } from './panels/next.js'
import { createReportList } from './panels/reports.js'
import { createTraffic } from './panels/traffic.js'
import { createTrialForm } from './panels/trial.js'
import { createViolationList } from './panels/violations.js'
import { openEvents, post } from './requests.js'
import { followEvents } from './stream.js'

let model = newModel()
const reportList = createReportList(byId('reports'))
const violationList = createViolationList(byId('violations'))
const attackPanel = createAttackPanel(byId('attacks'), post)
const traffic = createTraffic(byId('traffic'))
const trialForm = createTrialForm(byId('trial'), post)
const announce = createAnnouncer((text) => {
  byId('announcer').textContent = text
})

/** The rows that somebody was led to. @type {{address?: string, port?: number}} */
let chosen = {}
/** The panel where that row is waited for: an alarm may come before the report that names it. @type {string | undefined} */
let awaitedIn

/** @type {[string, (model: import('./model.js').Model) => (Node | string)[]][]} */
const panels = [
  ['facts', drawFacts],
  ['banner', drawBanner],
  ['tiles', drawTiles],
  ['behaviors', drawBehaviors],
  ['listeners', drawChosenListeners],
  ['connections', drawChosenConnections],
  ['custom', drawCustom],
  ['agent', drawAgent],
  ['log', drawLog],
  ['next', drawNext],
  ['foot', drawFoot],
]

/** @param {import('./model.js').Model} now */
function drawChosenListeners(now) {
  return drawListeners(now, chosen)
}

/** @param {import('./model.js').Model} now */
function drawChosenConnections(now) {
  return drawConnections(now, chosen)
}

/** A hidden page gets no frames; its title should tell of an alarm all the same. */
const HIDDEN_DRAW_MS = 250

let isDrawing = false
// What is drawn anew between press and release would miss its click.
let isPressed = false
addEventListener('pointerdown', () => {
  isPressed = true
  awaitedIn = undefined
})
// Who goes on by keyboard is no longer waiting.
addEventListener('keydown', () => {
  awaitedIn = undefined
})
for (const over of ['pointerup', 'pointercancel', 'blur']) {
  addEventListener(over, () => {
    isPressed = false
    // After the click, which comes next.
    setTimeout(drawSoon)
  })
}

function drawSoon() {
  if (isDrawing || isPressed) return
  isDrawing = true
  const frame = requestAnimationFrame(draw)
  const timer = setTimeout(draw, HIDDEN_DRAW_MS)
  function draw() {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    isDrawing = false
    if (isPressed) return
    for (const [id, drawPanel] of panels) redraw(byId(id), drawPanel(model))
    for (const each of [reportList, violationList, attackPanel, traffic, trialForm]) each.draw(model)
    revealRow()
    document.title = titleOf(model)
  }
}

/**
 * Draws what has changed, and keeps the scrolling and the keyboard where they were.
 * @param {HTMLElement} place @param {(Node | string)[]} content
 */
function redraw(place, content) {
  const next = document.createElement(place.localName)
  next.append(...content)
  if (isSame(place, next)) return
  const { scrollTop = 0, scrollLeft = 0 } = place.querySelector('.scroll') ?? {}
  const focused = [...place.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement ?? place)
  place.replaceChildren(...next.childNodes)
  const scrolled = place.querySelector('.scroll')
  if (scrolled !== null) Object.assign(scrolled, { scrollTop, scrollLeft })
  const again = place.querySelectorAll(FOCUSABLE)[focused]
  if (again instanceof HTMLElement) again.focus({ preventScroll: true })
}

const FOCUSABLE = 'button, [tabindex]'

/** @param {Element} a @param {Element} b */
const isSame = (a, b) =>
  a.childNodes.length === b.childNodes.length &&
  [...a.childNodes].every((child, index) => child.isEqualNode(b.childNodes[index] ?? null))

/** @param {import('./model.js').Model} model */
function titleOf({ core, component, alarms, session }) {
  const count = inAlarmCount(alarms)
  const alarm = count === 0 ? '' : `(${count} in alarm) `
  if (session?.kind === 'device')
    return `${alarm}${alarms.health?.payload.thingName ?? 'greengrass-defender'}`
  return `${alarm}${component?.state ?? 'starting'} · ${core?.thingName ?? 'greengrass-defender'}`
}

/** @param {import('./model.js').Model['link']} link */
function setLink(link) {
  model.link = link
  drawSoon()
}

onGo((target) => {
  switch (target.to) {
    case 'host':
      return showRow('connections', { address: target.address })
    case 'listener':
      return showRow('listeners', { port: target.port })
    case 'violation':
      return violationList.open(target.id)
    case 'behavior':
      byId('trial-panel').scrollIntoView({ block: 'start' })
      return trialForm.open(target)
  }
})

/** @param {string} id @param {typeof chosen} row */
function showRow(id, row) {
  chosen = row
  for (const [each, drawPanel] of panels) {
    if (each === 'connections' || each === 'listeners') redraw(byId(each), drawPanel(model))
  }
  awaitedIn = id
  revealRow()
  if (awaitedIn !== undefined) reveal(byId(id).closest('section'))
}

function revealRow() {
  const row = awaitedIn === undefined ? null : byId(awaitedIn).querySelector('tr.chosen')
  if (row === null) return
  awaitedIn = undefined
  reveal(row)
}

void followEvents(openEvents, {
  onReset() {
    model = newModel()
    reportList.clear()
    violationList.clear()
    setLink('live')
  },
  onEvent(event) {
    const said = apply(model, event)
    if (said !== undefined) announce(said)
    drawSoon()
  },
  onBreak: setLink,
})
// An alarm that stands grows older without any event. What is lost grows no older: it may be over by now.
setInterval(() => {
  if (model.link !== 'live') return
  violationList.tick()
  attackPanel.tick()
}, 1000)
drawSoon()
