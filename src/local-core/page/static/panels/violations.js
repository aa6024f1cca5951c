/**
 * Violations as they come, newest first. A row is changed when its alarm ends and dropped when there are too many, never
 * redrawn otherwise: one that was opened stays open. What is in it is written out only when somebody opens it.
 */
import { elementsText, formatMetric, foundText, normalText, processText } from '../alarm-words.js'
import { h } from '../dom.js'
import { formatDuration, formatTime } from '../format.js'
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
  const empty = h('p', { class: 'empty' }, 'None. Attacks to try out stand at the end of this page.')
  place.replaceChildren(empty)

  return {
    clear() {
      rows.clear()
      list.replaceChildren()
      place.replaceChildren(empty)
    },
    /** @param {import('../model.js').Model} model */
    draw({ alarms: { violations } }) {
      for (const violation of [...violations].reverse()) {
        const row = rows.get(violation) ?? violationRow(violation)
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
    /** An alarm that stands grows older. */
    tick() {
      for (const row of rows.values()) row.tick()
    },
  }
}

/** @param {Violation} violation */
function violationRow(violation) {
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
    body.replaceChildren(...(details.hasAttribute('open') ? evidence(violation) : []))
  }
  details.addEventListener('toggle', drawBody)

  return {
    element,
    tick,
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

/** @param {Violation} violation */
function evidence({ view, event, endEvent, told }) {
  return [
    h(
      'dl',
      { class: 'facts-list' },
      fact('Normal is', normalText(view)),
      fact('Found', found(view)),
      view.evidence.processes.map((/** @type {any} */ process) =>
        fact(
          process.element === undefined ? 'Process' : `Process of ${process.element}`,
          processText(process),
        ),
      ),
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
    documentView(event),
    endEvent === undefined || endEvent === event ? '' : documentView(endEvent),
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
