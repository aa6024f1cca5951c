/** Shorthand for the outbox's tests. */
import { openOutbox } from '../../src/store/outbox.ts'
import type { EntryKind, OutboxEntry } from '../../src/store/outbox-entry.ts'
import type { Outbox, OutboxOptions } from '../../src/store/outbox-types.ts'
import type { MemoryDisk } from './store-memory-files.ts'

export const OUTBOX_DIRECTORY = '/outbox'
export const START = Date.UTC(2026, 10, 24, 12)

export interface ManualClock {
  at: number
}

export const openOn = (
  disk: MemoryDisk,
  clock: ManualClock,
  options: Omit<OutboxOptions, 'now' | 'files'> = {},
): Promise<Outbox> => openOutbox(OUTBOX_DIRECTORY, { now: () => clock.at, files: disk.files, ...options })

export function entry(text: string, kind: EntryKind = 'violation', createdAt = START): OutboxEntry {
  return { kind, topic: 'greengrass-defender/thing/violations', payload: Buffer.from(text), createdAt }
}

export const textOf = (queued: { payload: Uint8Array } | undefined) =>
  queued && Buffer.from(queued.payload).toString()

/** Hands over and acknowledges everything, `max` at the most. */
export async function drain(outbox: Outbox, max = Number.POSITIVE_INFINITY): Promise<string[]> {
  const texts: string[] = []
  while (texts.length < max) {
    const queued = await outbox.peek()
    if (queued === undefined) break
    texts.push(textOf(queued) ?? '')
    await outbox.acknowledge(queued.id)
  }
  return texts
}

export const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `n${from + index}`)
