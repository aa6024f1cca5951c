/** Events as the embedded core gives them, for the tests of what shows them. */
import type { LocalCoreEvent } from '../../../src/local-core/events.ts'

type ReportEvent = Extract<LocalCoreEvent, { event: 'report' }>

export const T0 = Date.UTC(2026, 10, 24, 12, 0, 0)

/** One listener of each protocol, three connections to two hosts, more than that in total. */
export const longReport = {
  header: { report_id: T0, version: '1.0' },
  metrics: {
    listening_tcp_ports: { ports: [{ port: 22, interface: '0.0.0.0' }, { port: 8883 }], total: 5 },
    listening_udp_ports: { ports: [{ port: 5353, interface: 'eth0' }], total: 1 },
    tcp_connections: {
      established_connections: {
        connections: [
          { remote_addr: '192.0.2.7:443', local_port: 51002, local_interface: 'eth0' },
          { remote_addr: '192.0.2.7:443', local_port: 51000, local_interface: 'eth0' },
          { remote_addr: '[2001:db8::7]:8883', local_port: 40000 },
        ],
        total: 9,
      },
    },
    network_stats: { bytes_in: 12_300, bytes_out: 4_500, packets_in: 12, packets_out: 34 },
  },
  custom_metrics: {
    cpu_usage: [{ number: 12.5 }],
    peers: [{ ip_list: ['192.0.2.1', '192.0.2.2'] }],
  },
}

export const shortReport = {
  hed: { rid: T0, v: '1.0' },
  met: {
    tp: { pts: [{ pt: 22, if: '0.0.0.0' }, { pt: 8883 }], t: 5 },
    up: { pts: [{ pt: 5353, if: 'eth0' }], t: 1 },
    tc: {
      ec: {
        cs: [
          { rad: '192.0.2.7:443', lp: 51002, li: 'eth0' },
          { rad: '192.0.2.7:443', lp: 51000, li: 'eth0' },
          { rad: '[2001:db8::7]:8883', lp: 40000 },
        ],
        t: 9,
      },
    },
    ns: { bi: 12_300, bo: 4_500, pi: 12, po: 34 },
  },
  cmet: longReport.custom_metrics,
}

export const reportEvent = (over: Partial<ReportEvent> = {}): ReportEvent => ({
  event: 'report',
  at: T0,
  status: 'ACCEPTED',
  reportId: T0,
  bytes: 1234,
  format: 'json',
  topic: '$aws/things/gateway/defender/metrics/json',
  report: longReport,
  reply: { thingName: 'gateway', reportId: T0, status: 'ACCEPTED', timestamp: T0 },
  ...over,
})

export const rejectedEvent = (over: Partial<ReportEvent> = {}): ReportEvent =>
  reportEvent({
    status: 'REJECTED',
    reply: {
      thingName: 'gateway',
      reportId: T0,
      status: 'REJECTED',
      statusDetails: { ErrorCode: 'InvalidPayload', ErrorMessage: 'Malformed metrics report' },
      timestamp: T0,
    },
    ...over,
  })

/** A report that lists these TCP listeners and nothing else. */
export const listeningEvent = (at: number, ...ports: number[]): ReportEvent =>
  reportEvent({
    at,
    reportId: at,
    report: {
      header: { report_id: at, version: '1.0' },
      metrics: {
        listening_tcp_ports: { ports: ports.map((port) => ({ port, interface: 'lo' })), total: ports.length },
      },
    },
  })

/** A message on the agent's topic for violations: port 4444 is open, unless told otherwise. */
export function violationEvent(over: ViolationOver = {}): MessageEvent {
  const { id = 'a'.repeat(32), type = 'in-alarm', at = T0, via = 'local', behavior = portBehavior } = over
  const payload = {
    violationEventTime: at,
    thingName: 'gateway',
    behavior,
    violationEventType: type,
    metricValue: over.metricValue ?? { ports: type === 'in-alarm' ? [4444] : [] },
    violationId: id,
    securityProfileName: 'demo',
    evidence: over.evidence ?? {
      kind: 'list',
      early: true,
      observed: [22, 4444],
      observedTotal: 2,
      offendersTotal: type === 'in-alarm' ? 1 : 0,
      firstSeen: type === 'in-alarm' ? [{ element: 4444, at }] : [],
    },
  }
  return { event: 'message', at, via, topic: 'greengrass-defender/gateway/violations', bytes: 500, payload }
}

type MessageEvent = Extract<LocalCoreEvent, { event: 'message' }>

interface ViolationOver {
  readonly id?: string
  readonly type?: 'in-alarm' | 'alarm-cleared' | 'alarm-invalidated'
  readonly at?: number
  readonly via?: 'local' | 'iot-core'
  readonly behavior?: object
  readonly metricValue?: object
  readonly evidence?: object
}

const portBehavior = {
  name: 'BackdoorPort',
  metric: 'aws:listening-tcp-ports',
  criteria: { comparisonOperator: 'not-in-port-set', value: { ports: [4444, 31_337] } },
}

/** What makes a `violationEvent` of 52.4 MB sent in five minutes. */
export const exfiltration = {
  behavior: {
    name: 'Exfiltration',
    metric: 'aws:all-bytes-out',
    criteria: { comparisonOperator: 'less-than', value: { count: 50_000_000 }, durationSeconds: 300 },
  },
  metricValue: { count: 52_400_000 },
  evidence: {
    kind: 'window',
    early: true,
    value: 52_400_000,
    threshold: 50_000_000,
    durationSeconds: 300,
    coveredSeconds: 40,
    intervals: [
      { endedAt: T0 - 10_000, value: 400_000 },
      { endedAt: T0, value: 52_000_000 },
    ],
    intervalsTotal: 2,
  },
}

export const healthOf = (at: number, behaviors: readonly object[] = []) => ({
  healthVersion: 1,
  stateIntervalSeconds: 300,
  agentVersion: '0.1.0',
  thingName: 'gateway',
  at,
  nucleus: 'classic',
  isConnected: true,
  uptimeSeconds: 75,
  starts: 2,
  residentBytes: 62_000_000,
  reports: { handedOver: 3, accepted: 3, rejected: 0, isUnanswered: false },
  outbox: { entries: 1, bytes: 400, dropped: { disk: 2, age: 1 }, state: 'durable' },
  parts: [
    { part: 'net/tcp', durationMs: 1, failures: 0 },
    { part: 'net/udp', durationMs: 1, failures: 3, error: 'net/udp: EACCES' },
  ],
  behaviors,
})

/** How a behavior stands, as the health message tells. */
export const standing = (over: object = {}) => ({
  securityProfileName: 'demo',
  behaviorName: 'BackdoorPort',
  metric: 'aws:listening-tcp-ports',
  state: 'ok',
  detail: 'nothing offends',
  value: 0,
  ...over,
})

export const healthEvent = (payload: unknown, at = T0): MessageEvent => ({
  event: 'message',
  at,
  via: 'iot-core',
  topic: 'greengrass-defender/gateway/health',
  bytes: 900,
  payload,
})
