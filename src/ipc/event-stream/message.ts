/**
 * Messages of the event-stream RPC protocol: a frame with three int32 headers that say its type, its flags and the
 * stream it belongs to (0: the connection itself). Names and numbers follow aws-crt's type declarations.
 */
import { crtError } from './crt-error.ts'
import { encodeFrame, type Frame } from './frame.ts'
import { Header, HeaderType } from './headers.ts'

export const MessageType = {
  ApplicationMessage: 0,
  ApplicationError: 1,
  Ping: 2,
  PingResponse: 3,
  Connect: 4,
  ConnectAck: 5,
  ProtocolError: 6,
  InternalError: 7,
} as const
export type MessageType = (typeof MessageType)[keyof typeof MessageType]

/** Bits, joined with `|`. */
export const MessageFlags = { None: 0, ConnectionAccepted: 1, TerminateStream: 2 } as const

type Payload = string | ArrayBuffer | ArrayBufferView

export interface Message {
  readonly type: MessageType
  readonly flags?: number
  readonly headers?: readonly Header[]
  /** Always an ArrayBuffer in a message received. */
  readonly payload?: Payload
}

export const terminatesStream = ({ flags = 0 }: Message) => (flags & MessageFlags.TerminateStream) !== 0

/** `operation` is named in the first message of a stream only. */
export function encodeMessage(message: Message, streamId: number, operation?: string): Buffer {
  const headers = [
    ...(message.headers ?? []),
    new Header(':message-type', HeaderType.Int32, message.type),
    new Header(':message-flags', HeaderType.Int32, message.flags ?? MessageFlags.None),
    new Header(':stream-id', HeaderType.Int32, streamId),
  ]
  if (operation !== undefined) headers.push(Header.newString('operation', operation))
  return encodeFrame(headers, toBytes(message.payload ?? ''))
}

/** Throws a protocol error when one of the three headers is missing, of another type or makes no sense. */
export function decodeMessage({ headers, payload }: Frame): { streamId: number; message: Message } {
  const type = int32(headers, ':message-type')
  const flags = int32(headers, ':message-flags')
  const streamId = int32(headers, ':stream-id')
  const isOnStream = streamId > 0
  const isApplicationType = type === MessageType.ApplicationMessage || type === MessageType.ApplicationError
  if (streamId < 0 || type < 0 || type > MessageType.InternalError || isOnStream !== isApplicationType) {
    throw crtError('AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR')
  }
  return { streamId, message: { type: type as MessageType, flags, headers, payload } }
}

function int32(headers: readonly Header[], name: string): number {
  const header = headers.find((candidate) => candidate.name === name)
  if (header?.type !== HeaderType.Int32) throw crtError('AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR')
  return header.value as number
}

function toBytes(payload: Payload): Uint8Array {
  if (typeof payload === 'string') return Buffer.from(payload)
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload)
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
}
