/**
 * What the monitor needs from outside, in memory: a nucleus with a Device Defender behind it that does as it is told, and a disk that
 * outlives the process, which can be killed at any write.
 */
import { setImmediate } from 'node:timers/promises'
import type { Config } from '../../src/config/settings.ts'
import { type CoreClient, IpcError, type IpcErrorCode, type Message } from '../../src/ipc/core-client.ts'
import {
  AGENT_STATE_VERSION,
  type AgentState,
  initialState,
  parseAgentState,
  printAgentState,
} from '../../src/monitor/agent-state.ts'
import type { Ports, Stores } from '../../src/monitor/ports.ts'
import { openProcFs } from '../../src/procfs/proc-fs.ts'
import type { Health } from '../../src/report/health.ts'
import type { Clock } from '../../src/schedule/clock.ts'
import { intervalTicks } from '../../src/schedule/ticks.ts'
import type { History } from '../../src/store/history.ts'
import type { OutboxEntry, QueuedEntry } from '../../src/store/outbox-entry.ts'
import type { Outbox } from '../../src/store/outbox-types.ts'
import { memoryLog } from './memory-log.ts'

/**
 * What becomes of one publish: the nucleus takes it, or refuses it with a code; or no answer comes, and it took it all the same, or
 * it did not.
 */
export type Fate = 'taken' | IpcErrorCode | 'taken, no answer'

export class FakeNucleus {
  readonly kind: 'classic' | 'lite'
  configuration: unknown = {}
  /** Of the next connections, in order; the rest succeed. */
  connectFails: IpcErrorCode[] = []
  connectCount = 0
  /** So many times the connection is lost when the configuration is asked for. */
  failingReads = 0
  /** Decides about each message. */
  fateOf: (topic: string) => Fate = () => 'taken'
  /** Everything that was taken, oldest first. */
  readonly taken: Message[] = []
  readonly states: string[] = []
  onTaken: (message: Message) => void = () => {}
  #subscriptions = new Map<string, (message: Message) => void>()
  #close: (reason: string) => void = () => {}

  constructor(kind: 'classic' | 'lite' = 'lite') {
    this.kind = kind
  }

  takenOn(topicEnd: string): unknown[] {
    return this.taken
      .filter(({ topic }) => topic.endsWith(topicEnd))
      .map(({ payload }) => JSON.parse(Buffer.from(payload).toString()))
  }

  /** A message from the cloud; nobody hears it without a subscription. */
  deliver(topic: string, message: unknown): void {
    this.#subscriptions.get(topic)?.({ topic, payload: Buffer.from(JSON.stringify(message)) })
  }

  get isSubscribed(): boolean {
    return this.#subscriptions.size > 0
  }

  /** The connection is gone, and with it what was subscribed on it. */
  disconnect(): void {
    this.#subscriptions.clear()
    this.#close('the other end hung up')
  }

  connect = async (): Promise<CoreClient> => {
    this.connectCount += 1
    const fault = this.connectFails.shift()
    if (fault !== undefined) throw new IpcError(fault, 'Connect', 'as the test wants it')
    const closed = new Promise<string>((resolve) => {
      this.#close = resolve
    })
    return {
      kind: this.kind,
      closed,
      publishBytesMax: () => 100_000,
      getConfiguration: async () => {
        this.failingReads -= 1
        if (this.failingReads >= 0)
          throw new IpcError('disconnected', 'GetConfiguration', 'as the test wants it')
        return this.configuration
      },
      subscribeToConfigurationUpdate: async () => {},
      subscribeToValidateConfigurationUpdates: async () => {},
      publishToIoTCore: async (topic, payload) => this.#publish({ topic, payload }),
      subscribeToIoTCore: async (topic, onMessage) => {
        this.#subscriptions.set(topic, onMessage)
      },
      publishToTopic: async () => {},
      updateState: async (state) => {
        this.states.push(state)
      },
      subscribeToComponentUpdates: async () => {},
      close: async () => this.#close('closed by us'),
    }
  }

  #publish(message: Message): void {
    const fate = this.fateOf(message.topic)
    if (fate === 'taken' || fate === 'taken, no answer') {
      this.taken.push(message)
      this.onTaken(message)
    }
    if (fate === 'taken') return
    throw new IpcError(
      fate === 'taken, no answer' ? 'timeout' : fate,
      'PublishToIoTCore',
      'as the test wants it',
    )
  }
}

/** What is on the medium: it stays when a process is gone. */
export class FakeDisk {
  /** As text, for what is not in the text is not stored. */
  #stateText: string | undefined
  readonly entries: QueuedEntry[] = []
  readonly violations: { readonly at: number; readonly event: unknown }[] = []
  /** Appended so far, also what is done with. */
  lastId = 0
  lastHealth: Health | undefined
  /** Another agent works there: it is waited for. */
  isHeld = false
  /** Writes until the process is killed, the last one being done or, for a fraction, not. */
  killAfter = Number.POSITIVE_INFINITY
  #isDead = false
  #writes = 0
  #onDeath: () => void = () => {}

  /** A new process; resolves when it is killed. */
  get death(): Promise<'killed'> {
    this.#isDead = false
    return new Promise((resolve) => {
      this.#onDeath = () => resolve('killed')
    })
  }

  stores(): Stores {
    return {
      loadState: async () => this.#load(),
      saveState: (state) =>
        this.#write(() => {
          this.#stateText = JSON.stringify({ version: AGENT_STATE_VERSION, state: printAgentState(state) })
        }),
      outbox: this.#outbox(),
      history: this.#history(),
      writeStatus: async (health) => {
        this.lastHealth = health
      },
      keepRejected: async () => {},
      close: async () => {},
    }
  }

  #load(): AgentState {
    return this.#stateText === undefined ? initialState : parseAgentState(JSON.parse(this.#stateText).state)
  }

  /** Nothing that a dead process waits for ever comes. */
  async #write(action: () => void): Promise<void> {
    // Now and then a write takes a moment, as on a real disk, so that replies can come in between.
    this.#writes += 1
    if (this.#writes % 3 === 0) await setImmediate()
    if (this.#isDead) return new Promise(() => {})
    this.killAfter -= 1
    if (this.killAfter > 0) {
      action()
      return
    }
    if (Number.isInteger(this.killAfter)) action()
    this.killAfter = Number.POSITIVE_INFINITY
    this.#isDead = true
    this.#onDeath()
    return new Promise(() => {})
  }

  #outbox(): Outbox {
    let acknowledged = 0
    let givenUp = 0
    return {
      append: (entry: OutboxEntry) =>
        this.#write(() => {
          this.lastId += 1
          this.entries.push({ ...entry, id: this.lastId })
        }),
      peek: async () => this.entries[0],
      acknowledge: async (id, outcome = 'handed-over') => {
        let isDone = false
        await this.#write(() => {
          if (this.entries[0]?.id !== id) return
          this.entries.shift()
          isDone = true
          if (outcome === 'given-up') givenUp += 1
          else acknowledged += 1
        })
        return isDone
      },
      lastId: () => this.lastId,
      size: () => ({
        entries: this.entries.length,
        bytes: this.entries.reduce((sum, { payload }) => sum + payload.length, 0),
        oldestAt: this.entries[0]?.createdAt,
      }),
      counters: () => ({
        appended: this.lastId,
        handedOver: acknowledged,
        givenUp,
        dropped: { age: 0, bytes: 0, memory: 0, damage: 0 },
        tornTails: 0,
        filesSetAside: 0,
        diskFaults: 0,
      }),
      health: () => ({ kind: 'durable' }),
      close: async () => {},
    }
  }

  #history(): History {
    const { violations } = this
    return {
      appendDatapoints: async () => {},
      appendViolation: (at, event) => this.#write(() => void violations.push({ at, event })),
      readDatapoints: async function* () {},
      readViolations: async function* ({ since = 0 } = {}) {
        yield* violations.filter(({ at }) => at >= since)
      },
      counters: () => ({
        datapoints: 0,
        violations: violations.length,
        dropped: { bytes: 0, disk: 0 },
        listsLeftOut: 0,
        filesSetAside: 0,
      }),
      fault: () => undefined,
      close: async () => {},
    }
  }
}

export interface FakePortsOptions {
  readonly clock: Clock
  readonly nucleus: FakeNucleus
  readonly disk: FakeDisk
  readonly readCustomMetric?: Ports['readCustomMetric']
}

export function fakePorts({ clock, nucleus, disk, readCustomMetric }: FakePortsOptions) {
  const log = memoryLog()
  return {
    connect: nucleus.connect,
    clock: {
      // As Date.now(); a report id is a whole number.
      wallMs: () => Math.floor(clock.wallMs()),
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
    },
    log,
    random: () => 0,
    agentVersion: '0.0.0',
    residentBytes: () => 50e6,
    openProcFs,
    readCustomMetric:
      readCustomMetric ??
      (async (name) => {
        throw new Error(`custom metric ${name}: none was expected`)
      }),
    ticks: ({ sampleIntervalSeconds }, signal) =>
      intervalTicks(clock, sampleIntervalSeconds, 'phase', signal),
    openStores: async (_: Config, signal: AbortSignal) => {
      while (disk.isHeld && !signal.aborted) await clock.sleep(500, signal)
      return disk.isHeld ? undefined : disk.stores()
    },
  } satisfies Ports
}
