import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CounterReading, trafficSince } from '../../src/metrics/counters.ts'
import type { NetworkStats } from '../../src/metrics/snapshot.ts'
import {
  accepted,
  begin,
  emptyLedger,
  forget,
  isWaiting,
  observe,
  oldestUnanswered,
  rejected,
  settle,
  type TrafficLedger,
} from '../../src/metrics/traffic-ledger.ts'

const all = () => true
const reading = (bytes: number, bootId = 'boot-1'): CounterReading => ({
  bootId,
  interfaces: [
    {
      name: 'eth0',
      index: 2,
      bytesIn: BigInt(bytes),
      packetsIn: BigInt(bytes),
      bytesOut: BigInt(bytes * 2),
      packetsOut: BigInt(bytes),
    },
  ],
})
const traffic = (bytes: number): NetworkStats => ({
  bytesIn: bytes,
  packetsIn: bytes,
  bytesOut: bytes * 2,
  packetsOut: bytes,
})
const seen = (...bytes: number[]): TrafficLedger =>
  bytes.reduce((ledger, each) => observe(ledger, reading(each), all), emptyLedger)

describe('a ledger', () => {
  test('without a baseline has nothing to tell', () => {
    expect(seen(5_000)).toEqual({ baseline: reading(5_000), unanswered: [] })
    expect(begin(seen(5_000), 1).inDoubt).toEqual({ reportId: 1 })
  })

  test('adds up what was observed until a report tells it', () => {
    expect(seen(100, 130, 150).carried).toEqual(traffic(50))
    expect(begin(seen(100, 130, 150), 7)).toEqual({
      baseline: reading(150),
      inDoubt: { reportId: 7, traffic: traffic(50) },
      unanswered: [],
    })
  })

  test('begins no second report before the first is settled', () => {
    const ledger = begin(seen(100, 150), 7)
    expect(() => begin(ledger, 8)).toThrow('report 7 is still in doubt')
  })

  const begun = begin(seen(100, 150), 7)
  const cases: {
    name: string
    ledger: TrafficLedger
    carried?: number
    inDoubt?: number
    waiting: number[]
  }[] = [
    { name: 'nothing settled', ledger: begun, inDoubt: 7, waiting: [7] },
    { name: 'unknown: stays in doubt', ledger: settle(begun, 'unknown'), inDoubt: 7, waiting: [7] },
    { name: 'refused: carried again', ledger: settle(begun, 'refused'), carried: 50, waiting: [] },
    { name: 'handed over: waits', ledger: settle(begun, 'handed-over'), waiting: [7] },
    { name: 'accepted after that: gone', ledger: accepted(settle(begun, 'handed-over'), 7), waiting: [] },
    { name: 'accepted while in doubt: gone', ledger: accepted(begun, 7), waiting: [] },
    {
      name: 'rejected: carried again',
      ledger: rejected(settle(begun, 'handed-over'), 7),
      carried: 50,
      waiting: [],
    },
    { name: 'rejected while in doubt: carried again', ledger: rejected(begun, 7), carried: 50, waiting: [] },
    {
      name: 'rejected twice: carried once',
      ledger: rejected(rejected(begun, 7), 7),
      carried: 50,
      waiting: [],
    },
    { name: 'rejected after it was accepted: gone', ledger: rejected(accepted(begun, 7), 7), waiting: [] },
    { name: 'another one rejected: nothing', ledger: rejected(begun, 6), inDoubt: 7, waiting: [7] },
    { name: 'another one accepted: nothing', ledger: accepted(begun, 6), inDoubt: 7, waiting: [7] },
    {
      name: 'settled when there is none: nothing',
      ledger: settle(accepted(begun, 7), 'refused'),
      waiting: [],
    },
    { name: 'switched off: what is carried is given up', ledger: forget(seen(100, 150)), waiting: [] },
  ]
  test.each(cases)('$name', ({ ledger, carried, inDoubt, waiting }) => {
    expect(ledger.carried).toEqual(carried === undefined ? undefined : traffic(carried))
    expect(ledger.inDoubt?.reportId).toBe(inDoubt)
    expect([6, 7].filter((id) => isWaiting(ledger, id))).toEqual(waiting)
    expect(oldestUnanswered(ledger)).toBe(waiting[0])
  })

  test('what was refused comes on top of what flowed meanwhile', () => {
    const meanwhile = observe(begin(seen(100, 150), 7), reading(175), all)
    expect(settle(meanwhile, 'refused').carried).toEqual(traffic(75))
    expect(rejected(settle(meanwhile, 'handed-over'), 7).carried).toEqual(traffic(75))
  })

  test('waits for the last twelve reports; an older one is taken to have arrived', () => {
    let ledger: TrafficLedger = seen(0)
    for (let id = 1; id <= 13; id += 1) {
      ledger = settle(begin(observe(ledger, reading(id), all), id), 'handed-over')
    }
    expect(ledger.unanswered).toHaveLength(12)
    expect(oldestUnanswered(ledger)).toBe(2)
    expect(rejected(ledger, 1)).toEqual(ledger)
  })
})

/** Any readings: counters that go on, wrap, begin again, interfaces that come and go, boots. */
const anyReading = fc.record({
  bootId: fc.constantFrom('boot-1', 'boot-1', 'boot-2'),
  interfaces: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('eth0', 'wlan0', 'lo'),
      index: fc.integer({ min: 1, max: 3 }),
      bytesIn: fc.bigInt(0n, 2n ** 32n - 1n),
      packetsIn: fc.bigInt(0n, 2n ** 20n),
      bytesOut: fc.bigInt(0n, 2n ** 32n - 1n),
      packetsOut: fc.bigInt(0n, 2n ** 20n),
    }),
    { selector: ({ name }) => name, maxLength: 3 },
  ),
})

type Step =
  | { kind: 'observe'; reading: CounterReading }
  | { kind: 'report' }
  | { kind: 'settle'; fate: 'handed-over' | 'refused' | 'unknown' }
  | { kind: 'reply'; verdict: 'accepted' | 'rejected'; age: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: anyReading.map((each): Step => ({ kind: 'observe', reading: each })) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: 'report' }) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('handed-over', 'refused', 'unknown')
      .map((fate): Step => ({ kind: 'settle', fate: fate as 'refused' })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        verdict: fc.constantFrom('accepted' as const, 'rejected' as const),
        age: fc.integer({ min: 0, max: 13 }),
      })
      .map((reply): Step => ({ kind: 'reply', ...reply })),
  },
)

const sum = (parts: readonly (NetworkStats | undefined)[]): bigint =>
  parts.reduce((total, part) => total + BigInt(part?.bytesIn ?? 0) + BigInt(part?.bytesOut ?? 0), 0n)

test('any readings, fates and replies: what was observed is carried, in a report that waits, or told', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80, size: 'max' }), (steps) => {
      let ledger: TrafficLedger = emptyLedger
      let observed = 0n
      let told = 0n
      let lastId = 0
      for (const step of steps) {
        const before = ledger
        switch (step.kind) {
          case 'observe': {
            const flowed = trafficSince(before.baseline, step.reading, all)
            for (const value of Object.values(flowed ?? {})) expect(value).toBeGreaterThanOrEqual(0)
            observed += sum([flowed])
            ledger = observe(before, step.reading, all)
            break
          }
          case 'report':
            lastId += 1
            if (before.inDoubt === undefined) ledger = begin(before, lastId)
            break
          case 'settle': {
            ledger = settle(before, step.fate)
            // Beyond the twelve that wait, the oldest counts as told.
            const gone = before.unanswered.filter(({ reportId }) => !isWaiting(ledger, reportId))
            told += sum(gone.map((report) => report.traffic))
            break
          }
          case 'reply': {
            const report = [...before.unanswered, before.inDoubt].at(-1 - step.age)
            if (report === undefined) break
            ledger = (step.verdict === 'accepted' ? accepted : rejected)(before, report.reportId)
            if (step.verdict === 'accepted') told += sum([report.traffic])
            break
          }
        }
        const waiting = [ledger.inDoubt, ...ledger.unanswered].map((report) => report?.traffic)
        expect(told + sum([ledger.carried, ...waiting])).toBe(observed)
      }
    }),
    { numRuns: 300 },
  )
})
