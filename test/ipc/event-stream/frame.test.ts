/** Frames and headers, against the encoding's other implementation, `@smithy/eventstream-codec`. */
import { EventStreamCodec, Int64, type MessageHeaderValue } from '@smithy/eventstream-codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeFrame,
  encodeFrame,
  FRAME_BYTES_MAX,
  HEADERS_BYTES_MAX,
  readTotalLength,
} from '../../../src/ipc/event-stream/frame.ts'
import { Header, HeaderType } from '../../../src/ipc/event-stream/headers.ts'
import { decodeMessage, encodeMessage } from '../../../src/ipc/event-stream/message.ts'
import { anyFrame, seal } from './frames.ts'
import { flipByte, prelude } from './tools.ts'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
)

describe('bad frames', () => {
  const good = encodeFrame([Header.newString('a', 'b')], Buffer.from('payload'))
  /** A frame whose header section is `section` and whose checksums are right. */
  const withHeaders = (section: number[]) =>
    seal(Buffer.concat([prelude(16 + section.length, section.length), Buffer.from(section), Buffer.alloc(4)]))
  const cases = [
    { name: 'total length changed', bytes: flipByte(good, 3), error: 'PRELUDE_CHECKSUM_FAILURE' },
    { name: 'headers length changed', bytes: flipByte(good, 7), error: 'PRELUDE_CHECKSUM_FAILURE' },
    { name: 'prelude CRC changed', bytes: flipByte(good, 8), error: 'PRELUDE_CHECKSUM_FAILURE' },
    { name: 'header changed', bytes: flipByte(good, 13), error: 'MESSAGE_CHECKSUM_FAILURE' },
    { name: 'payload changed', bytes: flipByte(good, -5), error: 'MESSAGE_CHECKSUM_FAILURE' },
    { name: 'message CRC changed', bytes: flipByte(good, -1), error: 'MESSAGE_CHECKSUM_FAILURE' },
    { name: 'shorter than its own overhead', bytes: prelude(15), error: 'INVALID_HEADERS_LEN' },
    { name: 'headers longer than the frame', bytes: prelude(20, 5), error: 'INVALID_HEADERS_LEN' },
    { name: 'total above the bound', bytes: prelude(FRAME_BYTES_MAX + 1), error: 'FIELD_SIZE_EXCEEDED' },
    { name: 'total of all ones', bytes: prelude(0xffffffff, 0xffffffff), error: 'FIELD_SIZE_EXCEEDED' },
    {
      name: 'headers above the bound',
      bytes: prelude(FRAME_BYTES_MAX, HEADERS_BYTES_MAX + 1),
      error: 'FIELD_SIZE_EXCEEDED',
    },
    { name: 'header without a name', bytes: withHeaders([0, 0]), error: 'INVALID_HEADERS_LEN' },
    { name: 'name cut off', bytes: withHeaders([3, 0x61, 0x62]), error: 'INVALID_HEADERS_LEN' },
    { name: 'type missing', bytes: withHeaders([1, 0x61]), error: 'INVALID_HEADERS_LEN' },
    { name: 'type unknown', bytes: withHeaders([1, 0x61, 10]), error: 'UNKNOWN_HEADER_TYPE' },
    { name: 'integer cut off', bytes: withHeaders([1, 0x61, 4, 0, 0]), error: 'INVALID_HEADERS_LEN' },
    {
      name: 'string longer than the section',
      bytes: withHeaders([1, 0x61, 7, 0, 9, 0x62]),
      error: 'INVALID_HEADERS_LEN',
    },
    { name: 'UUID cut off', bytes: withHeaders([1, 0x61, 9, 1, 2, 3]), error: 'INVALID_HEADERS_LEN' },
  ]
  it.each(cases)('$name: $error', ({ bytes, error }) => {
    expect(() => {
      readTotalLength(bytes)
      decodeFrame(bytes)
    }).toThrow(
      `AWS_ERROR_EVENT_STREAM_${error.startsWith('MESSAGE') || error.startsWith('PRELUDE') ? '' : 'MESSAGE_'}${error}`,
    )
  })
})

describe('frames that will not be built', () => {
  const cases = [
    {
      name: 'empty header name',
      headers: [Header.newString('', 'x')],
      payload: 0,
      error: '1 to 127 bytes, has 0',
    },
    {
      name: 'long header name',
      headers: [Header.newString('é'.repeat(64), 'x')],
      payload: 0,
      error: 'has 128',
    },
    {
      name: 'long value',
      headers: [Header.newString('a', 'x'.repeat(32_768))],
      payload: 0,
      error: 'above 32767',
    },
    {
      name: 'too many headers',
      headers: Array.from({ length: 5 }, () => Header.newString('a', 'x'.repeat(30_000))),
      payload: 0,
      error: 'FIELD_SIZE_EXCEEDED',
    },
    { name: 'large payload', headers: [], payload: FRAME_BYTES_MAX - 15, error: 'FIELD_SIZE_EXCEEDED' },
  ]
  it.each(cases)('$name: $error', ({ headers, payload, error }) => {
    expect(() => encodeFrame(headers, Buffer.alloc(payload))).toThrow(error)
  })

  it('the largest payload still fits', () => {
    expect(encodeFrame([], Buffer.alloc(FRAME_BYTES_MAX - 16))).toHaveLength(FRAME_BYTES_MAX)
  })
})

describe('good frames', () => {
  it('what we encode, the other implementation decodes to the same', () => {
    fc.assert(
      fc.property(anyFrame, ({ headers, payload }) => {
        const { headers: theirs, body } = codec.decode(encodeFrame(headers, payload))
        expect(Buffer.from(body).equals(payload)).toBe(true)
        expect(theirs).toEqual(Object.fromEntries(headers.map((header) => [header.name, toSmithy(header)])))
      }),
    )
  })

  it('what the other implementation encodes, we decode to the same', () => {
    fc.assert(
      fc.property(anyFrame, ({ headers, payload }) => {
        const theirs = Object.fromEntries(headers.map((header) => [header.name, toSmithy(header)]))
        const bytes = Buffer.from(codec.encode({ headers: theirs, body: payload }))
        expect(readTotalLength(bytes)).toBe(bytes.length)
        const frame = decodeFrame(bytes)
        expect(Buffer.from(frame.payload).equals(payload)).toBe(true)
        const byName = (all: readonly Header[]) => new Map(all.map((header) => [header.name, header]))
        expect(byName(frame.headers)).toEqual(byName(headers))
      }),
    )
  })

  it('the payload holds on to nothing of the buffer it was read from', () => {
    const bytes = Buffer.concat([encodeFrame([], Buffer.from('abc')), Buffer.alloc(60_000)]).subarray(0, 19)
    const { payload } = decodeFrame(bytes)
    expect(payload).toBeInstanceOf(ArrayBuffer)
    expect(payload.byteLength).toBe(3)
  })

  it('a header of another type is no string', () => {
    expect(Header.newString('a', 'x').asString()).toBe('x')
    expect(() => new Header('a', HeaderType.Int32, 5).asString()).toThrow('header a: expected a string')
  })
})

describe('messages', () => {
  const int = (name: string, value: number) => new Header(name, HeaderType.Int32, value)
  const bad = [
    { name: 'no type', headers: [int(':message-flags', 0), int(':stream-id', 1)] },
    { name: 'no flags', headers: [int(':message-type', 0), int(':stream-id', 1)] },
    { name: 'no stream id', headers: [int(':message-type', 0), int(':message-flags', 0)] },
    { name: 'stream id as text', headers: [...head(0, 0).slice(0, 2), Header.newString(':stream-id', '1')] },
    { name: 'negative stream id', headers: head(0, -1) },
    { name: 'negative type', headers: head(-1, 1) },
    { name: 'unknown type', headers: head(8, 0) },
    { name: 'protocol message on a stream', headers: head(5, 1) },
    { name: 'application message on no stream', headers: head(0, 0) },
  ]
  it.each(bad)('$name: a protocol error', ({ headers }) => {
    expect(() => decodeMessage({ headers, payload: new ArrayBuffer(0) })).toThrow(
      'AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR',
    )
  })

  const payloads = [
    { name: 'text', payload: 'grüße' },
    { name: 'an ArrayBuffer', payload: Uint8Array.from(Buffer.from('grüße')).buffer },
    { name: 'a view into a larger buffer', payload: Buffer.from('[grüße]').subarray(1, -1) },
  ]
  it.each(payloads)('payload as $name', ({ payload }) => {
    const bytes = encodeMessage({ type: 0, flags: 2, payload }, 7, 'aws.greengrass#UpdateState')
    const { streamId, message } = decodeMessage(decodeFrame(bytes))
    expect(streamId).toBe(7)
    expect(message).toMatchObject({ type: 0, flags: 2 })
    expect(Buffer.from(message.payload as ArrayBuffer).toString()).toBe('grüße')
    expect(message.headers?.find(({ name }) => name === 'operation')?.asString()).toBe(
      'aws.greengrass#UpdateState',
    )
  })

  function head(type: number, streamId: number): Header[] {
    return [int(':message-type', type), int(':message-flags', 0), int(':stream-id', streamId)]
  }
})

/** The same value in the other implementation's terms. */
function toSmithy({ type, value }: Header): MessageHeaderValue {
  switch (type) {
    case HeaderType.BooleanTrue:
      return { type: 'boolean', value: true }
    case HeaderType.BooleanFalse:
      return { type: 'boolean', value: false }
    case HeaderType.Byte:
      return { type: 'byte', value: value as number }
    case HeaderType.Int16:
      return { type: 'short', value: value as number }
    case HeaderType.Int32:
      return { type: 'integer', value: value as number }
    case HeaderType.Int64:
      return { type: 'long', value: Int64.fromNumber(Number(value)) }
    case HeaderType.ByteBuffer:
      return { type: 'binary', value: value as Uint8Array }
    case HeaderType.String:
      return { type: 'string', value: value as string }
    case HeaderType.Timestamp:
      return { type: 'timestamp', value: new Date(Number(value)) }
    case HeaderType.UUID: {
      const hex = Buffer.from(value as Uint8Array).toString('hex')
      return { type: 'uuid', value: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') }
    }
  }
}
