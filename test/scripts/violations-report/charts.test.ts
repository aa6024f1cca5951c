import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Violation } from '../../../scripts/violations/model.ts'
import {
  intervalMs,
  type Point,
  pointsIn,
  thinned,
  windowed,
} from '../../../scripts/violations/report/client/charts/points.ts'
import { isNewAt, presences } from '../../../scripts/violations/report/client/charts/presence.ts'
import { type Range, timeTicks, valueTicks } from '../../../scripts/violations/report/client/charts/scale.ts'
import { binsOf, countBy } from '../../../scripts/violations/report/client/count.ts'
import type { ListSeries, NumberSeries } from '../../../scripts/violations/report/client/data.ts'
import { rangeAround } from '../../../scripts/violations/report/client/views/range.ts'
import { EXAMPLE_NOW, exampleReport } from './example.ts'

const MINUTE_MS = 60_000
const numbers = (
  values: readonly number[],
  stepMs = 5 * MINUTE_MS,
  metric = 'aws:all-bytes-out',
): NumberSeries => ({
  kind: 'number',
  metric,
  times: values.map((_, index) => index * stepMs),
  values,
})

describe('ticks of values', () => {
  test.each([
    { top: Number.NaN, gives: [0, 1] },
    { top: Number.POSITIVE_INFINITY, gives: [0, 1] },
    { top: 0, gives: [0, 1] },
    { top: 0.9, gives: [0, 0.2, 0.4, 0.6, 0.8, 1] },
    { top: 7, gives: [0, 2, 4, 6, 8] },
    { top: 50_000, gives: [0, 10_000, 20_000, 30_000, 40_000, 50_000] },
  ])('up to $top', ({ top, gives }) => {
    expect(valueTicks(top, 5)).toEqual(gives)
  })

  test('reach the top and are not too many', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e18, noNaN: true }), (top) => {
        const ticks = valueTicks(top, 5)
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(top * (1 - 1e-9))
        expect(ticks.length).toBeLessThanOrEqual(7)
      }),
    )
  })
})

describe('ticks of time', () => {
  const at = Date.UTC(2026, 10, 23, 22, 0)
  test('say the day at the first and where a day begins', () => {
    expect(timeTicks({ from: at, to: at + 4 * 3_600_000 }, 5).map(({ text }) => text)).toEqual([
      '23 Nov 22:00',
      '23:00',
      '24 Nov',
      '01:00',
      '02:00',
    ])
  })
  test('within a minute have seconds', () => {
    const texts = timeTicks({ from: at, to: at + 20_000 }, 3).map(({ text }) => text)
    expect(texts).toEqual(['23 Nov 22:00:00', '22:00:10', '22:00:20'])
  })
  test.each([
    { name: 'no time at all', from: at, to: at },
    { name: 'ten thousand years', from: 0, to: 3e14 },
    { name: 'beyond what a date can be', from: 8.6e15, to: 9e15 },
  ])('of $name end', ({ from, to }) => {
    expect(timeTicks({ from, to }, 8).length).toBeLessThanOrEqual(9)
  })
})

describe('a line of many points', () => {
  test('keeps its lowest and highest value, its order, and gets short', () => {
    const given = fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 500, maxLength: 3000 })
    fc.assert(
      fc.property(given, (values) => {
        const points = values.map((value, at): Point => ({ at, value }))
        const kept = thinned(points, { from: 0, to: values.length - 1 }, 50)
        const of = (list: readonly Point[]) => list.map(({ value }) => value)
        expect(Math.max(...of(kept))).toBe(Math.max(...values))
        expect(Math.min(...of(kept))).toBe(Math.min(...values))
        expect(kept.length).toBeLessThanOrEqual(51 * 4)
        expect(kept.every(({ at }, index) => index === 0 || at > (kept[index - 1] as Point).at)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })
  test('few points stay as they are', () => {
    const points = [{ at: 1, value: 1 }]
    expect(thinned(points, { from: 0, to: 2 }, 50)).toBe(points)
  })
})

test('in view are those inside and the neighbour on each side', () => {
  const series = numbers([0, 1, 2, 3, 4, 5], 10)
  expect(pointsIn(series, { from: 20, to: 30 }).map(({ value }) => value)).toEqual([1, 2, 3, 4])
  expect(pointsIn(series, { from: 500, to: 600 }).map(({ value }) => value)).toEqual([5])
  expect(pointsIn(numbers([]), { from: 0, to: 1 })).toEqual([])
})

describe('the window that a behavior judges', () => {
  test.each([
    { name: 'no duration', duration: undefined },
    { name: 'a duration of one interval', duration: 300 },
  ])('of $name is the datapoint itself', ({ duration }) => {
    expect(windowed(numbers([1, 2, 3]), duration)).toBeUndefined()
  })
  test('of traffic is the sum of what ends in it', () => {
    expect(windowed(numbers([1, 2, 3, 4, 5]), 900)?.values).toEqual([1, 3, 6, 9, 12])
  })
  test('of a level is the highest', () => {
    const series = numbers([9, 2, 3, 1, 1], 5 * MINUTE_MS, 'aws:num-listening-tcp-ports')
    expect(windowed(series, 900)?.values).toEqual([9, 9, 9, 3, 3])
  })
  test('the usual interval is the median', () => {
    expect(intervalMs([0, 10, 20, 30, 5000])).toBe(10)
    expect(intervalMs([])).toBe(300_000)
  })
})

describe('presence', () => {
  const list = (
    values: readonly (readonly string[])[],
    times = values.map((_, index) => index * 10),
  ): ListSeries => ({
    kind: 'list',
    metric: 'aws:destination-ip-addresses',
    times,
    values,
  })

  test('goes from report to report, with gaps', () => {
    const [late, early] = presences(list([['a'], ['a', 'b'], ['a'], [], ['a']]))
    expect(late).toMatchObject({
      element: 'b',
      firstSeen: 10,
      lastSeen: 10,
      datapointCount: 1,
      isFromBeginning: false,
    })
    expect(late?.spans).toEqual([{ from: 10, to: 10 }])
    expect(early).toMatchObject({
      element: 'a',
      firstSeen: 0,
      lastSeen: 40,
      datapointCount: 4,
      isFromBeginning: true,
    })
    expect(early?.spans).toEqual([
      { from: 0, to: 20 },
      { from: 40, to: 40 },
    ])
  })
  test('does not go on where reports are missing', () => {
    const [only] = presences(list([['a'], ['a'], ['a']], [0, 10, 100]))
    expect(only?.spans).toEqual([
      { from: 0, to: 10 },
      { from: 100, to: 100 },
    ])
  })
  test('an element that is there twice counts once', () => {
    expect(presences(list([['a', 'a']]))[0]).toMatchObject({ datapointCount: 1 })
  })
  test.each([
    { name: 'there from the beginning', place: 0, isNew: false },
    { name: 'long before', place: 3, isNew: false },
    { name: 'an interval before', place: 4, isNew: true },
    { name: 'with it', place: 5, isNew: true },
    { name: 'after it', place: 8, isNew: false },
  ])('$name: new is $isNew', ({ place, isNew }) => {
    const values = Array.from({ length: 10 }, (_, index) => (index === place ? ['x'] : []))
    const [found] = presences(list(values))
    expect(found && isNewAt(found, { from: 50, to: 60 }, 10)).toBe(isNew)
  })
})

describe('bars over time', () => {
  const { violations } = exampleReport({ thingCount: 5, violationCount: 300, datapointCount: 1 })
  const range = { since: EXAMPLE_NOW - 14 * 86_400_000, until: EXAMPLE_NOW }

  test('every violation is in one', () => {
    const { counts } = binsOf(violations, range, 60, 2, ({ state }) => (state === 'cleared' ? 0 : 1))
    expect(counts.flat().reduce((a, b) => a + b, 0)).toBe(violations.length)
    expect(counts.length).toBeLessThanOrEqual(60)
  })
  test('days begin at midnight UTC', () => {
    const { since, stepMs } = binsOf(violations, range, 20, 1, () => 0)
    expect([stepMs, since % 86_400_000]).toEqual([86_400_000, 0])
  })
  test('one instant is one bar, ten thousand years are not too many', () => {
    expect(binsOf([], { since: 5, until: 5 }, 60, 1, () => 0).counts).toEqual([[0]])
    expect(binsOf([], { since: 0, until: 3e14 }, 60, 1, () => 0).counts.length).toBeLessThanOrEqual(60)
  })
  test('names are counted, the most first and then by name', () => {
    const few = violations
      .slice(0, 3)
      .map((each, index) => ({ ...each, thingName: ['b', 'a', 'b'][index] as string }))
    expect(countBy(few, ({ thingName }) => thingName)).toEqual([
      { name: 'b', count: 2 },
      { name: 'a', count: 1 },
    ])
  })
})

describe('the time that a violation is first shown in', () => {
  const MINUTE = 60_000
  const at = Date.UTC(2026, 10, 24, 12)
  const violation = { startedAt: at, endedAt: at + 20_000 } as Violation
  const around = (known: Range, now = known.to) => rangeAround(violation, known, now)

  test('is an hour and a half on each side where so much is known', () => {
    const known = { from: at - 600 * MINUTE, to: at + 600 * MINUTE }
    expect(around(known)).toEqual({ from: at - 90 * MINUTE, to: at + 20_000 + 90 * MINUTE })
  })

  test('is what is known and a little, where it is less: nothing of the future', () => {
    const known = { from: at - 70_000, to: at + 80_000 }
    const { from, to } = around(known)
    expect([known.from - from, to - known.to]).toEqual([4500, 4500])
  })

  test('is a minute at least', () => {
    const { from, to } = around({ from: at, to: at + 20_000 })
    expect([at - from, to - at]).toEqual([20_000, 40_000])
  })
})
