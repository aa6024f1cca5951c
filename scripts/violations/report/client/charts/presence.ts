/** When each element of a list metric was there: the first report that had it, the last, and the spans in between. */
import type { Element } from '../../wire.ts'
import type { ListSeries } from '../data.ts'
import { intervalMs } from './points.ts'
import type { Range } from './scale.ts'

export interface Presence {
  readonly element: Element
  /** Of what was there already when the record begins, that is when it begins. */
  readonly firstSeen: number
  readonly isFromBeginning: boolean
  readonly lastSeen: number
  readonly datapointCount: number
  /** From report to report, oldest first. */
  readonly spans: readonly Range[]
}

/** In the order in which they were first seen, the newest first. */
export function presences({ times, values }: ListSeries): Presence[] {
  const gapMs = intervalMs(times) * GAP_INTERVALS
  const found = new Map<Element, Building>()
  for (const [place, list] of values.entries()) {
    const at = times[place] as number
    for (const element of list) {
      const known = found.get(element)
      if (known === undefined) {
        found.set(element, {
          firstSeen: at,
          lastSeen: at,
          lastPlace: place,
          count: 1,
          spans: [{ from: at, to: at }],
        })
      } else if (known.lastPlace !== place) goOn(known, place, at, gapMs)
    }
  }
  const beginning = times[0]
  return [...found]
    .map(([element, { firstSeen, lastSeen, count, spans }]) => ({
      element,
      firstSeen,
      lastSeen,
      datapointCount: count,
      spans,
      isFromBeginning: firstSeen === beginning,
    }))
    .sort((a, b) => b.firstSeen - a.firstSeen || compare(a.element, b.element))
}

interface Building {
  readonly firstSeen: number
  lastSeen: number
  lastPlace: number
  count: number
  readonly spans: Range[]
}

/** Where reports are missing nobody knows what was there: a bar does not go on across that. */
const GAP_INTERVALS = 2.5

function goOn(known: Building, place: number, at: number, gapMs: number): void {
  const last = known.spans.at(-1) as Range
  if (known.lastPlace === place - 1 && at - last.to <= gapMs) {
    known.spans[known.spans.length - 1] = { from: last.from, to: at }
  } else known.spans.push({ from: at, to: at })
  known.lastSeen = at
  known.lastPlace = place
  known.count += 1
}

const compare = (a: Element, b: Element) =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1

/** Seen for the first time while the alarm lasted, or in the interval in which it was raised. */
export function isNewAt({ firstSeen, isFromBeginning }: Presence, alarm: Range, usualMs: number): boolean {
  return !isFromBeginning && firstSeen >= alarm.from - usualMs && firstSeen <= alarm.to + usualMs
}
