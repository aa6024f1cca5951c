import { describe, expect, it } from 'vitest'
import { viewHealth } from '../../../src/local-core/page/health-view.ts'
import { healthOf, standing, T0 } from './events.ts'

describe('viewHealth', () => {
  it.each([undefined, 'healthy', [], {}, { at: 'now' }])('takes %j for no health message', (payload) => {
    expect(viewHealth(payload)).toBeUndefined()
  })

  it('shows what the agent costs, what waits, what fails, and how behaviors stand', () => {
    expect(viewHealth(healthOf(T0, [standing({ value: 3, threshold: 9 })]))).toEqual({
      kind: 'health',
      at: T0,
      agentVersion: '0.1.0',
      uptimeSeconds: 75,
      starts: 2,
      residentBytes: 62_000_000,
      reports: { handedOver: 3, accepted: 3, rejected: 0 },
      outbox: { entries: 1, bytes: 400, dropped: 3, state: 'durable' },
      failing: [{ part: 'net/udp', error: 'net/udp: EACCES' }],
      behaviors: [
        {
          securityProfile: 'demo',
          behavior: 'BackdoorPort',
          metric: 'aws:listening-tcp-ports',
          state: 'ok',
          detail: 'nothing offends',
          value: 3,
          threshold: 9,
        },
      ],
    })
  })

  it('leaves out what is malformed and keeps the rest', () => {
    const payload = {
      at: T0,
      outbox: 7,
      parts: [null, { part: 1 }],
      behaviors: [{}, standing({ value: 'x' })],
    }
    expect(viewHealth(payload)).toMatchObject({ failing: [], behaviors: [{ behavior: 'BackdoorPort' }] })
    expect(viewHealth(payload)).not.toHaveProperty('outbox')
  })

  it('shows as many behaviors as a device can have', () => {
    const behaviors = Array.from({ length: 1000 }, (_, index) => standing({ behaviorName: `b${index}` }))
    expect(viewHealth(healthOf(T0, behaviors))?.behaviors).toHaveLength(500)
  })
})
