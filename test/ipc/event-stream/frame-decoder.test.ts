/** The incremental decoder: every cut and joint of the stream, and noise. */
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CrtError } from '../../../src/ipc/event-stream/crt-error.ts'
import { encodeFrame, FRAME_BYTES_MAX, type Frame } from '../../../src/ipc/event-stream/frame.ts'
import { createFrameDecoder } from '../../../src/ipc/event-stream/frame-decoder.ts'
import { Header } from '../../../src/ipc/event-stream/headers.ts'
import { anyFrame, seal } from './frames.ts'
import { flipByte, prelude } from './tools.ts'

const payloads = ['first', '', 'a third one, longer than the prelude']
const frames = payloads.map((payload, n) =>
  encodeFrame([Header.newString('n', String(n))], Buffer.from(payload)),
)
const stream = Buffer.concat(frames)

afterEach(() => {
  vi.restoreAllMocks()
})

function decodeAll(chunks: Iterable<Buffer>): string[] {
  const seen: string[] = []
  const decode = createFrameDecoder(({ payload }) => seen.push(Buffer.from(payload).toString()))
  for (const chunk of chunks) decode(chunk)
  return seen
}

function chunksOf(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  )
}

describe('cuts and joints', () => {
  it('cut in two at every byte', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      expect(decodeAll([stream.subarray(0, cut), stream.subarray(cut)]), `cut at ${cut}`).toEqual(payloads)
    }
  })

  it('in chunks of every size, from single bytes to all at once', () => {
    for (let size = 1; size <= stream.length; size++) {
      expect(decodeAll(chunksOf(stream, size)), `chunks of ${size}`).toEqual(payloads)
    }
  })

  it('any frames in any chunks come out as they went in', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 5 }),
        fc.array(fc.nat(60), { maxLength: 40 }),
        (sent, sizes) => {
          const bytes = Buffer.concat(sent.map(({ headers, payload }) => encodeFrame(headers, payload)))
          const got: Frame[] = []
          const decode = createFrameDecoder((frame) => got.push(frame))
          let at = 0
          for (const size of sizes) {
            decode(bytes.subarray(at, at + size))
            at += size
          }
          decode(bytes.subarray(at))
          expect(got.map(({ headers }) => headers)).toEqual(sent.map(({ headers }) => headers))
          expect(got.map(({ payload }) => Buffer.from(payload))).toEqual(sent.map(({ payload }) => payload))
        },
      ),
    )
  })

  it('a chunk may be reused by whoever gave it', () => {
    const [head, tail] = [Buffer.from(stream.subarray(0, 20)), Buffer.from(stream.subarray(20))]
    const seen: ArrayBuffer[] = []
    const decode = createFrameDecoder(({ payload }) => seen.push(payload))
    decode(head)
    head.fill(0)
    decode(tail)
    tail.fill(0)
    expect(seen.map((payload) => Buffer.from(payload).toString())).toEqual(payloads)
  })

  it('a large frame in small chunks is allocated once: no byte is copied twice to gather it', () => {
    const large = encodeFrame([], Buffer.alloc(4 * 1024 * 1024, 'x'))
    const allocated = vi.spyOn(Buffer, 'allocUnsafe')
    const joined = vi.spyOn(Buffer, 'concat')
    expect(decodeAll(chunksOf(large, 100))[0]).toHaveLength(4 * 1024 * 1024)
    expect(allocated.mock.calls).toEqual([[large.length]])
    expect(joined).not.toHaveBeenCalled()
  })
})

describe('bad input', () => {
  it('good frames before a bad one are handed over; then every chunk throws the same error', () => {
    const seen: Frame[] = []
    const decode = createFrameDecoder((frame) => seen.push(frame))
    const bad = flipByte(encodeFrame([], Buffer.from('x')), -1)
    const first = thrownBy(() => decode(Buffer.concat([stream, bad, stream])))
    expect(first).toMatchObject({ error_name: 'AWS_ERROR_EVENT_STREAM_MESSAGE_CHECKSUM_FAILURE' })
    expect(thrownBy(() => decode(stream))).toBe(first)
    expect(seen).toHaveLength(3)
  })

  it('a length above the bound is refused with its prelude, and nothing is allocated for it', () => {
    const allocated = vi.spyOn(Buffer, 'allocUnsafe')
    const decode = createFrameDecoder(() => {})
    expect(thrownBy(() => decode(prelude(FRAME_BYTES_MAX + 1)))).toMatchObject({
      error_name: 'AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED',
    })
    expect(allocated).not.toHaveBeenCalled()
  })

  const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes))
  const edits = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 8 })
  const encoded = anyFrame.map(({ headers, payload }) => encodeFrame(headers, payload))
  const damaged = fc.tuple(encoded, edits).map(([frame, changes]) => {
    const copy = Buffer.from(frame)
    for (const { at, byte } of changes) copy[at % copy.length] = byte
    return copy
  })
  const inputs = [
    { name: 'random bytes', arbitrary: noise },
    {
      name: 'a right prelude, then random bytes',
      arbitrary: fc.tuple(fc.nat(500), fc.nat(500), noise).map(withPrelude),
    },
    { name: 'damaged frames', arbitrary: damaged },
    { name: 'damaged frames with checksums made right', arbitrary: damaged.map(seal) },
    {
      name: 'frames cut short',
      arbitrary: fc.tuple(encoded, fc.nat(60)).map(([frame, n]) => frame.subarray(0, -n)),
    },
  ]
  it.each(inputs)('$name: a CrtError or frames, within the bound on memory', ({ arbitrary }) => {
    const allocated = vi.spyOn(Buffer, 'allocUnsafe')
    fc.assert(
      fc.property(
        fc.array(arbitrary, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 50 }),
        (parts, size) => {
          allocated.mockClear()
          let frameCount = 0
          const decode = createFrameDecoder(() => frameCount++)
          const bytes = Buffer.concat(parts)
          try {
            for (const chunk of chunksOf(bytes, size)) decode(chunk)
          } catch (error) {
            expect(error).toBeInstanceOf(CrtError)
          }
          expect(frameCount).toBeLessThanOrEqual(bytes.length / 16) // the least a frame has
          for (const [length] of allocated.mock.calls) expect(length).toBeLessThanOrEqual(FRAME_BYTES_MAX)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  function withPrelude([total, headersLength, rest]: [number, number, Buffer]): Buffer {
    return Buffer.concat([prelude(total, headersLength), rest])
  }
})

function thrownBy(run: () => void): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('expected it to throw')
}
