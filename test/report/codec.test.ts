import { decode as decodeCbor } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadCodec } from '../../src/report/codec.ts'
import { buildReport, type Plain } from '../../src/report/report.ts'
import { goldenReports } from './golden.ts'
import { anyMetrics, content } from './samples.ts'

const json = await loadCodec('json')
const cbor = await loadCodec('cbor')
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** Refuses what a lenient decoder would let pass: tags, indefinite lengths, heads longer than needed, double keys. */
function decodeStrictly(bytes: Uint8Array): unknown {
  const options = { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true, useMaps: true }
  return withObjects(decodeCbor(bytes, options))
}

/** Read as maps, since this decoder loses the key `__proto__` of objects. */
function withObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withObjects)
  if (!(value instanceof Map)) return value
  return Object.fromEntries([...value].map(([key, member]) => [key, withObjects(member)]))
}

describe('cbor', () => {
  // The bytes are those of RFC 8949, appendix A, where it has the value.
  const cases: { name: string; value: Plain; bytes: string }[] = [
    { name: 'the least integer', value: 0, bytes: '00' },
    { name: 'negative zero is zero', value: -0, bytes: '00' },
    { name: 'one byte', value: 100, bytes: '1864' },
    { name: '32 bits', value: 4_294_967_295, bytes: '1affffffff' },
    { name: '33 bits', value: 4_294_967_296, bytes: '1b0000000100000000' },
    { name: 'a report id in milliseconds', value: 1_763_980_000_123, bytes: '1b0000019ab566bb7b' },
    { name: 'the largest certain integer', value: Number.MAX_SAFE_INTEGER, bytes: '1b001fffffffffffff' },
    { name: 'negative', value: -1000, bytes: '3903e7' },
    { name: 'negative, 32 bits', value: -4_294_967_296, bytes: '3affffffff' },
    { name: 'negative, 33 bits', value: -4_294_967_297, bytes: '3b0000000100000000' },
    { name: 'a fraction is a 64-bit float', value: 1.1, bytes: 'fb3ff199999999999a' },
    { name: 'beyond 2^53 a number is a float', value: 1e300, bytes: 'fb7e37e43c8800759c' },
    { name: 'text outside ASCII', value: '水', bytes: '63e6b0b4' },
    { name: 'an empty list', value: [], bytes: '80' },
    { name: 'a plain map with a short head', value: { a: 1, b: [2, 3] }, bytes: 'a26161016162820203' },
  ]
  it.each(cases)('$name', ({ value, bytes }) => {
    expect(hex(cbor.encode(value))).toBe(bytes)
  })

  it.each(goldenReports)('another decoder reads the golden report: $name, $spelling', ({ report }) => {
    const decoded = decodeStrictly(cbor.encode(report))
    expect(JSON.stringify(decoded)).toBe(JSON.stringify(report))
  })

  it('says the same as JSON, whatever was measured', () => {
    fc.assert(
      fc.property(anyMetrics, (metrics) => {
        const report = buildReport(content(metrics), 'short')
        const fromCbor = decodeStrictly(cbor.encode(report))
        const fromJson = json.decode(json.encode(report))
        expect(JSON.stringify(fromCbor)).toBe(JSON.stringify(fromJson))
      }),
      { numRuns: 50 },
    )
  })

  it('reads what it wrote', () => {
    const bytes = cbor.encode({ reportId: 1_763_980_000_123, at: [1.5, 'x'] })
    expect(cbor.decode(bytes)).toEqual({ reportId: 1_763_980_000_123n, at: [1.5, 'x'] })
  })

  it('refuses cut bytes', () => {
    const bytes = cbor.encode({ status: 'ACCEPTED' })
    for (let end = 0; end < bytes.length; end += 1) {
      expect(() => cbor.decode(bytes.subarray(0, end)), `${end} bytes`).toThrow()
    }
  })
})

describe('json', () => {
  it('has no blanks and keeps what JSON has to escape', () => {
    const text = Buffer.from(json.encode({ a: [1, 'é"\n'], b: -0.5 })).toString()
    expect(text).toBe('{"a":[1,"é\\"\\n"],"b":-0.5}')
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => json.decode(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/not valid/)
  })
})
