/**
 * What the outbox keeps, and how an entry becomes a record: a CBOR array `[id, kind, topic, createdAt, payload]`.
 */
import type { Cbor } from './cbor.ts'

/**
 * - `violation`: an event of Edge Detect
 * - `report-copy`: a report for the operator's own topic (`ReportCopyTopic`), which takes back-fill
 * - `health`: the agent's own state
 *
 * Reports for AWS's reserved topic are not among them: AWS takes no back-fill, they are merged instead.
 */
const entryKinds = ['violation', 'report-copy', 'health'] as const
export type EntryKind = (typeof entryKinds)[number]

export interface OutboxEntry {
  readonly kind: EntryKind
  readonly topic: string
  readonly payload: Uint8Array
  /** Epoch milliseconds; the age bound counts from here. */
  readonly createdAt: number
}

export interface QueuedEntry extends OutboxEntry {
  /** Rises by one from entry to entry. */
  readonly id: number
}

export function encodeEntry(cbor: Cbor, entry: QueuedEntry): Uint8Array {
  return cbor.encode([entry.id, entry.kind, entry.topic, entry.createdAt, entry.payload])
}

/** Undefined if the record is something else; its CRC was right, so another program wrote it. */
export function decodeEntry(cbor: Cbor, record: Uint8Array): QueuedEntry | undefined {
  const fields = decodeArray(cbor, record)
  const [id, kind, topic, createdAt, payload] = fields ?? []
  if (typeof id !== 'number' || typeof topic !== 'string' || typeof createdAt !== 'number') return undefined
  const known = entryKinds.find((entryKind) => entryKind === kind)
  if (known === undefined || !(payload instanceof Uint8Array)) return undefined
  return { id, kind: known, topic, createdAt, payload }
}

export function decodeArray(cbor: Cbor, record: Uint8Array): unknown[] | undefined {
  try {
    const value = cbor.decode(record)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
