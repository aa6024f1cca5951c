/**
 * What was seen of each metric over the days of a history: the evidence on which a profile is proposed. Its size depends
 * on the metrics and on a bound, not on the days or devices.
 */
import { type Element, elementsOf } from '../../../src/detect/criteria.ts'
import { accumulationOf, durationsSeconds, type ValueMember } from '../../../src/metrics/catalog.ts'
import type { HistoryRecord } from '../history/records.ts'

const DAY_MS = 86_400_000

export interface NumbersSeen {
  readonly kind: 'numbers'
  readonly member: 'count' | 'number'
  /** Traffic by the window that is added up, levels by themselves (0). Milliseconds. */
  readonly byWindow: ReadonlyMap<number, Distribution>
}

export interface ListSeen {
  readonly kind: 'list'
  readonly member: Exclude<ValueMember, 'count' | 'number'>
  /** In how many reports each element was. */
  readonly elements: ReadonlyMap<Element, number>
  readonly reports: number
  /** More elements than were kept. */
  readonly isOverfull: boolean
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
/** An hour is the longest window that criteria may have. */
const LONG_WINDOW_MS = Math.max(...durationsSeconds) * 1000
const SHORT_WINDOW_MS = Math.min(...durationsSeconds) * 1000

export class Observation {
  readonly #metrics = new Map<string, NumbersTally | ListTally>()
  readonly #devices = new Map<string, Map<string, Trailing>>()
  readonly #days = new Set<number>()
  #reports = 0
  #from = Number.POSITIVE_INFINITY
  #to = Number.NEGATIVE_INFINITY

  add({ device, at, datapoints }: HistoryRecord): void {
    this.#reports++
    this.#from = Math.min(this.#from, at)
    this.#to = Math.max(this.#to, at)
    this.#days.add(Math.floor(at / DAY_MS))
    const trailing = this.#devices.get(device) ?? new Map<string, Trailing>()
    this.#devices.set(device, trailing)
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
      const window = trailing.get(metric) ?? new Trailing()
      trailing.set(metric, window)
      window.add(at, amount)
      for (const ms of [SHORT_WINDOW_MS, LONG_WINDOW_MS]) numbers.at(ms).add(window.sum(at - ms))
    }
  }

  result(): Observed {
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
  readonly #elements = new Map<Element, number>()
  #reports = 0
  #isOverfull = false

  constructor(member: ListSeen['member']) {
    this.member = member
  }

  add(elements: readonly Element[]): void {
    this.#reports++
    for (const element of elements) {
      const count = this.#elements.get(element)
      if (count === undefined && this.#elements.size >= ELEMENTS_MAX) this.#isOverfull = true
      else this.#elements.set(element, (count ?? 0) + 1)
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

/** Amounts of the last hour. */
class Trailing {
  #entries: { readonly at: number; readonly amount: number }[] = []

  add(at: number, amount: number): void {
    this.#entries.push({ at, amount })
    const first = this.#entries.findIndex((entry) => entry.at > at - LONG_WINDOW_MS)
    if (first > 0) this.#entries = this.#entries.slice(first)
  }

  /** Of the reports after `since`; of the latest one in any case, as it may cover more than the window. */
  sum(since: number): number {
    const newest = this.#entries.at(-1)
    return this.#entries.reduce(
      (sum, entry) => (entry.at > since || entry === newest ? sum + entry.amount : sum),
      0,
    )
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
