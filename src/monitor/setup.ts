/** What follows from a configuration and stays the same for as long as it does. */
import type { Config } from '../config/settings.ts'
import { Collector, type CollectorOptions } from '../metrics/collector.ts'
import { interfaceFilter } from '../metrics/interfaces.ts'
import type { CustomMetricType } from '../metrics/snapshot.ts'
import type { ProcFs } from '../procfs/proc-fs.ts'
import { type Codec, loadCodec } from '../report/codec.ts'
import { entriesMax, REPORT_BYTES_MAX } from '../report/limits.ts'
import { type OwnTopics, ownTopics, type ReportTopics, reportTopics } from '../report/topics.ts'
import type { Ports } from './ports.ts'

export interface Setup {
  readonly config: Config
  readonly proc: ProcFs
  readonly collector: Collector
  /** Two setups with the same key can share a collector. */
  readonly collectorKey: string
  readonly codec: Codec
  /** Undefined when nothing is to be published to Device Defender. */
  readonly topics: ReportTopics | undefined
  readonly copyTopic: string | undefined
  readonly ownTopics: OwnTopics
  readonly maxBytes: number
  /** Whether an interface's traffic counts. */
  readonly isReported: (interfaceName: string) => boolean
  readonly customMetricTypes: ReadonlyMap<string, CustomMetricType>
}

/** `publishBytesMax`: what the nucleus at hand takes in one message to a topic. */
export async function makeSetup(
  ports: Pick<Ports, 'clock' | 'log' | 'random' | 'openProcFs'>,
  thingName: string,
  config: Config,
  publishBytesMax: (topic: string) => number,
  former?: Setup,
): Promise<Setup> {
  const topics = config.deviceDefender ? reportTopics(thingName, config.reportFormat) : undefined
  const copyTopic = config.reportCopyTopic?.replaceAll('{thingName}', thingName)
  const destinations = [topics?.publish, copyTopic].filter((topic) => topic !== undefined)
  const maxBytes = Math.min(REPORT_BYTES_MAX, ...destinations.map(publishBytesMax), chosenBytes(config))
  if (maxBytes < chosenBytes(config) && config.maxReportBytes !== 'auto') {
    ports.log.warn('MaxReportBytes is more than this nucleus takes', {
      asked: config.maxReportBytes,
      used: maxBytes,
    })
  }
  return {
    config,
    ...collectorOf(ports, config, maxBytes, former),
    codec: await loadCodec(config.reportFormat),
    topics,
    copyTopic,
    ownTopics: ownTopics(thingName),
    maxBytes,
    isReported: interfaceFilter(config.interfaces, config.includeLoopback),
    customMetricTypes: new Map(
      [...config.customMetrics].map(([name, source]) => [name, 'type' in source ? source.type : 'number']),
    ),
  }
}

const chosenBytes = ({ maxReportBytes }: Config): number =>
  maxReportBytes === 'auto' ? Number.POSITIVE_INFINITY : maxReportBytes

/** Keeps the collector while what it depends on stays the same: it knows since when each socket has been there. */
function collectorOf(
  { clock, log, openProcFs, random }: Pick<Ports, 'clock' | 'log' | 'random' | 'openProcFs'>,
  config: Config,
  maxBytes: number,
  former: Setup | undefined,
): Pick<Setup, 'proc' | 'collector' | 'collectorKey'> {
  const options = {
    includeLoopback: config.includeLoopback,
    builtInMetrics: [...config.customMetrics.values()].flatMap((source) =>
      source.kind === 'built-in' ? [source.metric] : [],
    ),
    connectionsMax: entriesMax(maxBytes, config.reportFormat, config.fieldNames),
  } satisfies Partial<CollectorOptions>
  const collectorKey = JSON.stringify({ ...options, procPath: config.procPath })
  if (former?.collectorKey === collectorKey)
    return { proc: former.proc, collector: former.collector, collectorKey }
  const proc = openProcFs(config.procPath)
  if (proc.warning !== undefined) log.warn(proc.warning)
  const collector = new Collector(proc, {
    ...options,
    seed: Math.floor(random() * 2 ** 32),
    monotonicMs: () => clock.monotonicMs(),
  })
  return { proc, collector, collectorKey }
}
