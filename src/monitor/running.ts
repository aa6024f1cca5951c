/** The loops of the running agent and what they share. Each turn fails by itself: it is logged, and the next one comes. */
import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/settings.ts'
import { type CoreClient, IpcError } from '../ipc/core-client.ts'
import { boundHealth, type Health } from '../report/health.ts'
import { parseReply } from '../report/reply.ts'
import type { AgentState } from './agent-state.ts'
import { attributeProcesses } from './attribution.ts'
import { EdgeDetect, type Judged } from './edge-detect.ts'
import type { FaultLog } from './fault-log.ts'
import type { HealthRecord } from './health-record.ts'
import type { Journal } from './journal.ts'
import { LocalPublisher } from './local-publisher.ts'
import type { NucleusLink } from './nucleus-link.ts'
import { type Observer, observe } from './observation.ts'
import { OutboxDrain } from './outbox-drain.ts'
import type { Ports, Stores } from './ports.ts'
import { Reporter } from './reporter.ts'
import { makeSetup, type Setup } from './setup.ts'

export interface RunningParts {
  readonly ports: Ports
  readonly thingName: string
  readonly link: NucleusLink
  readonly stores: Stores
  readonly journal: Journal
  readonly faults: FaultLog
  readonly record: HealthRecord
}

/** How long a component update has to wait for a report that is on its way before it asks again. */
const DEFER_MS = 5_000
/** Until the distance of two reports of a `Schedule` is known. */
const SCHEDULED_MS_DEFAULT = 300_000
const settingsAtStart = ['stateDirectory', 'outboxMaxBytes', 'outboxMaxAgeHours', 'statusSocket'] as const

export class Running {
  readonly #parts: RunningParts
  readonly #observer: Observer
  readonly #reporter: Reporter
  readonly #drain: OutboxDrain
  readonly #local: LocalPublisher
  /** Topics that are subscribed to, by connection. */
  readonly #subscribed = new WeakMap<CoreClient, Set<string>>()
  #setup!: Setup
  #detect!: EdgeDetect
  #reconfigured = new AbortController()
  #isReporting = false
  #scheduledMs = SCHEDULED_MS_DEFAULT
  #reportedAtMs: number | undefined

  constructor(parts: RunningParts) {
    const { ports, stores, link, faults, record } = parts
    this.#parts = parts
    this.#observer = { ports, faults, record, stores }
    this.#reporter = new Reporter(parts)
    this.#local = new LocalPublisher(link, faults)
    this.#drain = new OutboxDrain({
      outbox: stores.outbox,
      publish: (topic, payload) => link.require('PublishToIoTCore').publishToIoTCore(topic, payload),
      clock: ports.clock,
      random: ports.random,
      faults,
    })
  }

  /**
   * Takes over the former process's state, and makes a first observation and report that is not sent: what cannot work at all is
   * found before the component says RUNNING.
   */
  async begin(setup: Setup, signal: AbortSignal): Promise<void> {
    const { journal } = this.#parts
    this.#setup = setup
    const wasInterrupted = this.#interruptedMs(journal.state) > this.#intervalMs()
    await this.#useDetect(this.#makeDetect(setup))
    const observation = await observe(this.#observer, setup, journal.state, 'report', signal)
    this.#reporter.compose(journal.state, setup, observation, false)
    const { counters } = observation.snapshot
    if (counters === undefined) return
    // The first report has traffic to tell: what flowed since now, or since the former process's last reading.
    await journal.commit((state) => ({
      state: {
        ...state,
        ledger: { ...state.ledger, baseline: state.ledger.baseline ?? counters },
        copyBaseline: state.copyBaseline ?? counters,
        // Traffic of a longer interruption cannot be judged: nobody knows in which interval it flowed.
        detectBaseline: wasInterrupted ? counters : (state.detectBaseline ?? counters),
      },
    }))
  }

  sayRunning(): void {
    const { ports, thingName, link } = this.#parts
    const { config, maxBytes } = this.#setup
    ports.log.info('running', {
      thingName,
      version: ports.agentVersion,
      nucleus: link.kind,
      reportBytesMax: maxBytes,
      behaviors: this.#detect.judgedCount,
      ...(config.schedule === undefined
        ? { intervalSeconds: config.sampleIntervalSeconds }
        : { schedule: config.schedule }),
    })
    // The former process's says that it has ended, until then.
    void this.#parts.stores.writeStatus(this.health())
  }

  /** Subscribes to the replies, before the first report goes out on this connection, and sends what has waited for it. */
  async onConnected(core: CoreClient): Promise<void> {
    await this.#subscribeToReplies(core, this.#setup)
    this.#drain.wake()
    void this.#local.flush()
  }

  /** Takes a new configuration over; false when nothing has changed. */
  async reconfigure(config: Config, core: CoreClient): Promise<boolean> {
    const { ports, thingName } = this.#parts
    if (isDeepStrictEqual(config, this.#setup.config)) return false
    const setup = await makeSetup(
      ports,
      thingName,
      config,
      (topic) => core.publishBytesMax(topic),
      this.#setup,
    )
    await this.#subscribeToReplies(core, setup)
    ports.log.setLevel(config.logLevel)
    this.#noteLaterSettings(config)
    this.#setup = setup
    await this.#useDetect(this.#makeDetect(setup))
    this.#reconfigured.abort()
    void this.#parts.stores.writeStatus(this.health())
    return true
  }

  /** What the stores were opened with stays until the process is started anew. */
  #noteLaterSettings(config: Config): void {
    const { config: former } = this.#setup
    const changed = settingsAtStart.filter((name) => config[name] !== former[name])
    if (changed.length > 0)
      this.#parts.ports.log.warn('takes effect when the component is started anew', { changed })
  }

  /** For a component update that asks: milliseconds to wait, 0 to go ahead. */
  deferMs(): number {
    return this.#isReporting ? DEFER_MS : 0
  }

  async reportLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const round = this.#round(signal)
      for await (const _ of this.#parts.ports.ticks(this.#setup.config, round)) {
        this.#isReporting = true
        this.#noteTick()
        await this.#turn('report', () => this.#report(signal))
        this.#isReporting = false
      }
    }
  }

  #noteTick(): void {
    const nowMs = this.#parts.ports.clock.monotonicMs()
    if (this.#reportedAtMs !== undefined) this.#scheduledMs = nowMs - this.#reportedAtMs
    this.#reportedAtMs = nowMs
  }

  async sampleLoop(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.ports
    while (!signal.aborted) {
      const round = this.#round(signal)
      const periodMs = this.#setup.config.localSampleIntervalSeconds * 1000
      while (!round.aborted) {
        await clock.sleep(this.#detect.judgedCount === 0 ? Number.POSITIVE_INFINITY : periodMs, round)
        if (!round.aborted) await this.#turn('sample', () => this.#sample(signal))
      }
    }
  }

  drainLoop(signal: AbortSignal): Promise<void> {
    return this.#drain.run(signal)
  }

  async healthLoop(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.ports
    while (!signal.aborted) {
      const round = this.#round(signal)
      const { healthIntervalSeconds } = this.#setup.config
      while (!round.aborted) {
        await clock.sleep(
          healthIntervalSeconds === 0 ? Number.POSITIVE_INFINITY : healthIntervalSeconds * 1000,
          round,
        )
        if (!round.aborted) await this.#turn('health', () => this.#publishHealth())
      }
    }
  }

  /** What was only in memory is stored; nothing of it has left the device. */
  async end(): Promise<void> {
    await this.#parts.journal.commit((state) => ({ state }))
    await this.#parts.stores.writeStatus({ ...this.health(), hasEnded: true })
  }

  health(): Health {
    const { journal, link, stores, record } = this.#parts
    const behaviors = this.#detect.status(journal.state)
    return record.health(journal.state, link, stores, behaviors, stateIntervalSeconds(this.#setup.config))
  }

  /** Aborted at the end, and when the configuration changes. */
  #round(signal: AbortSignal): AbortSignal {
    if (this.#reconfigured.signal.aborted) this.#reconfigured = new AbortController()
    return AbortSignal.any([signal, this.#reconfigured.signal])
  }

  async #turn(what: string, action: () => Promise<void>): Promise<void> {
    const { ports, faults, record } = this.#parts
    const startedMs = ports.clock.monotonicMs()
    try {
      await action()
      faults.clear(`turn ${what}`, `${what} works again`)
      record.notePart(what, ports.clock.monotonicMs() - startedMs)
    } catch (error) {
      faults.note(`turn ${what}`, `${what} failed; the next one comes`, { error })
      record.notePart(what, ports.clock.monotonicMs() - startedMs, error)
    }
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { journal, ports } = this.#parts
    const setup = this.#setup
    // One may be in doubt since the last time.
    await this.#reporter.send(setup, this.#intervalMs(), signal)
    const observation = await observe(this.#observer, setup, journal.state, 'report', signal)
    const isLeftOut = this.#reporter.isThrottled()
    const at = ports.clock.wallMs()
    let judged: Judged | undefined
    let isTold = false
    await journal.commit((state) => {
      const { snapshot, customDatapoints } = observation
      judged = this.#detect.closeInterval(state, snapshot, customDatapoints, at, at + this.#intervalMs())
      const composed = this.#reporter.compose(judged.state, setup, observation, isLeftOut)
      isTold = composed.isTold
      return {
        state: composed.state,
        entries: [...judged.entries, ...composed.entries],
        events: judged.events,
      }
    })
    if (isTold) setup.collector.markReported()
    await this.#tell(judged, at)
    await this.#reporter.send(setup, this.#intervalMs(), signal)
    await this.#parts.stores.writeStatus(this.health())
  }

  async #sample(signal: AbortSignal): Promise<void> {
    const { journal, ports } = this.#parts
    const setup = this.#setup
    const { snapshot } = await observe(this.#observer, setup, journal.state, 'sample', signal)
    const at = ports.clock.wallMs()
    let judged: Judged | undefined
    await journal.commit((state) => {
      judged = this.#detect.sample(state, snapshot, [], at)
      return { ...judged, isMinor: judged.events.length === 0 }
    })
    await this.#tell(judged, at)
    if (judged !== undefined && judged.events.length > 0) await this.#parts.stores.writeStatus(this.health())
  }

  /** What was judged is stored by now: history, local publish/subscribe and the outbox may know of it. */
  async #tell(judged: Judged | undefined, at: number): Promise<void> {
    if (judged === undefined) return
    const { stores } = this.#parts
    if (judged.datapoints.length > 0) await stores.history.appendDatapoints(at, judged.datapoints)
    if (judged.entries.length > 0) {
      void this.#local.publish(
        this.#setup.ownTopics.violations,
        judged.entries.map(({ payload }) => JSON.parse(Buffer.from(payload).toString())),
      )
    }
    void this.#local.flush()
    this.#drain.wake()
  }

  async #publishHealth(): Promise<void> {
    const { link, stores } = this.#parts
    const health = this.health()
    await stores.writeStatus(health)
    const topic = this.#setup.ownTopics.health
    const core = link.require('PublishToIoTCore')
    // Not worth keeping: the next message has newer figures.
    await core.publishToIoTCore(
      topic,
      Buffer.from(JSON.stringify(boundHealth(health, core.publishBytesMax(topic)))),
    )
  }

  async #subscribeToReplies(core: CoreClient, { topics, codec }: Setup): Promise<void> {
    if (topics === undefined) return
    const subscribed = this.#subscribed.get(core) ?? new Set()
    this.#subscribed.set(core, subscribed)
    for (const topic of [topics.accepted, topics.rejected]) {
      if (subscribed.has(topic)) continue
      try {
        await core.subscribeToIoTCore(topic, ({ payload }) => {
          this.#reporter.receive(parseReply(payload, codec)).catch((error) => {
            this.#parts.ports.log.error('reply of Device Defender could not be dealt with', { error })
          })
        })
        subscribed.add(topic)
      } catch (error) {
        if (!(error instanceof IpcError) || error.code !== 'unauthorized') throw error
        // Reporting without hearing the answers is better than not reporting.
        this.#parts.ports.log.error('replies of Device Defender will not be heard', { topic, error })
      }
    }
  }

  #makeDetect({ config, customMetricTypes, isReported, ownTopics, proc }: Setup): EdgeDetect {
    const { link, thingName } = this.#parts
    return new EdgeDetect({
      thingName,
      profiles: config.securityProfiles,
      customMetricTypes,
      isReported,
      topic: ownTopics.violations,
      messageBytesMax: () => link.core?.publishBytesMax(ownTopics.violations) ?? this.#setup.maxBytes,
      attribute: (events) =>
        config.processAttribution
          ? attributeProcesses(proc, events, () => this.#parts.ports.clock.monotonicMs())
          : events,
    })
  }

  /** Alarms of behaviors that are gone or changed are invalidated; the others go on. */
  async #useDetect(detect: EdgeDetect): Promise<void> {
    const { journal, ports } = this.#parts
    const at = ports.clock.wallMs()
    let judged: Judged | undefined
    await journal.commit((state) => {
      judged = detect.resume(state, at, at + this.#intervalMs())
      // Together with the state: one engine does not take another's.
      this.#detect = detect
      return judged
    })
    await this.#tell(judged, at)
  }

  /** Since Edge Detect last looked, by the clock that it keeps. */
  #interruptedMs({ detect }: AgentState): number {
    return detect === undefined
      ? 0
      : this.#parts.ports.clock.wallMs() + detect.clock.aheadMs - detect.clock.at
  }

  /** With a `Schedule` the next report is taken to come as long after this one as this one came after the last. */
  #intervalMs(): number {
    const { schedule, sampleIntervalSeconds } = this.#setup.config
    return schedule === undefined ? sampleIntervalSeconds * 1000 : this.#scheduledMs
  }
}

/** How often the state is written by plan, local samples aside. */
function stateIntervalSeconds({
  schedule,
  sampleIntervalSeconds,
  healthIntervalSeconds,
}: Config): number | undefined {
  const each = [
    ...(schedule === undefined ? [sampleIntervalSeconds] : []),
    ...(healthIntervalSeconds === 0 ? [] : [healthIntervalSeconds]),
  ]
  return each.length === 0 ? undefined : Math.min(...each)
}
