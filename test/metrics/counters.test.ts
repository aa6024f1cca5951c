import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CounterReading, type InterfaceReading, trafficSince } from '../../src/metrics/counters.ts'

const all = () => true
const boot = '5a1f6d9e-0b43-4c1c-9d53-9e1f4f0a2b11'

function eth(
  bytesIn: number | bigint,
  packetsIn: number | bigint,
  more: Partial<InterfaceReading> = {},
): InterfaceReading {
  return {
    name: 'eth0',
    index: 2,
    bytesIn: BigInt(bytesIn),
    packetsIn: BigInt(packetsIn),
    bytesOut: 0n,
    packetsOut: 0n,
    ...more,
  }
}
const reading = (...interfaces: InterfaceReading[]): CounterReading => ({ bootId: boot, interfaces })
const max32 = 2n ** 32n - 1n
const max64 = 2n ** 64n - 1n

const cases: {
  name: string
  before: CounterReading
  now: CounterReading
  bytesIn: number
  packetsIn: number
}[] = [
  {
    name: 'nothing happened',
    before: reading(eth(100, 5)),
    now: reading(eth(100, 5)),
    bytesIn: 0,
    packetsIn: 0,
  },
  { name: 'traffic', before: reading(eth(100, 5)), now: reading(eth(350, 8)), bytesIn: 250, packetsIn: 3 },
  {
    name: 'interface reset: both counters went back',
    before: reading(eth(9000, 90)),
    now: reading(eth(70, 2)),
    bytesIn: 70,
    packetsIn: 2,
  },
  {
    name: 'interface reset to nothing',
    before: reading(eth(9000, 90)),
    now: reading(eth(0, 0)),
    bytesIn: 0,
    packetsIn: 0,
  },
  {
    name: 'a 32-bit byte counter wraps',
    before: reading(eth(max32 - 9n, 90)),
    now: reading(eth(20, 91)),
    bytesIn: 30,
    packetsIn: 1,
  },
  {
    name: 'a 32-bit packet counter wraps',
    before: reading(eth(100, max32)),
    now: reading(eth(200, 1)),
    bytesIn: 100,
    packetsIn: 2,
  },
  {
    name: 'a 64-bit byte counter wraps',
    before: reading(eth(max64 - 9n, 90)),
    now: reading(eth(20, 91)),
    bytesIn: 30,
    packetsIn: 1,
  },
  {
    name: 'a high counter that is reset while packets went on is no wrap',
    before: reading(eth(2n ** 40n, 90)),
    now: reading(eth(20, 91)),
    bytesIn: 20,
    packetsIn: 1,
  },
  {
    name: 'made anew: another index',
    before: reading(eth(500, 5)),
    now: reading(eth(800, 8, { index: 7 })),
    bytesIn: 800,
    packetsIn: 8,
  },
  {
    name: 'renamed: the same index',
    before: reading(eth(500, 5)),
    now: reading(eth(800, 8, { name: 'lan0' })),
    bytesIn: 300,
    packetsIn: 3,
  },
  { name: 'appeared since', before: reading(), now: reading(eth(800, 8)), bytesIn: 800, packetsIn: 8 },
  { name: 'gone', before: reading(eth(500, 5)), now: reading(), bytesIn: 0, packetsIn: 0 },
  {
    name: 'no indexes: the name decides',
    before: {
      bootId: boot,
      interfaces: [{ name: 'eth0', bytesIn: 5n, packetsIn: 1n, bytesOut: 0n, packetsOut: 0n }],
    },
    now: {
      bootId: boot,
      interfaces: [{ name: 'eth0', bytesIn: 9n, packetsIn: 2n, bytesOut: 0n, packetsOut: 0n }],
    },
    bytesIn: 4,
    packetsIn: 1,
  },
  {
    name: 'reboot: all that the counters show came after it',
    before: reading(eth(500, 5)),
    now: { ...reading(eth(800, 8)), bootId: 'aaaaaaaa-0b43-4c1c-9d53-9e1f4f0a2b11' },
    bytesIn: 800,
    packetsIn: 8,
  },
]

describe('traffic since the baseline', () => {
  test.each(cases)('$name', ({ before, now, bytesIn, packetsIn }) => {
    expect(trafficSince(before, now, all)).toEqual({ bytesIn, packetsIn, bytesOut: 0, packetsOut: 0 })
  })

  test('without a baseline there is no value', () => {
    expect(trafficSince(undefined, reading(eth(5, 1)), all)).toBeUndefined()
  })

  test('an interface that is reported from now on has its baseline already', () => {
    const before = reading(eth(1_000_000, 500))
    expect(trafficSince(before, reading(eth(1_000_010, 501)), (name) => name === 'eth0')?.bytesIn).toBe(10)
    expect(trafficSince(before, reading(eth(1_000_010, 501)), (name) => name !== 'eth0')?.bytesIn).toBe(0)
  })

  test('whatever the readings are, no value is negative, and a quiet continuation adds nothing', () => {
    const counter = fc.bigInt({ min: 0n, max: max64 })
    const anyInterface = fc.record({
      name: fc.constantFrom('eth0', 'wlan0', 'lo'),
      index: fc.constantFrom(1, 2, 3),
      bytesIn: counter,
      packetsIn: counter,
      bytesOut: counter,
      packetsOut: counter,
    })
    const anyReading = fc.record({
      bootId: fc.constantFrom('a', 'b'),
      interfaces: fc.uniqueArray(anyInterface, {
        comparator: (left, right) => left.name === right.name || left.index === right.index,
      }),
    })
    fc.assert(
      fc.property(anyReading, anyReading, (before, now) => {
        const traffic = trafficSince(before, now, all)
        for (const value of Object.values(traffic ?? {})) expect(value).toBeGreaterThanOrEqual(0)
        expect(trafficSince(now, now, all)).toEqual({ bytesIn: 0, packetsIn: 0, bytesOut: 0, packetsOut: 0 })
      }),
    )
  })
})
