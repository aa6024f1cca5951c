/**
 * Time as the rest of the agent sees it. Wall-clock time names things (report ids, event times) and may jump either way;
 * monotonic time measures waits and never goes back. Tests bring a clock of their own that they move by hand.
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Clock {
  /** Epoch milliseconds. */
  wallMs(): number
  /** Milliseconds since some fixed instant; not affected by changes of the system's clock. */
  monotonicMs(): number
  /** Resolves after `ms` (which may be infinite), or as soon as `signal` is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** setTimeout takes at most 2^31 - 1 ms and fires at once for more. */
const SLEEP_MS_MAX = 2 ** 31 - 1

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    const endMs = performance.now() + ms
    for (let leftMs = ms; leftMs > 0 && !signal?.aborted; leftMs = endMs - performance.now()) {
      await sleep(Math.min(leftMs, SLEEP_MS_MAX), undefined, { signal }).catch(() => undefined)
    }
  },
}
