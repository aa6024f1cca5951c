/** Arbitrary frames for the property tests, and a way to make a damaged frame's checksums right again. */
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { Header, HeaderType, type HeaderValue } from '../../../src/ipc/event-stream/headers.ts'

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => {
  const length = Buffer.byteLength(text)
  return length <= 127 && text !== '__proto__' // no key for the object in which the other codec keeps headers
})

const of = (type: HeaderType, value: fc.Arbitrary<HeaderValue>) => fc.tuple(fc.constant(type), value)

const typeAndValue = fc.oneof(
  of(HeaderType.BooleanTrue, fc.constant(undefined)),
  of(HeaderType.BooleanFalse, fc.constant(undefined)),
  of(HeaderType.Byte, fc.integer({ min: -128, max: 127 })),
  of(HeaderType.Int16, fc.integer({ min: -32_768, max: 32_767 })),
  of(HeaderType.Int32, fc.integer()),
  // Within what a double holds: the other codec is made from numbers.
  of(HeaderType.Int64, fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n })),
  of(HeaderType.Timestamp, fc.bigInt({ min: 0n, max: 4_102_444_800_000n })),
  of(HeaderType.ByteBuffer, fc.uint8Array({ maxLength: 40 })),
  of(HeaderType.String, fc.string({ unit: 'grapheme', maxLength: 40 })),
  of(HeaderType.UUID, fc.uint8Array({ minLength: 16, maxLength: 16 })),
)

const anyHeader = fc
  .tuple(name, typeAndValue)
  .map(([headerName, [type, value]]) => new Header(headerName, type, value))

export const anyFrame = fc.record({
  headers: fc.uniqueArray(anyHeader, { selector: (header) => header.name, maxLength: 6 }),
  payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
})

/** Rewrites both checksums (not the lengths), so that damage gets past them. */
export function seal(frame: Buffer): Buffer {
  const sealed = Buffer.from(frame)
  sealed.writeUInt32BE(crc32(sealed.subarray(0, 8)), 8)
  sealed.writeUInt32BE(crc32(sealed.subarray(0, -4)), sealed.length - 4)
  return sealed
}
