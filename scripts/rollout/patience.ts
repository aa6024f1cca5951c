/** Faults that pass by themselves: what is tried again after them, and for how long. */
import type { Clock } from '../../src/schedule/clock.ts'
import { OperatorProblem } from '../aws/operator-io.ts'
import { AwsProblem } from '../aws/problem.ts'

/** Tries in a row that may fail for want of network or because AWS throttles: some minutes. */
export const FAILED_TRIES_MAX = 8
/** Waits grow while nothing happens, so that a slow ring costs few calls. */
export const FIRST_PAUSE_MS = 5_000
export const PAUSE_MS_MAX = 30_000
export const PAUSE_GROWTH = 1.5

/** A folder of messages that cannot be read: whoever writes to it may be at it. */
export class UnreadableMessages extends OperatorProblem {}

export const isPassing = (error: unknown): boolean =>
  error instanceof UnreadableMessages ||
  (error instanceof AwsProblem && ['throttled', 'unreachable', 'unavailable'].includes(error.code))

/** Tries again after faults that pass; an interruption ends the trying with the last of them. */
export async function patiently<T>(
  work: () => Promise<T>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  let pauseMs = FIRST_PAUSE_MS
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isPassing(error) || tries > FAILED_TRIES_MAX || signal.aborted) throw error
    }
    await clock.sleep(pauseMs, signal)
    pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * PAUSE_GROWTH)
  }
}
