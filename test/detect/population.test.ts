import fc from 'fast-check'
import { expect, test } from 'vitest'
import { percentile, statistics } from '../../src/detect/percentile.ts'
import {
  emptyPopulation,
  hasNegative,
  learn,
  POPULATION_DATAPOINTS_MAX,
  type Population,
  thresholdOf,
} from '../../src/detect/population.ts'
import { interpolated } from './reference.ts'

const DAY_MS = 86_400_000

test('percentiles equal a sorted reference, for every statistic', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 60 }),
      (values) => {
        const sorted = Float64Array.from(values).sort()
        for (const share of Object.values(statistics)) {
          expect(percentile(sorted, sorted.length, share)).toBe(interpolated([...sorted], share))
        }
      },
    ),
  )
})

test('a percentile lies between its neighbours and never falls as the share grows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { minLength: 1, maxLength: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, share) => {
        const sorted = values.sort((a, b) => a - b)
        const value = percentile(sorted, sorted.length, share) as number
        expect(value).toBeGreaterThanOrEqual(sorted[0] as number)
        expect(value).toBeLessThanOrEqual(sorted.at(-1) as number)
        expect(percentile(sorted, sorted.length, Math.min(1, share + 0.1))).toBeGreaterThanOrEqual(value)
      },
    ),
  )
})

test('nothing has no percentile', () => {
  expect(percentile([], 0, 0.5)).toBeUndefined()
})

/** Adds one datapoint at a time and compares with all of them, filtered and sorted. */
test('thresholds equal those of the datapoints of the last fourteen days, sorted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 60_000, max: DAY_MS }), fc.integer({ min: 0, max: 50 })), {
        minLength: 30,
        maxLength: 120,
      }),
      (steps) => {
        let population: Population = emptyPopulation
        let at = Date.UTC(2026, 0, 1)
        const all: { at: number; value: number }[] = []
        for (const [step, value] of steps) {
          at += step
          all.push({ at, value })
          population = learn(population, [{ at, value }], at)
          const oldest = Math.floor(at / 1000) - 14 * 86_400
          const kept = all.filter((each) => Math.floor(each.at / 1000) >= oldest).map((each) => each.value)
          expect(population.count).toBe(kept.length)
          const reference = interpolated(
            kept.sort((a, b) => a - b),
            0.9,
          )
          expect(thresholdOf(population, 'p90')).toBe(kept.length < 30 ? undefined : reference)
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('an older population can still be asked after a newer one was made of it', () => {
  const at = Date.UTC(2026, 0, 1)
  const older = learn(
    emptyPopulation,
    Array.from({ length: 30 }, (_, value) => ({ at: at + value * 1000, value })),
    at,
  )
  expect(thresholdOf(older, 'p100')).toBe(29)
  const newer = learn(older, [{ at: at + 60_000, value: 99 }], at)
  expect(thresholdOf(newer, 'p100')).toBe(99)
  expect(thresholdOf(older, 'p100')).toBe(29)
  expect(thresholdOf(newer, 'p0')).toBe(0)
})

test('holds the newest datapoints of many', () => {
  const at = Date.UTC(2026, 0, 1)
  let population: Population = emptyPopulation
  for (let index = 0; index < POPULATION_DATAPOINTS_MAX + 10; index++) {
    population = learn(population, [{ at: at + index * 1000, value: index }], at + index * 1000)
  }
  expect(population.count).toBe(POPULATION_DATAPOINTS_MAX)
  expect(thresholdOf(population, 'p0')).toBe(10)
})

test('a negative value rules percentiles out until it is forgotten', () => {
  const at = Date.UTC(2026, 0, 1)
  const values = [-1, ...Array.from({ length: 40 }, () => 5)]
  const learnt = learn(
    emptyPopulation,
    values.map((value, index) => ({ at: at + index * 1000, value })),
    at,
  )
  expect([hasNegative(learnt), thresholdOf(learnt, 'p50')]).toEqual([true, undefined])
  const later = learn(learnt, [], at + 14 * DAY_MS + 1000)
  expect([hasNegative(later), thresholdOf(later, 'p50')]).toEqual([false, 5])
})

test('nothing to add and nothing to forget gives the very same population', () => {
  const population = learn(emptyPopulation, [{ at: 0, value: 1 }], 0)
  expect(learn(population, [], 1000)).toBe(population)
})
