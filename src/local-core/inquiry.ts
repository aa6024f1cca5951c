/**
 * A question that a deployment puts to subscribed components as an event, and whose answer comes back as a call of
 * another operation: whether a new configuration is valid, whether an update has to wait.
 *
 * Source: Greengrass developer guide, "SubscribeToValidateConfigurationUpdates" and "SubscribeToComponentUpdates":
 * who does not answer within the deployment policy's time-out has no say.
 */
import type { EventStream } from './operations/operation.ts'

export type Outcome<Answer> =
  | { readonly kind: 'nobody' } // no component has subscribed
  | { readonly kind: 'timeout' } // asked, but no answer in time
  | { readonly kind: 'answered'; readonly answer: Answer }

export class Inquiry<Answer> {
  readonly #streams = new Set<EventStream>()
  /** The one question that is open; a later one takes its place, as in the nucleus. */
  #open: { readonly deploymentId: string; settle(outcome: Outcome<Answer>): void } | undefined

  get hasSubscribers(): boolean {
    return this.#streams.size > 0
  }

  subscribe(stream: EventStream): void {
    this.#streams.add(stream)
    stream.onClose(() => this.#streams.delete(stream))
  }

  /** Sends the event to all who subscribed and waits for the first answer. */
  async ask(deploymentId: string, shape: string, event: object, timeoutMs: number): Promise<Outcome<Answer>> {
    if (this.#streams.size === 0) return { kind: 'nobody' }
    this.#open?.settle({ kind: 'timeout' })
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#open?.settle({ kind: 'timeout' }), timeoutMs)
      this.#open = {
        deploymentId,
        settle: (outcome) => {
          clearTimeout(timer)
          this.#open = undefined
          resolve(outcome)
        },
      }
      this.tell(shape, event)
    })
  }

  /** Sends an event that wants no answer. */
  tell(shape: string, event: object): void {
    for (const stream of this.#streams) stream.send(shape, event)
  }

  /** False when nothing was asked for that deployment, or its time is up. */
  answer(deploymentId: string, answer: Answer): boolean {
    if (this.#open?.deploymentId !== deploymentId) return false
    this.#open.settle({ kind: 'answered', answer })
    return true
  }

  /** Ends an open question, so that no timer outlives the core. */
  close(): void {
    this.#open?.settle({ kind: 'timeout' })
  }
}
