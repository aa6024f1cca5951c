/**
 * What the page shows, kept for whoever opens it later: the last events, and what still holds however long ago it was
 * said (the last word on the core and on the component, the last report and health message, alarms that stand). Bounded in
 * events and in bytes; the oldest go first.
 */
import { toJsonLine } from './event-json.ts'
import type { PageEvent } from './page-event.ts'

/** Ten minutes of reports at the shortest interval of a second, or an evening at the default. */
const EVENTS_MAX = 600
/** A report may be 128,000 bytes and is kept with its view; 32 of the largest fit. */
export const FEED_BYTES_MAX = 8 * 1024 * 1024
/** Alarms that stand since before the oldest event kept; a machine with more has told what it is about. */
const STANDING_ALARMS_MAX = 50

/** One event, serialised once for all who listen. */
type FeedLine = string

export interface Feed {
  publish(event: PageEvent): void
  /** Oldest first. */
  replay(): readonly FeedLine[]
  /** Calls back on each later event, until the returned function is called. */
  subscribe(onLine: (line: FeedLine) => void): () => void
}

interface Kept {
  readonly event: PageEvent
  readonly line: FeedLine
}

export function createFeed(limits = { events: EVENTS_MAX, bytes: FEED_BYTES_MAX }): Feed {
  const listeners = new Set<(line: FeedLine) => void>()
  const kept: Kept[] = []
  const lasting = createLasting()
  let bytes = 0

  const remove = (index: number): Kept | undefined => {
    const [removed] = index < 0 ? [] : kept.splice(index, 1)
    bytes -= removed?.line.length ?? 0
    return removed
  }

  return {
    publish(event) {
      const line = toJsonLine(event)
      // Each of these says it all: a former one has nothing to add.
      const isFormer = superseded(event)
      if (isFormer !== undefined) remove(kept.findLastIndex((each) => isFormer(each.event)))
      kept.push({ event, line })
      bytes += line.length
      while (kept.length > limits.events || (bytes > limits.bytes && kept.length > 1)) lasting.note(remove(0))
      for (const onLine of listeners) onLine(line)
    },
    replay: () => [...lasting.lines(), ...kept.map(({ line }) => line)],
    subscribe(onLine) {
      listeners.add(onLine)
      return () => listeners.delete(onLine)
    },
  }
}

/** What fell out of the feed and still holds. */
function createLasting() {
  const latest = new Map<PageEvent['event'], FeedLine>()
  const alarms = new Map<string, FeedLine>()
  return {
    note(forgotten: Kept | undefined): void {
      if (forgotten === undefined) return
      const { event, line } = forgotten
      if (isState(event)) latest.set(event.event, line)
      if (event.event !== 'message' || event.view?.kind !== 'violation') return
      const { violationId, type, isRepeat } = event.view
      if (type !== 'in-alarm') alarms.delete(violationId)
      else if (!isRepeat) alarms.set(violationId, line)
      for (const oldest of alarms.keys()) {
        if (alarms.size <= STANDING_ALARMS_MAX) break
        alarms.delete(oldest)
      }
    },
    lines: (): FeedLine[] => [...latest.values(), ...alarms.values()],
  }
}

/** It holds until the next one of its kind comes. */
const isState = (event: PageEvent): boolean => isHealth(event) || STATES.has(event.event)

const STATES: ReadonlySet<PageEvent['event']> = new Set([
  'core',
  'component',
  'report',
  'interval',
  'attack',
  'owners',
  'profiles',
])

function superseded(event: PageEvent): ((former: PageEvent) => boolean) | undefined {
  if (isHealth(event)) return isHealth
  if (event.event === 'owners' || event.event === 'profiles') return (former) => former.event === event.event
  return undefined
}

const isHealth = (event: PageEvent): boolean => event.event === 'message' && event.view?.kind === 'health'
