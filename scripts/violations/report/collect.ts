/**
 * Fetches the datapoints that a report draws: of each thing with violations, the metrics that tell its story, for the time
 * around its alarms. Bounded, for a file that takes long to open is not opened twice.
 */
import type { Behavior } from '../../../src/detect/security-profile.ts'
import { metricCatalog } from '../../../src/metrics/catalog.ts'
import type { MetricPoint, Violation, ViolationSource } from '../model.ts'
import { seriesName } from './series-name.ts'

export interface CollectOptions {
  /** Before each alarm and after its end. */
  readonly aroundMs: number
  readonly now: number
  readonly datapointsMax?: number
  readonly onProgress?: (thingsDone: number, thingsTotal: number) => void
}

export interface Collected {
  readonly series: ReadonlyMap<string, ReadonlyMap<string, readonly MetricPoint[]>>
  readonly datapointCount: number
  /** Things whose values were left out, for the bound was reached. */
  readonly leftOut: readonly string[]
}

/** Some 2 MB of the file, and what opens within a second or two on a small machine. */
const DATAPOINTS_MAX = 250_000

/** Asking AWS for one costs a request a day and thing: those that an investigation begins with. */
const METRICS_OF_DETECT = [
  'aws:all-bytes-out',
  'aws:all-packets-out',
  'aws:destination-ip-addresses',
  'aws:listening-tcp-ports',
  'aws:num-established-tcp-connections',
]

/** The things with the newest violations first, so that what is left out is what is oldest. */
export async function collectSeries(
  source: ViolationSource,
  violations: readonly Violation[],
  { aroundMs, now, datapointsMax = DATAPOINTS_MAX, onProgress }: CollectOptions,
): Promise<Collected> {
  const byThing = groupByThing(violations)
  const series = new Map<string, ReadonlyMap<string, readonly MetricPoint[]>>()
  const leftOut: string[] = []
  let datapointCount = 0
  let done = 0
  for (const [thingName, own] of byThing) {
    if (datapointCount >= datapointsMax) leftOut.push(thingName)
    else {
      const found = await seriesOfThing(source, thingName, own, { aroundMs, now })
      for (const points of found.values()) datapointCount += points.length
      if (found.size > 0) series.set(thingName, found)
    }
    done += 1
    onProgress?.(done, byThing.size)
  }
  return { series, datapointCount, leftOut }
}

function groupByThing(violations: readonly Violation[]): ReadonlyMap<string, readonly Violation[]> {
  const groups = new Map<string, Violation[]>()
  for (const violation of violations) {
    const group = groups.get(violation.thingName)
    if (group === undefined) groups.set(violation.thingName, [violation])
    else group.push(violation)
  }
  return groups
}

async function seriesOfThing(
  source: ViolationSource,
  thingName: string,
  violations: readonly Violation[],
  { aroundMs, now }: { readonly aroundMs: number; readonly now: number },
): Promise<ReadonlyMap<string, readonly MetricPoint[]>> {
  const spans = merged(
    violations.map(({ startedAt, endedAt = now }) => ({
      since: startedAt - aroundMs,
      until: Math.min(now, endedAt + aroundMs),
    })),
  )
  const found = new Map<string, readonly MetricPoint[]>()
  for (const [name, { metric, dimension }] of metricsOf(source, violations)) {
    const points: MetricPoint[] = []
    // A device's history is read file by file: once for all of it, what lies between the alarms is a welcome addition.
    for (const span of source.origin === 'device' ? [hullOf(spans)] : spans) {
      const range = { thingName, metric, ...(dimension === undefined ? {} : { dimension }), ...span }
      points.push(...(await source.metricValues(range)))
    }
    if (points.length > 0) found.set(name, points)
  }
  return found
}

interface WantedMetric {
  readonly metric: string
  readonly dimension: Behavior['metricDimension']
}

/** The metrics of the thing's behaviors, and beside them those that the source has for every device. */
function metricsOf(
  source: ViolationSource,
  violations: readonly Violation[],
): ReadonlyMap<string, WantedMetric> {
  const own = violations.map(({ behavior }): [string, WantedMetric] => [
    seriesName(behavior),
    { metric: behavior.metric, dimension: behavior.metricDimension },
  ])
  const ofDevice = [...metricCatalog.values()].filter(({ side }) => side === 'device').map(({ name }) => name)
  const usual = source.origin === 'detect' ? METRICS_OF_DETECT : ofDevice
  return new Map([
    ...usual.map((metric): [string, WantedMetric] => [metric, { metric, dimension: undefined }]),
    ...own,
  ])
}

interface Span {
  readonly since: number
  readonly until: number
}

function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  for (const span of [...spans].sort((a, b) => a.since - b.since)) {
    const last = result.at(-1)
    if (last === undefined || span.since > last.until) result.push(span)
    else result[result.length - 1] = { since: last.since, until: Math.max(last.until, span.until) }
  }
  return result
}

/** @param spans merged: in order, at least one */
const hullOf = (spans: readonly Span[]): Span => ({
  since: (spans[0] as Span).since,
  until: (spans.at(-1) as Span).until,
})
