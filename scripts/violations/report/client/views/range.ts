/** Which time a chart shows: at first, at most, and as the address has it. */
import type { Violation } from '../../../model.ts'
import type { Range } from '../charts/scale.ts'
import type { Series } from '../data.ts'
import { instantIn, type Query } from '../route.ts'

/** Around an alarm: as much as lets one see what was usual before it. */
const AROUND_MS = 90 * 60_000
/** Less is drawn no larger: a few values of a young agent are seconds apart. */
const RANGE_MS_MIN = 60_000
/** Beside what is known, so that the first value and the last mark do not stand on the frame. */
const MARGIN_SHARE = 0.03

/** @param known all values of the thing and the alarm itself: beyond it nothing could be drawn */
export function rangeAround({ startedAt, endedAt }: Violation, known: Range, now: number): Range {
  const end = Math.min(endedAt ?? now, startedAt + 24 * 3_600_000)
  const around = Math.max(AROUND_MS, (end - startedAt) * 0.5)
  const wanted = { from: startedAt - around, to: end + around }
  const from = Math.max(wanted.from, known.from)
  const to = Math.min(wanted.to, known.to)
  const margin = Math.max((to - from) * MARGIN_SHARE, (RANGE_MS_MIN - (to - from)) / 2)
  return {
    from: Math.round(Math.max(wanted.from, from - margin)),
    to: Math.round(Math.min(wanted.to, to + margin)),
  }
}

/** All that is known of a thing: its values and its violations. */
export function wholeRange(
  series: ReadonlyMap<string, Series>,
  violations: readonly Violation[],
  now: number,
): Range {
  const times = [...series.values()]
    .flatMap((each) => [each.times[0], each.times.at(-1)])
    .filter((at) => at !== undefined)
  const all = [...times, ...violations.flatMap(({ startedAt, endedAt }) => [startedAt, endedAt ?? now])]
  const from = all.reduce((a, b) => Math.min(a, b), all[0] ?? now - 3_600_000)
  const to = all.reduce((a, b) => Math.max(a, b), all[0] ?? now)
  return { from, to: to > from ? to : from + 60_000 }
}

/** The time in the address, or else what the page shows at first. */
export function rangeIn(query: Query, otherwise: Range): Range {
  const from = instantIn(query, 'from')
  const to = instantIn(query, 'to')
  return from !== undefined && to !== undefined && to > from ? { from, to } : otherwise
}
