/**
 * A report document as people look at it: what listens, who is connected, how much went by. Either spelling of the
 * field names is read (AWS IoT Device Defender, "Device-side metrics": each field has a long and a short name).
 *
 * This is for showing only. A part that is absent or malformed is left out of the view, never guessed and never a
 * fault: whether the document is right is the Device Defender stand-in's question, and its reply is shown beside it.
 */
import { type FieldNames, fieldNames } from '../../report/field-names.ts'
import { compact, isRecord, listOf, numberOf, stringOf } from './members.ts'

export interface ReportView {
  readonly reportId?: number
  readonly tcpPorts?: PortsView
  readonly udpPorts?: PortsView
  readonly connections?: ConnectionsView
  readonly traffic?: TrafficView
  readonly custom: readonly CustomMetricView[]
}

export interface PortsView {
  /** What the report says there are; more than `entries` when the report was shrunk. */
  readonly total: number
  readonly entries: readonly PortView[]
}

interface PortView {
  readonly port: number
  readonly interface?: string
}

export interface ConnectionsView {
  readonly total: number
  /** How many connections the report lists, all hosts together; absent where it lists hosts only. */
  readonly listed?: number
  /** Most connections first, then by address. */
  readonly hosts: readonly HostView[]
}

export interface HostView {
  readonly address: string
  /** Connections with it, where that is known. */
  readonly count?: number
  /** Ascending, each once. */
  readonly remotePorts: readonly number[]
  readonly localPorts: readonly number[]
  readonly interfaces: readonly string[]
}

/** Since the report before; the first report of an agent has none. */
export interface TrafficView {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly packetsIn: number
  readonly packetsOut: number
}

interface CustomMetricView {
  readonly name: string
  readonly values: readonly string[]
}

export function viewReport(document: unknown): ReportView {
  const header = field(document, 'header')
  const metrics = field(document, 'metrics')
  const tcp = field(metrics, 'tcpConnections')
  return compact({
    reportId: numberOf(field(header, 'reportId')),
    tcpPorts: viewPorts(field(metrics, 'listeningTcpPorts')),
    udpPorts: viewPorts(field(metrics, 'listeningUdpPorts')),
    connections: viewConnections(field(tcp, 'establishedConnections')),
    traffic: viewTraffic(field(metrics, 'networkStats')),
    custom: viewCustom(field(document, 'customMetrics')),
  })
}

function viewPorts(block: unknown): PortsView | undefined {
  if (!isRecord(block)) return undefined
  const entries = listOf(field(block, 'ports')).flatMap((entry): PortView[] => {
    const port = numberOf(field(entry, 'port'))
    return port === undefined ? [] : [compact({ port, interface: stringOf(field(entry, 'interface')) })]
  })
  return { total: numberOf(field(block, 'total')) ?? entries.length, entries }
}

function viewConnections(block: unknown): ConnectionsView | undefined {
  if (!isRecord(block)) return undefined
  const hosts = new Map<string, HostSum>()
  let listed = 0
  for (const entry of listOf(field(block, 'connections'))) {
    const remote = stringOf(field(entry, 'remoteAddress'))
    if (remote === undefined) continue
    const { address, port } = splitEndpoint(remote)
    const host = hosts.get(address) ?? newHost()
    hosts.set(address, host)
    host.count++
    listed++
    addTo(host.remotePorts, port)
    addTo(host.localPorts, numberOf(field(entry, 'localPort')))
    addTo(host.interfaces, stringOf(field(entry, 'localInterface')))
  }
  return { total: numberOf(field(block, 'total')) ?? listed, listed, hosts: sortHosts(hosts) }
}

interface HostSum {
  count: number
  readonly remotePorts: Set<number>
  readonly localPorts: Set<number>
  readonly interfaces: Set<string>
}

const newHost = (): HostSum => ({
  count: 0,
  remotePorts: new Set(),
  localPorts: new Set(),
  interfaces: new Set(),
})

function sortHosts(hosts: ReadonlyMap<string, HostSum>): (HostView & { readonly count: number })[] {
  return [...hosts]
    .map(([address, host]) => ({
      address,
      count: host.count,
      remotePorts: [...host.remotePorts].sort((a, b) => a - b),
      localPorts: [...host.localPorts].sort((a, b) => a - b),
      interfaces: [...host.interfaces].sort(),
    }))
    .sort((a, b) => b.count - a.count || (a.address < b.address ? -1 : 1))
}

/** `192.0.2.7:443` or `[2001:db8::7]:443`; anything else is an address without a port. */
function splitEndpoint(text: string): { address: string; port?: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  if (match === null) return { address: text }
  return { address: match[1] ?? match[2] ?? text, port: Number(match[3]) }
}

function viewTraffic(block: unknown): TrafficView | undefined {
  if (!isRecord(block)) return undefined
  const bytesIn = numberOf(field(block, 'bytesIn'))
  const bytesOut = numberOf(field(block, 'bytesOut'))
  const packetsIn = numberOf(field(block, 'packetsIn'))
  const packetsOut = numberOf(field(block, 'packetsOut'))
  if (bytesIn === undefined || bytesOut === undefined) return undefined
  if (packetsIn === undefined || packetsOut === undefined) return undefined
  return { bytesIn, bytesOut, packetsIn, packetsOut }
}

/** `{"name": [{"number": 1}]}`: an array that holds one object, with one of four members. */
function viewCustom(block: unknown): CustomMetricView[] {
  if (!isRecord(block)) return []
  return Object.entries(block).map(([name, list]) => {
    const value: unknown = listOf(list)[0]
    const inner = isRecord(value) ? Object.values(value)[0] : undefined
    return { name, values: (Array.isArray(inner) ? inner : [inner]).filter((v) => v != null).map(String) }
  })
}

function field(value: unknown, name: keyof FieldNames): unknown {
  if (!isRecord(value)) return undefined
  return value[fieldNames.long[name]] ?? value[fieldNames.short[name]]
}

function addTo<T>(set: Set<T>, value: T | undefined): void {
  if (value !== undefined) set.add(value)
}
