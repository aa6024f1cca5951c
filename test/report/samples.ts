/** Hand-made measurements for the golden reports, and arbitrary ones for the properties. */
import fc from 'fast-check'
import type { CustomMetricValue, Metrics } from '../../src/metrics/snapshot.ts'
import type { ReportContent } from '../../src/report/report.ts'

/** Milliseconds since the epoch: more than 32 bits, as every real report id of ours. */
const REPORT_ID = 1_763_980_000_123

const custom = new Map<string, CustomMetricValue>([
  ['cpu_usage', { type: 'number', number: 12.5 }],
  ['flash:writes', { type: 'number-list', numbers: [0, -3, 4_294_967_296] }],
  ['firmware', { type: 'string-list', strings: ['boot-2.1', 'app/4.0.0'] }],
  ['resolvers', { type: 'ip-address-list', ips: ['192.0.2.53', '2001:db8::53'] }],
])

export const everything: Metrics = {
  listeningTcpPorts: {
    total: 3,
    ports: [{ port: 8883, interface: 'eth0' }, { port: 22, interface: '0.0.0.0' }, { port: 65_535 }],
  },
  listeningUdpPorts: { total: 1, ports: [{ port: 68, interface: '::' }] },
  networkStats: { bytesIn: 5_000_000_000, bytesOut: 4200, packetsIn: 31, packetsOut: 0 },
  establishedConnections: {
    total: 2,
    connections: [
      { remoteAddress: '192.0.2.7', remotePort: 8883, localPort: 49_152, localInterface: 'eth0' },
      { remoteAddress: '2001:db8::7', remotePort: 443, localPort: 49_153 },
    ],
  },
  custom,
}

export const golden: Readonly<Record<string, Metrics>> = {
  everything,
  // A device that was read and has nothing open, right after its first start: no traffic to compare with yet.
  'nothing-open': {
    listeningTcpPorts: { total: 0, ports: [] },
    listeningUdpPorts: { total: 0, ports: [] },
    establishedConnections: { total: 0, connections: [] },
    custom: new Map(),
  },
  // What a list that no budget had room for looks like.
  'totals-alone': {
    listeningTcpPorts: { total: 12, ports: [] },
    establishedConnections: { total: 10_000, connections: [] },
    custom: new Map(),
  },
  'traffic-alone': {
    networkStats: { bytesIn: 0, bytesOut: 0, packetsIn: 0, packetsOut: 0 },
    custom: new Map(),
  },
  'custom-alone': { custom: new Map([['__proto__', { type: 'number', number: 1 }]]) },
}

export function content(metrics: Metrics): ReportContent {
  return { reportId: REPORT_ID, metrics }
}

/** As many distinct connections as asked for, all over the address ranges that documents may use. */
export function manyConnections(count: number): Metrics {
  const connections = Array.from({ length: count }, (_, index) => ({
    remoteAddress:
      index % 5 === 0 ? `2001:db8::${(index % 65_536).toString(16)}` : `198.51.100.${index % 256}`,
    remotePort: 1 + (index % 65_535),
    localPort: 8883,
    localInterface: 'eth0',
  }))
  return { ...everything, establishedConnections: { total: count, connections }, custom: new Map() }
}

const port = fc.record(
  {
    port: fc.integer({ min: 1, max: 65_535 }),
    interface: fc.constantFrom('eth0', '::', 'wlan0.100', 'brücke"0'),
  },
  { requiredKeys: ['port'] },
)

const connection = fc.record(
  {
    remoteAddress: fc.oneof(fc.ipV4(), fc.constantFrom('::1', '2001:db8::7')),
    remotePort: fc.integer({ min: 1, max: 65_535 }),
    localPort: fc.integer({ min: 0, max: 65_535 }),
    localInterface: fc.constantFrom('eth0', 'lo'),
  },
  { requiredKeys: ['remoteAddress', 'remotePort', 'localPort'] },
)

const customValue: fc.Arbitrary<CustomMetricValue> = fc.oneof(
  fc.record({ type: fc.constant('number' as const), number: anyNumber() }),
  fc.record({
    type: fc.constant('number-list' as const),
    numbers: fc.array(anyNumber(), { maxLength: 300 }),
  }),
  fc.record({ type: fc.constant('string-list' as const), strings: fc.array(fc.string({ maxLength: 300 })) }),
  fc.record({ type: fc.constant('ip-address-list' as const), ips: fc.array(fc.ipV4()) }),
)

const customName = fc.oneof(
  fc.stringMatching(/^[a-zA-Z0-9:_-]{1,40}$/).filter((name) => !name.startsWith('aws:')),
  fc.constant('__proto__'),
)

function listOf<T>(entry: fc.Arbitrary<T>, maxLength: number) {
  return fc
    .tuple(fc.array(entry, { maxLength, size: 'max' }), fc.nat({ max: 5 }))
    .map(([entries, more]) => ({ entries, total: entries.length + more }))
}

/** What can be measured, any part absent, but never all. Lists up to a few hundred entries, as the bounds of heads lie there. */
export const anyMetrics: fc.Arbitrary<Metrics> = fc
  .record({
    tcp: fc.option(listOf(port, 40), { nil: undefined }),
    udp: fc.option(listOf(port, 300), { nil: undefined }),
    established: fc.option(listOf(connection, 300), { nil: undefined }),
    bytes: fc.option(fc.maxSafeNat(), { nil: undefined }),
    custom: fc.uniqueArray(fc.tuple(customName, customValue), { maxLength: 30, selector: ([name]) => name }),
  })
  .map(({ tcp, udp, established, bytes, custom: metrics }) => ({
    ...(tcp && { listeningTcpPorts: { ports: tcp.entries, total: tcp.total } }),
    ...(udp && { listeningUdpPorts: { ports: udp.entries, total: udp.total } }),
    ...(established && {
      establishedConnections: { connections: established.entries, total: established.total },
    }),
    ...(bytes !== undefined && {
      networkStats: { bytesIn: bytes, bytesOut: 0, packetsIn: 255, packetsOut: 65_536 },
    }),
    custom: new Map(metrics),
  }))
  .filter((metrics) => Object.keys(metrics).length > 1 || metrics.custom.size > 0)

export function anyNumber(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.constantFrom(
      0,
      -0,
      23,
      24,
      255,
      256,
      65_535,
      65_536,
      2 ** 32 - 1,
      2 ** 32,
      -(2 ** 32),
      -(2 ** 32) - 1,
      1e300,
    ),
  )
}
