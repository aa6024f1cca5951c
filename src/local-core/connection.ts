/**
 * One client's connection: the handshake, then calls, each on a stream of its own.
 *
 * Sources: the event-stream RPC protocol as aws-c-event-stream and the Java SDK's eventstreamrpc server speak it
 * (classic), ggipcd's ipc_server.c (lite). A handler's failure costs its call; unusable bytes cost the connection.
 */
import type { Socket } from 'node:net'
import { encodeFrame, type Frame, FrameReader, messageFlags, messageType } from './frames.ts'
import type { Mode } from './modes.ts'
import { type Call, type EventStream, type Operation, OperationError } from './operations/operation.ts'

export interface ConnectionOptions {
  readonly mode: Mode
  readonly operations: ReadonlyMap<string, Operation>
  /** The component that a token was issued to; undefined for a token that is not, or no longer, valid. */
  authenticate(token: string): string | undefined
  /** How late each response is; 0 is at once. */
  replyDelayMs(): number
}

/** A client that does not read what it asked for is cut off here rather than buffered without end. */
const UNREAD_BYTES_MAX = 32 * 1024 * 1024

const NAMESPACE = 'aws.greengrass#'
const JSON_TYPE = { ':content-type': 'application/json' }

export class Connection {
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #streams = new Map<number, ServerStream>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #component: string | undefined

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    const reader = new FrameReader(options.mode.frameBytesMax)
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk)) this.#receive(frame)
      } catch {
        socket.destroy() // a FrameError: nothing that follows can be told apart
      }
    })
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => this.#closed())
  }

  /** Cuts the connection, without any message. */
  destroy(): void {
    this.#socket.destroy()
  }

  #closed(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const stream of this.#streams.values()) stream.close()
    this.#streams.clear()
  }

  #receive(frame: Frame): void {
    if (this.#socket.destroyed) return
    if (this.#component === undefined) this.#connect(frame)
    else if (frame.type === messageType.ping && this.#options.mode.name === 'classic') {
      this.#send({ ...frame, type: messageType.pingResponse })
    } else if (frame.type === messageType.applicationMessage && frame.streamId !== 0) {
      this.#onStream(frame, this.#component)
    } else this.#socket.destroy()
  }

  #connect(frame: Frame): void {
    const isConnect = frame.type === messageType.connect && frame.headers[':version'] === '0.1.0'
    const token = isConnect ? authToken(frame.payload) : undefined
    this.#component = token === undefined ? undefined : this.#options.authenticate(token)
    const ack = { type: messageType.connectAck, streamId: 0, headers: {}, payload: new Uint8Array() }
    if (this.#component !== undefined) {
      this.#send({ ...ack, flags: messageFlags.connectionAccepted })
    } else if (this.#options.mode.refusalIsAnswered) {
      this.#socket.end(encodeFrame({ ...ack, flags: 0 }))
    } else this.#socket.destroy()
  }

  #onStream(frame: Frame, component: string): void {
    const open = this.#streams.get(frame.streamId)
    if (open !== undefined || (frame.flags & messageFlags.terminateStream) !== 0) {
      // The model has no operation to which a client sends further messages: all that can follow is the end.
      if ((frame.flags & messageFlags.terminateStream) !== 0) this.#endStream(frame.streamId)
      return
    }
    const operation = (frame.headers.operation ?? '').replace(NAMESPACE, '')
    const stream = new ServerStream((shape, event) => this.#sendEvent(frame.streamId, shape, event))
    this.#streams.set(frame.streamId, stream)
    void this.#answer(frame, { component, operation, request: {}, stream }, stream)
  }

  async #answer(frame: Frame, call: Call, stream: ServerStream): Promise<void> {
    const operation = this.#options.operations.get(call.operation)
    let answer: Frame
    try {
      if (operation === undefined) throw unknownOperation
      const request = JSON.parse(Buffer.from(frame.payload).toString('utf8'))
      answer = this.#response(frame.streamId, operation, call, await operation.handle({ ...call, request }))
    } catch (error) {
      answer = this.#failure(frame.streamId, call, error)
    }
    const delayMs = this.#options.replyDelayMs()
    if (delayMs > 0) await this.#delay(delayMs)
    if (this.#streams.get(frame.streamId) !== stream) return // ended while it was being answered
    this.#send(answer)
    if (operation?.streaming && answer.type === messageType.applicationMessage) stream.open()
    else this.#endStream(frame.streamId)
  }

  #response(streamId: number, operation: Operation, call: Call, response: object): Frame {
    const frame = {
      type: messageType.applicationMessage,
      flags: operation.streaming ? 0 : this.#options.mode.unaryResponseFlags,
      streamId,
      headers: { ...JSON_TYPE, 'service-model-type': `${NAMESPACE}${call.operation}Response` },
      payload: Buffer.from(JSON.stringify(response)),
    }
    // Lite cannot write what does not fit into its buffer, and says so without words.
    if (encodeFrame(frame).length > this.#options.mode.frameBytesMax)
      throw new OperationError('ServiceError', '')
    return frame
  }

  #failure(streamId: number, call: Call, error: unknown): Frame {
    const terminate = { type: messageType.applicationError, flags: messageFlags.terminateStream, streamId }
    const classic = this.#options.mode.name === 'classic'
    if (error instanceof OperationError) {
      const payload = modelledError(error, classic)
      const headers = { ...JSON_TYPE, 'service-model-type': `${NAMESPACE}${error.code}` }
      return { ...terminate, headers, payload: Buffer.from(JSON.stringify(payload)) }
    }
    if (!classic) return this.#failure(streamId, call, new OperationError('ServiceError', ''))
    if (error === unknownOperation) {
      const payload = {
        error: 'UnsupportedOperation',
        message: `Operation ${call.operation} is not supported`,
      }
      return { ...terminate, headers: JSON_TYPE, payload: Buffer.from(JSON.stringify(payload)) }
    }
    return {
      ...terminate,
      headers: { ':content-type': 'text/plain' },
      payload: Buffer.from('InternalServerError'),
    }
  }

  #sendEvent(streamId: number, shape: string, event: object): void {
    const frame = {
      type: messageType.applicationMessage,
      flags: 0,
      streamId,
      headers: { ...JSON_TYPE, 'service-model-type': `${NAMESPACE}${shape}` },
      payload: Buffer.from(JSON.stringify(event)),
    }
    if (encodeFrame(frame).length <= this.#options.mode.frameBytesMax) this.#send(frame)
  }

  #endStream(streamId: number): void {
    this.#streams.get(streamId)?.close()
    this.#streams.delete(streamId)
  }

  #send(frame: Frame): void {
    if (this.#socket.destroyed) return
    this.#socket.write(encodeFrame(frame))
    if (this.#socket.writableLength > UNREAD_BYTES_MAX) this.#socket.destroy()
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        resolve()
      }, ms)
      this.#timers.add(timer)
    })
  }
}

const unknownOperation = new Error('no such operation')

/** Classic's errors carry what the Java SDK writes into each; lite's only code and message. */
function modelledError({ code, message }: OperationError, classic: boolean): object {
  const common = { _message: message, _errorCode: code }
  return classic ? { ...common, _service: `${NAMESPACE}GreengrassCoreIPC`, message } : common
}

function authToken(payload: Uint8Array): string | undefined {
  try {
    const { authToken } = JSON.parse(Buffer.from(payload).toString('utf8'))
    return typeof authToken === 'string' ? authToken : undefined
  } catch {
    return undefined
  }
}

/** Keeps events back until the response is out, and remembers who wants to know of the end. */
class ServerStream implements EventStream {
  readonly #sendNow: (shape: string, event: object) => void
  readonly #onClose: (() => void)[] = []
  #state: 'answering' | 'open' | 'closed' = 'answering'
  #waiting: { readonly shape: string; readonly event: object }[] = []

  constructor(sendNow: (shape: string, event: object) => void) {
    this.#sendNow = sendNow
  }

  send(shape: string, event: object): void {
    if (this.#state === 'open') this.#sendNow(shape, event)
    else if (this.#state === 'answering') this.#waiting.push({ shape, event })
  }

  onClose(callback: () => void): void {
    if (this.#state === 'closed') callback()
    else this.#onClose.push(callback)
  }

  open(): void {
    this.#state = 'open'
    for (const { shape, event } of this.#waiting) this.#sendNow(shape, event)
    this.#waiting = []
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    for (const callback of this.#onClose) callback()
  }
}
