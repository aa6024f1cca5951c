/**
 * The outbox as its users see it: messages not yet handed over to the nucleus, in order. What it promises is told in
 * `outbox.ts`, which keeps it.
 */
import type { DiskFault, StoreFiles } from './files.ts'
import type { OutboxEntry, QueuedEntry } from './outbox-entry.ts'

export interface OutboxOptions {
  /** The agent's clock, epoch milliseconds. */
  readonly now: () => number
  /** All that the directory may hold, files set aside included. */
  readonly bytesMax?: number
  /** Entries older than this are of no more use to whoever reads them. */
  readonly ageMsMax?: number
  /** What may wait in memory while the disk does not work. */
  readonly memoryBytesMax?: number
  /** The least time between two tries of a disk that failed. */
  readonly diskRetryMs?: number
  readonly files?: StoreFiles
}

/** Why an entry went without being handed over. */
export type DropReason =
  | 'age' // older than `ageMsMax`
  | 'bytes' // the oldest, when the outbox was full; or too large for any outbox
  | 'memory' // the oldest in memory, when the disk did not work and memory was full
  | 'damage' // written and not readable any more

export interface OutboxCounters {
  readonly appended: number
  /** Acknowledged as handed over. */
  readonly handedOver: number
  /** Acknowledged as given up by the caller. */
  readonly givenUp: number
  readonly dropped: Readonly<Record<DropReason, number>>
  /** Files whose last entry was cut off by a kill or power loss; nothing that was promised is lost by it. */
  readonly tornTails: number
  readonly filesSetAside: number
  readonly diskFaults: number
}

export interface OutboxSize {
  readonly entries: number
  readonly bytes: number
  /** When the oldest entry was created. */
  readonly oldestAt: number | undefined
}

export type OutboxHealth =
  | { readonly kind: 'durable' } // everything is on disk
  | {
      readonly kind: 'degraded'
      readonly since: number
      readonly fault: DiskFault
      readonly entriesInMemory: number
    } // a stop would lose these entries, or repeat some

export interface Outbox {
  /** Resolves when the entry is safe, or, while the disk does not work, in memory. Never rejects for what a disk does. */
  append(entry: OutboxEntry): Promise<void>
  /** The oldest entry; the same one until it is acknowledged or dropped. */
  peek(): Promise<QueuedEntry | undefined>
  /** Done with the entry that `peek` gave. False, and nothing done, when the oldest entry is another one. */
  acknowledge(id: number, outcome?: 'handed-over' | 'given-up'): Promise<boolean>
  /** The id of the newest entry ever appended, also of one that is done with; 0 before the first. */
  lastId(): number
  size(): OutboxSize
  counters(): OutboxCounters
  health(): OutboxHealth
  close(): Promise<void>
}
