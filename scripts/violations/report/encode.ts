/** From violations and datapoints to the columns of `wire.ts`. What is the same is written once. */
import type { MetricPoint, Violation } from '../model.ts'
import { contentOf } from '../words.ts'
import type { Element, WireMetric, WireReport, WireSeries } from './wire.ts'

/** Datapoints by thing and by metric, oldest first. */
export type SeriesByThing = ReadonlyMap<string, ReadonlyMap<string, readonly MetricPoint[]>>

export interface ReportContent {
  readonly title: string
  /** Where it was read from, for people. */
  readonly source: string
  readonly generatedAt: number
  /** Newest first. */
  readonly violations: readonly Violation[]
  readonly series: SeriesByThing
  /** Text of security profiles, by name, where it is known. */
  readonly profileTexts?: ReadonlyMap<string, string>
  readonly notes?: readonly string[]
}

export interface EncodedReport {
  readonly report: WireReport
  readonly series: WireSeries
}

export function encodeReport(content: ReportContent): EncodedReport {
  const { title, source, generatedAt, violations, profileTexts = new Map(), notes = [] } = content
  const things = dictionary<string>(String)
  const profiles = dictionary<string>(String)
  const behaviors = dictionary<Violation['behavior']>(JSON.stringify)
  const report: WireReport = {
    title,
    source,
    generatedAt,
    notes,
    violations: {
      id: violations.map(({ id }) => id),
      thing: violations.map(({ thingName }) => things.placeOf(thingName)),
      profile: violations.map(({ securityProfileName }) => profiles.placeOf(securityProfileName)),
      behavior: violations.map(({ behavior }) => behaviors.placeOf(behavior)),
      startedAt: violations.map(({ startedAt }) => startedAt),
      endedAt: violations.map(({ endedAt }) => endedAt ?? null),
      origin: violations.map(({ origin }) => origin),
      state: violations.map(({ state }) => state),
      records: violations.map(({ records }) => records),
      last: violations.map(({ last }) => last ?? null),
      verification: violations.map(({ verification }) => verification ?? null),
    },
    things: things.entries,
    profileNames: profiles.entries,
    behaviors: behaviors.entries,
    profileTexts: [...profileTexts],
  }
  return { report, series: encodeSeries(content.series, things.placeOf) }
}

function encodeSeries(all: SeriesByThing, placeOfThing: (name: string) => number): WireSeries {
  const times = dictionary<readonly number[]>(JSON.stringify)
  const elements = dictionary<Element>((element) => `${typeof element} ${element}`)
  const lists = dictionary<readonly number[]>(JSON.stringify)
  const placeOfList = (content: readonly Element[]) => lists.placeOf(content.map(elements.placeOf))
  const series: WireMetric[] = []
  for (const [thingName, metrics] of all) {
    for (const [metric, points] of metrics) {
      const [first] = points
      if (first === undefined) continue
      const isList = typeof contentOf(first.value) !== 'number'
      // A custom metric may have changed its type; what is drawn is of one type.
      const fitting = points.filter(({ value }) => (typeof contentOf(value) !== 'number') === isList)
      series.push({
        thing: placeOfThing(thingName),
        metric,
        times: times.placeOf(differences(fitting.map(({ at }) => at))),
        kind: isList ? 'list' : 'number',
        values: fitting.map(({ value }) => {
          const content = contentOf(value)
          return typeof content === 'number' ? content : placeOfList(content)
        }),
      })
    }
  }
  return { times: times.entries, elements: elements.entries, lists: lists.entries, series }
}

const differences = (times: readonly number[]): number[] =>
  times.map((at, index) => (index === 0 ? at : at - (times[index - 1] as number)))

interface Dictionary<T> {
  readonly entries: readonly T[]
  readonly placeOf: (entry: T) => number
}

/** @param keyOf the same for equal entries and for no others */
function dictionary<T>(keyOf: (entry: T) => string): Dictionary<T> {
  const entries: T[] = []
  const places = new Map<string, number>()
  return {
    entries,
    placeOf: (entry) => {
      const key = keyOf(entry)
      const known = places.get(key)
      if (known !== undefined) return known
      places.set(key, entries.length)
      return entries.push(entry) - 1
    },
  }
}
