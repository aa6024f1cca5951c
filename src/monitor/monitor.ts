/**
 * The agent's life between a valid configuration and the signal to stop: subscribe, check itself once, say RUNNING, then
 * one cycle for each tick. A configuration that changes takes effect between two cycles; a bad one changes nothing.
 */
import { formatFaults, parseConfig } from '../config/parse.ts'
import type { Config } from '../config/settings.ts'
import { IpcError } from '../ipc/core-client.ts'
import { Collector, type CollectorOptions } from '../metrics/collector.ts'
import { loadCodec } from '../report/codec.ts'
import { entriesMax, REPORT_BYTES_MAX } from '../report/limits.ts'
import { parseReply } from '../report/reply.ts'
import { type ReportTopics, reportTopics } from '../report/topics.ts'
import { type CycleSetup, type CycleState, makeReport, runCycle } from './cycle.ts'
import { FaultLog } from './fault-log.ts'
import type { Ports } from './ports.ts'
import { ReplyWatch } from './reply-watch.ts'

/** How long a component update has to wait for a report that is on its way before it asks again. */
const DEFER_MS = 5_000
/** Nuclei send one event for each changed key; all of one deployment come within this time. */
const CONFIGURATION_SETTLE_MS = 200

/** Resolves when `signal` is aborted and the last cycle has ended; rejects when the connection to the nucleus is lost. */
export async function runMonitor(
  ports: Ports,
  thingName: string,
  initial: Config,
  signal: AbortSignal,
): Promise<void> {
  await new Monitor(ports, thingName, initial).run(signal)
}

class Monitor {
  readonly #ports: Ports
  readonly #thingName: string
  readonly #replies: ReplyWatch
  readonly #faults: FaultLog
  readonly #subscribed = new Set<string>()
  #config: Config
  #collector: { readonly key: string; readonly collector: Collector } | undefined
  #state: CycleState = { lastReportId: 0 }
  #isInCycle = false
  #reconfigured = new AbortController()
  #isReadingConfiguration = false

  constructor(ports: Ports, thingName: string, config: Config) {
    this.#ports = ports
    this.#thingName = thingName
    this.#config = config
    this.#replies = new ReplyWatch(ports.log)
    this.#faults = new FaultLog(ports.log)
  }

  async run(signal: AbortSignal): Promise<void> {
    const { core, log } = this.#ports
    const lost = core.closed.then((reason): never => {
      throw new IpcError('disconnected', 'Monitor', `the connection to the nucleus was lost: ${reason}`)
    })
    // Handled in the race below, or of no interest any more once the monitor has ended.
    lost.catch(() => {})

    await this.#subscribeToNucleus()
    const setup = await this.#setUp()
    await this.#checkSelf(setup, signal)
    await core.updateState('RUNNING')
    log.info('running', {
      thingName: this.#thingName,
      nucleus: core.kind,
      reportBytesMax: setup.maxBytes,
      ...(this.#config.schedule === undefined
        ? { intervalSeconds: this.#config.sampleIntervalSeconds }
        : { schedule: this.#config.schedule }),
    })
    await Promise.race([this.#loop(setup, signal), lost])
  }

  async #loop(first: CycleSetup, signal: AbortSignal): Promise<void> {
    let setup = first
    while (!signal.aborted) {
      const round = AbortSignal.any([signal, this.#reconfigured.signal])
      for await (const _ of this.#ports.ticks(setup.config, round)) await this.#runOneCycle(setup, signal)
      if (signal.aborted) return
      this.#reconfigured = new AbortController()
      setup = await this.#setUp()
    }
  }

  async #runOneCycle(setup: CycleSetup, signal: AbortSignal): Promise<void> {
    this.#isInCycle = true
    try {
      this.#state = await runCycle(this.#ports, setup, this.#state, signal)
    } catch (error) {
      if (error instanceof IpcError && error.code === 'disconnected') throw error
      this.#ports.log.error('cycle failed; the next one comes', { error })
    } finally {
      this.#isInCycle = false
    }
  }

  /** A first snapshot and report, not published: what cannot work at all is found before the component says RUNNING. */
  async #checkSelf(setup: CycleSetup, signal: AbortSignal): Promise<void> {
    const { counters } = await makeReport(this.#ports, setup, this.#state, signal)
    // The first report has traffic to tell: what flowed since now.
    if (counters !== undefined) this.#state = { ...this.#state, baseline: counters }
  }

  async #setUp(): Promise<CycleSetup> {
    const { core, log } = this.#ports
    const config = this.#config
    log.setLevel(config.logLevel)
    const codec = await loadCodec(config.reportFormat)
    const topics = config.deviceDefender ? reportTopics(this.#thingName, config.reportFormat) : undefined
    const copyTopic = config.reportCopyTopic?.replaceAll('{thingName}', this.#thingName)
    if (topics !== undefined) await this.#subscribeToReplies(topics, codec)
    const budgets = [
      REPORT_BYTES_MAX,
      ...[topics?.publish, copyTopic].flatMap((topic) =>
        topic === undefined ? [] : [core.publishBytesMax(topic)],
      ),
    ]
    if (config.maxReportBytes !== 'auto') budgets.push(config.maxReportBytes)
    const maxBytes = Math.min(...budgets)
    if (config.maxReportBytes !== 'auto' && config.maxReportBytes > maxBytes) {
      log.warn('MaxReportBytes is more than this nucleus takes', {
        asked: config.maxReportBytes,
        used: maxBytes,
      })
    }
    return {
      config,
      collector: this.#collectorFor(config, maxBytes),
      codec,
      topics,
      copyTopic,
      maxBytes,
      replies: this.#replies,
      faults: this.#faults,
    }
  }

  /** Keeps the collector while what it depends on stays the same: it knows since when each socket has been there. */
  #collectorFor(config: Config, maxBytes: number): Collector {
    const options = {
      includeLoopback: config.includeLoopback,
      builtInMetrics: [...config.customMetrics.values()].flatMap((source) =>
        source.kind === 'built-in' ? [source.metric] : [],
      ),
      connectionsMax: entriesMax(maxBytes),
    } satisfies Partial<CollectorOptions>
    const key = JSON.stringify({ ...options, procPath: config.procPath })
    if (this.#collector?.key === key) return this.#collector.collector
    const { clock, log, openProcFs, random } = this.#ports
    const proc = openProcFs(config.procPath)
    if (proc.warning !== undefined) log.warn(proc.warning)
    const collector = new Collector(proc, {
      ...options,
      seed: Math.floor(random() * 2 ** 32),
      monotonicMs: () => clock.monotonicMs(),
    })
    this.#collector = { key, collector }
    return collector
  }

  /** Both reply topics, before the first report goes out: a rejection must not go unseen. */
  async #subscribeToReplies(topics: ReportTopics, codec: CycleSetup['codec']): Promise<void> {
    for (const topic of [topics.accepted, topics.rejected]) {
      if (this.#subscribed.has(topic)) continue
      await this.#ports.core.subscribeToIoTCore(topic, ({ payload }) =>
        this.#replies.receive(parseReply(payload, codec)),
      )
      this.#subscribed.add(topic)
    }
  }

  async #subscribeToNucleus(): Promise<void> {
    const { core } = this.#ports
    await core.subscribeToConfigurationUpdate(() => void this.#readConfiguration())
    await this.#unlessUnsupported('configuration checks before a deployment', () =>
      core.subscribeToValidateConfigurationUpdates(({ configuration }) => {
        const result = parseConfig(configuration)
        return result.ok ? { accepted: true } : { accepted: false, message: formatFaults(result.faults) }
      }),
    )
    await this.#unlessUnsupported('deferring component updates', () =>
      core.subscribeToComponentUpdates(() => (this.#isInCycle ? DEFER_MS : 0)),
    )
  }

  async #unlessUnsupported(what: string, subscribe: () => Promise<void>): Promise<void> {
    try {
      await subscribe()
    } catch (error) {
      if (!(error instanceof IpcError) || error.code !== 'unsupported') throw error
      this.#ports.log.debug(`this nucleus does not offer ${what}`)
    }
  }

  /** Reads the configuration anew; several events of one deployment lead to one reading. */
  async #readConfiguration(): Promise<void> {
    if (this.#isReadingConfiguration) return
    this.#isReadingConfiguration = true
    const { clock, core, log } = this.#ports
    await clock.sleep(CONFIGURATION_SETTLE_MS)
    this.#isReadingConfiguration = false
    try {
      const result = parseConfig(await core.getConfiguration())
      if (!result.ok) {
        log.error('new configuration refused; the old one stays in force', {
          faults: formatFaults(result.faults),
        })
        return
      }
      this.#config = result.config
      for (const note of result.notes) log.warn(note)
      log.info('configuration changed')
      this.#reconfigured.abort()
    } catch (error) {
      log.error('configuration cannot be read; the old one stays in force', { error })
    }
  }
}
