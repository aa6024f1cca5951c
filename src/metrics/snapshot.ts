/**
 * What was measured at one instant, as typed values: the currency between `procfs`, `report` and `detect`.
 *
 * A part that could not be read is absent (`undefined`), which is not the same as empty or zero: an absent part is
 * left out of the report and gives no datapoint. Names follow AWS's device-side metrics; see `catalog.ts`.
 */

/** A port that accepts traffic. One entry per (port, interface). */
export interface ListeningPort {
  readonly port: number
  /**
   * The interface that owns the bound address. A wildcard listener has the wildcard address itself here
   * (`0.0.0.0` or `::`), as AWS's own agents name it. Absent when no interface owns the address.
   */
  readonly interface?: string
}

/** `total` counts all entries, also those that a later shrinking leaves out. */
export interface ListeningPorts {
  readonly total: number
  /** Highest priority first: never seen before, then newest, then by port and interface. */
  readonly ports: readonly ListeningPort[]
}

/** A TCP connection in state ESTABLISHED. */
export interface Connection {
  /** Bare address: `192.0.2.7` or `2001:db8::7`, no brackets; IPv4-mapped IPv6 is given as IPv4. */
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  readonly localInterface?: string
}

export interface EstablishedConnections {
  /** All established connections, also those beyond the end of `connections`. */
  readonly total: number
  /** Highest priority first: remote host never seen before, then newest connection, then a stable order. */
  readonly connections: readonly Connection[]
}

/** Traffic since the last report that was handed over, summed over the chosen interfaces. */
export interface NetworkStats {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly packetsIn: number
  readonly packetsOut: number
}

/** The four types that AWS defines for a custom metric. */
export type CustomMetricType = 'number' | 'number-list' | 'string-list' | 'ip-address-list'

export type CustomMetricValue =
  | { readonly type: 'number'; readonly number: number }
  | { readonly type: 'number-list'; readonly numbers: readonly number[] }
  | { readonly type: 'string-list'; readonly strings: readonly string[] }
  | { readonly type: 'ip-address-list'; readonly ips: readonly string[] }

/** The measured content of one report, before it is spelled, shrunk and encoded. */
export interface Metrics {
  readonly listeningTcpPorts?: ListeningPorts
  readonly listeningUdpPorts?: ListeningPorts
  readonly establishedConnections?: EstablishedConnections
  readonly networkStats?: NetworkStats
  /** By custom metric name, in the order in which they are to be reported. */
  readonly custom: ReadonlyMap<string, CustomMetricValue>
}
