/**
 * The wire spellings of the report, long and short. This is the only place that knows them: inside the product a field
 * has a typed name, and a report uses one of the two spellings throughout, never a mixture.
 *
 * Source: AWS IoT developer guide, "Device-side metrics", table of the metrics report (field name, short name).
 */

const spellings = {
  header: ['header', 'hed'],
  reportId: ['report_id', 'rid'],
  version: ['version', 'v'],
  metrics: ['metrics', 'met'],
  customMetrics: ['custom_metrics', 'cmet'],
  tcpConnections: ['tcp_connections', 'tc'],
  establishedConnections: ['established_connections', 'ec'],
  connections: ['connections', 'cs'],
  remoteAddress: ['remote_addr', 'rad'],
  localPort: ['local_port', 'lp'],
  localInterface: ['local_interface', 'li'],
  listeningTcpPorts: ['listening_tcp_ports', 'tp'],
  listeningUdpPorts: ['listening_udp_ports', 'up'],
  ports: ['ports', 'pts'],
  port: ['port', 'pt'],
  interface: ['interface', 'if'],
  total: ['total', 't'],
  networkStats: ['network_stats', 'ns'],
  bytesIn: ['bytes_in', 'bi'],
  bytesOut: ['bytes_out', 'bo'],
  packetsIn: ['packets_in', 'pi'],
  packetsOut: ['packets_out', 'po'],
} as const

type Field = keyof typeof spellings

export type Spelling = 'long' | 'short'
export type FieldNames = Readonly<Record<Field, string>>

export const fieldNames: Readonly<Record<Spelling, FieldNames>> = { long: namesAt(0), short: namesAt(1) }

/** The key inside a custom metric's value, by the metric's type. AWS gives these no short form. */
export const customValueKeys = {
  number: 'number',
  'number-list': 'number_list',
  'string-list': 'string_list',
  'ip-address-list': 'ip_list',
} as const

function namesAt(column: 0 | 1): FieldNames {
  const names = Object.entries(spellings).map(([field, spelling]) => [field, spelling[column]])
  return Object.fromEntries(names) as Record<Field, string>
}
