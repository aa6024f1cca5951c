/**
 * How big a report is, by format, spelling of the fields and number of connections: whole, and cut to what an IPC frame of
 * nucleus lite takes. Counted, not measured: the same each time.
 */
import type { Connection, Metrics } from '../../src/metrics/snapshot.ts'
import { type Codec, loadCodec } from '../../src/report/codec.ts'
import type { Spelling } from '../../src/report/field-names.ts'
import { REPORT_BYTES_MAX } from '../../src/report/limits.ts'
import { buildReport } from '../../src/report/report.ts'
import { shrinkReport } from '../../src/report/shrink.ts'
import { type Figure, figure, type Group, type GroupResult } from './figure.ts'
import { exactly } from './statistics.ts'

const CONNECTIONS = [10, 100, 1_000]
/** A frame of lite has 10,000 bytes, headers, base64 and JSON around the payload included. */
const LITE_BYTES_MAX = 7_300

export const reportSize: Group = {
  name: 'report',
  title: 'Size of a report with so many connections and ten listeners, in bytes',
  run,
}

async function run(): Promise<GroupResult> {
  const codecs = await Promise.all([loadCodec('json'), loadCodec('cbor')])
  const figures = CONNECTIONS.flatMap((connections) =>
    codecs.flatMap((codec) =>
      (['long', 'short'] as const).flatMap((names) => sizes(connections, codec, names)),
    ),
  )
  return {
    figures,
    notes: [
      `classic takes ${REPORT_BYTES_MAX.toLocaleString('en-US')} bytes, so none of these is cut there; lite about ${LITE_BYTES_MAX.toLocaleString('en-US')}`,
    ],
  }
}

function sizes(connections: number, codec: Codec, names: Spelling): Figure[] {
  const content = { reportId: 1_795_514_400_000, metrics: metricsWith(connections) }
  const { format, encode } = codec
  const whole = encode(buildReport(content, names)).length
  const { payload, omitted } = shrinkReport(content, { format, names, maxBytes: LITE_BYTES_MAX, encode })
  const prefix = `${connections.toLocaleString('en-US')} ${format} ${names}`
  const kept = connections - omitted.establishedConnections
  return [
    figure(prefix, 'B', exactly(whole)),
    ...(payload.length === whole
      ? []
      : [figure(`${prefix}, lite: first ${kept}`, 'B', exactly(payload.length))]),
  ]
}

/** A gateway's: a few services, connections to hosts far away, a third of them over IPv6. */
function metricsWith(count: number): Metrics {
  const ports = [22, 53, 80, 123, 443].map((port) => ({ port, interface: port === 22 ? '0.0.0.0' : 'eth0' }))
  return {
    listeningTcpPorts: { total: ports.length, ports },
    listeningUdpPorts: { total: ports.length, ports },
    networkStats: { bytesIn: 1_234_567, bytesOut: 7_654_321, packetsIn: 4_321, packetsOut: 5_432 },
    establishedConnections: { total: count, connections: Array.from({ length: count }, connection) },
    custom: new Map(),
  }
}

const connection = (_: unknown, index: number): Connection => ({
  remoteAddress:
    index % 3 === 2 ? `2600:1f18:${(index + 1).toString(16)}::7` : `52.94.${index >> 8}.${index & 255}`,
  remotePort: index % 2 === 0 ? 8883 : 443,
  localPort: 32_768 + index,
  localInterface: 'eth0',
})
