import { expect, test } from 'vitest'
import { boundViolation } from '../../src/detect/bound-violation.ts'
import type { ViolationEvent } from '../../src/detect/violation.ts'
import { play, profileOf } from './scenario.ts'

const addresses = (count: number, net: string) =>
  Array.from({ length: count }, (_, index) => `2001:db8:${net}::${index.toString(16)}`)
const bytesOf = (event: unknown) => Buffer.byteLength(JSON.stringify(event))

const [event] = play({
  profiles: [
    profileOf({
      securityProfileName: 'p',
      behaviors: [
        {
          name: 'destinations',
          metric: 'aws:destination-ip-addresses',
          criteria: { comparisonOperator: 'in-cidr-set', value: { cidrs: addresses(999, '1') } },
        },
      ],
    }),
  ],
  intervalSeconds: 300,
  series: { 'aws:destination-ip-addresses': `[${addresses(300, '2').join(',')}]` },
}).events as [ViolationEvent]

test('an event that fits stays as it is', () => {
  expect(boundViolation(event, 1_000_000)).toBe(event)
})

test.each([25_000, 20_000, 7_300, 2_000, 1_000])(
  'an event is made to fit %d bytes, and says who, what and how many',
  (bytesMax) => {
    expect(bytesOf(event)).toBeGreaterThan(bytesMax)
    const bounded = boundViolation(event, bytesMax)
    expect(bytesOf(bounded)).toBeLessThanOrEqual(bytesMax)
    expect({ ...bounded, behavior: bounded.behavior.name, metricValue: 0, evidence: 0 }).toEqual({
      ...event,
      behavior: 'destinations',
      metricValue: 0,
      evidence: 0,
    })
    expect(bounded.metricValue).toEqual({ cidrs: expect.arrayContaining(['2001:db8:2::0']) })
    expect(bounded.evidence).toMatchObject({ kind: 'list', observedTotal: 300, offendersTotal: 300 })
  },
)

test('what cannot fit is as small as it can be', () => {
  const smallest = boundViolation(event, 1)
  expect(bytesOf(smallest)).toBeLessThan(1_000)
  expect(boundViolation(smallest, 1)).toEqual(smallest)
})
