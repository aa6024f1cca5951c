import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exactly, scaled, summarize } from './statistics.ts'

const runs = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 })

describe('summarize', () => {
  test('no runs', () => {
    expect(() => summarize([])).toThrow('no runs')
  })

  test.each([
    { name: 'one run', values: [3], median: 3, lowest: 3, highest: 3 },
    { name: 'odd, out of order', values: [9, 1, 2], median: 2, lowest: 1, highest: 9 },
    {
      name: 'even: between the two in the middle',
      values: [4, 1, 2, 100],
      median: 3,
      lowest: 1,
      highest: 100,
    },
    { name: 'by value, not as text', values: [10, 9, 100], median: 10, lowest: 9, highest: 100 },
  ])('$name', ({ values, median, lowest, highest }) => {
    expect(summarize(values)).toEqual({ median, lowest, highest, runs: values.length })
  })

  test('the order of the runs does not matter, and half of them are on each side of the median', () => {
    fc.assert(
      fc.property(runs, (values) => {
        const summary = summarize(values)
        expect(summarize(values.toReversed())).toEqual(summary)
        const below = values.filter((value) => value < summary.median).length
        const above = values.filter((value) => value > summary.median).length
        expect(below).toBeLessThanOrEqual(values.length / 2)
        expect(above).toBeLessThanOrEqual(values.length / 2)
        expect(summary.lowest).toBe(Math.min(...values))
        expect(summary.highest).toBe(Math.max(...values))
      }),
    )
  })
})

test('another unit', () => {
  expect(scaled(summarize([1_000_000, 3_000_000, 8_000_000]), 1e-6)).toEqual({
    median: 3,
    lowest: 1,
    highest: 8,
    runs: 3,
  })
  expect(exactly(7)).toEqual({ median: 7, lowest: 7, highest: 7, runs: 1 })
})
