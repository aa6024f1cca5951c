/**
 * Violations as they come, newest first. A row is changed when its alarm ends and dropped when there are too many, never
 * redrawn otherwise: one that was opened stays open. What is in it is written out only when somebody opens it.
 */
import { elementsText, formatMetric, foundText, normalText, processText } from '../alarm-words.js'
import { h } from '../dom.js'
import { formatDuration, formatTime } from '../format.js'
import { goButton, reveal } from '../go.js'
import { ownerOfHost, ownerOfPort } from '../owners.js'
import { badge } from './headline.js'

/** Elements and intervals written out; the message below them has them all. */
const ELEMENTS_SHOWN_MAX = 20

/** @typedef {import('../alarms.js').Violation} Violation */

/** A sign and a word beside the colour. */
const STATES = {
  'in-alarm': { text: '▲ IN ALARM', tone: 'bad' },
  'alarm-cleared': { text: '✓ CLEARED', tone: 'ok' },
  'alarm-invalidated': { text: '– INVALIDATED', tone: undefined },
}

/** @param {HTMLElement} place */
export function createViolationList(place) {
  /** @type {Map<Violation, ReturnType<typeof violationRow>>} */
  const rows = new Map()
  const list = h('ol', { class: 'violations scroll', tabindex: 0, 'aria-label': 'Violations, newest first' })
  const empty = h('p', { class: 'empty' }, 'None so far.')
  /** @type {import('../model.js').Model | undefined} */
  let model
  const modelNow = () => model
  place.replaceChildren(empty)

  return {
    clear() {
      rows.clear()
      list.replaceChildren()
      place.replaceChildren(empty)
    },
    /** @param {import('../model.js').Model} now */
    draw(now) {
      model = now
      const { violations } = now.alarms
      for (const violation of [...violations].reverse()) {
        const row = rows.get(violation) ?? violationRow(violation, modelNow)
        if (!rows.has(violation)) list.prepend(row.element)
        rows.set(violation, row)
        row.draw()
      }
      const kept = new Set(violations)
      for (const [violation, row] of rows) {
        if (kept.has(violation)) continue
        row.element.remove()
        rows.delete(violation)
      }
      if (rows.size > 0 && !list.isConnected) place.replaceChildren(list)
    },
    /** Opens it and brings it into view. @param {string} id */
    open(id) {
      for (const [violation, row] of rows) if (violation.id === id) row.open()
    },
    /** An alarm that stands grows older. */
    tick() {
      for (const row of rows.values()) row.tick()
    },
  }
}

/** @param {Violation} violation @param {() => import('../model.js').Model | undefined} modelNow */
function violationRow(violation, modelNow) {
  const summary = h('summary', {})
  const body = h('div', { class: 'evidence' })
  const details = h('details', {}, summary, body)
  const element = h('li', {}, details)
  const duration = h('span', { class: 'muted duration' })
  let drawn = -1

  function tick() {
    if (violation.type === 'in-alarm') duration.textContent = durationText(violation)
  }
  function drawBody() {
    body.replaceChildren(...(details.hasAttribute('open') ? evidence(violation, modelNow()) : []))
  }
  details.addEventListener('toggle', drawBody)

  return {
    element,
    tick,
    open() {
      details.setAttribute('open', '')
      reveal(summary)
    },
    draw() {
      if (drawn === violation.version) return
      drawn = violation.version
      element.className = violation.type
      duration.textContent = durationText(violation)
      summary.replaceChildren(...headline(violation), duration)
      drawBody()
    },
  }
}

/** @param {Violation} violation */
function headline({ view, type, raisedAt }) {
  const { text, tone } = STATES[type]
  const [process] = view.evidence.processes
  return [
    h('span', { class: 'when' }, formatTime(raisedAt ?? view.foundAt)),
    badge(text, tone),
    h('strong', { class: 'name' }, view.behavior),
    h('span', { class: 'found' }, foundText(view)),
    process === undefined ? '' : h('span', { class: 'found mono' }, processText(process)),
  ]
}

/** @param {Violation} violation */
function durationText({ raisedAt, endedAt }) {
  if (raisedAt === undefined) return ''
  return endedAt === undefined
    ? `for ${formatDuration(Date.now() - raisedAt)}`
    : `lasted ${formatDuration(endedAt - raisedAt)}`
}

/** @param {Violation} violation @param {import('../model.js').Model | undefined} model */
function evidence({ view, event, endEvent, told }, model) {
  return [
    h(
      'dl',
      { class: 'facts-list' },
      fact('Normal is', normalText(view)),
      fact('Found', found(view)),
      processFacts(view, model),
      peerFacts(view, model),
      seenFacts(view.evidence),
      windowFacts(view),
      fact(
        'Raised',
        toldText(told, (type) => type === 'in-alarm'),
      ),
      endEvent !== undefined &&
        fact(
          'Ended',
          toldText(told, (type) => type !== 'in-alarm'),
        ),
      fact('Security profile', view.securityProfile),
    ),
    h(
      'p',
      { class: 'actions' },
      goButton('Try a change of this behavior', {
        to: 'behavior',
        securityProfile: view.securityProfile,
        behavior: view.behavior,
        metric: view.metric,
      }),
    ),
    documentView(event),
    endEvent === undefined || endEvent === event ? '' : documentView(endEvent),
  ]
}

/**
 * Who did it: by the evidence, or where that has nothing, by what holds the socket now.
 * @param {any} view @param {import('../model.js').Model | undefined} model
 */
function processFacts(view, model) {
  const known = view.evidence.processes
  const processes = known.length > 0 || model === undefined ? known : ownersNow(view, model)
  return processes.map((/** @type {any} */ process) =>
    fact(process.element === undefined ? 'Process' : `Process of ${process.element}`, processText(process)),
  )
}

/** @param {any} view @param {import('../model.js').Model} model */
function ownersNow({ metric, offenders }, model) {
  return (offenders?.elements ?? []).flatMap((/** @type {string} */ element) => {
    const process = /-(tcp|udp)-ports$/.test(metric)
      ? ownerOfPort(model, metric.includes('-udp-') ? 'udp' : 'tcp', Number(element))
      : /addresses$/.test(metric)
        ? ownerOfHost(model, element)
        : undefined
    return process === undefined ? [] : [{ ...process, element }]
  })
}

/** Who is at the other end, each a way to its row. @param {any} view @param {import('../model.js').Model | undefined} model */
function peerFacts({ metric, offenders }, model) {
  const elements = offenders?.elements.slice(0, ELEMENTS_SHOWN_MAX) ?? []
  if (elements.length === 0) return []
  if (/addresses$/.test(metric)) {
    return fact(
      'Peer',
      elements.map((/** @type {string} */ address) => goButton(address, { to: 'host', address })),
    )
  }
  if (!/-ports$/.test(metric)) return []
  const ports = elements.map(Number)
  const peers = (model?.intervals[0]?.view.connections?.hosts ?? [])
    .filter((/** @type {any} */ { localPorts }) =>
      localPorts.some((/** @type {number} */ port) => ports.includes(port)),
    )
    .slice(0, ELEMENTS_SHOWN_MAX)
  return [
    fact(
      'Listener',
      ports.map((/** @type {number} */ port) => goButton(`port ${port}`, { to: 'listener', port })),
    ),
    fact(
      'Peer',
      peers.length === 0
        ? 'nobody is connected to it in the last report'
        : peers.map((/** @type {any} */ { address }) => goButton(address, { to: 'host', address })),
    ),
  ]
}

/** @param {any} view */
const found = (view) =>
  `${foundText(view)}${view.evidence.isEarly ? ', judged before the interval ended: nothing later could undo it' : ''}`

/** @param {any} evidence */
const seenFacts = ({ firstSeen, observed, observedTotal }) => [
  firstSeen.length > 0 &&
    fact(
      'First seen',
      firstSeen
        .slice(0, ELEMENTS_SHOWN_MAX)
        .map((/** @type {any} */ { element, at }) => `${element} at ${formatTime(at)}`)
        .join(', '),
    ),
  observed.length > 0 &&
    fact(
      'All there was',
      elementsText({ elements: observed, total: observedTotal ?? observed.length }, ELEMENTS_SHOWN_MAX),
    ),
]

/** @param {any} view */
const windowFacts = ({ metric, evidence: { coveredSeconds, intervals } }) => [
  coveredSeconds !== undefined && fact('Measured', formatDuration(coveredSeconds * 1000)),
  intervals.length > 0 &&
    fact(
      'Made of',
      intervals
        .slice(-ELEMENTS_SHOWN_MAX)
        .map(
          (/** @type {any} */ { endedAt, value }) =>
            `${formatMetric(metric, value)} until ${formatTime(endedAt)}`,
        )
        .join(', '),
    ),
]

/** Where and when it was published. @param {Violation['told']} told @param {(type: string) => boolean} isMeant */
const toldText = (told, isMeant) =>
  told
    .filter(({ type }) => isMeant(type))
    .map(({ via, at }) => `${via === 'local' ? 'local pub/sub' : 'AWS IoT Core'} ${formatTime(at)}`)
    .join(', ') || 'not seen'

/** @param {string} name @param {import('../dom.js').Child} value */
const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value))

/** @param {any} event */
const documentView = ({ topic, payload }) =>
  h(
    'figure',
    { class: 'document' },
    h('figcaption', {}, `Published to ${topic}`),
    h('pre', { tabindex: 0 }, JSON.stringify(payload, null, 2)),
  )
