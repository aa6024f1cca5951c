/** Reads back what `encode.ts` wrote. Series are made when a thing is looked at, and kept. */
import type { Violation } from '../../model.ts'
import type { Element, WireReport, WireSeries } from '../wire.ts'

export interface Report {
  readonly title: string
  readonly source: string
  readonly generatedAt: number
  readonly notes: readonly string[]
  /** Newest first. */
  readonly violations: readonly Violation[]
  readonly profileTexts: ReadonlyMap<string, string>
  readonly things: readonly string[]
  readonly datapointsTotal: () => number
  /** By the metric's name; empty where nothing is known of the thing. */
  readonly seriesOf: (thingName: string) => ReadonlyMap<string, Series>
}

export type Series = NumberSeries | ListSeries

interface SeriesBase {
  readonly metric: string
  /** Oldest first, epoch milliseconds. */
  readonly times: readonly number[]
}
export interface NumberSeries extends SeriesBase {
  readonly kind: 'number'
  readonly values: readonly number[]
}
export interface ListSeries extends SeriesBase {
  readonly kind: 'list'
  readonly values: readonly (readonly Element[])[]
}

/** @param readSeries called when a series is wanted for the first time */
export function decodeReport(wire: WireReport, readSeries: () => WireSeries): Report {
  let series: WireSeries | undefined
  const made = new Map<string, ReadonlyMap<string, Series>>()
  const all = () => {
    series ??= readSeries()
    return series
  }
  return {
    title: wire.title,
    source: wire.source,
    generatedAt: wire.generatedAt,
    notes: wire.notes,
    things: wire.things,
    violations: decodeViolations(wire),
    profileTexts: new Map(wire.profileTexts),
    datapointsTotal: () => all().series.reduce((sum, { values }) => sum + values.length, 0),
    seriesOf: (thingName) => {
      const known = made.get(thingName)
      if (known !== undefined) return known
      const found = decodeSeries(all(), wire.things.indexOf(thingName))
      made.set(thingName, found)
      return found
    },
  }
}

function decodeViolations({ violations: columns, things, profileNames, behaviors }: WireReport): Violation[] {
  const { id, thing, profile, behavior, startedAt, endedAt, origin, state, records, last, verification } =
    columns
  // Columns of one length, as they were written: each place is there.
  const at = <T>(column: readonly T[], index: number) => column[index] as T
  return id.map((each, index) => {
    const end = at(endedAt, index)
    const lastPoint = at(last, index)
    const said = at(verification, index)
    return {
      id: each,
      thingName: at(things, at(thing, index)),
      securityProfileName: at(profileNames, at(profile, index)),
      behavior: at(behaviors, at(behavior, index)),
      startedAt: at(startedAt, index),
      ...(end === null ? {} : { endedAt: end }),
      origin: at(origin, index),
      state: at(state, index),
      records: at(records, index),
      ...(lastPoint === null ? {} : { last: lastPoint }),
      ...(said === null || said === undefined ? {} : { verification: said }),
    }
  })
}

function decodeSeries(wire: WireSeries, thing: number): ReadonlyMap<string, Series> {
  const lists = new Map<number, readonly Element[]>()
  const listAt = (place: number) => {
    const known = lists.get(place)
    if (known !== undefined) return known
    const list = (wire.lists[place] ?? []).map((element) => wire.elements[element] as Element)
    lists.set(place, list)
    return list
  }
  const found = wire.series
    .filter((each) => each.thing === thing)
    .map(({ metric, times, kind, values }): Series => {
      const base = { metric, times: sums(wire.times[times] ?? []) }
      return kind === 'number' ? { ...base, kind, values } : { ...base, kind, values: values.map(listAt) }
    })
  return new Map(found.sort((a, b) => (a.metric < b.metric ? -1 : 1)).map((each) => [each.metric, each]))
}

function sums(differences: readonly number[]): number[] {
  let sum = 0
  return differences.map((difference) => {
    sum += difference
    return sum
  })
}
