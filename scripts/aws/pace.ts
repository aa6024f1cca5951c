/**
 * Calls one after the other, no faster than a rate that leaves room for the console and for other tools of the same
 * account, and slower for a while after AWS has throttled one. The SDK tries a throttled call a few times itself; a
 * sweep over a month has the patience to wait longer.
 */
import { backoffMs } from '../../src/schedule/backoff.ts'
import type { Clock } from '../../src/schedule/clock.ts'

export interface PaceOptions {
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly callsPerSecond: number
  readonly signal?: AbortSignal
}

export interface Pace {
  run<T>(send: () => Promise<T>): Promise<T>
}

/** Beyond the SDK's own tries: about two minutes in all. */
const TRIES_MAX = 6
const BACKOFF = { firstMs: 2000, maxMs: 60_000 }
/** What is left of the rate after each throttling, and what each call that passes gives back of it. */
const SLOWER = 2
const FASTER = 0.9

export function paceOf({ clock, random, callsPerSecond, signal }: PaceOptions): Pace {
  const shortestMs = 1000 / callsPerSecond
  let gapMs = shortestMs
  let nextMs = Number.NEGATIVE_INFINITY

  async function turn(): Promise<void> {
    const waitMs = nextMs - clock.monotonicMs()
    if (waitMs > 0) await clock.sleep(waitMs, signal)
    signal?.throwIfAborted()
    nextMs = clock.monotonicMs() + gapMs
  }

  return {
    run: async (send) => {
      for (let attempt = 1; ; attempt += 1) {
        await turn()
        try {
          const answer = await send()
          gapMs = Math.max(shortestMs, gapMs * FASTER)
          return answer
        } catch (error) {
          if (!isThrottled(error) || attempt >= TRIES_MAX) throw error
          gapMs = Math.min(BACKOFF.maxMs, gapMs * SLOWER)
          await clock.sleep(backoffMs(attempt, BACKOFF, random()), signal)
        }
      }
    },
  }
}

/** iot API reference, "Common errors"; other services of AWS have the second name for it. */
const isThrottled = (error: unknown) =>
  ['ThrottlingException', 'TooManyRequestsException'].includes((error as Error).name)
