/**
 * A connection to a nucleus over its Unix socket: `ClientConnection` as declared by `aws-crt`.
 *
 * `protocolMessage` is emitted for messages that belong to no stream (the answer to Connect), `disconnection` once,
 * when the connection was lost; nothing after `close()`. Whatever is wrong on the wire ends the connection: there is
 * no way to find the next frame behind a bad one, and a nucleus does not misbehave by accident.
 */
import { EventEmitter } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { cancellable, GONE, type ICancelController } from './cancel.ts'
import { CrtError, crtError, fromSystemError } from './crt-error.ts'
import { FRAME_BYTES_MAX, type Frame } from './frame.ts'
import { createFrameDecoder } from './frame-decoder.ts'
import { SocketDomain, type SocketOptions, SocketType } from './io.ts'
import { decodeMessage, encodeMessage, type Message, MessageType } from './message.ts'
import { ClientStream, type StreamHost } from './stream.ts'

/** sun_path of unix(7) has 108 bytes, the last of them zero. Older libuv cuts a longer path off without a word. */
const SOCKET_PATH_BYTES_MAX = 107
/** What may wait for a nucleus that does not read: the largest frame must fit into an empty queue. */
const OUTGOING_BYTES_MAX = FRAME_BYTES_MAX
/** `:stream-id` is an int32. */
const STREAM_ID_MAX = 2 ** 31 - 1
/** How long close() waits for the last messages to be taken over. */
const CLOSE_FLUSH_MS = 1_000

export interface ClientConnectionOptions {
  /** Path of the socket. */
  readonly hostName: string
  readonly port: number
  readonly socketOptions?: SocketOptions
  readonly tlsCtx?: unknown
}

type ConnectionState =
  | 'new' // connect() not yet called
  | 'connecting' // the socket is being opened
  | 'connected' // messages may be sent, streams opened
  | 'disconnected' // lost, or never reached
  | 'closed' // close() was called

export class ClientConnection extends EventEmitter {
  static readonly DISCONNECTION = 'disconnection'
  static readonly PROTOCOL_MESSAGE = 'protocolMessage'

  readonly #path: string
  #state: ConnectionState = 'new'
  #socket: Socket | undefined
  /** Streams under way. Bounded by the caller: each of its calls is one stream, and leaves when it ends. */
  readonly #streams = new Map<number, ClientStream>()
  #lastStreamId = 0

  constructor({ hostName, socketOptions, tlsCtx }: ClientConnectionOptions) {
    super()
    if (socketOptions?.domain !== SocketDomain.LOCAL || socketOptions.type !== SocketType.STREAM) {
      throw crtError('AWS_IO_SOCKET_UNSUPPORTED_ADDRESS_FAMILY')
    }
    if (tlsCtx) throw crtError('AWS_IO_SOCKET_INVALID_OPTIONS')
    this.#path = hostName
  }

  isConnected(): boolean {
    return this.#state === 'connected'
  }

  /** Opens the socket. May be called once. */
  async connect(options: { cancelController?: ICancelController }): Promise<void> {
    if (this.#state !== 'new')
      throw new CrtError(`connection is ${this.#state}: it can be opened only when new`)
    this.#state = 'connecting'
    await cancellable(
      options.cancelController,
      'connect()',
      () => this.close(),
      () => this.#connect(),
    )
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.once(GONE, reject)
      if (Buffer.byteLength(this.#path) > SOCKET_PATH_BYTES_MAX) {
        this.#lose(crtError('AWS_IO_SOCKET_INVALID_ADDRESS'))
        return
      }
      const decode = createFrameDecoder((frame) => this.#onFrame(frame))
      this.#socket = createConnection({ path: this.#path })
        .on('connect', () => {
          if (this.#state !== 'connecting') return
          this.#state = 'connected'
          this.off(GONE, reject)
          resolve()
        })
        .on('data', (chunk) => {
          try {
            decode(chunk)
          } catch (error) {
            this.#lose(error as CrtError)
          }
        })
        .on('error', (error) => this.#lose(fromSystemError(error)))
        // The protocol knows no half-open connection: who stopped sending is gone.
        .on('end', () => this.#lose(crtError('AWS_IO_SOCKET_CLOSED')))
        .on('close', () => this.#lose(crtError('AWS_IO_SOCKET_CLOSED')))
    })
  }

  async sendProtocolMessage(options: {
    message: Message
    cancelController?: ICancelController
  }): Promise<void> {
    if (!this.isConnected())
      throw new CrtError(`connection is ${this.#state}: it can send only when connected`)
    const { message, cancelController } = options
    await cancellable(
      cancelController,
      'sendProtocolMessage()',
      () => this.close(),
      () => this.#send(message, 0),
    )
  }

  newStream(): ClientStream {
    if (!this.isConnected()) throw new CrtError(`connection is ${this.#state}: streams need a connected one`)
    return new ClientStream(this.#streamHost)
  }

  /** Ends every stream and lets the process exit. What was sent before is still written, if the nucleus takes it. */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const reason = crtError('AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED')
    this.#endStreams(reason)
    this.emit(GONE, reason)
    const socket = this.#socket
    if (socket === undefined || socket.destroyed) return
    socket.unref()
    socket.destroySoon()
    setTimeout(() => socket.destroy(), CLOSE_FLUSH_MS).unref()
  }

  readonly #streamHost: StreamHost = {
    register: (stream) => {
      if (!this.isConnected()) throw crtError('AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED')
      if (this.#lastStreamId === STREAM_ID_MAX)
        throw new CrtError('this connection has used up its stream ids')
      this.#lastStreamId += 1
      this.#streams.set(this.#lastStreamId, stream)
      return this.#lastStreamId
    },
    forget: (streamId) => this.#streams.delete(streamId),
    send: (message, streamId, operation) => this.#send(message, streamId, operation),
  }

  async #send(message: Message, streamId: number, operation?: string): Promise<void> {
    const socket = this.#socket
    if (socket === undefined || !this.isConnected())
      throw crtError('AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED')
    const bytes = encodeMessage(message, streamId, operation)
    if (socket.writableLength > 0 && socket.writableLength + bytes.length > OUTGOING_BYTES_MAX) {
      throw new CrtError(`the nucleus does not read: ${socket.writableLength} bytes wait to be sent`)
    }
    await new Promise<void>((resolve, reject) => {
      socket.write(bytes, (error) => (error ? reject(fromSystemError(error)) : resolve()))
    })
  }

  #onFrame(frame: Frame): void {
    if (!this.isConnected()) return // behind a frame that ended the connection, or after close()
    const { streamId, message } = decodeMessage(frame)
    if (streamId > 0) this.#onStreamMessage(streamId, message)
    else this.#onProtocolMessage(message)
  }

  #onStreamMessage(streamId: number, message: Message): void {
    const stream = this.#streams.get(streamId)
    if (stream !== undefined) stream.deliver(message)
    // An event that crossed our end of the stream is no fault; a stream that never was is one.
    else if (streamId > this.#lastStreamId) throw crtError('AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR')
  }

  #onProtocolMessage(message: Message): void {
    switch (message.type) {
      case MessageType.Ping:
        // An answer that cannot be sent is dropped: the reason ends the connection by itself.
        this.#send({ type: MessageType.PingResponse, payload: message.payload ?? '' }, 0).catch(() => {})
        break
      case MessageType.ProtocolError:
      case MessageType.InternalError: {
        const told = Buffer.from(message.payload as ArrayBuffer).toString('utf8')
        this.#lose(crtError('AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR', { cause: told }))
        break
      }
      default:
        this.#emitLater(ClientConnection.PROTOCOL_MESSAGE, { message })
    }
  }

  /** The connection is lost, or was never made: the first reason counts. */
  #lose(reason: CrtError): void {
    const wasConnected = this.#state === 'connected'
    if (!wasConnected && this.#state !== 'connecting') return
    this.#state = 'disconnected'
    this.#socket?.destroy()
    this.#endStreams(reason)
    // The SDK tells "connection closed" from other faults by hearing of this before its own wait fails. There is
    // nothing to tell when the connection was never made: connect() rejects.
    if (wasConnected) this.#emitLater(ClientConnection.DISCONNECTION, { errorCode: reason.error_code ?? 0 })
    this.#emitLater(GONE, reason)
  }

  #endStreams(reason: CrtError): void {
    for (const stream of [...this.#streams.values()]) stream.end(reason)
  }

  /** On a tick of its own, as for streams: order is kept, and a listener that throws harms nothing here. */
  #emitLater(event: string | symbol, eventData: unknown): void {
    process.nextTick(() => {
      if (this.#state !== 'closed') this.emit(event, eventData)
    })
  }
}
