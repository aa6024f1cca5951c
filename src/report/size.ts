/**
 * How many bytes a value takes once encoded, told without encoding it: with this a report is cut to its budget in one
 * pass. The figures are exact, not estimates; a test holds them against the encoders.
 *
 * Sources: RFC 8259 (JSON), RFC 8949 section 3 (CBOR heads: 1, 2, 3, 5 or 9 bytes).
 */
import type { ReportFormat } from './codec.ts'
import type { Plain } from './report.ts'

export interface Sizing {
  valueBytes(value: Plain): number
  /** By how much a list of `count` elements grows with one more, the element's own bytes aside. */
  elementOverhead(count: number): number
  /** By how much an object of `count` members grows with one more, the member's value aside. */
  memberOverhead(count: number, key: string): number
}

const json: Sizing = {
  valueBytes: (value) => Buffer.byteLength(JSON.stringify(value)),
  elementOverhead: comma,
  memberOverhead: (count, key) => comma(count) + Buffer.byteLength(JSON.stringify(key)) + 1,
}

const cbor: Sizing = {
  valueBytes: cborBytes,
  elementOverhead: headGrowth,
  memberOverhead: (count, key) => headGrowth(count) + cborBytes(key),
}

export const sizings: Readonly<Record<ReportFormat, Sizing>> = { json, cbor }

function comma(count: number): number {
  return count === 0 ? 0 : 1
}

function cborBytes(value: Plain): number {
  if (typeof value === 'string') {
    const bytes = Buffer.byteLength(value)
    return headBytes(bytes) + bytes
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return 9 // a head and a 64-bit float
    return headBytes(value < 0 ? -1 - value : value)
  }
  const parts = Array.isArray(value) ? value : Object.entries(value).flat()
  const count = Array.isArray(value) ? value.length : parts.length / 2
  return parts.reduce((bytes: number, part: Plain) => bytes + cborBytes(part), headBytes(count))
}

/** The head of a CBOR item holds its type and its length or number, in the shortest form that takes it. */
function headBytes(argument: number): number {
  if (argument < 24) return 1
  if (argument < 2 ** 8) return 2
  if (argument < 2 ** 16) return 3
  return argument < 2 ** 32 ? 5 : 9
}

function headGrowth(count: number): number {
  return headBytes(count + 1) - headBytes(count)
}
