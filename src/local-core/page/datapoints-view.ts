/**
 * One interval's datapoints as people look at them, in the form of a report's view: what a device's history holds is less
 * than its reports (no interfaces, no ports of connections), and that is left out.
 */
import type { Datapoint, MetricValue } from '../../metrics/datapoint.ts'
import { compact } from './members.ts'
import type { ConnectionsView, PortsView, ReportView, TrafficView } from './report-view.ts'

export function viewDatapoints(datapoints: readonly Datapoint[]): ReportView {
  const values = new Map(datapoints.map(({ metric, value }) => [metric, value]))
  return compact({
    tcpPorts: portsOf(values.get('aws:listening-tcp-ports'), countOf(values, 'aws:num-listening-tcp-ports')),
    udpPorts: portsOf(values.get('aws:listening-udp-ports'), countOf(values, 'aws:num-listening-udp-ports')),
    connections: connectionsOf(
      values.get('aws:destination-ip-addresses'),
      countOf(values, 'aws:num-established-tcp-connections'),
    ),
    traffic: trafficOf(values),
    custom: datapoints
      .filter(({ metric }) => !metric.startsWith('aws:'))
      .map(({ metric, value }) => ({ name: metric, values: Object.values(value).flat().map(String) })),
  })
}

function portsOf(value: MetricValue | undefined, total: number | undefined): PortsView | undefined {
  const ports = value !== undefined && 'ports' in value ? value.ports : undefined
  if (ports === undefined && total === undefined) return undefined
  const entries = (ports ?? []).map((port) => ({ port }))
  return { total: Math.max(total ?? 0, entries.length), entries }
}

function connectionsOf(
  value: MetricValue | undefined,
  total: number | undefined,
): ConnectionsView | undefined {
  const addresses = value !== undefined && 'cidrs' in value ? value.cidrs : undefined
  if (addresses === undefined && total === undefined) return undefined
  const hosts = [...(addresses ?? [])]
    .sort()
    .map((address) => ({ address, remotePorts: [], localPorts: [], interfaces: [] }))
  return { total: total ?? hosts.length, hosts }
}

function trafficOf(values: ReadonlyMap<string, MetricValue>): TrafficView | undefined {
  const [bytesIn, bytesOut, packetsIn, packetsOut] = [
    'aws:all-bytes-in',
    'aws:all-bytes-out',
    'aws:all-packets-in',
    'aws:all-packets-out',
  ].map((metric) => countOf(values, metric))
  if (bytesIn === undefined || bytesOut === undefined) return undefined
  if (packetsIn === undefined || packetsOut === undefined) return undefined
  return { bytesIn, bytesOut, packetsIn, packetsOut }
}

function countOf(values: ReadonlyMap<string, MetricValue>, metric: string): number | undefined {
  const value = values.get(metric)
  return value !== undefined && 'count' in value ? value.count : undefined
}
