/** A clock that stands still until a test moves it. */
import type { Clock } from '../../src/schedule/clock.ts'

interface Sleeper {
  readonly dueMs: number
  readonly wake: () => void
}

export class ManualClock implements Clock {
  readonly #sleepers = new Set<Sleeper>()
  #wallMs: number
  #monotonicMs = 5_000 // not 0, as on a machine that has been up for a while

  constructor(wallMs = Date.UTC(2026, 0, 15, 12)) {
    this.#wallMs = wallMs
  }

  wallMs(): number {
    return this.#wallMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper = { dueMs: this.#monotonicMs + Math.max(0, ms), wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake)
    })
  }

  /** How many wait for time to pass. */
  get sleeperCount(): number {
    return this.#sleepers.size
  }

  /** Lets time pass. Who sleeps is woken at its own instant, and what it then does is done before time goes on. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    await settle()
    for (;;) {
      const next = [...this.#sleepers].sort((left, right) => left.dueMs - right.dueMs)[0]
      if (next === undefined || next.dueMs > endMs) break
      this.pass(Math.max(0, next.dueMs - this.#monotonicMs))
      next.wake()
      await settle()
    }
    this.pass(Math.max(0, endMs - this.#monotonicMs))
  }

  /** Time goes by while the program is busy or suspended: nobody is woken. */
  pass(ms: number): void {
    this.#monotonicMs += ms
    this.#wallMs += ms
  }

  /** Someone sets the system's clock. */
  step(ms: number): void {
    this.#wallMs += ms
  }
}

/** Whatever is only a matter of promises is done by then. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
