/**
 * One cycle: read `/proc`, measure, make the report, hand it over. The state goes in and a new state comes out; a part that
 * fails costs that part, and a report that cannot be handed over leaves its traffic to the next one.
 */
import type { Config } from '../config/settings.ts'
import { IpcError } from '../ipc/core-client.ts'
import type { Collector, Snapshot } from '../metrics/collector.ts'
import { type CounterReading, trafficSince } from '../metrics/counters.ts'
import type { BuiltInMetric } from '../metrics/custom.ts'
import { interfaceFilter } from '../metrics/interfaces.ts'
import type { CustomMetricValue, Metrics } from '../metrics/snapshot.ts'
import type { Codec } from '../report/codec.ts'
import { type Omitted, shrinkReport } from '../report/shrink.ts'
import type { ReportTopics } from '../report/topics.ts'
import type { FaultLog } from './fault-log.ts'
import type { Ports } from './ports.ts'
import { publishWithRetries } from './publish.ts'
import type { ReplyWatch } from './reply-watch.ts'

/** What one cycle hands to the next. */
export interface CycleState {
  /** Counters as they were in the last report that was handed over. */
  readonly baseline?: CounterReading
  /** 0 before the first. */
  readonly lastReportId: number
}

/** What stays the same for as long as the configuration does. */
export interface CycleSetup {
  readonly config: Config
  readonly collector: Collector
  readonly codec: Codec
  /** Undefined when nothing is to be published to Device Defender. */
  readonly topics: ReportTopics | undefined
  readonly copyTopic: string | undefined
  readonly maxBytes: number
  readonly replies: ReplyWatch
  readonly faults: FaultLog
}

export interface Report {
  readonly reportId: number
  readonly payload: Uint8Array
  readonly omitted: Omitted
  readonly counters: CounterReading | undefined
}

export async function runCycle(
  ports: Ports,
  setup: CycleSetup,
  state: CycleState,
  signal: AbortSignal,
): Promise<CycleState> {
  const report = await makeReport(ports, setup, state, signal)
  const lastReportId = report.reportId
  const isHandedOver = await publishReport(ports, setup, report, signal)
  if (setup.copyTopic !== undefined) await publishCopy(ports, setup, setup.copyTopic, report, signal)
  if (!isHandedOver) return { ...state, lastReportId }
  // Counters that could not be read this time leave the old baseline: nothing is lost, the next report has more.
  const baseline = report.counters ?? state.baseline
  return { lastReportId, ...(baseline === undefined ? {} : { baseline }) }
}

/** Reads and measures everything and makes the payload. Throws when there is nothing at all to report. */
export async function makeReport(
  ports: Ports,
  setup: CycleSetup,
  state: CycleState,
  signal: AbortSignal,
): Promise<Report> {
  const { config, collector, codec } = setup
  const snapshot = collector.collect()
  noteParts(setup.faults, snapshot)
  const custom = await readCustomMetrics(ports, setup, snapshot, signal)
  // AWS wants ids that only grow; the clock may have stepped back.
  const reportId = Math.max(ports.clock.wallMs(), state.lastReportId + 1)
  const metrics = measure(snapshot, state.baseline, config, custom)
  const { payload, omitted } = shrinkReport(
    { reportId, metrics },
    { format: codec.format, names: config.fieldNames, maxBytes: setup.maxBytes, encode: codec.encode },
  )
  return { reportId, payload, omitted, counters: snapshot.counters }
}

function measure(
  snapshot: Snapshot,
  baseline: CounterReading | undefined,
  config: Config,
  custom: ReadonlyMap<string, CustomMetricValue>,
): Metrics {
  const { listeningTcpPorts, listeningUdpPorts, establishedConnections, counters } = snapshot
  const isReported = interfaceFilter(config.interfaces, config.includeLoopback)
  const networkStats = counters && trafficSince(baseline, counters, isReported)
  return {
    ...(listeningTcpPorts && { listeningTcpPorts }),
    ...(listeningUdpPorts && { listeningUdpPorts }),
    ...(establishedConnections && { establishedConnections }),
    ...(networkStats && { networkStats }),
    custom,
  }
}

async function readCustomMetrics(
  ports: Ports,
  { config, faults }: CycleSetup,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<Map<string, CustomMetricValue>> {
  const values = await Promise.all(
    [...config.customMetrics].map(
      async ([name, source]): Promise<[string, CustomMetricValue | undefined]> => {
        if (source.kind === 'built-in') return [name, builtInValue(snapshot, source.metric)]
        try {
          const value = await ports.readCustomMetric(name, source, signal)
          faults.clear(`custom ${name}`, `custom metric ${name} is back`)
          return [name, value]
        } catch (error) {
          faults.note(`custom ${name}`, 'custom metric left out', { metric: name, error })
          return [name, undefined]
        }
      },
    ),
  )
  return new Map(values.filter((entry): entry is [string, CustomMetricValue] => entry[1] !== undefined))
}

function builtInValue(snapshot: Snapshot, metric: BuiltInMetric): CustomMetricValue | undefined {
  const value = snapshot.builtIn.get(metric)
  return value === undefined ? undefined : { type: 'number', number: value }
}

function noteParts(faults: FaultLog, snapshot: Snapshot): void {
  for (const { part, error, lineFaults, warnings } of snapshot.parts) {
    if (error === undefined) faults.clear(`part ${part}`, `metrics from ${part} are back`)
    else faults.note(`part ${part}`, 'metrics left out of the report', { part, error })
    for (const { file, count, first } of lineFaults) {
      faults.note(`lines ${file}`, 'malformed lines left out', { file, lines: count, first })
    }
    for (const warning of warnings)
      faults.note(`warning ${warning}`, 'less is known than could be', { part, error: warning })
  }
}

async function publishReport(
  ports: Ports,
  setup: CycleSetup,
  report: Report,
  signal: AbortSignal,
): Promise<boolean> {
  const { topics, replies } = setup
  const { reportId, payload } = report
  noteOmitted(setup.faults, report)
  // Without Device Defender there is nobody to compare with; the copy's traffic runs from report to report all the same.
  if (topics === undefined) return true
  replies.expect(reportId)
  const outcome = await publishWithRetries(
    ports,
    topics.publish,
    payload,
    publishOptions(setup.config, signal),
  )
  if (outcome.kind === 'handed-over') {
    setup.faults.clear('publish', 'reports are handed over again')
    ports.log.debug('report handed over', { reportId, bytes: payload.length, tries: outcome.tries })
    return true
  }
  replies.forget(reportId)
  if (isDisconnection(outcome.error)) throw outcome.error
  setup.faults.note('publish', 'report not handed over; its traffic goes into the next one', {
    reportId,
    tries: outcome.tries,
    error: outcome.error,
  })
  return false
}

async function publishCopy(
  ports: Ports,
  setup: CycleSetup,
  topic: string,
  { reportId, payload }: Report,
  signal: AbortSignal,
): Promise<void> {
  const outcome = await publishWithRetries(ports, topic, payload, publishOptions(setup.config, signal))
  if (outcome.kind === 'handed-over') return setup.faults.clear('copy', 'report copies are handed over again')
  if (isDisconnection(outcome.error)) throw outcome.error
  setup.faults.note('copy', 'report copy not handed over', { reportId, topic, error: outcome.error })
}

/** With the connection gone nothing further can succeed; the monitor ends and the nucleus starts the component anew. */
const isDisconnection = (error: unknown): boolean =>
  error instanceof IpcError && error.code === 'disconnected'

/** The retries of one report end before the next one is due. */
function publishOptions(config: Config, signal: AbortSignal) {
  const withinMs = config.sampleIntervalSeconds * 1000 * 0.8
  return { retryCount: config.publishRetryCount, withinMs, signal }
}

function noteOmitted(faults: FaultLog, { reportId, payload, omitted }: Report): void {
  const { customMetrics, ...lists } = omitted
  const count = Object.values(lists).reduce((sum, value) => sum + value, 0)
  if (count === 0 && customMetrics.length === 0) {
    faults.clear('omitted', 'everything fits into the report again')
    return
  }
  faults.note('omitted', 'not everything fits into the report; totals stay true', {
    reportId,
    bytes: payload.length,
    entriesLeftOut: omitted,
  })
}
