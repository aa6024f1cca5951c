/**
 * One event-stream message on the wire: u32 total length, u32 headers length, u32 CRC of those two, headers, payload,
 * u32 CRC of all before it; big-endian (Smithy, "Amazon Event Stream Specification").
 *
 * Everything wrong with a frame is thrown as a `CrtError` with the code that aws-c-event-stream gives it.
 */
import { crc32 } from '../../crc32.ts'
import { crtError } from './crt-error.ts'
import { decodeHeaders, encodeHeaders, type Header } from './headers.ts'

export interface Frame {
  readonly headers: readonly Header[]
  /** A copy of its own: it holds on to nothing of the buffer the frame was read from. */
  readonly payload: ArrayBuffer
}

/** Two lengths and their checksum. */
export const PRELUDE_BYTES = 12
const CRC_BYTES = 4
const FRAME_BYTES_MIN = PRELUDE_BYTES + CRC_BYTES
/** The bounds of aws-c-event-stream (event_stream.h). A nucleus keeps its own, much lower ones. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024
export const HEADERS_BYTES_MAX = 128 * 1024

export function encodeFrame(headers: readonly Header[], payload: Uint8Array): Buffer {
  const headerBytes = encodeHeaders(headers)
  const total = FRAME_BYTES_MIN + headerBytes.length + payload.length
  if (total > FRAME_BYTES_MAX || headerBytes.length > HEADERS_BYTES_MAX) {
    throw crtError('AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED')
  }
  const frame = Buffer.allocUnsafe(total)
  frame.writeUInt32BE(total, 0)
  frame.writeUInt32BE(headerBytes.length, 4)
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8)
  frame.set(headerBytes, PRELUDE_BYTES)
  frame.set(payload, PRELUDE_BYTES + headerBytes.length)
  frame.writeUInt32BE(crc32(frame.subarray(0, total - CRC_BYTES)), total - CRC_BYTES)
  return frame
}

/**
 * The total length that the prelude at the start of `bytes` announces, after its checksum and bounds: nobody should
 * allocate for, or wait for, a length that is noise.
 */
export function readTotalLength(bytes: Buffer): number {
  if (bytes.readUInt32BE(8) !== crc32(bytes.subarray(0, 8))) {
    throw crtError('AWS_ERROR_EVENT_STREAM_PRELUDE_CHECKSUM_FAILURE')
  }
  const total = bytes.readUInt32BE(0)
  const headersLength = bytes.readUInt32BE(4)
  if (total > FRAME_BYTES_MAX || headersLength > HEADERS_BYTES_MAX) {
    throw crtError('AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED')
  }
  if (total < FRAME_BYTES_MIN + headersLength) {
    throw crtError('AWS_ERROR_EVENT_STREAM_MESSAGE_INVALID_HEADERS_LEN')
  }
  return total
}

/** `bytes` is exactly one frame whose prelude has been through `readTotalLength`. */
export function decodeFrame(bytes: Buffer): Frame {
  const end = bytes.length - CRC_BYTES
  if (bytes.readUInt32BE(end) !== crc32(bytes.subarray(0, end))) {
    throw crtError('AWS_ERROR_EVENT_STREAM_MESSAGE_CHECKSUM_FAILURE')
  }
  const payloadStart = PRELUDE_BYTES + bytes.readUInt32BE(4)
  return {
    headers: decodeHeaders(bytes.subarray(PRELUDE_BYTES, payloadStart)),
    payload: Uint8Array.from(bytes.subarray(payloadStart, end)).buffer,
  }
}
