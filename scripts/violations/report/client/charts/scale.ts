/** From values to places on a chart, and where its ticks stand. */

export interface Range {
  readonly from: number
  readonly to: number
}

export type Scale = (value: number) => number

export function linearScale({ from, to }: Range, start: number, end: number): Scale {
  const span = to - from || 1
  return (value) => start + ((value - from) / span) * (end - start)
}

/** Round numbers from zero to at least `top`: 1, 2 or 5 times a power of ten apart. */
export function valueTicks(top: number, countMax: number): number[] {
  if (!(top > 0) || !Number.isFinite(top)) return [0, 1]
  const rough = top / countMax
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const ticks: number[] = []
  for (let index = 0; ; index += 1) {
    // Multiplied, not added up: 0.1 ten times is not 1.
    const tick = Number((index * step).toPrecision(12))
    ticks.push(tick)
    if (tick >= top) return ticks
  }
}

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const TIME_STEPS_MS = [
  ...[1, 2, 5, 10, 30].map((count) => count * SECOND_MS),
  ...[1, 2, 5, 10, 30].map((count) => count * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR_MS),
  ...[1, 2, 7, 14, 28].map((count) => count * DAY_MS),
]

export interface TimeTick {
  readonly at: number
  readonly text: string
}

/** Instants in UTC, with the date where a day begins and at the first tick, and the time of day elsewhere. */
export function timeTicks({ from, to }: Range, countMax: number): TimeTick[] {
  const length = to - from
  if (!(length > 0)) return [{ at: from, text: tickText(from, 0, true) }]
  let step = TIME_STEPS_MS.find((each) => length / each <= countMax) ?? 28 * DAY_MS
  while (length / step > countMax) step *= 2
  const ticks: TimeTick[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    ticks.push({ at, text: tickText(at, step, ticks.length === 0) })
  }
  return ticks
}

function tickText(at: number, step: number, isFirst: boolean): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return ''
  const iso = date.toISOString()
  const day = `${Number(iso.slice(8, 10))} ${MONTHS[date.getUTCMonth()]}`
  if (step >= DAY_MS) return day
  const time = step < MINUTE_MS ? iso.slice(11, 19) : iso.slice(11, 16)
  if (at % DAY_MS === 0) return day
  return isFirst ? `${day} ${time}` : time
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
