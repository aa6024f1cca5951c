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
