/**
 * Violations for other components on this device, over local publish/subscribe: at once, without the cloud. There is no spool
 * in the nucleus for these; while there is no connection the newest wait in memory.
 */
import { IpcError } from '../ipc/core-client.ts'
import type { FaultLog } from './fault-log.ts'
import type { NucleusLink } from './nucleus-link.ts'

/** A device that raises more alarms than that during one restart of its nucleus has told what it is about. */
const WAITING_MAX = 100

export class LocalPublisher {
  readonly #link: NucleusLink
  readonly #faults: FaultLog
  readonly #waiting: { readonly topic: string; readonly message: unknown }[] = []
  #sending: Promise<void> | undefined

  constructor(link: NucleusLink, faults: FaultLog) {
    this.#link = link
    this.#faults = faults
  }

  /** In order; resolves when all that can be told now is told. Never rejects. */
  publish(topic: string, messages: readonly unknown[]): Promise<void> {
    for (const message of messages) this.#waiting.push({ topic, message })
    const excess = this.#waiting.splice(0, Math.max(0, this.#waiting.length - WAITING_MAX)).length
    if (excess > 0)
      this.#faults.note('local excess', 'violations not told to other components', { count: excess })
    return this.flush()
  }

  flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  async #send(): Promise<void> {
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined) return
      try {
        await this.#link.require('PublishToTopic').publishToTopic(first.topic, first.message)
        this.#faults.clear('local', 'violations are told to other components again')
      } catch (error) {
        if (!isFinal(error)) {
          this.#faults.note('local', 'violations wait to be told to other components', { error })
          return
        }
        this.#faults.note('local refused', 'violations cannot be told to other components', { error })
      }
      // Not simply the first: it may have gone meanwhile, to make room.
      const at = this.#waiting.indexOf(first)
      if (at >= 0) this.#waiting.splice(at, 1)
    }
  }
}

/** What will not pass by itself must not hold up what comes after it. */
const isFinal = (error: unknown): boolean =>
  error instanceof IpcError && ['unauthorized', 'unsupported', 'too-large'].includes(error.code)
