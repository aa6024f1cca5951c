/**
 * A report as bytes, and a reply's bytes as a value, in either of the two formats of Device Defender's topics.
 *
 * JSON: RFC 8259, UTF-8, no blanks. CBOR: RFC 8949, with definite lengths, shortest heads, and no tags; every whole
 * number is a CBOR integer, also one that needs 64 bits, as a report id in milliseconds does; others are 64-bit floats.
 * Members keep the order of the document, so the same document always gives the same bytes.
 */
import type { Encoder } from 'cbor-x'
import type { Plain } from './report.ts'

export type ReportFormat = 'json' | 'cbor'

export interface Codec {
  readonly format: ReportFormat
  encode(document: Plain): Uint8Array
  /** Throws on bytes that are not of the format. What it returns may be anything that they can express. */
  decode(bytes: Uint8Array): unknown
}

/** The CBOR library is loaded only when CBOR is asked for: most devices report in JSON, and small boards feel it. */
export async function loadCodec(format: ReportFormat): Promise<Codec> {
  return format === 'json' ? jsonCodec : cborCodec((await import('cbor-x')).Encoder)
}

const jsonCodec: Codec = {
  format: 'json',
  encode: (document) => Buffer.from(JSON.stringify(document)),
  decode: (bytes) => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)),
}

function cborCodec(CborEncoder: typeof Encoder): Codec {
  // Left to itself the library writes maps with 16-bit heads, or as records, which are a tag of its own invention.
  const cbor = new CborEncoder({ useRecords: false, mapsAsObjects: true, variableMapSize: true })
  return {
    format: 'cbor',
    encode: (document) => cbor.encode(withBigIntegers(document)),
    decode: (bytes) => cbor.decode(bytes),
  }
}

/** The library writes a number of more than 32 bits as a float, but a bigint as an integer. */
function withBigIntegers(value: Plain): unknown {
  if (typeof value === 'number') return needsBigInteger(value) ? BigInt(value) : value
  if (typeof value === 'string') return value
  if (isList(value)) return value.map(withBigIntegers)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withBigIntegers(member)]))
}

/** Beyond 2^53 a number is no longer a certain integer, and is left to be a float. */
function needsBigInteger(value: number): boolean {
  return Number.isSafeInteger(value) && (value >= 2 ** 32 || value < -(2 ** 32))
}

function isList(value: Exclude<Plain, string | number>): value is readonly Plain[] {
  return Array.isArray(value)
}
