/**
 * What the page knows, and how each event changes it. Bounded: the oldest reports, alarms and log lines go first.
 * Events are those of the server's `page-event.ts`.
 */
import { applyHealth, applyViolation, newAlarms } from './alarms.js'

/** Reports kept with their documents: ten minutes at the default interval of `defender local`. */
const REPORTS_MAX = 60
/** Intervals kept, and points in a chart: more than a day of the usual 300 s. */
const INTERVALS_MAX = 400
const LOG_MAX = 100

/** @typedef {Record<string, any>} Event */

/**
 * @typedef {object} Model
 * @property {'connecting' | 'live' | 'lost' | 'refused'} link to this page's server
 * @property {Event | undefined} session what can be done here
 * @property {Event | undefined} core last `core` event
 * @property {Event | undefined} component last `component` event
 * @property {Event[]} reports newest first
 * @property {Event[]} intervals what was measured, newest first: of reports, or of a device's history
 * @property {Event | undefined} attack the last one started here
 * @property {Event | undefined} owners of the last report's sockets
 * @property {Event[]} profiles judged now, in AWS's shape
 * @property {Event[]} origins of a device: where the criteria of each behavior are from
 * @property {{ACCEPTED: number, REJECTED: number, SILENT: number}} replies
 * @property {Event[]} log warnings, newest first
 * @property {import('./alarms.js').Alarms} alarms
 */

/** @returns {Model} */
export const newModel = () => ({
  link: 'connecting',
  session: undefined,
  core: undefined,
  component: undefined,
  reports: [],
  intervals: [],
  attack: undefined,
  owners: undefined,
  profiles: [],
  origins: [],
  replies: { ACCEPTED: 0, REJECTED: 0, SILENT: 0 },
  log: [],
  alarms: newAlarms(),
})

/** @typedef {{text: string, isAlarm?: boolean}} Said what is worth saying aloud; alarms before anything else */

/**
 * @param {Model} model changed in place
 * @param {Event} event
 * @returns {Said | undefined}
 */
export function apply(model, event) {
  return handlers[event.event]?.(model, event)
}

/** @type {Record<string, (model: Model, event: Event) => Said | undefined>} */
const handlers = {
  session: (model, event) => {
    model.session = event
    return undefined
  },
  attack: (model, event) => {
    const isNews = model.attack?.startedAt !== event.startedAt || model.attack?.state !== event.state
    model.attack = event
    return isNews ? { text: `Attack ${event.name} ${event.state}` } : undefined
  },
  owners: (model, event) => {
    model.owners = event
    return undefined
  },
  profiles: (model, event) => {
    model.profiles = event.profiles
    model.origins = event.origins ?? []
    return undefined
  },
  interval: (model, event) => {
    keep(model.intervals, event, INTERVALS_MAX)
    return undefined
  },
  core: (model, event) => {
    model.core = event
    return undefined
  },
  component: (model, event) => {
    model.component = event
    if (event.state === 'ERRORED' || event.state === 'BROKEN') {
      keep(
        model.log,
        { at: event.at, level: 'error', message: `Component ${event.state}`, detail: event.reason },
        LOG_MAX,
      )
    }
    return { text: `Component ${event.state}` }
  },
  report: (model, event) => {
    keep(model.reports, event, REPORTS_MAX)
    keep(model.intervals, event, INTERVALS_MAX)
    model.replies[/** @type {'ACCEPTED'} */ (event.status)]++
    const fresh = event.view.listeners.filter((/** @type {Event} */ l) => l.newSince === event.at)
    if (event.status === 'REJECTED') return { text: 'A report was rejected' }
    if (fresh.length > 0)
      return {
        text: `New: ${fresh.map((/** @type {Event} */ l) => `${l.protocol} port ${l.port}`).join(', ')}`,
      }
    return model.reports.length === 1 ? { text: 'First report' } : undefined
  },
  message: (model, event) => {
    if (event.view?.kind === 'health') applyHealth(model.alarms, event)
    if (event.view?.kind !== 'violation') return undefined
    const text = applyViolation(model.alarms, event)
    return text === undefined ? undefined : { text, isAlarm: true }
  },
  log: (model, event) => {
    const { level, message, detail } = event.view
    if (level === 'error' || level === 'warn')
      keep(model.log, { at: event.at, level, message, detail }, LOG_MAX)
    return undefined
  },
  denied: (model, event) => {
    const message = `Not permitted by the recipe's accessControl: ${event.operation}`
    keep(model.log, { at: event.at, level: 'error', message, detail: event.resource }, LOG_MAX)
    return undefined
  },
  fault: (model, event) => {
    keep(model.log, { at: event.at, level: 'warn', message: 'Fault on demand', detail: event.fault }, LOG_MAX)
    return undefined
  },
}

/** @param {Event[]} list newest first @param {Event} item @param {number} max */
function keep(list, item, max) {
  list.unshift(item)
  if (list.length > max) list.pop()
}
