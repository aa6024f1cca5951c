import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFrame, type Frame, FrameError, FrameReader } from '../../src/local-core/frames.ts'

const frame = (over: Partial<Frame> = {}): Frame => ({
  type: 0,
  flags: 0,
  streamId: 1,
  headers: { operation: 'aws.greengrass#GetConfiguration' },
  payload: Buffer.from('{}'),
  ...over,
})
const read = (reader: FrameReader, bytes: Uint8Array) => [...reader.push(bytes)]
const plain = ({ payload, ...rest }: Frame) => ({ ...rest, payload: Buffer.from(payload).toString('base64') })
const flipped = (bytes: Uint8Array, index: number) => {
  const copy = Uint8Array.from(bytes)
  copy[index] = (copy[index] ?? 0) ^ 0x01
  return copy
}

describe('bad frames', () => {
  const good = encodeFrame(frame())
  test.each([
    { name: 'a flipped length', bytes: flipped(good, 3), fails: 'prelude: the CRC32' },
    { name: 'a flipped prelude CRC', bytes: flipped(good, 11), fails: 'prelude: the CRC32' },
    { name: 'a flipped payload', bytes: flipped(good, good.length - 5), fails: 'checksum' },
    { name: 'a flipped message CRC', bytes: flipped(good, good.length - 1), fails: 'checksum' },
    {
      name: 'too long a frame',
      bytes: encodeFrame(frame({ payload: Buffer.alloc(1_000) })),
      fails: 'above 500',
    },
  ])('$name', ({ bytes, fails }) => {
    expect(() => read(new FrameReader(500), bytes)).toThrow(FrameError)
    expect(() => read(new FrameReader(500), bytes)).toThrow(fails)
  })

  test('a length that says too much is refused before its bytes come', () => {
    const head = encodeFrame(frame({ payload: Buffer.alloc(1_000) })).subarray(0, 12)
    expect(() => read(new FrameReader(500), head)).toThrow('above 500')
  })

  test('random bytes give frames or a FrameError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(read(new FrameReader(10_000), bytes)).toEqual([])
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
        }
      }),
    )
  })
})

test('a frame survives encoding and decoding', () => {
  const original = frame({ type: 5, flags: 1, streamId: 2_000_000, payload: Buffer.from('päyload') })
  expect(read(new FrameReader(10_000), encodeFrame(original)).map(plain)).toEqual([plain(original)])
})

test('a header of another kind is passed over, a missing stream id is not', () => {
  const head = { ':message-type': 'x' }
  expect(() => read(new FrameReader(10_000), encodeFrame(frame({ headers: head })))).toThrow(':message-type')
})

test('any split of the bytes gives the same messages', () => {
  const message = fc.record({
    type: fc.integer({ min: 0, max: 7 }),
    flags: fc.integer({ min: 0, max: 3 }),
    streamId: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    headers: fc.dictionary(fc.stringMatching(/^[a-z-]{1,12}$/), fc.string({ maxLength: 20 }), { maxKeys: 3 }),
    payload: fc.uint8Array({ maxLength: 300 }),
  })
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(2_000), { maxLength: 40 }),
      (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(encodeFrame))
        const ends = [...new Set([...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort(
          (a, b) => a - b,
        )
        const reader = new FrameReader(10_000)
        let begin = 0
        const frames = ends.flatMap((end) => {
          const part = bytes.subarray(begin, end)
          begin = end
          return read(reader, part)
        })
        expect(frames.map(plain)).toEqual(messages.map(plain))
      },
    ),
  )
})

test('a large frame in single bytes takes linear time', () => {
  const bytes = encodeFrame(frame({ payload: Buffer.alloc(50_000, 1) }))
  const reader = new FrameReader(1_000_000)
  const frames = Array.from(bytes, (_, index) => read(reader, bytes.subarray(index, index + 1))).flat()
  expect(frames).toHaveLength(1)
})
