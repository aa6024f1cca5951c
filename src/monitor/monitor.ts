/**
 * The agent's life from its first connection to the signal to stop.
 *
 * Once there is a connection and a valid configuration, and a first snapshot and report could be made, the component says
 * RUNNING, and five loops go on side by side, each failing by itself: the connection, reports at their interval, local
 * samples for Edge Detect in between, the outbox, and the health message. They go on without a connection too. A configuration
 * that changes takes effect between two turns; a bad one changes nothing.
 */
import { formatFaults, parseConfig } from '../config/parse.ts'
import type { Config } from '../config/settings.ts'
import { type CoreClient, IpcError } from '../ipc/core-client.ts'
import { FaultLog } from './fault-log.ts'
import { HealthRecord } from './health-record.ts'
import { Journal } from './journal.ts'
import { NucleusLink } from './nucleus-link.ts'
import type { Ports, Stores } from './ports.ts'
import { LIFE_MS_MIN, noteStart, waitForRestartMs } from './restart-budget.ts'
import { Running } from './running.ts'
import { makeSetup } from './setup.ts'

/** The configuration at start will not do; every fault is in the message. */
export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused'
}

const CONNECT_AGAIN_MS = 1_000

/** Nuclei send one event for each changed key; all of one deployment come within this time. */
const CONFIGURATION_SETTLE_MS = 200

/** Resolves when `signal` is aborted and the last turn has ended; rejects with ConfigRefused or NeedsRestart. */
export async function runMonitor(ports: Ports, thingName: string, signal: AbortSignal): Promise<void> {
  const { clock, log } = ports
  const startedMs = clock.monotonicMs()
  let journal: Journal | undefined
  const link = new NucleusLink({
    ...ports,
    waitForRestartMs: (reason) => {
      if (journal !== undefined) return waitForRestartMs(journal.state.recentStarts, clock.wallMs())
      // Former starts are not known before the state is. A token that is refused at once is cured by a start at once; a nucleus
      // that is not there yet, by patience: a life as long as this is within any budget.
      return reason === 'refused' ? 0 : startedMs + LIFE_MS_MIN - clock.monotonicMs()
    },
  })
  let stores: Stores | undefined
  try {
    const opened = await openAll(link, ports, signal)
    if (opened === undefined) return
    const { core, config } = opened
    stores = opened.stores
    journal = await openJournal(stores, ports)
    const faults = new FaultLog(log)
    const running = new Running({
      ports,
      thingName,
      link,
      stores,
      journal,
      faults,
      record: new HealthRecord(ports, thingName),
    })
    await running.begin(
      await makeSetup(ports, thingName, config, (topic) => core.publishBytesMax(topic)),
      signal,
    )
    await runLoops(ports, link, running, signal)
  } finally {
    await link.core?.close()
    await stores?.close()
  }
}

/** The first connection, the configuration and the stores; undefined when `signal` is aborted before all are there. */
async function openAll(link: NucleusLink, ports: Ports, signal: AbortSignal) {
  while (!signal.aborted) {
    let config: Config | undefined
    const core = await link.open(signal, async (each) => {
      config = await firstConfig(each, ports)
    })
    if (core === undefined || config === undefined) return undefined
    ports.log.setLevel(config.logLevel)
    const stores = await ports.openStores(config, AbortSignal.any([signal, lossOf(core)]))
    if (stores !== undefined) return { core, config, stores }
    // The nucleus went away while another agent's end was waited for.
    await ports.clock.sleep(CONNECT_AGAIN_MS, signal)
  }
  return undefined
}

function lossOf({ closed }: CoreClient): AbortSignal {
  const lost = new AbortController()
  void closed.then(() => lost.abort())
  return lost.signal
}

async function openJournal(stores: Stores, { clock }: Ports): Promise<Journal> {
  const journal = await Journal.open(await stores.loadState(), stores)
  await journal.commit((state) => ({
    state: {
      ...state,
      recentStarts: noteStart(state.recentStarts, clock.wallMs()),
      startCount: state.startCount + 1,
    },
  }))
  return journal
}

/** Ends all loops when one of them rejects. */
async function runLoops(
  ports: Ports,
  link: NucleusLink,
  running: Running,
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController()
  const stop = AbortSignal.any([signal, ended.signal])
  const configuration = new ConfigurationReader(ports, running)
  let isFirst = true
  let sayReady = () => {}
  const ready = new Promise<void>((resolve) => {
    sayReady = resolve
  })
  stop.addEventListener('abort', sayReady)
  if (stop.aborted) sayReady()
  const onConnected = async (core: CoreClient) => {
    await subscribeToNucleus(core, ports, running, configuration)
    if (!isFirst) await configuration.read(core)
    await running.onConnected(core)
    if (isFirst) await core.updateState('RUNNING')
    if (isFirst) running.sayRunning()
    isFirst = false
    sayReady()
  }
  const loops = [
    link.run(onConnected, stop),
    // A reply to a report that went out before the subscriptions would go unheard.
    ready.then(() => running.reportLoop(stop)),
    running.sampleLoop(stop),
    running.drainLoop(stop),
    running.healthLoop(stop),
  ]
  try {
    await Promise.all(loops)
  } finally {
    ended.abort()
    await Promise.allSettled(loops)
    await running.end()
  }
}

async function subscribeToNucleus(
  core: CoreClient,
  { log }: Ports,
  running: Running,
  configuration: ConfigurationReader,
): Promise<void> {
  await core.subscribeToConfigurationUpdate(() => void configuration.readSoon(core))
  const unlessUnsupported = async (what: string, subscribe: () => Promise<void>) => {
    try {
      await subscribe()
    } catch (error) {
      if (!(error instanceof IpcError) || error.code !== 'unsupported') throw error
      log.debug(`this nucleus does not offer ${what}`)
    }
  }
  // Lite lacks both; what it lacks is known from its kind after the first connection, so that it is asked once.
  if (core.kind === 'lite') return
  await unlessUnsupported('configuration checks before a deployment', () =>
    core.subscribeToValidateConfigurationUpdates((event) => {
      const result = parseConfig(event.configuration)
      return result.ok ? { accepted: true } : { accepted: false, message: formatFaults(result.faults) }
    }),
  )
  await unlessUnsupported('deferring component updates', () =>
    core.subscribeToComponentUpdates(() => running.deferMs()),
  )
}

/** The configuration, or ConfigRefused after the component has been reported as ERRORED with all that is wrong. */
async function firstConfig(core: CoreClient, { log }: Ports): Promise<Config> {
  const result = parseConfig(await core.getConfiguration())
  if (result.ok) {
    for (const note of result.notes) log.warn(note)
    return result.config
  }
  // The faults must be told also where the nucleus does not take the state.
  await core.updateState('ERRORED').catch(() => {})
  throw new ConfigRefused(formatFaults(result.faults))
}

/** Reads a changed configuration, once for all the events of one deployment. */
class ConfigurationReader {
  readonly #ports: Ports
  readonly #running: Running
  #isWaiting = false
  #reading: Promise<void> = Promise.resolve()

  constructor(ports: Ports, running: Running) {
    this.#ports = ports
    this.#running = running
  }

  async readSoon(core: CoreClient): Promise<void> {
    if (this.#isWaiting) return
    this.#isWaiting = true
    await this.#ports.clock.sleep(CONFIGURATION_SETTLE_MS)
    this.#isWaiting = false
    await this.read(core)
  }

  /** One reading after the other: the newest comes last. Never rejects: what cannot be had leaves the old one in force. */
  read(core: CoreClient): Promise<void> {
    this.#reading = this.#reading.then(() => this.#readOne(core))
    return this.#reading
  }

  async #readOne(core: CoreClient): Promise<void> {
    const { log } = this.#ports
    try {
      const result = parseConfig(await core.getConfiguration())
      if (!result.ok) {
        log.error('new configuration refused; the old one stays in force', {
          faults: formatFaults(result.faults),
        })
      } else if (await this.#running.reconfigure(result.config, core)) {
        for (const note of result.notes) log.warn(note)
        log.info('configuration changed')
      }
    } catch (error) {
      log.error('new configuration cannot take effect; the old one stays in force', { error })
    }
  }
}
