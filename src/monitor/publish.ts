/**
 * Hands one message over to the nucleus, trying again as often as the configuration allows.
 *
 * Worth a retry is what may pass: no reply, or a nucleus that is offline or has no room. What will not pass by itself
 * (not permitted, too large, connection gone) is given up at once.
 */
import type { CoreClient } from '../ipc/core-client.ts'
import { IpcError } from '../ipc/core-client.ts'
import { backoffMs } from '../schedule/backoff.ts'
import type { Clock } from '../schedule/clock.ts'

export interface PublishOptions {
  /** Tries after the first one. */
  readonly retryCount: number
  /** Tries end before this much time has passed, so that one report never holds up the next. */
  readonly withinMs: number
  /** The agent stops: a wait ends at once, and the report gets one last try. */
  readonly signal: AbortSignal
}

export type PublishOutcome =
  | { readonly kind: 'handed-over'; readonly tries: number }
  | {
      readonly kind: 'given-up'
      readonly tries: number
      /** Of the last try. */
      readonly error: unknown
      /** One of the tries had no answer: the nucleus may have the message although it refused it at another. */
      readonly mayHaveBeenTaken: boolean
    }

/** AWS's own component waits 5 s after the first failure and doubles from there. */
const BACKOFF = { firstMs: 5_000, maxMs: 60_000 }

export async function publishWithRetries(
  ports: {
    readonly core: Pick<CoreClient, 'publishToIoTCore'>
    readonly clock: Clock
    readonly random: () => number
  },
  topic: string,
  payload: Uint8Array,
  options: PublishOptions,
): Promise<PublishOutcome> {
  const { core, clock, random } = ports
  const endMs = clock.monotonicMs() + options.withinMs
  let mayHaveBeenTaken = false
  for (let tries = 1; ; tries += 1) {
    try {
      await core.publishToIoTCore(topic, payload)
      return { kind: 'handed-over', tries }
    } catch (error) {
      mayHaveBeenTaken ||= isUnanswered(error)
      const waitMs = backoffMs(tries, BACKOFF, random())
      const isLast = tries > options.retryCount || clock.monotonicMs() + waitMs >= endMs
      if (isLast || options.signal.aborted || !mayPass(error))
        return { kind: 'given-up', tries, error, mayHaveBeenTaken }
      await clock.sleep(waitMs, options.signal)
    }
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof IpcError && (error.code === 'service' || error.code === 'timeout')

/** What the nucleus refused, it has not got; where no answer came, it may have. */
const isUnanswered = (error: unknown): boolean =>
  !(error instanceof IpcError) ||
  error.code === 'timeout' ||
  error.code === 'disconnected' ||
  error.code === 'internal'
