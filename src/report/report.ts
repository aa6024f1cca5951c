/**
 * The metrics report as a plain document, ready to be encoded: what was measured, in the wire spelling chosen.
 * What could not be measured is absent from it; an empty list is sent as one, for it says "none".
 *
 * Source: AWS IoT developer guide, "Device-side metrics" (metrics report) and "Custom metrics".
 */
import type {
  Connection,
  CustomMetricValue,
  EstablishedConnections,
  ListeningPort,
  ListeningPorts,
  Metrics,
  NetworkStats,
} from '../metrics/snapshot.ts'
import { customValueKeys, type FieldNames, fieldNames, type Spelling } from './field-names.ts'
import { ReportError } from './report-error.ts'

/** A value that JSON and CBOR both have. */
export type Plain = string | number | readonly Plain[] | PlainObject
export interface PlainObject {
  readonly [key: string]: Plain
}

export interface ReportContent {
  /** A positive integer, larger than that of every report before it. */
  readonly reportId: number
  readonly metrics: Metrics
}

/** Of the report format, as all of AWS's agents write it: the minor number rises when AWS adds a field. */
const REPORT_VERSION = '1.0'

/** Throws a ReportError `empty` when nothing at all was measured. */
export function buildReport(content: ReportContent, spelling: Spelling): PlainObject {
  const { custom, ...measured } = content.metrics
  if (custom.size === 0 && Object.values(measured).every((part) => part === undefined)) {
    throw new ReportError(
      'empty',
      `report ${content.reportId}: nothing was measured, there is nothing to report`,
    )
  }
  return reportDocument(content, fieldNames[spelling])
}

/** As `buildReport`, but without a look at whether anything is in it: the shrinking begins from a bare header. */
export function reportDocument({ reportId, metrics }: ReportContent, names: FieldNames): PlainObject {
  return object([
    [
      names.header,
      object([
        [names.reportId, reportId],
        [names.version, REPORT_VERSION],
      ]),
    ],
    [names.metrics, metricsBlock(metrics, names)],
    [names.customMetrics, customBlock(metrics.custom)],
  ])
}

function metricsBlock(metrics: Metrics, names: FieldNames): PlainObject | undefined {
  const { listeningTcpPorts, listeningUdpPorts, networkStats, establishedConnections } = metrics
  const block = object([
    [names.listeningTcpPorts, listeningTcpPorts && portsBlock(listeningTcpPorts, names)],
    [names.listeningUdpPorts, listeningUdpPorts && portsBlock(listeningUdpPorts, names)],
    [names.networkStats, networkStats && networkBlock(networkStats, names)],
    [names.tcpConnections, establishedConnections && tcpBlock(establishedConnections, names)],
  ])
  return Object.keys(block).length > 0 ? block : undefined
}

function portsBlock({ ports, total }: ListeningPorts, names: FieldNames): PlainObject {
  const entries = ports.map((port) => portEntry(port, names))
  return object([
    [names.ports, listUnlessCutToNothing(entries, total)],
    [names.total, total],
  ])
}

function tcpBlock({ connections, total }: EstablishedConnections, names: FieldNames): PlainObject {
  const entries = connections.map((connection) => connectionEntry(connection, names))
  const established = object([
    [names.connections, listUnlessCutToNothing(entries, total)],
    [names.total, total],
  ])
  return object([[names.establishedConnections, established]])
}

/**
 * A list with nothing left of it is left out, `total` says the rest: an empty list would conform to every behavior and
 * clear its alarm ("Troubleshooting", violations of list metrics).
 */
function listUnlessCutToNothing(entries: readonly Plain[], total: number): readonly Plain[] | undefined {
  return entries.length === 0 && total > 0 ? undefined : entries
}

/** This and the next one are called for each of thousands of entries, twice: hence no list of members first. */
export function portEntry(port: ListeningPort, names: FieldNames): PlainObject {
  const entry: Record<string, Plain> = { [names.port]: port.port }
  if (port.interface !== undefined) entry[names.interface] = port.interface
  return entry
}

export function connectionEntry(connection: Connection, names: FieldNames): PlainObject {
  const entry: Record<string, Plain> = {
    [names.remoteAddress]: endpoint(connection.remoteAddress, connection.remotePort),
    [names.localPort]: connection.localPort,
  }
  if (connection.localInterface !== undefined) entry[names.localInterface] = connection.localInterface
  return entry
}

/** `192.0.2.7:443`, `[2001:db8::7]:443`: brackets as in RFC 3986, for an IPv6 address has colons of its own. */
function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function networkBlock(stats: NetworkStats, names: FieldNames): PlainObject {
  return object([
    [names.bytesIn, stats.bytesIn],
    [names.bytesOut, stats.bytesOut],
    [names.packetsIn, stats.packetsIn],
    [names.packetsOut, stats.packetsOut],
  ])
}

function customBlock(custom: Metrics['custom']): PlainObject | undefined {
  if (custom.size === 0) return undefined
  return object([...custom].map(([name, value]) => [name, customEntry(value)]))
}

/** Always a list of one object. Without the list AWS answers `InvalidPayload`, "Malformed metrics report". */
export function customEntry(value: CustomMetricValue): Plain {
  return [{ [customValueKeys[value.type]]: customContent(value) }]
}

function customContent(value: CustomMetricValue): Plain {
  switch (value.type) {
    case 'number':
      return value.number
    case 'number-list':
      return value.numbers
    case 'string-list':
      return value.strings
    case 'ip-address-list':
      return value.ips
  }
}

/** Absent members are left out. By definition and not by assignment: `__proto__` is a name that AWS allows a metric. */
function object(members: readonly (readonly [string, Plain | undefined])[]): PlainObject {
  return Object.fromEntries(members.filter((member): member is [string, Plain] => member[1] !== undefined))
}
