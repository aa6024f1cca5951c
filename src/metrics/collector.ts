/**
 * One snapshot: everything that the configuration asks for, read from one mount of `/proc` in one pass over each file.
 *
 * Each part succeeds or fails by itself. A part that failed is absent from the snapshot and named in `faults`; lines that
 * could not be parsed cost only themselves and are counted there too.
 */
import { isLoopbackAddress } from '../procfs/address.ts'
import { readBootId } from '../procfs/boot-id.ts'
import { parseIfInet6 } from '../procfs/if-inet6.ts'
import { readLoadAvg } from '../procfs/loadavg.ts'
import { readLocalAddresses } from '../procfs/local-addresses.ts'
import { readMemInfo } from '../procfs/meminfo.ts'
import { readNetDev } from '../procfs/net-dev.ts'
import { parseNetIgmp } from '../procfs/net-igmp.ts'
import { readSockets, type SocketRow, type SocketTable, socketState } from '../procfs/net-socket.ts'
import { type LineFaults, ProcReadError } from '../procfs/parse-error.ts'
import type { ProcFs } from '../procfs/proc-fs.ts'
import { countProcesses } from '../procfs/processes.ts'
import { type CpuTicks, readStat } from '../procfs/stat.ts'
import { readUptime } from '../procfs/uptime.ts'
import { ConnectionTable } from './connections.ts'
import type { CounterReading, InterfaceReading } from './counters.ts'
import type { BuiltInMetric } from './custom.ts'
import { ListenerTable } from './ports.ts'
import type { EstablishedConnections, ListeningPorts, Metrics, NetworkStats } from './snapshot.ts'

export interface CollectorOptions {
  /** Whether connections with a loopback address as their remote side count. Listeners on loopback always do. */
  readonly includeLoopback: boolean
  readonly builtInMetrics: readonly BuiltInMetric[]
  /** Entries that the largest report could hold; more connections than that are counted but not listed. */
  readonly connectionsMax: number
  /** Any number, best a different one on each device: see `seen-table.ts`. */
  readonly seed: number
  /** Monotonic milliseconds, to say how long each part took. */
  readonly monotonicMs: () => number
}

/** A report needs the connections one by one; between reports their number and the hosts are enough. */
export type SnapshotPurpose = 'report' | 'sample'

export interface Snapshot {
  readonly listeningTcpPorts?: ListeningPorts
  readonly listeningUdpPorts?: ListeningPorts
  /** For a report only. */
  readonly establishedConnections?: EstablishedConnections
  readonly establishedCount?: number
  /** Bare addresses at the other end of established connections, each once, in no particular order. */
  readonly remoteHosts?: readonly string[]
  /** Counters as they stand; what was carried since the last report is `trafficSince` of `counters.ts`. */
  readonly counters?: CounterReading
  readonly builtIn: ReadonlyMap<BuiltInMetric, number>
  readonly parts: readonly PartOutcome[]
}

/** What a report tells of a snapshot; what the snapshot lacks, the report lacks. */
export function toMetrics(
  { listeningTcpPorts, listeningUdpPorts, establishedConnections }: Snapshot,
  networkStats: NetworkStats | undefined,
  custom: Metrics['custom'],
): Metrics {
  return {
    ...(listeningTcpPorts && { listeningTcpPorts }),
    ...(listeningUdpPorts && { listeningUdpPorts }),
    ...(establishedConnections && { establishedConnections }),
    ...(networkStats && { networkStats }),
    custom,
  }
}

export interface PartOutcome {
  readonly part: 'tcp' | 'udp' | 'counters' | BuiltInMetric
  readonly durationMs: number
  /** Why the part is absent. */
  readonly error?: unknown
  /** Lines of its files that were left out. */
  readonly lineFaults: readonly LineFaults[]
  /** What could not be found out without costing the part, such as the interface of an address. */
  readonly warnings: readonly unknown[]
}

/** Reads snapshots, one after the other; remembers between them since when each socket has been there. */
export class Collector {
  readonly #proc: ProcFs
  readonly #options: CollectorOptions
  readonly #tcpListeners = new ListenerTable()
  readonly #udpListeners = new ListenerTable()
  readonly #connections: ConnectionTable
  #cpuTicks: CpuTicks | undefined

  constructor(proc: ProcFs, options: CollectorOptions) {
    this.#proc = proc
    this.#options = options
    this.#connections = new ConnectionTable(options.seed, options.connectionsMax)
  }

  collect(purpose: SnapshotPurpose = 'report'): Snapshot {
    const parts: PartOutcome[] = []
    const measure = <T>(part: PartOutcome['part'], read: (notes: PartNotes) => T): T | undefined => {
      const startedMs = this.#options.monotonicMs()
      const notes: PartNotes = { lineFaults: [], warnings: [] }
      const outcome = attempt(() => read(notes))
      const durationMs = this.#options.monotonicMs() - startedMs
      parts.push({ part, durationMs, ...notes, ...('error' in outcome ? { error: outcome.error } : {}) })
      return 'value' in outcome ? outcome.value : undefined
    }

    // One map for both protocols; what it could not read is noted where it was asked for first.
    let asking: PartNotes | undefined
    const { interfaceOf } = readLocalAddresses(this.#proc, (error) => asking?.warnings.push(error))
    const tcp = measure('tcp', (notes) => {
      asking = notes
      return this.#readTcp(purpose, notes, interfaceOf)
    })
    const listeningUdpPorts = measure('udp', (notes) => {
      asking = notes
      return this.#readUdp(notes, interfaceOf)
    })
    const counters = measure('counters', (notes) => readCounters(this.#proc, notes))
    const builtIn = new Map<BuiltInMetric, number>()
    for (const metric of purpose === 'report' ? this.#options.builtInMetrics : []) {
      const value = measure(metric, () => this.#readBuiltIn(metric))
      if (value !== undefined) builtIn.set(metric, value)
    }
    return {
      ...tcp,
      ...(listeningUdpPorts === undefined ? {} : { listeningUdpPorts }),
      ...(counters === undefined ? {} : { counters }),
      builtIn,
      parts,
    }
  }

  /** The last snapshot has gone into a report. */
  markReported(): void {
    this.#connections.markReported()
  }

  #readTcp(
    purpose: SnapshotPurpose,
    notes: PartNotes,
    interfaceOf: InterfaceOf,
  ): Pick<Snapshot, 'listeningTcpPorts' | 'establishedConnections' | 'establishedCount' | 'remoteHosts'> {
    const listeners = this.#tcpListeners
    const connections = this.#connections
    const { includeLoopback } = this.#options
    listeners.begin()
    connections.begin(purpose === 'report')
    readBothTables(this.#proc, ['net/tcp', 'net/tcp6'], notes, (socket) => {
      if (socket.state === socketState.listen) listeners.add(socket, interfaceOf)
      else if (socket.state === socketState.established) {
        if (includeLoopback || !isLoopbackAddress(socket.family, socket.remote)) connections.add(socket)
      }
    })
    return {
      listeningTcpPorts: { total: listeners.total, ports: listeners.list() },
      establishedCount: connections.total,
      remoteHosts: connections.remoteHosts(),
      ...(purpose === 'report' && {
        establishedConnections: { total: connections.total, connections: connections.list(interfaceOf) },
      }),
    }
  }

  #readUdp(notes: PartNotes, interfaceOf: InterfaceOf): ListeningPorts {
    const listeners = this.#udpListeners
    listeners.begin()
    readBothTables(this.#proc, ['net/udp', 'net/udp6'], notes, (socket) => {
      if (socket.state === socketState.unconnected && socket.remotePort === 0)
        listeners.add(socket, interfaceOf)
    })
    return { total: listeners.total, ports: listeners.list() }
  }

  #readBuiltIn(metric: BuiltInMetric): number | undefined {
    switch (metric) {
      case 'cpu_usage':
        return this.#cpuUsage()
      case 'memory_usage': {
        const { totalKiB, availableKiB } = readMemInfo(this.#proc)
        return percent(totalKiB - availableKiB, totalKiB)
      }
      case 'load_1m':
        return readLoadAvg(this.#proc)
      case 'uptime_seconds':
        return readUptime(this.#proc)
      case 'process_count':
        return countProcesses(this.#proc)
    }
  }

  /** Percent of all CPUs' time since the last snapshot; undefined in the first, which has nothing to compare with. */
  #cpuUsage(): number | undefined {
    const former = this.#cpuTicks
    const now = readStat(this.#proc)
    this.#cpuTicks = now
    if (former === undefined || now.total <= former.total) return undefined
    const total = now.total - former.total
    const idle = Math.min(Math.max(now.idle - former.idle, 0), total)
    return percent(total - idle, total)
  }
}

type InterfaceOf = (address: string) => string | undefined

interface PartNotes {
  readonly lineFaults: LineFaults[]
  readonly warnings: unknown[]
}

/** The IPv4 table must be there; the IPv6 one is missing where IPv6 is off. */
function readBothTables(
  proc: ProcFs,
  [ipv4, ipv6]: readonly [SocketTable, SocketTable],
  notes: PartNotes,
  onSocket: (socket: SocketRow) => void,
): void {
  const note = (faults: LineFaults | undefined) => faults !== undefined && notes.lineFaults.push(faults)
  note(readSockets(proc, ipv4, onSocket).faults)
  note(optional(() => readSockets(proc, ipv6, onSocket))?.faults)
}

function readCounters(proc: ProcFs, notes: PartNotes): CounterReading {
  const textsBefore = readIndexTexts(proc)
  const { interfaces, faults } = readNetDev(proc)
  if (faults !== undefined) notes.lineFaults.push(faults)
  const texts = readIndexTexts(proc)
  const indexes = interfaceIndexes(texts)
  const before = isSameTexts(texts, textsBefore) ? indexes : interfaceIndexes(textsBefore)
  // Made anew between the readings: it is not known whose counters these are, and the name has to do.
  const indexOf = (name: string) => (before.get(name) === indexes.get(name) ? indexes.get(name) : undefined)
  const bootId = attempt(() => readBootId(proc))
  if ('error' in bootId) notes.warnings.push(bootId.error)
  return {
    ...('value' in bootId ? { bootId: bootId.value } : {}),
    interfaces: interfaces.map((counters): InterfaceReading => {
      const index = indexOf(counters.name)
      return index === undefined ? counters : { ...counters, index }
    }),
  }
}

/** The files that tell the indexes of interfaces, unparsed: two readings are mostly the same, and parsed once then. */
interface IndexTexts {
  readonly igmp: string | undefined
  readonly ifInet6: string | undefined
}

const readIndexTexts = (proc: ProcFs): IndexTexts => ({
  igmp: optional(() => proc.readText('net/igmp')),
  ifInet6: optional(() => proc.readText('net/if_inet6')),
})

const isSameTexts = (left: IndexTexts, right: IndexTexts): boolean =>
  left.igmp === right.igmp && left.ifInet6 === right.ifInet6

/** Kernel index by interface name, as far as IPv4 multicast and IPv6 addresses tell. */
function interfaceIndexes({ igmp, ifInet6 }: IndexTexts): ReadonlyMap<string, number> {
  const indexes = new Map(parseNetIgmp(igmp ?? ''))
  for (const { interface: name, interfaceIndex } of parseIfInet6(ifInet6 ?? '').addresses) {
    indexes.set(name, interfaceIndex)
  }
  return indexes
}

function attempt<T>(action: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: action() }
  } catch (error) {
    return { error }
  }
}

/** The result, or undefined when the kernel was built without that file. */
function optional<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof ProcReadError && error.isMissing) return undefined
    throw error
  }
}

/** With two decimals: more would only make equal states look different. */
const percent = (part: number, whole: number): number => Math.round((part / whole) * 10_000) / 100
