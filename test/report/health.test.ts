import { expect, test } from 'vitest'
import { type BehaviorHealth, boundHealth, type Health } from '../../src/report/health.ts'

const behavior = (state: BehaviorHealth['state'], index: number): BehaviorHealth => ({
  securityProfileName: 'profile',
  behaviorName: `behavior-${index}`,
  metric: 'aws:all-bytes-out',
  state,
  detail: '12 of less-than 5000',
})

const health: Health = {
  healthVersion: 1,
  stateIntervalSeconds: 300,
  agentVersion: '0.1.0',
  thingName: 'thing',
  at: 1,
  nucleus: 'lite',
  isConnected: true,
  uptimeSeconds: 1,
  starts: 1,
  residentBytes: 1,
  reports: { handedOver: 0, accepted: 0, rejected: 0, isUnanswered: false },
  outbox: { entries: 0, bytes: 0, dropped: {}, state: 'durable' },
  parts: [
    { part: 'tcp', durationMs: 1, failures: 0 },
    { part: 'udp', durationMs: 1, failures: 3, error: 'net/udp: EACCES' },
  ],
  behaviors: Array.from({ length: 100 }, (_, index) => behavior(index === 50 ? 'in-alarm' : 'ok', index)),
}
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

test('what fits is left as it is', () => {
  expect(boundHealth(health, bytesOf(health))).toBe(health)
})

test('what works and conforms goes first, and is counted', () => {
  const bounded = boundHealth(health, 7_300)
  expect(bounded.behaviors.map(({ state }) => state)).toEqual(['in-alarm'])
  expect(bounded.parts.map(({ part }) => part)).toEqual(['udp'])
  expect(bounded.leftOut).toBe(100)
  expect(bytesOf(bounded)).toBeLessThanOrEqual(7_300)
})

test('the least has the figures and no lists', () => {
  expect(boundHealth(health, 0)).toMatchObject({ parts: [], behaviors: [], leftOut: 102, starts: 1 })
})
