/**
 * Puts a run's violation events together. Each is published twice, on local publish/subscribe at once and through the
 * outbox to AWS IoT Core, and once more where a message was sent again: the first to come is the news.
 */
import type { ViolationView } from './violation-view.ts'

export interface AlarmFacts {
  /** The same event has come before, by another way or again. */
  readonly isRepeat: boolean
  /** How many alarms of this run have been raised up to this event. */
  readonly raisedCount: number
  /** Of an event that ends an alarm: since when it had been raised; absent when that was not seen. */
  readonly raisedAt?: number
}

/** Violations remembered: those of which an event may come again, or whose end may still come. */
const REMEMBERED_MAX = 10_000

interface Remembered {
  readonly types: Set<ViolationView['type']>
  raisedAt?: number
}

export function createAlarmTracker(): (violation: ViolationView) => AlarmFacts {
  const remembered = new Map<string, Remembered>()
  let raisedCount = 0

  return ({ violationId, type, foundAt }) => {
    const known = remembered.get(violationId) ?? { types: new Set() }
    const isRepeat = known.types.has(type)
    if (type === 'in-alarm' && !isRepeat) {
      raisedCount++
      known.raisedAt = foundAt
    }
    known.types.add(type)
    remembered.set(violationId, known)
    for (const oldest of remembered.keys()) {
      if (remembered.size <= REMEMBERED_MAX) break
      remembered.delete(oldest)
    }
    const { raisedAt } = known
    return { isRepeat, raisedCount, ...(type !== 'in-alarm' && raisedAt !== undefined && { raisedAt }) }
  }
}
