/**
 * Hands the outbox's messages over to the nucleus, in order, one at a time. What may pass (offline, spool full, no reply, no
 * connection) is tried again with growing waits until the message is too old for the outbox; what will not pass by itself
 * (not permitted, too large) is given up and counted, so that it never stops the next.
 */
import { IpcError } from '../ipc/core-client.ts'
import { backoffMs } from '../schedule/backoff.ts'
import type { Clock } from '../schedule/clock.ts'
import type { QueuedEntry } from '../store/outbox-entry.ts'
import type { Outbox } from '../store/outbox-types.ts'
import type { FaultLog } from './fault-log.ts'

export interface DrainPorts {
  readonly outbox: Outbox
  readonly publish: (topic: string, payload: Uint8Array) => Promise<void>
  readonly clock: Clock
  readonly random: () => number
  readonly faults: FaultLog
}

/** A retry costs a few hundred bytes on the device and nothing on the network: one a minute is enough for a day offline. */
const BACKOFF = { firstMs: 1_000, maxMs: 60_000 }

export class OutboxDrain {
  readonly #ports: DrainPorts
  #wake = new AbortController()
  #hasNews = false

  constructor(ports: DrainPorts) {
    this.#ports = ports
  }

  /** There is something new, or a new connection: try now. */
  wake(): void {
    this.#hasNews = true
    this.#wake.abort()
  }

  /** Resolves when `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      this.#hasNews = false
      const entry = await this.#ports.outbox.peek()
      if (entry === undefined) {
        await this.#sleep(BACKOFF.maxMs, signal)
        continue
      }
      if (await this.#handOver(entry)) failures = 0
      else {
        failures += 1
        await this.#sleep(backoffMs(failures, BACKOFF, this.#ports.random()), signal)
      }
    }
  }

  /** True when the entry is done with, one way or the other. */
  async #handOver({ id, topic, payload }: QueuedEntry): Promise<boolean> {
    const { outbox, publish, faults } = this.#ports
    try {
      await publish(topic, payload)
      await outbox.acknowledge(id)
      faults.clear('outbox', 'messages are handed over again')
      faults.clear(`given up ${topic}`, `messages to ${topic} are handed over again`)
      return true
    } catch (error) {
      if (isFinal(error)) {
        faults.note(`given up ${topic}`, 'message given up', { topic, bytes: payload.length, error })
        await outbox.acknowledge(id, 'given-up')
        return true
      }
      faults.note('outbox', 'messages wait for the nucleus', { topic, waiting: outbox.size().entries, error })
      return false
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#hasNews) return
    this.#wake = new AbortController()
    const onAbort = () => this.#wake.abort()
    signal.addEventListener('abort', onAbort)
    await this.#ports.clock.sleep(ms, this.#wake.signal)
    signal.removeEventListener('abort', onAbort)
  }
}

const isFinal = (error: unknown): boolean =>
  error instanceof IpcError && (error.code === 'unauthorized' || error.code === 'too-large')
