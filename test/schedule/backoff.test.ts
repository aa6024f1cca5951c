import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from '../../src/schedule/backoff.ts'

const options = { firstMs: 5_000, maxMs: 60_000 }

test.each([
  { attempt: 1, random: 0, waitMs: 5_000 },
  { attempt: 1, random: 0.5, waitMs: 3_750 },
  { attempt: 2, random: 0, waitMs: 10_000 },
  { attempt: 4, random: 0, waitMs: 40_000 },
  { attempt: 5, random: 0, waitMs: 60_000 },
  { attempt: 5, random: 0.5, waitMs: 45_000 },
  { attempt: 1e9, random: 0, waitMs: 60_000 },
])('attempt $attempt, random $random: $waitMs ms', ({ attempt, random, waitMs }) => {
  expect(backoffMs(attempt, options, random)).toBe(waitMs)
})

test('never below half of the step, never above it, never above the most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 60_000, max: 3_600_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, firstMs, maxMs, random) => {
        const waitMs = backoffMs(attempt, { firstMs, maxMs }, random)
        const fullMs = backoffMs(attempt, { firstMs, maxMs }, 0)
        expect(waitMs).toBeGreaterThanOrEqual(fullMs / 2)
        expect(waitMs).toBeLessThanOrEqual(fullMs)
        expect(fullMs).toBeLessThanOrEqual(maxMs)
        expect(fullMs).toBeGreaterThanOrEqual(Math.min(firstMs, maxMs))
      },
    ),
  )
})
