/**
 * The namespace `cancel` of `aws-crt`: how the SDK waits for the next message, and how a caller ends the wait.
 *
 * Here is where pending calls settle. The SDK waits for a response with `newCancellablePromiseFromNextEvent` on the
 * stream; our streams and connections emit `GONE` when nothing more can come from them, and that rejects the wait.
 */
import { EventEmitter } from 'node:events'
import { CrtError } from './crt-error.ts'

/** Emitted with the `CrtError` that says why, after everything that arrived before it. A symbol: nobody else's. */
export const GONE = Symbol('gone')

const CANCELLED = 'cancelled'

export interface ICancelController {
  cancel(): void
  hasBeenCancelled(): boolean
  /**
   * Calls back when cancelled: at once if it already is, and then gives no function to remove the listener with.
   */
  addListener(listener: () => void): (() => void) | undefined
}

export class CancelController implements ICancelController {
  #isCancelled = false
  /** Without the usual bound on listeners: there is one for each call under way. */
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  cancel(): void {
    if (this.#isCancelled) return
    this.#isCancelled = true
    this.#emitter.emit(CANCELLED)
    this.#emitter.removeAllListeners()
  }

  hasBeenCancelled(): boolean {
    return this.#isCancelled
  }

  addListener(listener: () => void): (() => void) | undefined {
    if (this.#isCancelled) {
      listener()
      return undefined
    }
    this.#emitter.on(CANCELLED, listener)
    return () => this.#emitter.off(CANCELLED, listener)
  }
}

export interface NextEventOptions<Result> {
  readonly emitter: EventEmitter
  readonly eventName: string
  readonly eventDataTransformer?: (eventData: never) => Result
  readonly cancelController?: ICancelController | undefined
  /** What the promise is rejected with on cancellation. */
  readonly cancelMessage?: string
}

/** Settles on whichever comes first: the event, the cancellation, or the end of the emitter. */
export function newCancellablePromiseFromNextEvent<Result>(
  options: NextEventOptions<Result>,
): Promise<Result> {
  const { emitter, eventName, eventDataTransformer, cancelController, cancelMessage } = options
  const promise = new Promise<Result>((resolve, reject) => {
    const stopListening = () => {
      emitter.off(eventName, onEvent)
      emitter.off(GONE, onGone)
      removeCancelListener?.()
    }
    const onEvent = (eventData: unknown) => {
      stopListening()
      try {
        resolve(eventDataTransformer ? eventDataTransformer(eventData as never) : (eventData as Result))
      } catch (error) {
        reject(error)
      }
    }
    const onGone = (error: CrtError) => {
      stopListening()
      reject(error)
    }
    emitter.on(eventName, onEvent)
    emitter.on(GONE, onGone)
    let removeCancelListener: (() => void) | undefined
    removeCancelListener = cancelController?.addListener(() => {
      stopListening()
      reject(new CrtError(cancelMessage ?? 'cancelled'))
    })
  })
  // The SDK makes this promise before it sends the request and drops it when the request cannot be sent or is not
  // valid. Nobody waits for it then, and its rejection must not count as unhandled; who does wait gets it all the same.
  promise.catch(() => {})
  return promise
}

/** Runs `start` unless already cancelled; a cancellation rejects at once and closes what was worked on. */
export function cancellable<Result>(
  controller: ICancelController | undefined,
  what: string,
  closeOnCancel: () => void,
  start: () => Promise<Result>,
): Promise<Result> {
  if (controller === undefined) return start()
  return new Promise((resolve, reject) => {
    const removeListener = controller.addListener(() => {
      reject(new CrtError(`${what} was cancelled`))
      setImmediate(closeOnCancel)
    })
    if (removeListener !== undefined) start().then(resolve, reject).finally(removeListener)
  })
}
