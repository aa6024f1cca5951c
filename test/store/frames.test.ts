import { decode, decodeFirst } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_HEAD_BYTES, frame, RECORD_BYTES_MAX, readFrames } from '../../src/store/frames.ts'

const records = ['a', 'bb', 'ccc'].map((text) => Buffer.from([0x60 + text.length, ...Buffer.from(text)]))
const [first, second, third] = records.map(frame) as [Buffer, Buffer, Buffer]
const file = Buffer.concat([first, second, third])
const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 0x40
  return copy
}

describe('readFrames', () => {
  const cases = [
    { name: 'an empty file', bytes: Buffer.alloc(0), gives: '', damaged: 0, torn: false },
    { name: 'text', bytes: Buffer.from('not ours at all, really'), gives: '', damaged: 1, torn: false },
    { name: 'zeros only', bytes: Buffer.alloc(4096), gives: '', damaged: 0, torn: true },
    {
      name: 'zeros behind',
      bytes: Buffer.concat([file, Buffer.alloc(99)]),
      gives: 'abbccc',
      damaged: 0,
      torn: true,
    },
    {
      name: 'a cut in a head',
      bytes: file.subarray(0, first.length + 5),
      gives: 'a',
      damaged: 0,
      torn: true,
    },
    {
      name: 'a cut in a record',
      bytes: file.subarray(0, file.length - 1),
      gives: 'abb',
      damaged: 0,
      torn: true,
    },
    {
      name: 'a flipped bit in the middle',
      bytes: flipped(file, first.length + 14),
      gives: 'accc',
      damaged: 1,
      torn: false,
    },
    {
      name: 'a flipped length',
      bytes: flipped(file, first.length + 10),
      gives: 'accc',
      damaged: 1,
      torn: false,
    },
    {
      name: 'a flipped bit at the end',
      bytes: flipped(file, file.length - 1),
      gives: 'abb',
      damaged: 1,
      torn: false,
    },
    { name: 'the first byte missing', bytes: file.subarray(1), gives: 'bbccc', damaged: 1, torn: false },
    {
      name: 'a frame cut off and others behind',
      bytes: Buffer.concat([first.subarray(0, 14), second, second.subarray(0, 3), third]),
      gives: 'bbccc',
      damaged: 2,
      torn: false,
    },
    { name: 'a whole file', bytes: file, gives: 'abbccc', damaged: 0, torn: false },
  ]
  it.each(cases)('$name', ({ bytes, gives, damaged, torn }) => {
    const read = readFrames(bytes)
    expect(read.frames.map(({ record }) => record.subarray(1).toString()).join('')).toBe(gives)
    expect({ damaged: read.damagedCount, torn: read.torn }).toEqual({ damaged, torn })
  })

  it('does not believe a length beyond the largest record', () => {
    const absurd = Buffer.from(first)
    absurd.writeUInt32BE(RECORD_BYTES_MAX + 1, 9)
    expect(readFrames(absurd)).toMatchObject({ frames: [], damagedCount: 1, torn: false })
  })

  it('gives every record back from any prefix that holds it, and calls the rest torn', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }),
        fc.nat(),
        (list, cut) => {
          const frames = list.map((record) => frame(record))
          const whole = Buffer.concat(frames)
          const at = cut % (whole.length + 1)
          const ends = frames.map((_, index) => Buffer.concat(frames.slice(0, index + 1)).length)
          const expected = ends.filter((end) => end <= at)
          const read = readFrames(whole.subarray(0, at))
          expect(read.frames.map(({ end }) => end)).toEqual(expected)
          expect(read.damagedCount).toBe(0)
          expect(read.torn).toBe(at !== (expected.at(-1) ?? 0))
        },
      ),
    )
  })

  it('never gives a record that was not written, whatever single byte changes', () => {
    for (let at = 0; at < file.length; at += 1) {
      for (const { record } of readFrames(flipped(file, at)).frames) {
        expect(records.some((written) => written.equals(record))).toBe(true)
      }
    }
  })
})

describe('frame', () => {
  it('is a CBOR item that an independent decoder reads: [CRC-32, tag 24 of the record]', () => {
    const tags = { 24: (inner: () => unknown) => inner() }
    const [item, rest] = decodeFirst(file, { tags })
    expect(item).toEqual([first.readUInt32BE(2), new Uint8Array(records[0] ?? [])])
    expect(rest.length).toBe(second.length + third.length)
    expect(decode((item as [number, Uint8Array])[1])).toBe('a')
  })

  it('costs 13 bytes', () => {
    expect(first.length - (records[0]?.length ?? 0)).toBe(FRAME_HEAD_BYTES)
  })
})
