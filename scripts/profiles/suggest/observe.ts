/**
 * What was seen of each metric over the days of a history: the evidence on which a profile is proposed. Its size depends
 * on the metrics and on a bound, not on the days or devices.
 */
import { type Element, elementsOf } from '../../../src/detect/criteria.ts'
import { type ClosedInterval, isComplete, joined, pastOf, retained } from '../../../src/detect/window.ts'
import { accumulationOf, durationsSeconds, type ValueMember } from '../../../src/metrics/catalog.ts'
import { DISTANCES_LOOKED_AT, usualDistance } from '../backtest/run.ts'
import type { HistoryRecord } from '../history/records.ts'
import { intervalAfter, type ReportInterval } from '../replay.ts'

const DAY_MS = 86_400_000

export interface NumbersSeen {
  readonly kind: 'numbers'
  readonly member: 'count' | 'number'
  /** Traffic by the window that is added up, whole windows only; levels by themselves (0). Milliseconds. */
  readonly byWindow: ReadonlyMap<number, Distribution>
}

export interface ListSeen {
  readonly kind: 'list'
  readonly member: Exclude<ValueMember, 'count' | 'number'>
  readonly elements: ReadonlyMap<Element, ElementSeen>
  readonly reports: number
  /** More elements than were kept. */
  readonly isOverfull: boolean
}

export interface ElementSeen {
  /** In how many reports it was. */
  readonly count: number
  /** The numbers of the first of them: of several elements they tell reports in common from different ones. */
  readonly firstReports: readonly number[]
}

export interface Observed {
  readonly metrics: ReadonlyMap<string, NumbersSeen | ListSeen>
  readonly devices: number
  readonly reports: number
  readonly from: number
  readonly to: number
  /** UTC days with a report. */
  readonly days: number
}

/** Beyond this a list is no list of what is normal, and a set in a profile may hold a thousand elements. */
const ELEMENTS_MAX = 20_000
/** As many as it takes to be sure of an element; more would be a number for each element of each report. */
export const FIRST_REPORTS_MAX = 5
/** The shortest and the longest window that criteria may have. */
const SHORT_WINDOW_MS = Math.min(...durationsSeconds) * 1000
const LONG_WINDOW_MS = Math.max(...durationsSeconds) * 1000

export class Observation {
  readonly #metrics = new Map<string, NumbersTally | ListTally>()
  readonly #devices = new Map<string, DeviceTrack>()
  readonly #days = new Set<number>()
  #reports = 0
  #from = Number.POSITIVE_INFINITY
  #to = Number.NEGATIVE_INFINITY

  add(record: HistoryRecord): void {
    const { device, at } = record
    this.#reports++
    this.#from = Math.min(this.#from, at)
    this.#to = Math.max(this.#to, at)
    this.#days.add(Math.floor(at / DAY_MS))
    const track = this.#devices.get(device) ?? new DeviceTrack()
    this.#devices.set(device, track)
    for (const ready of track.add(record)) this.#take(track, ready)
  }

  #take(track: DeviceTrack, { at, datapoints }: HistoryRecord): void {
    for (const { metric, value } of datapoints) {
      const elements = elementsOf(value)
      if (elements !== undefined) {
        this.#list(metric, Object.keys(value)[0] as ListSeen['member']).add(elements)
        continue
      }
      const member = 'count' in value ? 'count' : 'number'
      const amount = 'count' in value ? value.count : (value as { readonly number: number }).number
      const numbers = this.#numbers(metric, member)
      if (accumulationOf(metric, member) !== 'sum') {
        numbers.at(0).add(amount)
        continue
      }
      const interval = track.next(metric, at)
      for (const ms of [SHORT_WINDOW_MS, LONG_WINDOW_MS]) {
        // Of a window that was never whole it is told that there was none.
        const windows = numbers.at(ms)
        const sum = track.sumOf(metric, amount, ms, interval)
        if (sum !== undefined) windows.add(sum)
      }
      track.close(metric, amount, interval)
    }
  }

  /** Once, at the end. */
  result(): Observed {
    for (const track of this.#devices.values()) {
      for (const record of track.rest()) this.#take(track, record)
    }
    return {
      metrics: new Map(
        [...this.#metrics].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, each.seen()]),
      ),
      devices: this.#devices.size,
      reports: this.#reports,
      from: this.#from,
      to: this.#to,
      days: this.#days.size,
    }
  }

  #list(metric: string, member: ListSeen['member']): ListTally {
    const known = this.#metrics.get(metric)
    if (known instanceof ListTally && known.member === member) return known
    const fresh = new ListTally(member)
    this.#metrics.set(metric, fresh)
    return fresh
  }

  #numbers(metric: string, member: NumbersSeen['member']): NumbersTally {
    const known = this.#metrics.get(metric)
    if (known instanceof NumbersTally && known.member === member) return known
    const fresh = new NumbersTally(member)
    this.#metrics.set(metric, fresh)
    return fresh
  }
}

class ListTally {
  readonly member: ListSeen['member']
  readonly #elements = new Map<Element, { count: number; readonly firstReports: number[] }>()
  #reports = 0
  #isOverfull = false

  constructor(member: ListSeen['member']) {
    this.member = member
  }

  add(elements: readonly Element[]): void {
    const report = this.#reports++
    // A list may name an element twice; it was in one report all the same.
    for (const element of new Set(elements)) {
      const known = this.#elements.get(element)
      if (known === undefined) {
        if (this.#elements.size >= ELEMENTS_MAX) this.#isOverfull = true
        else this.#elements.set(element, { count: 1, firstReports: [report] })
        continue
      }
      known.count++
      if (known.firstReports.length < FIRST_REPORTS_MAX) known.firstReports.push(report)
    }
  }

  seen(): ListSeen {
    return {
      kind: 'list',
      member: this.member,
      elements: this.#elements,
      reports: this.#reports,
      isOverfull: this.#isOverfull,
    }
  }
}

class NumbersTally {
  readonly member: NumbersSeen['member']
  readonly #byWindow = new Map<number, Distribution>()

  constructor(member: NumbersSeen['member']) {
    this.member = member
  }

  at(windowMs: number): Distribution {
    const known = this.#byWindow.get(windowMs) ?? new Distribution()
    this.#byWindow.set(windowMs, known)
    return known
  }

  seen(): NumbersSeen {
    return { kind: 'numbers', member: this.member, byWindow: this.#byWindow }
  }
}

/** One device's report intervals, and its traffic in those of the last hour. */
class DeviceTrack {
  /** The first records, until the time between them is known. */
  #waiting: HistoryRecord[] = []
  #intervalMs: number | undefined
  /** By metric: a file may hold one metric after the other, hours of each at a time. */
  readonly #lastAt = new Map<string, number>()
  readonly #closed = new Map<string, readonly ClosedInterval[]>()

  /** The records that can be judged now. */
  add(record: HistoryRecord): readonly HistoryRecord[] {
    if (this.#intervalMs !== undefined) return [record]
    this.#waiting.push(record)
    return this.#waiting.length > DISTANCES_LOOKED_AT ? this.rest() : []
  }

  rest(): readonly HistoryRecord[] {
    const records = this.#waiting
    this.#waiting = []
    this.#intervalMs ??= usualDistance(records.map(({ at }) => at))
    return records
  }

  next(metric: string, at: number): ReportInterval {
    let lastAt = this.#lastAt.get(metric)
    // Another file of the same device may begin earlier: it does not go on from what was read before.
    if (lastAt !== undefined && at <= lastAt) {
      this.#closed.delete(metric)
      lastAt = undefined
    }
    this.#lastAt.set(metric, at)
    return intervalAfter(lastAt, at, this.#intervalMs as number)
  }

  /** In the window that ends with this interval, if it is whole. */
  sumOf(
    metric: string,
    amount: number,
    windowMs: number,
    { closesAt, open }: ReportInterval,
  ): number | undefined {
    const past = pastOf(this.#closed.get(metric) ?? [], 'sum', windowMs, closesAt)
    return isComplete(past, open, windowMs) ? joined('sum', past.value, amount) : undefined
  }

  close(metric: string, value: number, { openedAt, at, open }: ReportInterval): void {
    const closed = [
      ...(this.#closed.get(metric) ?? []),
      { startAt: openedAt, endAt: at, coveredMs: open.coveredMs, value },
    ]
    this.#closed.set(metric, retained(closed, at + (this.#intervalMs as number)))
  }
}

/** Values kept for percentiles; of more, every second, every fourth and so on is kept. */
const VALUES_MAX = 65_536

/** The extremes exactly, percentiles from an even selection. */
export class Distribution {
  #values: number[] = []
  #keepEvery = 1
  count = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY

  add(value: number): void {
    if (this.count % this.#keepEvery === 0) this.#values.push(value)
    this.count++
    this.min = Math.min(this.min, value)
    this.max = Math.max(this.max, value)
    if (this.#values.length < VALUES_MAX) return
    this.#values = this.#values.filter((_, index) => index % 2 === 0)
    this.#keepEvery *= 2
  }

  quantile(share: number): number {
    const sorted = [...this.#values].sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  }
}
