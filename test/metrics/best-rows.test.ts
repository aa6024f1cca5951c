import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BestRows } from '../../src/metrics/best-rows.ts'

const COLUMNS = 3

function take(best: BestRows, row: readonly number[]): void {
  const at = best.take()
  best.words.set(row, at)
}

const sorted = (best: BestRows): number[][] =>
  [...best.sorted()].map((at) => [...best.words.subarray(at, at + COLUMNS)])

const inOrder = (rows: readonly (readonly number[])[]) =>
  [...rows].sort((left, right) => {
    const column = left.findIndex((word, index) => word !== right[index])
    return column === -1 ? 0 : (left[column] ?? 0) - (right[column] ?? 0)
  })

const row = fc.tuple(
  fc.integer({ min: 0, max: 2 }),
  fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_ffff)),
  fc.integer({ min: 0, max: 9 }),
)

test.each([0, 1, 5, 40, 70, 500])(
  'the first %i of any rows, as sorting all of them gives, cycle after cycle',
  (max) => {
    const best = new BestRows(COLUMNS, max)
    fc.assert(
      fc.property(fc.array(row, { maxLength: 600, size: 'max' }), (rows) => {
        best.clear()
        for (const each of rows) take(best, each)
        expect(sorted(best)).toEqual(inOrder(rows).slice(0, max))
      }),
      { numRuns: 50 },
    )
  },
)

test.each([
  { order: 'the best first', rows: (index: number) => index },
  { order: 'the best last', rows: (index: number) => 20_000 - index },
  { order: 'all alike', rows: () => 7 },
  { order: 'scattered', rows: (index: number) => Math.imul(index, 0x9e3779b1) >>> 0 },
])('20,000 rows, $order: a bounded number is kept', ({ rows }) => {
  const best = new BestRows(COLUMNS, 100)
  const all = Array.from({ length: 20_000 }, (_, index) => [rows(index), index & 7, index])
  for (const each of all) take(best, each)
  expect(sorted(best)).toEqual(inOrder(all).slice(0, 100))
  expect(best.words.length).toBeLessThanOrEqual(4 * 100 * COLUMNS)
})
