/**
 * The embedded core's events with what a person needs to read them: a report's view, which of its listeners appeared
 * since this run began, what the component's log line says, which message is an alarm. The page and the text output show
 * the same thing because both are given these.
 */

import type { Datapoint } from '../../metrics/datapoint.ts'
import type { LocalCoreEvent } from '../events.ts'
import { type AlarmFacts, createAlarmTracker } from './alarm-tracker.ts'
import { viewDatapoints } from './datapoints-view.ts'
import { type HealthView, viewHealth } from './health-view.ts'
import { type LogView, viewLogLine } from './log-line.ts'
import { type PortsView, type ReportView, viewReport } from './report-view.ts'
import { serviceName } from './services.ts'
import { type ViolationView, viewViolation } from './violation-view.ts'

type Named<E extends LocalCoreEvent['event']> = Extract<LocalCoreEvent, { event: E }>

interface Listener {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly interface?: string
  readonly service?: string
  /** Epoch milliseconds of the report that showed it first; absent for those there from the first report on. */
  readonly newSince?: number
}

export interface ReportEventView extends ReportView {
  readonly listeners: readonly Listener[]
}

/** One report interval of a device's own history. */
export interface IntervalEvent {
  readonly event: 'interval'
  /** When it ended, epoch milliseconds. */
  readonly at: number
  readonly datapoints: readonly Datapoint[]
}

export interface ViewedInterval {
  readonly event: 'interval'
  readonly at: number
  readonly view: ReportEventView
}

export type AlarmView = ViolationView & AlarmFacts

export type ViewedReport = Named<'report'> & { readonly view: ReportEventView }
export type ViewedEvent =
  | Exclude<LocalCoreEvent, { event: 'report' } | { event: 'log' } | { event: 'message' }>
  | ViewedReport
  | (Named<'log'> & { readonly view: LogView })
  /** No view: a message about something else. */
  | (Named<'message'> & { readonly view?: AlarmView | HealthView })

/** Listeners remembered. More than any device has; beyond it a listener is just not marked as new. */
const LISTENERS_REMEMBERED_MAX = 10_000

/** The agent's own topics (report/topics.ts), of whatever thing. */
const OWN_TOPIC = /^greengrass-defender\/[^/]+\/(violations|health)$/

interface Viewer {
  (event: IntervalEvent): ViewedInterval
  (event: LocalCoreEvent): ViewedEvent
}

/** Remembers the listeners and the alarms of the events that it is shown, in order. */
export function createViewer(): Viewer {
  const seen = new Map<string, number | undefined>()
  const trackAlarm = createAlarmTracker()
  let isFirst = true

  const viewMessage = ({ topic, payload }: Named<'message'>): AlarmView | HealthView | undefined => {
    switch (OWN_TOPIC.exec(topic)?.[1]) {
      case 'violations': {
        const violation = viewViolation(payload)
        return violation && { ...violation, ...trackAlarm(violation) }
      }
      case 'health':
        return viewHealth(payload)
      default:
        return undefined
    }
  }

  const viewListeners = (protocol: 'tcp' | 'udp', ports: PortsView | undefined, at: number): Listener[] =>
    (ports?.entries ?? []).map((entry) => {
      const key = `${protocol} ${entry.port} ${entry.interface ?? ''}`
      if (!seen.has(key) && seen.size < LISTENERS_REMEMBERED_MAX) seen.set(key, isFirst ? undefined : at)
      const service = serviceName(protocol, entry.port)
      const newSince = seen.get(key)
      return {
        protocol,
        ...entry,
        ...(service !== undefined && { service }),
        ...(newSince !== undefined && { newSince }),
      }
    })

  const withListeners = (view: ReportView, at: number): ReportEventView => {
    const tcp = viewListeners('tcp', view.tcpPorts, at)
    const udp = viewListeners('udp', view.udpPorts, at)
    // A report without any listener block says nothing about what was there before.
    if (view.tcpPorts !== undefined || view.udpPorts !== undefined) isFirst = false
    return { ...view, listeners: [...tcp, ...udp].sort(byPort) }
  }

  function view(event: LocalCoreEvent): ViewedEvent
  function view(event: IntervalEvent): ViewedInterval
  function view(event: LocalCoreEvent | IntervalEvent): ViewedEvent | ViewedInterval {
    switch (event.event) {
      case 'log':
        return { ...event, view: viewLogLine(event.line, event.stream) }
      case 'message': {
        const message = viewMessage(event)
        return message === undefined ? event : { ...event, view: message }
      }
      case 'report':
        return { ...event, view: withListeners(viewReport(event.report), event.at) }
      case 'interval':
        return {
          event: 'interval',
          at: event.at,
          view: withListeners(viewDatapoints(event.datapoints), event.at),
        }
      default:
        return event
    }
  }
  return view
}

const byPort = (a: Listener, b: Listener): number =>
  a.port - b.port ||
  a.protocol.localeCompare(b.protocol) ||
  (a.interface ?? '').localeCompare(b.interface ?? '')
