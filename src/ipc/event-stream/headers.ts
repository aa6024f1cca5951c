/**
 * Headers of an event-stream message: name, type, value.
 *
 * Encoding (Smithy, "Amazon Event Stream Specification"): u8 name length, name, u8 type, then the value: nothing for
 * booleans, big-endian integers, u16 length and bytes for strings and byte arrays, 16 bytes for a UUID.
 */
import { CrtError, crtError } from './crt-error.ts'

export const HeaderType = {
  BooleanTrue: 0,
  BooleanFalse: 1,
  Byte: 2,
  Int16: 3,
  Int32: 4,
  Int64: 5,
  ByteBuffer: 6,
  String: 7,
  Timestamp: 8, // milliseconds since the epoch, as Int64
  UUID: 9,
} as const
export type HeaderType = (typeof HeaderType)[keyof typeof HeaderType]

export type HeaderValue = undefined | number | bigint | string | Uint8Array

/** The C library's bound; the encoding itself would allow 255. */
const NAME_BYTES_MAX = 127
/** The specification's bound for strings and byte arrays. */
const VALUE_BYTES_MAX = 32_767
const UUID_BYTES = 16

export class Header {
  readonly name: string
  readonly type: HeaderType
  /** Undefined for the two boolean types, which are their own value; a bigint for Int64 and Timestamp. */
  readonly value: HeaderValue

  constructor(name: string, type: HeaderType, value?: HeaderValue) {
    this.name = name
    this.type = type
    this.value = value
  }

  static newString(name: string, value: string): Header {
    return new Header(name, HeaderType.String, value)
  }

  asString(): string {
    if (typeof this.value !== 'string') {
      throw new CrtError(`header ${this.name}: expected a string, got a value of type ${this.type}`)
    }
    return this.value
  }
}

export function encodeHeaders(headers: readonly Header[]): Buffer {
  return Buffer.concat(headers.flatMap((header) => [encodeName(header), encodeValue(header)]))
}

function encodeName({ name, type }: Header): Buffer {
  const length = Buffer.byteLength(name)
  if (length === 0 || length > NAME_BYTES_MAX) {
    throw new CrtError(`header ${name}: its name must have 1 to ${NAME_BYTES_MAX} bytes, has ${length}`)
  }
  const bytes = Buffer.allocUnsafe(length + 2)
  bytes[0] = length
  bytes.write(name, 1)
  bytes[length + 1] = type
  return bytes
}

function encodeValue({ name, type, value }: Header): Buffer {
  switch (type) {
    case HeaderType.BooleanTrue:
    case HeaderType.BooleanFalse:
      return Buffer.alloc(0)
    case HeaderType.Byte:
    case HeaderType.Int16:
    case HeaderType.Int32: {
      const size = 2 ** (type - HeaderType.Byte) // 1, 2, 4
      const bytes = Buffer.allocUnsafe(size)
      bytes.writeIntBE(value as number, 0, size)
      return bytes
    }
    case HeaderType.Int64:
    case HeaderType.Timestamp: {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64BE(value as bigint)
      return bytes
    }
    case HeaderType.String:
      return withLength(name, Buffer.from(value as string))
    case HeaderType.ByteBuffer:
      return withLength(name, value as Uint8Array)
    case HeaderType.UUID:
      return Buffer.from(value as Uint8Array)
  }
}

function withLength(name: string, value: Uint8Array): Buffer {
  if (value.length > VALUE_BYTES_MAX) {
    throw new CrtError(
      `header ${name}: ${value.length} bytes are above ${VALUE_BYTES_MAX}, the most it can hold`,
    )
  }
  const bytes = Buffer.allocUnsafe(2 + value.length)
  bytes.writeUInt16BE(value.length)
  bytes.set(value, 2)
  return bytes
}

/** `bytes` is the header section and nothing else. Throws a `CrtError` when it is not made of whole headers. */
export function decodeHeaders(bytes: Buffer): Header[] {
  const headers: Header[] = []
  let at = 0
  /** The next `length` bytes. They are copied only where a value outlives the message. */
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw crtError('AWS_ERROR_EVENT_STREAM_MESSAGE_INVALID_HEADERS_LEN')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const nameLength = take(1).readUInt8()
    if (nameLength === 0) throw crtError('AWS_ERROR_EVENT_STREAM_MESSAGE_INVALID_HEADERS_LEN')
    const name = take(nameLength).toString('utf8')
    const type = take(1).readUInt8()
    headers.push(new Header(name, type as HeaderType, decodeValue(type, take)))
  }
  return headers
}

function decodeValue(type: number, take: (length: number) => Buffer): HeaderValue {
  switch (type) {
    case HeaderType.BooleanTrue:
    case HeaderType.BooleanFalse:
      return undefined
    case HeaderType.Byte:
      return take(1).readInt8()
    case HeaderType.Int16:
      return take(2).readInt16BE()
    case HeaderType.Int32:
      return take(4).readInt32BE()
    case HeaderType.Int64:
    case HeaderType.Timestamp:
      return take(8).readBigInt64BE()
    case HeaderType.ByteBuffer:
      return Uint8Array.from(take(take(2).readUInt16BE()))
    case HeaderType.String:
      return take(take(2).readUInt16BE()).toString('utf8')
    case HeaderType.UUID:
      return Uint8Array.from(take(UUID_BYTES))
    default:
      throw crtError('AWS_ERROR_EVENT_STREAM_MESSAGE_UNKNOWN_HEADER_TYPE')
  }
}
