/** One look at the device: the snapshot of `/proc` and the custom metrics, each of which fails by itself and says so once. */
import type { Snapshot, SnapshotPurpose } from '../metrics/collector.ts'
import type { CustomMetricSource } from '../metrics/custom.ts'
import { customDatapoint, type Datapoint } from '../metrics/datapoint.ts'
import type { CustomMetricValue } from '../metrics/snapshot.ts'
import type { AgentState } from './agent-state.ts'
import type { FaultLog } from './fault-log.ts'
import type { HealthRecord } from './health-record.ts'
import type { Ports, Stores } from './ports.ts'
import type { Setup } from './setup.ts'

export interface Observation {
  readonly snapshot: Snapshot
  readonly custom: ReadonlyMap<string, CustomMetricValue>
  readonly customDatapoints: readonly Datapoint[]
}

export interface Observer {
  readonly ports: Pick<Ports, 'clock' | 'readCustomMetric'>
  readonly faults: FaultLog
  readonly record: HealthRecord
  readonly stores: Pick<Stores, 'outbox'>
}

/**
 * Files and programs are read for a report only: a program every 15 s would cost more than it tells. They come first, so that
 * nothing is waited for between the snapshot and its use: another one taken meanwhile would make its counters run backwards.
 */
export async function observe(
  observer: Observer,
  setup: Setup,
  state: AgentState,
  purpose: SnapshotPurpose,
  signal: AbortSignal,
): Promise<Observation> {
  const external = purpose === 'report' ? await readExternal(observer, setup, signal) : undefined
  const snapshot = setup.collector.collect(purpose)
  noteParts(observer.faults, snapshot)
  observer.record.noteSnapshot(snapshot)
  if (external === undefined) return { snapshot, custom: new Map(), customDatapoints: [] }
  const custom = customMetrics(observer, setup, snapshot, state, external)
  return {
    snapshot,
    custom,
    customDatapoints: [...custom].map(([name, value]) => customDatapoint(name, value)),
  }
}

/** All custom metrics that have a value, in the order of the configuration. */
function customMetrics(
  { record, stores }: Observer,
  { config }: Setup,
  snapshot: Snapshot,
  state: AgentState,
  external: ReadonlyMap<string, CustomMetricValue>,
): Map<string, CustomMetricValue> {
  const measured = (name: string, source: CustomMetricSource): CustomMetricValue | undefined => {
    if (source.kind === 'built-in') return numberValue(snapshot.builtIn.get(source.metric))
    if (source.kind === 'health') return numberValue(record.metric(source.metric, state, stores.outbox))
    return external.get(name)
  }
  return new Map(
    [...config.customMetrics].flatMap(([name, source]) => {
      const value = measured(name, source)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

async function readExternal(
  observer: Observer,
  { config }: Setup,
  signal: AbortSignal,
): Promise<Map<string, CustomMetricValue>> {
  const values = await Promise.all(
    [...config.customMetrics].map(async ([name, source]) => ({
      name,
      value:
        source.kind === 'file' || source.kind === 'program'
          ? await readOne(observer, name, source, signal)
          : undefined,
    })),
  )
  return new Map(values.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
}

async function readOne(
  { ports, faults, record }: Observer,
  name: string,
  source: Extract<CustomMetricSource, { readonly kind: 'file' | 'program' }>,
  signal: AbortSignal,
): Promise<CustomMetricValue | undefined> {
  const startedMs = ports.clock.monotonicMs()
  const part = `custom ${name}`
  try {
    const value = await ports.readCustomMetric(name, source, signal)
    faults.clear(part, `custom metric ${name} is back`)
    record.notePart(part, ports.clock.monotonicMs() - startedMs)
    return value
  } catch (error) {
    faults.note(part, 'custom metric left out', { metric: name, error })
    record.notePart(part, ports.clock.monotonicMs() - startedMs, error)
    return undefined
  }
}

const numberValue = (value: number | undefined): CustomMetricValue | undefined =>
  value === undefined ? undefined : { type: 'number', number: value }

function noteParts(faults: FaultLog, snapshot: Snapshot): void {
  for (const { part, error, lineFaults, warnings } of snapshot.parts) {
    if (error === undefined) faults.clear(`part ${part}`, `metrics from ${part} are back`)
    else faults.note(`part ${part}`, 'metrics left out of the report', { part, error })
    if (lineFaults.length === 0) faults.clear(`lines ${part}`, `no more malformed lines in ${part}`)
    else faults.note(`lines ${part}`, 'malformed lines left out', { part, files: lineFaults })
    if (warnings.length === 0) faults.clear(`warnings ${part}`, `all is known about ${part} again`)
    else faults.note(`warnings ${part}`, 'less is known than could be', { part, errors: warnings })
  }
}
