import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { delayToPhaseMs, intervalTicks } from '../../src/schedule/ticks.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

const INTERVAL_MS = 300_000
const HOUR_MS = 3_600_000

/** Counts ticks on the manual clock; `onTick` is the cycle that the tick starts. */
function run(clock: ManualClock, onTick: (count: number) => void = () => {}, key = 'thing-1') {
  const controller = new AbortController()
  const at: number[] = []
  const ended = (async () => {
    for await (const _ of intervalTicks(clock, INTERVAL_MS / 1000, key, controller.signal)) {
      at.push(clock.monotonicMs())
      onTick(at.length)
    }
  })()
  onTestFinished(async () => {
    controller.abort()
    await ended
  })
  return { at, ended, stop: () => controller.abort() }
}

const gaps = (at: readonly number[]) => at.slice(1).map((time, index) => time - (at[index] ?? 0))

describe('phase', () => {
  test('a thing has the same place in the interval whenever it starts', async () => {
    const places: number[] = []
    for (const startedLaterMs of [0, 1, 123_456, INTERVAL_MS - 1, 40 * HOUR_MS]) {
      const clock = new ManualClock(Date.UTC(2026, 2, 1) + startedLaterMs)
      run(clock, () => places.push(clock.wallMs() % INTERVAL_MS))
      await clock.advance(INTERVAL_MS)
    }
    expect(places.length).toBeGreaterThanOrEqual(5)
    expect(Math.max(...places) - Math.min(...places)).toBeLessThan(0.001)
  })

  test('is at least now and less than an interval away', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 45 }),
        fc.integer({ min: 1, max: 86_400 }),
        fc.string(),
        (wallMs, seconds, key) => {
          const delayMs = delayToPhaseMs(wallMs, seconds * 1000, key)
          expect(delayMs).toBeGreaterThanOrEqual(0)
          expect(delayMs).toBeLessThan(seconds * 1000)
        },
      ),
    )
  })

  const fleets: { name: string; thing: (index: number) => string }[] = [
    { name: 'numbers at the end', thing: (index) => `device-${String(index).padStart(5, '0')}` },
    { name: 'numbers in front', thing: (index) => `${index}-gateway-of-the-plant` },
    { name: 'serial numbers', thing: (index) => `SN${(0x00f3a1b2 + index * 16).toString(16).toUpperCase()}` },
    { name: 'many of one character', thing: (index) => 'a'.repeat(1 + (index % 128)) + index },
  ]
  test.each(fleets)('10,000 things named by $name are spread evenly', ({ thing }) => {
    const buckets = new Array<number>(60).fill(0)
    for (let index = 0; index < 10_000; index += 1) {
      const bucket = Math.floor((delayToPhaseMs(0, INTERVAL_MS, thing(index)) / INTERVAL_MS) * 60)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    const expected = 10_000 / 60
    const chiSquare = buckets.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 59 degrees of freedom: fair dice stay below this in 999 of 1,000 trials. And no bucket is almost empty.
    expect(chiSquare).toBeLessThan(98.3)
    expect(Math.min(...buckets)).toBeGreaterThan(expected / 2)
  })
})

describe('pace', () => {
  test('one tick each interval', async () => {
    const clock = new ManualClock()
    const { at } = run(clock)
    await clock.advance(10 * INTERVAL_MS)
    expect(at).toHaveLength(10)
    for (const gap of gaps(at)) expect(gap).toBeCloseTo(INTERVAL_MS, 3)
  })

  test.each([
    { name: 'an hour ahead', stepMs: HOUR_MS },
    { name: 'an hour back', stepMs: -HOUR_MS },
    { name: 'from 1970 to now', stepMs: 56 * 365 * 24 * HOUR_MS },
    { name: 'a second back, again and again', stepMs: -1_000, times: 8 },
  ])('the clock is set $name: no tick is added or skipped', async ({ stepMs, times = 1 }) => {
    const clock = new ManualClock()
    const { at } = run(clock)
    for (let index = 0; index < 8; index += 1) {
      await clock.advance(INTERVAL_MS)
      if (index < times) clock.step(stepMs)
    }
    expect(at).toHaveLength(8)
    for (const gap of gaps(at)) expect(gap).toBeCloseTo(INTERVAL_MS, 3)
  })

  test('ticks missed by a long cycle are not made up for, and the place in the interval stays', async () => {
    const clock = new ManualClock()
    const { at } = run(clock, (count) => {
      if (count === 2) clock.pass(3.5 * INTERVAL_MS)
    })
    await clock.advance(INTERVAL_MS)
    await clock.advance(INTERVAL_MS)
    await clock.advance(2 * INTERVAL_MS)
    expect(gaps(at).map((gap) => Math.round(gap / INTERVAL_MS))).toEqual([1, 4, 1])
  })

  test('a wake-up that comes late shifts nothing', async () => {
    const clock = new ManualClock()
    const { at } = run(clock)
    await clock.advance(INTERVAL_MS)
    clock.pass(INTERVAL_MS * 1.2) // the device sleeps
    await clock.advance(INTERVAL_MS * 3)
    const place = (time: number | undefined) => ((time ?? 0) - (at[0] ?? 0)) % INTERVAL_MS
    expect(at.length).toBeGreaterThanOrEqual(4)
    expect(place(at.at(-1))).toBeCloseTo(0, 3)
    for (const gap of gaps(at)) expect(gap).toBeGreaterThan(0)
  })
})

describe('the end', () => {
  test('during the wait: at once, without a tick', async () => {
    const clock = new ManualClock()
    const { at, ended, stop } = run(clock)
    await clock.advance(0)
    stop()
    await ended
    expect(at).toEqual([])
    expect(clock.sleeperCount).toBe(0)
  })

  test('during a cycle: no further tick', async () => {
    const clock = new ManualClock()
    const { at, ended, stop } = run(clock, () => stop())
    await clock.advance(INTERVAL_MS)
    await ended
    expect(at).toHaveLength(1)
  })

  test('before the first step', async () => {
    const ticks = intervalTicks(new ManualClock(), 1, 'thing-1', AbortSignal.abort())
    expect(await ticks.next()).toEqual({ done: true, value: undefined })
  })
})
