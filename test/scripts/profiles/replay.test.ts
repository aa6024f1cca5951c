/** The replay gives the alarms that the component's engine gives on the same stream. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createReplay, judgedBehaviors } from '../../../scripts/profiles/replay.ts'
import type { IntervalSamples } from '../../../scripts/profiles/series-notation.ts'
import { compileProfile } from '../../../src/detect/compile.ts'
import type { SecurityProfile } from '../../../src/detect/security-profile.ts'
import type { Datapoint } from '../../../src/metrics/datapoint.ts'
import { customMetrics, profiles, SAMPLES, series } from '../../detect/generators.ts'
import { engineOf, profileOf, startAt } from '../../detect/scenario.ts'

const INTERVAL_MS = 300_000
/** More for a run by hand: `REPLAY_RUNS=10000 npx vitest run test/scripts/profiles/replay.test.ts`. */
const RUNS = Number(process.env.REPLAY_RUNS ?? 300)

/** What both are compared by. */
const said = (at: number, behavior: string, type: string) =>
  `${(at - startAt) / INTERVAL_MS} ${behavior} ${type}`

type AllSeries = ReadonlyMap<string, readonly IntervalSamples[]>

/** The engine sample by sample, as the component drives it; alarms by the end of the interval in which they come. */
function component(profile: SecurityProfile, all: AllSeries) {
  const engine = engineOf([profile], customMetrics)
  const events: string[] = []
  const history: { at: number; datapoints: readonly Datapoint[] }[] = []
  let { state } = engine.resume(undefined, startAt, startAt + INTERVAL_MS)
  const length = Math.max(...[...all.values()].map((intervals) => intervals.length))
  for (let index = 0; index < length; index++) {
    const closesAt = startAt + (index + 1) * INTERVAL_MS
    for (let sample = 1; sample <= SAMPLES; sample++) {
      const datapoints = [...all].flatMap(([metric, intervals]): Datapoint[] => {
        const value = intervals[index]?.[sample - 1]
        return value === undefined ? [] : [{ metric, value }]
      })
      const outcome = engine.sample(
        state,
        datapoints,
        closesAt - INTERVAL_MS + (sample * INTERVAL_MS) / SAMPLES,
      )
      state = outcome.state
      for (const event of outcome.events)
        events.push(said(closesAt, event.behavior.name, event.violationEventType))
    }
    const outcome = engine.closeInterval(state, closesAt, closesAt + INTERVAL_MS)
    state = outcome.state
    for (const event of outcome.events)
      events.push(said(closesAt, event.behavior.name, event.violationEventType))
    // Nothing measured is nothing stored: the replay has to see the gap by itself.
    if (outcome.datapoints.length > 0) history.push({ at: closesAt, datapoints: outcome.datapoints })
  }
  return { events: events.sort(), history }
}

function replayed(profile: SecurityProfile, history: ReturnType<typeof component>['history']) {
  const compiled = [compileProfile(profile, new Map(Object.entries(customMetrics)))]
  const names = judgedBehaviors(compiled).map(({ behavior }) => behavior.name)
  const replay = createReplay(compiled, INTERVAL_MS)
  const events = history.flatMap(({ at, datapoints }) =>
    replay.record(at, datapoints).map((event) => said(event.at, names[event.behavior] ?? '', event.type)),
  )
  return events.sort()
}

test('on any stream', () => {
  let alarms = 0
  fc.assert(
    fc.property(profiles, series, (input, all) => {
      const profile = profileOf(input, customMetrics)
      const { events, history } = component(profile, all)
      expect(replayed(profile, history)).toEqual(events)
      alarms += events.length
    }),
    { numRuns: RUNS },
  )
  // Streams without alarms would prove nothing.
  expect(alarms).toBeGreaterThan(RUNS / 2)
}, 600_000)

const ports = (...open: number[]): IntervalSamples => [{ ports: open }, { ports: open }, { ports: open }]
const nothing: IntervalSamples = [undefined, undefined, undefined]
const many = (count: number, interval: IntervalSamples) => Array.from({ length: count }, () => interval)
const telnet = {
  securityProfileName: 'p',
  behaviors: [
    {
      name: 'telnet',
      metric: 'aws:listening-tcp-ports',
      criteria: { comparisonOperator: 'not-in-port-set', value: { ports: [23] } },
    },
  ],
}

const silences: { name: string; intervals: IntervalSamples[]; others: IntervalSamples[]; events: number }[] =
  [
    {
      name: 'the metric alone is silent for two days',
      intervals: [ports(23)],
      others: many(700, [{ count: 1 }]),
      events: 2,
    },
    {
      name: 'the device is silent for three days',
      intervals: [ports(23), ...many(900, nothing), ports(23)],
      others: [],
      events: 3,
    },
    {
      name: 'silent for a day',
      intervals: [ports(23), ...many(288, nothing), ports()],
      others: [],
      events: 2,
    },
  ]

test.each(silences)('$name', ({ intervals, others, events }) => {
  const profile = profileOf(telnet)
  const all = new Map([
    ['aws:listening-tcp-ports', intervals],
    ['aws:num-listening-tcp-ports', others],
  ])
  const played = component(profile, all)
  expect(played.events.length).toBe(events)
  expect(replayed(profile, played.history)).toEqual(played.events)
})
