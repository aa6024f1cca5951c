/** The parts of the fleet simulator by themselves. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Agenda } from './agenda.ts'
import { fleetClock } from './clock.ts'
import { type Configuration, updateConfiguration } from './configuration.ts'
import { spreadFor } from './spread.ts'

describe('the agenda', () => {
  test('is gone through by time, and in the order of planning where times are the same', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (times) => {
        const agenda = new Agenda()
        const happened: [number, number][] = []
        for (const [index, atMs] of times.entries()) agenda.plan(atMs, (now) => happened.push([now, index]))
        agenda.runUntil(20)
        const sorted = times
          .map((atMs, index): [number, number] => [atMs, index])
          .sort(([one, first], [other, second]) => one - other || first - second)
        expect(happened).toEqual(sorted)
        expect(agenda.awaitedCount).toBe(0)
      }),
    )
  })

  test('keeps what is later, and takes what is planned meanwhile', () => {
    const agenda = new Agenda()
    const happened: string[] = []
    agenda.plan(1, (atMs) => {
      happened.push('first')
      agenda.plan(atMs + 1, () => happened.push('second'))
    })
    agenda.plan(3, () => happened.push('third'), false)
    agenda.runUntil(2)
    expect(happened).toEqual(['first', 'second'])
    expect({ nextMs: agenda.nextMs, awaited: agenda.awaitedCount }).toEqual({ nextMs: 3, awaited: 0 })
  })
})

describe('a configuration update', () => {
  const defaults = { a: 1, deep: { x: 1, y: 2 }, 'with/slash': 'd' }
  const cases: {
    name: string
    present?: Configuration
    update?: { merge?: string; reset?: string[] }
    gives: Configuration
  }[] = [
    { name: 'none at all gives the defaults', gives: defaults },
    {
      name: 'what is there outlives new defaults',
      present: { a: 2, deep: { x: 3 } },
      gives: { a: 2, deep: { x: 3, y: 2 }, 'with/slash': 'd' },
    },
    {
      name: 'objects are merged, lists replaced',
      present: { list: [1, 2] },
      update: { merge: '{"deep":{"z":3},"list":[3]}' },
      gives: { a: 1, deep: { x: 1, y: 2, z: 3 }, 'with/slash': 'd', list: [3] },
    },
    {
      name: 'a reset gives the default again',
      present: { a: 2, deep: { x: 3, y: 4 } },
      update: { reset: ['/a', '/deep/x'] },
      gives: { a: 1, deep: { x: 1, y: 4 }, 'with/slash': 'd' },
    },
    {
      name: 'a reset takes away what has no default',
      present: { extra: 1, deep: { z: 1 } },
      update: { reset: ['/extra', '/deep/z', '/nowhere/at/all'] },
      gives: defaults,
    },
    {
      name: 'a reset of everything, before the merge',
      present: { extra: 1, a: 2 },
      update: { reset: [''], merge: '{"b":1}' },
      gives: { ...defaults, b: 1 },
    },
    {
      name: 'a pointer with an escape',
      present: { 'with/slash': 'x' },
      update: { reset: ['/with~1slash'] },
      gives: defaults,
    },
  ]
  test.each(cases)('$name', ({ present, update, gives }) => {
    expect(updateConfiguration(present, defaults, update)).toEqual(gives)
  })
})

test('few in a row meet the right share', () => {
  const within = fc.record({
    seed: fc.nat(1000),
    from: fc.nat(10_000),
    count: fc.integer({ min: 10, max: 500 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(within, ({ seed, from, count, share }) => {
      const drawn = spreadFor(seed, 'fate 1.0.0')
      const hit = Array.from({ length: count }, (_, index) => drawn(from + index)).filter(
        (each) => each < share,
      )
      // The golden ratio's discrepancy grows with the logarithm of the count; three covers these.
      expect(Math.abs(hit.length - share * count)).toBeLessThan(3)
    }),
  )
})

test('a clock that runs', async () => {
  const [still, fast] = [fleetClock(), fleetClock(1_000_000)]
  const [stillMs, fastMs] = [still.nowMs(), fast.nowMs()]
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(still.nowMs()).toBe(stillMs)
  expect(fast.nowMs() - fastMs).toBeGreaterThanOrEqual(4_000_000)
  fast.skip(86_400_000)
  expect(fast.nowMs() - fastMs).toBeGreaterThanOrEqual(86_400_000)
})
