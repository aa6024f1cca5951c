import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadCodec } from '../../src/report/codec.ts'
import type { Plain } from '../../src/report/report.ts'
import { sizings } from '../../src/report/size.ts'
import { anyNumber } from './samples.ts'

const anyText = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 80 }))

const { value: anyValue } = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    anyNumber(),
    anyText,
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 30, noNullPrototype: true }),
  ),
}))

describe.each(['json', 'cbor'] as const)('sizes in %s', (format) => {
  const sizing = sizings[format]

  it('are those of the encoder', async () => {
    const { encode } = await loadCodec(format)
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(sizing.valueBytes(value)).toBe(encode(value).length)
      }),
      { numRuns: 300 },
    )
  })

  it('of a list grow element by element, over every length of its head', () => {
    const elements: number[] = []
    let bytes = sizing.valueBytes([])
    for (let count = 0; count < 300; count += 1) {
      bytes += sizing.elementOverhead(count) + sizing.valueBytes(count)
      elements.push(count)
      expect(bytes).toBe(sizing.valueBytes(elements))
    }
    expect(sizing.elementOverhead(65_535)).toBe(format === 'cbor' ? 2 : 1)
  })

  it('of an object grow member by member', () => {
    let object: Record<string, Plain> = {}
    let bytes = sizing.valueBytes(object)
    for (let count = 0; count < 30; count += 1) {
      const key = `schlüssel "${count}"`
      bytes += sizing.memberOverhead(count, key) + sizing.valueBytes(count)
      object = { ...object, [key]: count }
      expect(bytes).toBe(sizing.valueBytes(object))
    }
  })
})
