/**
 * Cuts a report to a budget of bytes, the same way each time: the same content and budget give the same bytes.
 *
 *  - The header, the traffic and the totals always stay.
 *  - A custom metric stays whole or goes whole, for its list has no total that would tell of a cut. They have the first
 *    call on the budget, in their order; one that does not fit beside those before it is left out.
 *  - The three lists share what then remains, by bytes. Each is in order of priority and keeps its beginning; a small
 *    list stays whole and the biggest gives way first.
 *
 * The share is that of fair queueing (A. Demers, S. Keshav, S. Shenker, "Analysis and Simulation of a Fair Queueing
 * Algorithm", 1989): the entry whose list would end at the fewest bytes goes in next, until one does not fit. That is
 * one order for all budgets, so more budget never costs an entry, and what is left unused is less than one entry.
 * An entry that no budget could reach is not even looked at.
 */
import type { CustomMetricValue, Metrics } from '../metrics/snapshot.ts'
import type { ReportFormat } from './codec.ts'
import { type FieldNames, fieldNames, type Spelling } from './field-names.ts'
import {
  buildReport,
  connectionEntry,
  customEntry,
  type Plain,
  type PlainObject,
  portEntry,
  type ReportContent,
  reportDocument,
} from './report.ts'
import { ReportError } from './report-error.ts'
import { type Sizing, sizings } from './size.ts'

export interface ShrinkOptions {
  readonly format: ReportFormat
  readonly names: Spelling
  /** Of the payload. */
  readonly maxBytes: number
  /** The encoder of `format`, from `loadCodec`. */
  readonly encode: (document: PlainObject) => Uint8Array
}

/** What a report counts but does not name, or leaves out altogether. */
export interface Omitted {
  readonly listeningTcpPorts: number
  readonly listeningUdpPorts: number
  readonly establishedConnections: number
  /** By name. */
  readonly customMetrics: readonly string[]
}

export interface ShrunkReport {
  readonly payload: Uint8Array
  readonly omitted: Omitted
}

/** Throws a ReportError: `empty` for content without any metric, `too-large` when no report fits into `maxBytes`. */
export function shrinkReport(content: ReportContent, options: ShrinkOptions): ShrunkReport {
  const { format, maxBytes, encode } = options
  const names = fieldNames[options.names]
  const sizing = sizings[format]
  const { metrics } = content

  const bare = reportDocument({ ...content, metrics: withLists(metrics, nothing, new Map()) }, names)
  const afterBare = maxBytes - sizing.valueBytes(bare)
  const { custom, bytesLeft } = keepCustom(metrics.custom, afterBare, Object.keys(bare).length, names, sizing)
  const hasMetrics = names.metrics in bare
  if (afterBare < 0 || (custom.size === 0 && metrics.custom.size > 0 && !hasMetrics)) {
    throw new ReportError(
      'too-large',
      `report ${content.reportId}: ${maxBytes} bytes are too few for any report`,
    )
  }

  const kept = keepEntries(metrics, bytesLeft, names, sizing)
  const document = buildReport({ ...content, metrics: withLists(metrics, kept, custom) }, options.names)
  const payload = encode(document)
  if (payload.length > maxBytes) {
    throw new ReportError(
      'too-large',
      `report ${content.reportId}: ${payload.length} bytes exceed ${maxBytes}`,
    )
  }
  return { payload, omitted: omittedFrom(metrics, kept, custom) }
}

/** How many entries of each list stay. */
interface Kept {
  readonly listeningTcpPorts: number
  readonly listeningUdpPorts: number
  readonly establishedConnections: number
}

const nothing: Kept = { listeningTcpPorts: 0, listeningUdpPorts: 0, establishedConnections: 0 }

function withLists(metrics: Metrics, kept: Kept, custom: Metrics['custom']): Metrics {
  const { listeningTcpPorts: tcp, listeningUdpPorts: udp, establishedConnections: established } = metrics
  return {
    ...metrics,
    ...(tcp && { listeningTcpPorts: { ...tcp, ports: tcp.ports.slice(0, kept.listeningTcpPorts) } }),
    ...(udp && { listeningUdpPorts: { ...udp, ports: udp.ports.slice(0, kept.listeningUdpPorts) } }),
    ...(established && {
      establishedConnections: {
        ...established,
        connections: established.connections.slice(0, kept.establishedConnections),
      },
    }),
    custom,
  }
}

function keepCustom(
  custom: Metrics['custom'],
  budget: number,
  rootMembers: number,
  names: FieldNames,
  sizing: Sizing,
): { custom: Metrics['custom']; bytesLeft: number } {
  const kept = new Map<string, CustomMetricValue>()
  let bytesLeft = budget
  for (const [name, value] of custom) {
    const blockBytes =
      kept.size > 0 ? 0 : sizing.memberOverhead(rootMembers, names.customMetrics) + sizing.valueBytes({})
    const bytes = blockBytes + sizing.memberOverhead(kept.size, name) + sizing.valueBytes(customEntry(value))
    if (bytes > bytesLeft) continue
    kept.set(name, value)
    bytesLeft -= bytes
  }
  return { custom: kept, bytesLeft }
}

/** A list on its way into the report. */
interface Candidate {
  readonly part: keyof Kept
  readonly entryAt: (index: number) => Plain | undefined
  readonly listKey: string
  kept: number
  /** Bytes of the entries that are in. */
  bytes: number
  /** Bytes that the next entry adds; infinite when there is none. */
  nextBytes: number
}

function keepEntries(metrics: Metrics, budget: number, names: FieldNames, sizing: Sizing): Kept {
  const lists = candidates(metrics, names)
  for (const list of lists) list.nextBytes = nextBytes(list, sizing)

  let bytesLeft = budget
  for (;;) {
    const list = lists.reduce((best, other) => (endWithNext(other) < endWithNext(best) ? other : best))
    if (list.nextBytes === Number.POSITIVE_INFINITY || list.nextBytes > bytesLeft) break
    bytesLeft -= list.nextBytes
    list.bytes += list.nextBytes
    list.kept += 1
    list.nextBytes = nextBytes(list, sizing)
  }
  return Object.fromEntries(lists.map((list) => [list.part, list.kept])) as Record<keyof Kept, number>
}

function candidates(metrics: Metrics, names: FieldNames): [Candidate, Candidate, Candidate] {
  const tcp = metrics.listeningTcpPorts?.ports ?? []
  const udp = metrics.listeningUdpPorts?.ports ?? []
  const established = metrics.establishedConnections?.connections ?? []
  return [
    candidate('listeningTcpPorts', names.ports, tcp, (port) => portEntry(port, names)),
    candidate('listeningUdpPorts', names.ports, udp, (port) => portEntry(port, names)),
    candidate('establishedConnections', names.connections, established, (one) => connectionEntry(one, names)),
  ]
}

function candidate<T>(
  part: keyof Kept,
  listKey: string,
  items: readonly T[],
  toEntry: (item: T) => Plain,
): Candidate {
  const entryAt = (index: number) => {
    const item = items[index]
    return item === undefined ? undefined : toEntry(item)
  }
  return { part, entryAt, listKey, kept: 0, bytes: 0, nextBytes: 0 }
}

function nextBytes(list: Candidate, sizing: Sizing): number {
  const entry = list.entryAt(list.kept)
  if (entry === undefined) return Number.POSITIVE_INFINITY
  // The first entry brings its list along: the bare report has `total` alone where there is something to count.
  const listBytes = list.kept > 0 ? 0 : sizing.memberOverhead(1, list.listKey) + sizing.valueBytes([])
  return listBytes + sizing.elementOverhead(list.kept) + sizing.valueBytes(entry)
}

function endWithNext(list: Candidate): number {
  return list.bytes + list.nextBytes
}

function omittedFrom(metrics: Metrics, kept: Kept, custom: Metrics['custom']): Omitted {
  const unnamed = (total: number | undefined, named: number) => Math.max(0, (total ?? 0) - named)
  return {
    listeningTcpPorts: unnamed(metrics.listeningTcpPorts?.total, kept.listeningTcpPorts),
    listeningUdpPorts: unnamed(metrics.listeningUdpPorts?.total, kept.listeningUdpPorts),
    establishedConnections: unnamed(metrics.establishedConnections?.total, kept.establishedConnections),
    customMetrics: [...metrics.custom.keys()].filter((name) => !custom.has(name)),
  }
}
