/**
 * One call within a connection: `ClientStream` as declared by `aws-crt`.
 *
 * `message` is emitted for each message, `ended` at most once, when either side terminated the stream or the
 * connection is gone; nothing after `close()`.
 */
import { EventEmitter } from 'node:events'
import { cancellable, GONE, type ICancelController } from './cancel.ts'
import { CrtError, crtError } from './crt-error.ts'
import { type Message, terminatesStream } from './message.ts'

/** What a stream needs of its connection. */
export interface StreamHost {
  /** Routes messages to the stream and gives the id they will bear. */
  register(stream: ClientStream): number
  forget(streamId: number): void
  /** Resolves when the message was written to the socket. */
  send(message: Message, streamId: number, operation?: string): Promise<void>
}

type StreamState =
  | 'new' // not yet activated
  | 'activating' // the first message is being written
  | 'active' // messages may go both ways
  | 'ended' // terminated by either side, failed to activate, or the connection is gone
  | 'closed' // close() was called

export class ClientStream extends EventEmitter {
  static readonly MESSAGE = 'message'
  static readonly ENDED = 'ended'

  readonly #host: StreamHost
  #state: StreamState = 'new'
  #id = 0

  constructor(host: StreamHost) {
    super()
    this.#host = host
  }

  isActive(): boolean {
    return this.#state === 'active'
  }

  /** Sends the first message. May be called once. */
  async activate(options: {
    operation: string
    message: Message
    cancelController?: ICancelController
  }): Promise<void> {
    if (this.#state !== 'new')
      throw new CrtError(`stream is ${this.#state}: it can be activated only when new`)
    this.#state = 'activating'
    await cancellable(
      options.cancelController,
      'activate()',
      () => this.close(),
      () => this.#activate(options),
    )
  }

  async #activate({ operation, message }: { operation: string; message: Message }): Promise<void> {
    try {
      this.#id = this.#host.register(this)
      await this.#host.send(message, this.#id, operation)
    } catch (error) {
      this.#host.forget(this.#id)
      if (this.#state === 'activating') this.#state = 'ended'
      throw error
    }
    if (this.#state === 'closed') throw crtError('AWS_ERROR_EVENT_STREAM_RPC_STREAM_CLOSED')
    if (this.#state === 'activating') this.#state = 'active'
  }

  async sendMessage(options: { message: Message; cancelController?: ICancelController }): Promise<void> {
    if (this.#state !== 'active') throw new CrtError(`stream is ${this.#state}: it can send only when active`)
    const { message } = options
    await cancellable(
      options.cancelController,
      'sendMessage()',
      () => this.close(),
      () => this.#host.send(message, this.#id),
    )
    if (terminatesStream(message)) this.end(crtError('AWS_ERROR_EVENT_STREAM_RPC_STREAM_CLOSED'))
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#host.forget(this.#id)
    this.emit(GONE, crtError('AWS_ERROR_EVENT_STREAM_RPC_STREAM_CLOSED'))
  }

  /** For the connection: a message came for this stream. */
  deliver(message: Message): void {
    this.#emitLater(ClientStream.MESSAGE, { message })
    if (terminatesStream(message)) this.end(crtError('AWS_ERROR_EVENT_STREAM_RPC_STREAM_CLOSED'))
  }

  /** For the connection, too: nothing more will come. */
  end(reason: CrtError): void {
    if (this.#state === 'ended' || this.#state === 'closed') return
    const wasActive = this.#state === 'active'
    this.#state = 'ended'
    this.#host.forget(this.#id)
    if (wasActive) this.#emitLater(ClientStream.ENDED, {}) // otherwise activate() fails, which says as much
    this.#emitLater(GONE, reason)
  }

  /**
   * Listeners run on ticks of their own, in order: one that throws then harms neither the frames behind its message
   * nor the connection.
   */
  #emitLater(event: string | symbol, eventData: unknown): void {
    process.nextTick(() => {
      if (this.#state !== 'closed') this.emit(event, eventData)
    })
  }
}
