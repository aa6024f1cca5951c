/**
 * Alarms as the page knows them: one entry for each violation, from its first event to its end, and how each behavior
 * stands. The health message tells of all behaviors at its interval; violation events come at once, and beat an older one.
 */
import { foundText } from './alarm-words.js'

/** Violations kept and drawn. Those that stand open stay longest. */
export const VIOLATIONS_MAX = 200
/** Behaviors remembered: five profiles with a hundred each are all that a device can have. */
const BEHAVIORS_MAX = 500
/** An event comes once by each of two ways, and again only where a message was sent again. */
const TOLD_MAX = 8

/** @typedef {Record<string, any>} Event */

/**
 * @typedef {object} Violation
 * @property {string} id
 * @property {Event} view of the event that raised it; of its end where the page has seen no more
 * @property {Event} event the same with the message as it was published
 * @property {number | undefined} raisedAt
 * @property {number | undefined} endedAt
 * @property {'in-alarm' | 'alarm-cleared' | 'alarm-invalidated'} type of its latest event
 * @property {Event | undefined} endEvent
 * @property {{via: string, type: string, at: number}[]} told when its events were published, and where
 * @property {number} version goes up with each change
 */

/**
 * @typedef {object} Alarms
 * @property {Violation[]} violations newest first
 * @property {number} raisedCount of the run, those that are no longer kept included
 * @property {Map<string, Violation>} latest by behavior
 * @property {Event | undefined} health last `message` event with one
 */

/** @returns {Alarms} */
export const newAlarms = () => ({ violations: [], raisedCount: 0, latest: new Map(), health: undefined })

/** @param {Alarms} alarms @param {Event} event */
export function applyHealth(alarms, event) {
  if (alarms.health === undefined || event.view.at >= alarms.health.view.at) alarms.health = event
}

/**
 * @param {Alarms} alarms changed in place
 * @param {Event} event with a violation
 * @returns {string | undefined} what is worth saying aloud
 */
export function applyViolation(alarms, event) {
  const { view } = event
  alarms.raisedCount = Math.max(alarms.raisedCount, view.raisedCount)
  const known = alarms.violations.find(({ id }) => id === view.violationId)
  // What it repeats was here and has been forgotten.
  if (known === undefined && view.isRepeat) return undefined
  const violation = known ?? newViolation(view, event)
  if (violation.told.length < TOLD_MAX) violation.told.push({ via: event.via, type: view.type, at: event.at })
  violation.version++
  if (known === undefined) add(alarms, violation)
  if (view.isRepeat) return undefined
  if (view.type !== 'in-alarm') end(violation, event)
  remember(alarms, violation)
  return view.type === 'in-alarm'
    ? `Alarm: ${view.behavior}, ${foundText(view)}`
    : `Alarm over: ${view.behavior}`
}

/** @param {Event} view @param {Event} event @returns {Violation} */
const newViolation = (view, event) => ({
  id: view.violationId,
  view,
  event,
  raisedAt: view.type === 'in-alarm' ? view.foundAt : view.raisedAt,
  endedAt: undefined,
  type: view.type,
  endEvent: undefined,
  told: [],
  version: 0,
})

/** @param {Violation} violation @param {Event} event */
function end(violation, event) {
  violation.type = event.view.type
  violation.endedAt = event.view.foundAt
  violation.endEvent = event
}

/** @param {Alarms} alarms @param {Violation} violation */
function add({ violations }, violation) {
  violations.unshift(violation)
  if (violations.length <= VIOLATIONS_MAX) return
  const oldestEnded = violations.findLastIndex(({ type }) => type !== 'in-alarm')
  violations.splice(oldestEnded < 0 ? violations.length - 1 : oldestEnded, 1)
}

/** @param {Alarms} alarms @param {Violation} violation */
function remember({ latest }, violation) {
  const key = keyOf(violation.view)
  if (!latest.has(key) && latest.size >= BEHAVIORS_MAX) return
  latest.set(key, violation)
}

/**
 * @typedef {object} Standing
 * @property {string} securityProfile
 * @property {string} behavior
 * @property {string} metric
 * @property {string} state
 * @property {string} detail
 * @property {number} [value]
 * @property {number} [threshold]
 * @property {number} [since]
 * @property {string} [operator] as far as a violation has told it
 */

/**
 * How each behavior stands: those in alarm first, then in the order of their profiles.
 * @param {Alarms} alarms
 * @returns {Standing[]}
 */
export function standings({ health, latest }) {
  const all = health
    ? health.view.behaviors.map((/** @type {Standing} */ each) =>
        current(each, latest.get(keyOf(each)), health.view.at),
      )
    : [...latest.values()].map(ofViolation)
  return all.sort(
    (/** @type {Standing} */ a, /** @type {Standing} */ b) =>
      Number(b.state === 'in-alarm') - Number(a.state === 'in-alarm'),
  )
}

/** Behaviors in alarm. @param {Alarms} alarms */
export const inAlarmCount = (alarms) => standings(alarms).filter(({ state }) => state === 'in-alarm').length

/** @param {Standing} told @param {Violation | undefined} violation @param {number} toldAt @returns {Standing} */
function current(told, violation, toldAt) {
  if (violation === undefined) return told
  const isNewer = (violation.endedAt ?? violation.view.foundAt) > toldAt
  if (isNewer) return { ...told, ...ofViolation(violation) }
  // What offends is told by the violation alone.
  return told.state === 'in-alarm' && violation.view.offenders !== undefined
    ? { ...told, detail: foundText(violation.view) }
    : told
}

/** @param {Violation} violation @returns {Standing} */
function ofViolation({ view, type, raisedAt, endEvent }) {
  const { securityProfile, behavior, metric, normal } = view
  const last = endEvent?.view ?? view
  const isOpen = type === 'in-alarm'
  const value = last.value ?? last.offenders?.total
  return {
    securityProfile,
    behavior,
    metric,
    state: isOpen ? 'in-alarm' : 'ok',
    detail: isOpen || last.value !== undefined ? foundText(last) : 'nothing offends',
    ...(value !== undefined && { value }),
    ...(normal.threshold !== undefined && { threshold: normal.threshold }),
    ...(isOpen && raisedAt !== undefined && { since: raisedAt }),
  }
}

/** @param {Standing | Event} behavior */
const keyOf = ({ securityProfile, behavior }) => `${securityProfile}\n${behavior}`
