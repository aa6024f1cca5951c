/**
 * What the page shows, kept for whoever opens it later: the last events, and the last word on the core and on the
 * component however long ago that was. Bounded in events and in bytes; the oldest go first.
 */
import { toJsonLine } from './event-json.ts'
import type { ViewedEvent } from './viewed-event.ts'

/** Ten minutes of reports at the shortest interval of a second, or an evening at the default. */
const EVENTS_MAX = 600
/** A report may be 128,000 bytes and is kept with its view; 32 of the largest fit. */
export const FEED_BYTES_MAX = 8 * 1024 * 1024

/** One event, serialised once for all who listen. */
type FeedLine = string

export interface Feed {
  publish(event: ViewedEvent): void
  /** Oldest first. */
  replay(): readonly FeedLine[]
  /** Calls back on each later event, until the returned function is called. */
  subscribe(onLine: (line: FeedLine) => void): () => void
}

export function createFeed(limits = { events: EVENTS_MAX, bytes: FEED_BYTES_MAX }): Feed {
  const listeners = new Set<(line: FeedLine) => void>()
  const kept: { readonly event: ViewedEvent['event']; readonly line: FeedLine }[] = []
  /** States that fell out of `kept` and still hold. */
  const lasting = new Map<ViewedEvent['event'], FeedLine>()
  let bytes = 0

  const forgetOldest = (): void => {
    const oldest = kept.shift()
    if (oldest === undefined) return
    bytes -= oldest.line.length
    if (oldest.event === 'core' || oldest.event === 'component') lasting.set(oldest.event, oldest.line)
  }

  return {
    publish(event) {
      const line = toJsonLine(event)
      kept.push({ event: event.event, line })
      bytes += line.length
      while (kept.length > limits.events || (bytes > limits.bytes && kept.length > 1)) forgetOldest()
      for (const onLine of listeners) onLine(line)
    },
    replay: () => [...lasting.values(), ...kept.map(({ line }) => line)],
    subscribe(onLine) {
      listeners.add(onLine)
      return () => listeners.delete(onLine)
    },
  }
}
