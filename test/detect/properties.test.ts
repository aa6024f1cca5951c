/** What holds for any profile and any series. */
import { decode, encode } from 'cbor-x'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { IntervalSamples } from '../../scripts/profiles/series-notation.ts'
import type { Engine } from '../../src/detect/engine.ts'
import { restoreState } from '../../src/detect/saved-state.ts'
import type { DetectState } from '../../src/detect/state.ts'
import type { ViolationEvent } from '../../src/detect/violation.ts'
import type { Datapoint } from '../../src/metrics/datapoint.ts'
import { customMetrics, profiles, SAMPLES, series } from './generators.ts'
import { byIntervalAndName, type ReferenceEvent, referenceEvents } from './reference.ts'
import { engineOf, profileOf, startAt } from './scenario.ts'

const INTERVAL_MS = 300_000

type AllSeries = ReadonlyMap<string, readonly IntervalSamples[]>
type Change = (state: DetectState, engine: Engine, at: number) => DetectState
const unchanged: Change = (state) => state

/** Plays sample by sample, as the agent does; `between` may put a state through a file or a restart. */
function playSamples(engine: Engine, all: AllSeries, between: Change = unchanged) {
  const events: ViolationEvent[] = []
  const history: { at: number; datapoints: readonly Datapoint[] }[] = []
  let { state } = engine.resume(undefined, startAt, startAt + INTERVAL_MS)
  const length = Math.max(...[...all.values()].map((intervals) => intervals.length))
  for (let index = 0; index < length; index++) {
    for (let sample = 0; sample < SAMPLES; sample++) {
      const at = startAt + index * INTERVAL_MS + ((sample + 1) * INTERVAL_MS) / SAMPLES
      const outcome = engine.sample(state, datapointsAt(all, index, sample), at)
      events.push(...outcome.events)
      state = between(outcome.state, engine, at)
    }
    const closesAt = startAt + (index + 1) * INTERVAL_MS
    const outcome = engine.closeInterval(state, closesAt, closesAt + INTERVAL_MS)
    events.push(...outcome.events)
    history.push({ at: closesAt, datapoints: outcome.datapoints })
    state = between(outcome.state, engine, closesAt)
  }
  return { events, state, history }
}

function datapointsAt(all: AllSeries, index: number, sample: number): Datapoint[] {
  return [...all].flatMap(([metric, intervals]) => {
    const value = intervals[index]?.[sample]
    return value === undefined ? [] : [{ metric, value }]
  })
}

const summary = (events: readonly ViolationEvent[]): ReferenceEvent[] =>
  events
    .map((event) => ({
      interval: Math.ceil((event.violationEventTime - startAt) / INTERVAL_MS),
      behavior: event.behavior.name,
      type: event.violationEventType,
    }))
    .sort(byIntervalAndName)

const property = (
  check: (engine: Engine, all: AllSeries, profile: ReturnType<typeof profileOf>) => void,
  runs = 150,
) =>
  fc.assert(
    fc.property(profiles, series, (input, all) => {
      const profile = profileOf(input, customMetrics)
      check(engineOf([profile], customMetrics), all, profile)
    }),
    { numRuns: runs },
  )

describe('the engine', () => {
  test('with early verdicts gives the alarms of plain evaluation at the end of each interval', () => {
    let alarms = 0
    let early = 0
    property((engine, all, profile) => {
      const { events } = playSamples(engine, all)
      expect(summary(events)).toEqual(referenceEvents(profile, all))
      alarms += events.length
      early += events.filter(({ evidence }) => 'early' in evidence && evidence.early).length
    }, 200)
    // The property would hold of an engine that never alarms, or never early.
    expect(alarms).toBeGreaterThan(200)
    expect(early).toBeGreaterThan(80)
  })

  test('gives the same events when its own history is replayed, but for their sooner times', () => {
    property((engine, all) => {
      const { events, history } = playSamples(engine, all)
      const replayed: ViolationEvent[] = []
      let { state } = engine.resume(undefined, startAt, startAt + INTERVAL_MS)
      for (const { at, datapoints } of history) {
        const outcome = engine.evaluate(state, datapoints, at, at + INTERVAL_MS)
        replayed.push(...outcome.events)
        state = outcome.state
      }
      expect(summary(replayed)).toEqual(summary(events))
      const again: ViolationEvent[] = []
      let second = engine.resume(undefined, startAt, startAt + INTERVAL_MS).state
      for (const { at, datapoints } of history) {
        const outcome = engine.evaluate(second, datapoints, at, at + INTERVAL_MS)
        again.push(...outcome.events)
        second = outcome.state
      }
      expect(again).toEqual(replayed)
    })
  })

  test('goes on unchanged after its state went through JSON', () => {
    property((engine, all) => {
      const plain = playSamples(engine, all)
      const stored = playSamples(engine, all, (state) => restored(JSON.parse(JSON.stringify(state))))
      expect(stored.events).toEqual(plain.events)
      expect(stored.state).toEqual(plain.state)
    }, 25)
  })

  test('goes on unchanged after its state went through CBOR', () => {
    property((engine, all) => {
      const stored = playSamples(engine, all, (state) => restored(decode(encode(state))))
      expect(stored.events).toEqual(playSamples(engine, all).events)
    }, 25)
  })

  test('neither repeats nor forgets an alarm when it is restarted after each sample', () => {
    property((engine, all) => {
      const restart: Change = (state, again, at) => {
        const closesAt = state.openedAt === at ? at + INTERVAL_MS : state.closesAt
        const { state: resumed, events } = again.resume(
          restored(JSON.parse(JSON.stringify(state))),
          at,
          closesAt,
        )
        expect(events).toEqual([])
        return resumed
      }
      expect(playSamples(engine, all, restart).events).toEqual(playSamples(engine, all).events)
    }, 25)
  })

  test('does not depend on the order of a list, of datapoints or of behaviors', () => {
    property((engine, all, profile) => {
      const reversed = new Map(
        [...all]
          .reverse()
          .map(([metric, intervals]) => [metric, intervals.map((samples) => samples.map(backwards))]),
      )
      const mirrored = { ...profile, behaviors: (profile.behaviors ?? []).map(withSetBackwards).reverse() }
      const events = playSamples(engine, all).events
      const others = playSamples(engineOf([mirrored], customMetrics), reversed).events
      const content = (each: readonly ViolationEvent[]) =>
        each
          .map(({ behavior, violationId, ...event }) => JSON.stringify([behavior.name, violationId, event]))
          .sort()
      expect(content(others)).toEqual(content(events))
    }, 40)
  })

  test('leaves the state it was given as it was', () => {
    property((engine, all) => {
      playSamples(engine, all, (state) => deepFrozen(state))
    }, 15)
  })

  test('takes a clock set back as no time passed, and alarms the same afterwards', () => {
    property((engine, all) => {
      const plain = playSamples(engine, all).events
      const events: ViolationEvent[] = []
      let { state } = engine.resume(undefined, startAt, startAt + INTERVAL_MS)
      const length = Math.max(...[...all.values()].map((intervals) => intervals.length))
      // From the fourth interval on the device's clock is a day behind.
      const device = (engineAt: number) =>
        engineAt > startAt + 3 * INTERVAL_MS ? engineAt - 86_400_000 : engineAt
      for (let index = 0; index < length; index++) {
        const openedAt = startAt + index * INTERVAL_MS
        if (index === 3) state = engine.sample(state, [], openedAt - 86_400_000).state
        for (let sample = 0; sample < SAMPLES; sample++) {
          const at = device(openedAt + ((sample + 1) * INTERVAL_MS) / SAMPLES)
          const outcome = engine.sample(state, datapointsAt(all, index, sample), at)
          events.push(...outcome.events)
          state = outcome.state
        }
        const at = device(openedAt + INTERVAL_MS)
        const outcome = engine.closeInterval(state, at, at + INTERVAL_MS)
        events.push(...outcome.events)
        state = outcome.state
      }
      const told = ({ violationEventTime, behavior, violationEventType, metricValue }: ViolationEvent) => ({
        violationEventTime,
        name: behavior.name,
        violationEventType,
        metricValue,
      })
      expect(events.map(told)).toEqual(
        plain.map((event) => told({ ...event, violationEventTime: device(event.violationEventTime) })),
      )
    }, 30)
  })
})

function restored(stored: unknown): DetectState {
  const read = restoreState(stored)
  if (!read.ok) throw new Error(read.reason)
  return read.state
}

function backwards(value: IntervalSamples[number]): IntervalSamples[number] {
  if (value === undefined) return undefined
  const [[member, each] = []] = Object.entries(value)
  return {
    [member as string]: Array.isArray(each) ? [...each].reverse() : each,
  } as unknown as IntervalSamples[number]
}

function withSetBackwards<B extends { criteria?: { value?: IntervalSamples[number] } }>(behavior: B): B {
  if (behavior.criteria?.value === undefined) return behavior
  return { ...behavior, criteria: { ...behavior.criteria, value: backwards(behavior.criteria.value) } }
}

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) deepFrozen(each)
  }
  return value
}
