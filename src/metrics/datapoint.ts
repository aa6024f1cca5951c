/**
 * One metric's value at one time, in the shape of AWS's MetricValue: what Edge Detect judges and history keeps.
 * Exactly one member is set. Source: iot MetricValue (count, cidrs, ports, number, numbers, strings).
 */
import type { Snapshot } from './collector.ts'
import type { CustomMetricValue, NetworkStats } from './snapshot.ts'

export type MetricValue =
  | { readonly count: number }
  | { readonly ports: readonly number[] }
  | { readonly cidrs: readonly string[] }
  | { readonly number: number }
  | { readonly numbers: readonly number[] }
  | { readonly strings: readonly string[] }

export interface Datapoint {
  /** `aws:all-bytes-out` and the like, or a custom metric's name. */
  readonly metric: string
  readonly value: MetricValue
}

/** AWS's device-side metrics of one snapshot; what the snapshot lacks gives no datapoint. `traffic`: since the last ones. */
export function toDatapoints(snapshot: Snapshot, traffic: NetworkStats | undefined): Datapoint[] {
  const { listeningTcpPorts: tcp, listeningUdpPorts: udp, establishedCount, remoteHosts } = snapshot
  const portsOf = ({ ports }: { readonly ports: readonly { readonly port: number }[] }) => [
    ...new Set(ports.map(({ port }) => port)),
  ]
  const count = (metric: string, value: number): Datapoint => ({ metric, value: { count: value } })
  return [
    ...(traffic === undefined
      ? []
      : [
          count('aws:all-bytes-out', traffic.bytesOut),
          count('aws:all-bytes-in', traffic.bytesIn),
          count('aws:all-packets-out', traffic.packetsOut),
          count('aws:all-packets-in', traffic.packetsIn),
        ]),
    ...(tcp === undefined
      ? []
      : [
          count('aws:num-listening-tcp-ports', tcp.total),
          { metric: 'aws:listening-tcp-ports', value: { ports: portsOf(tcp) } },
        ]),
    ...(udp === undefined
      ? []
      : [
          count('aws:num-listening-udp-ports', udp.total),
          { metric: 'aws:listening-udp-ports', value: { ports: portsOf(udp) } },
        ]),
    ...(establishedCount === undefined
      ? []
      : [count('aws:num-established-tcp-connections', establishedCount)]),
    ...(remoteHosts === undefined
      ? []
      : [{ metric: 'aws:destination-ip-addresses', value: { cidrs: remoteHosts } }]),
  ]
}

/** A custom metric's value, under the name that MetricValue has for its type. */
export function customDatapoint(metric: string, value: CustomMetricValue): Datapoint {
  switch (value.type) {
    case 'number':
      return { metric, value: { number: value.number } }
    case 'number-list':
      return { metric, value: { numbers: value.numbers } }
    case 'string-list':
      return { metric, value: { strings: value.strings } }
    case 'ip-address-list':
      return { metric, value: { cidrs: value.ips } }
  }
}
