/**
 * Keeps a connection to the nucleus: makes it, has everything subscribed on it, and makes it anew with growing waits when it is lost.
 * Whoever publishes asks the link; while there is no connection it says so at once, and nothing waits.
 *
 * A nucleus that refuses the handshake has forgotten this process's SVCUID (its IPC daemon was restarted), and a socket that stays
 * away may be another file by now (a container's mount). Neither heals by itself: the process must be started anew, which the
 * link asks for by `NeedsRestart`, as often as the restart budget allows and no more.
 */
import type { CoreClient, NucleusKind } from '../ipc/core-client.ts'
import { IpcError } from '../ipc/core-client.ts'
import type { Logger } from '../log/logger.ts'
import { backoffMs } from '../schedule/backoff.ts'
import type { Clock } from '../schedule/clock.ts'

export interface LinkPorts {
  readonly connect: (onStreamLost: (operation: string, error?: unknown) => void) => Promise<CoreClient>
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Milliseconds until the process may be started anew for that reason. */
  readonly waitForRestartMs: (reason: RestartReason) => number
}

/** The nucleus does not take this process's SVCUID; or its socket is not there, or nobody answers at it. */
export type RestartReason = 'refused' | 'unreachable'

/** The connection cannot be had by this process any more; a new one would get it. */
export class NeedsRestart extends Error {
  override readonly name = 'NeedsRestart'
}

const QUICK_LOSS_MS = 10_000
const QUICK_BACKOFF = { firstMs: 100, maxMs: 2_000 }
const BACKOFF = { firstMs: 1_000, maxMs: 60_000 }
/** A daemon that is just coming up may refuse once; three times with growing waits in between is an answer. */
const REFUSALS_MAX = 3
/** A nucleus that is updated is back within a few minutes. */
const UNREACHABLE_MS_MAX = 5 * 60_000

export class NucleusLink {
  readonly #ports: LinkPorts
  #core: CoreClient | undefined
  #kind: NucleusKind = 'classic'
  #failures = 0
  #refusals = 0
  #quickLosses = 0
  #lostAtMs: number
  #hasToldRestart = false

  constructor(ports: LinkPorts) {
    this.#ports = ports
    this.#lostAtMs = ports.clock.monotonicMs()
  }

  /** The present connection, if there is one. */
  get core(): CoreClient | undefined {
    return this.#core
  }

  /** Of the present connection, or of the last one. */
  get kind(): NucleusKind {
    return this.#kind
  }

  /** Throws `not-connected` where there is no connection: then nothing was sent. */
  require(operation: string): CoreClient {
    if (this.#core !== undefined) return this.#core
    throw new IpcError('not-connected', operation, 'there is no connection to the nucleus')
  }

  /**
   * Tries until there is a connection on which `use` succeeds, or `signal` is aborted. Rejects with NeedsRestart, and with
   * what `use` throws that is not an IpcError.
   */
  async open(
    signal: AbortSignal,
    use?: (core: CoreClient) => Promise<void>,
  ): Promise<CoreClient | undefined> {
    while (!signal.aborted) {
      try {
        const core = await this.#connect()
        await use?.(core)
        return core
      } catch (error) {
        if (use !== undefined && !(error instanceof IpcError)) throw error
        const core = this.#core
        this.#core = undefined
        await core?.close()
        await this.#failed(error, signal)
      }
    }
    return undefined
  }

  /**
   * Keeps the connection until `signal` is aborted, and has `onConnected` subscribe on each; what that throws ends the
   * connection, and another is made. Rejects with NeedsRestart.
   */
  async run(onConnected: (core: CoreClient) => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      const core = this.#core ?? (await this.open(signal))
      if (core === undefined || signal.aborted) return
      try {
        await onConnected(core)
        this.#failures = 0
        const madeAtMs = this.#ports.clock.monotonicMs()
        const reason = await closedOrAborted(core, signal)
        // At the end the connection stays for a report that is on its way; whoever runs us closes it.
        if (signal.aborted) return
        this.#lost()
        this.#ports.log.warn('connection to the nucleus lost', { reason })
        await this.#waitAfter(this.#lostAtMs - madeAtMs, signal)
      } catch (error) {
        this.#lost()
        await core.close()
        await this.#failed(error, signal)
      }
    }
  }

  /** A connection that is lost as soon as it is made must not be made anew without a pause. */
  async #waitAfter(livedMs: number, signal: AbortSignal): Promise<void> {
    this.#quickLosses = livedMs < QUICK_LOSS_MS ? this.#quickLosses + 1 : 0
    if (this.#quickLosses === 0) return
    await this.#ports.clock.sleep(backoffMs(this.#quickLosses, QUICK_BACKOFF, this.#ports.random()), signal)
  }

  async #connect(): Promise<CoreClient> {
    const { connect, log } = this.#ports
    const core: CoreClient = await connect((operation, error) => {
      // A subscription that ended alone would leave us deaf: a new connection subscribes anew.
      if (this.#core !== core) return
      log.warn('subscription ended; connecting anew', { operation, error })
      void core.close()
    })
    this.#kind = core.kind
    this.#core = core
    this.#refusals = 0
    this.#hasToldRestart = false
    return core
  }

  #lost(): void {
    this.#core = undefined
    this.#lostAtMs = this.#ports.clock.monotonicMs()
  }

  /** Waits before the next try, or asks for a restart. */
  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#ports
    this.#failures += 1
    this.#refusals = error instanceof IpcError && error.code === 'refused' ? this.#refusals + 1 : 0
    if (this.#failures === 1) log.warn('connection to the nucleus failed; trying again', { error })
    const unreachableMs = clock.monotonicMs() - this.#lostAtMs
    if (this.#refusals >= REFUSALS_MAX) this.#askForRestart('refused', error)
    else if (unreachableMs > UNREACHABLE_MS_MAX) this.#askForRestart('unreachable', error)
    if (!signal.aborted) await clock.sleep(backoffMs(this.#failures, BACKOFF, random()), signal)
  }

  #askForRestart(reason: RestartReason, error: unknown): void {
    const { log, waitForRestartMs } = this.#ports
    const waitMs = waitForRestartMs(reason)
    if (waitMs <= 0) throw new NeedsRestart(textOf[reason], { cause: error })
    if (this.#hasToldRestart) return
    this.#hasToldRestart = true
    log.error(`${textOf[reason]}; waiting, as too many starts in an hour are the last`, {
      error,
      waitSeconds: Math.ceil(waitMs / 1000),
    })
  }
}

const textOf: Readonly<Record<RestartReason, string>> = {
  refused: 'the nucleus does not know this process any more',
  unreachable: 'the nucleus cannot be reached by this process',
}

async function closedOrAborted(core: CoreClient, signal: AbortSignal): Promise<string> {
  let onAbort = () => {}
  const aborted = new Promise<string>((resolve) => {
    onAbort = () => resolve('stopping')
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
  try {
    return await Promise.race([core.closed, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
