/**
 * Event-stream frames on a byte stream: what one message looks like, and how messages are cut out of the pieces that a
 * socket delivers.
 *
 * Source: the event stream encoding of the Smithy specification (total length, headers length, prelude CRC32, headers,
 * payload, message CRC32; all big-endian) and the `:message-type` / `:message-flags` / `:stream-id` headers of
 * aws-c-event-stream's RPC protocol.
 */
import { crc32 } from 'node:zlib'
import { EventStreamCodec, type MessageHeaders } from '@smithy/eventstream-codec'

export const messageType = {
  applicationMessage: 0,
  applicationError: 1,
  ping: 2,
  pingResponse: 3,
  connect: 4,
  connectAck: 5,
  protocolError: 6,
  internalError: 7,
} as const

export const messageFlags = { connectionAccepted: 1, terminateStream: 2 } as const

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  /** The other headers that hold strings: `operation`, `service-model-type`, `:content-type`, `:version`. */
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Uint8Array
}

/** The bytes that followed are unusable: there is no way to find the next frame. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
)

export function encodeFrame(frame: Frame): Uint8Array {
  const headers: MessageHeaders = {
    ':message-type': { type: 'integer', value: frame.type },
    ':message-flags': { type: 'integer', value: frame.flags },
    ':stream-id': { type: 'integer', value: frame.streamId },
  }
  for (const [name, value] of Object.entries(frame.headers)) headers[name] = { type: 'string', value }
  return codec.encode({ headers, body: frame.payload })
}

/** One whole frame's bytes to a message. Checks both CRCs. */
function decodeFrame(bytes: Uint8Array): Frame {
  let message: ReturnType<EventStreamCodec['decode']>
  try {
    message = codec.decode(bytes)
  } catch (cause) {
    throw new FrameError(`frame of ${bytes.length} bytes: ${(cause as Error).message}`, { cause })
  }
  const headers: Record<string, string> = {}
  for (const [name, header] of Object.entries(message.headers)) {
    if (header.type === 'string') headers[name] = header.value
  }
  return {
    type: integerHeader(message.headers, ':message-type'),
    flags: integerHeader(message.headers, ':message-flags', 0),
    streamId: integerHeader(message.headers, ':stream-id'),
    headers,
    payload: message.body,
  }
}

function integerHeader(headers: MessageHeaders, name: string, absent?: number): number {
  const header = headers[name]
  if (header?.type === 'integer') return header.value
  if (header === undefined && absent !== undefined) return absent
  throw new FrameError(`header ${name}: expected a 32-bit integer, got ${header?.type ?? 'nothing'}`)
}

const PRELUDE_BYTES = 12 // total length, headers length, CRC32 of these two
const FRAME_BYTES_MIN = PRELUDE_BYTES + 4 // and the message CRC32

/** Cuts frames out of a byte stream, however it is split or joined. Holds at most one frame's bytes and one chunk. */
export class FrameReader {
  readonly #frameBytesMax: number
  #chunks: Uint8Array[] = []
  #held = 0
  /** Total length of the frame that is being collected, once its prelude is complete. */
  #wanted: number | undefined

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax
  }

  /** The frames that are complete with this chunk. Throws a FrameError on the first byte that cannot be right. */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    for (;;) {
      if (this.#wanted === undefined) {
        if (this.#held < PRELUDE_BYTES) return
        this.#wanted = frameLength(this.#peek(PRELUDE_BYTES), this.#frameBytesMax)
      }
      if (this.#held < this.#wanted) return
      const bytes = this.#peek(this.#wanted)
      this.#drop(this.#wanted)
      this.#wanted = undefined
      yield decodeFrame(bytes)
    }
  }

  /** The first `length` bytes; joined once, so that a frame in many pieces is copied at most twice. */
  #peek(length: number): Uint8Array {
    const first = this.#chunks[0]
    if (first !== undefined && first.length >= length) return first.subarray(0, length)
    const joined = Buffer.concat(this.#chunks, this.#held)
    this.#chunks = [joined]
    return joined.subarray(0, length)
  }

  #drop(length: number): void {
    const first = this.#chunks[0]
    if (first === undefined) return
    this.#held -= length
    if (first.length === length) this.#chunks.shift()
    else this.#chunks[0] = first.subarray(length)
  }
}

function frameLength(prelude: Uint8Array, frameBytesMax: number): number {
  const view = new DataView(prelude.buffer, prelude.byteOffset, PRELUDE_BYTES)
  const total = view.getUint32(0)
  const headers = view.getUint32(4)
  if (view.getUint32(8) !== crc32(prelude.subarray(0, 8))) {
    throw new FrameError('prelude: the CRC32 does not match')
  }
  if (total < FRAME_BYTES_MIN || headers > total - FRAME_BYTES_MIN) {
    throw new FrameError(`prelude: a frame of ${total} bytes with ${headers} bytes of headers cannot be`)
  }
  if (total > frameBytesMax) {
    throw new FrameError(
      `prelude: a frame of ${total} bytes is above ${frameBytesMax}, the most this nucleus takes`,
    )
  }
  return total
}
