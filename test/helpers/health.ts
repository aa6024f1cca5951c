/** A healthy agent's state, for tests to change. */
import type { Health } from '../../src/report/health.ts'

export const HEALTH_AT = Date.UTC(2026, 10, 24, 10)

export const healthy: Health = {
  healthVersion: 1,
  stateIntervalSeconds: 300,
  agentVersion: '0.1.0',
  thingName: 'gateway-1',
  at: HEALTH_AT,
  nucleus: 'classic',
  isConnected: true,
  uptimeSeconds: 11_000,
  starts: 4,
  residentBytes: 61_200_000,
  reports: {
    handedOver: 120,
    accepted: 118,
    rejected: 2,
    lastAcceptedAt: HEALTH_AT - 61_000,
    lastHandedOverAt: HEALTH_AT - 62_000,
    isUnanswered: false,
  },
  outbox: { entries: 0, bytes: 0, dropped: {}, state: 'durable' },
  parts: [
    { part: 'tcp', durationMs: 1.23, failures: 0 },
    { part: 'udp', durationMs: 0.4, failures: 2 },
  ],
  behaviors: [],
}
