import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32, tableCrc32 } from '../src/crc32.ts'

it.each([
  { name: 'nothing', data: Buffer.alloc(0), crc: 0 },
  { name: 'the check value of the polynomial', data: Buffer.from('123456789'), crc: 0xcbf43926 },
  { name: 'the same as text', data: '123456789', crc: 0xcbf43926 },
])('$name', ({ data, crc }) => {
  expect(crc32(data)).toBe(crc)
  expect(tableCrc32()(data)).toBe(crc)
})

it('the table for old Node gives what zlib gives', () => {
  const table = tableCrc32()
  const data = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme' }))
  fc.assert(fc.property(data, (given) => table(given) === crc32(given)))
})
