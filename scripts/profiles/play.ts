/** Plays series of datapoints through the component's engine, sample by sample, as the agent does. */
import { compileProfile } from '../../src/detect/compile.ts'
import { createEngine, type Engine } from '../../src/detect/engine.ts'
import type { SecurityProfile } from '../../src/detect/security-profile.ts'
import type { DetectState } from '../../src/detect/state.ts'
import type { ViolationEvent } from '../../src/detect/violation.ts'
import { violationIds } from '../../src/detect/violation-id.ts'
import type { Datapoint } from '../../src/metrics/datapoint.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'
import type { IntervalSamples } from './series-notation.ts'

/** Any instant would do; this one is a round one. */
export const PLAY_START_AT = Date.UTC(2026, 0, 1)
const thingName = 'gateway-1'

export interface Played {
  readonly events: readonly ViolationEvent[]
  readonly state: DetectState
  readonly engine: Engine
}

export function engineFor(
  profiles: readonly SecurityProfile[],
  customMetricTypes: ReadonlyMap<string, CustomMetricType>,
): Engine {
  const compiled = profiles.map((profile) => compileProfile(profile, customMetricTypes))
  return createEngine(compiled, { thingName, newViolationId: violationIds(thingName) })
}

/** From `PLAY_START_AT` to the end of the longest series. */
export function playSeries(
  engine: Engine,
  intervalMs: number,
  series: ReadonlyMap<string, readonly IntervalSamples[]>,
): Played {
  const all = [...series].map(([metric, intervals]) => ({ metric, intervals }))
  const events: ViolationEvent[] = []
  let { state } = engine.resume(undefined, PLAY_START_AT, PLAY_START_AT + intervalMs)
  const length = Math.max(0, ...all.map(({ intervals }) => intervals.length))
  for (let index = 0; index < length; index++) {
    const openedAt = PLAY_START_AT + index * intervalMs
    const samples = Math.max(...all.map(({ intervals }) => intervals[index]?.length ?? 1))
    for (let sample = 0; sample < samples; sample++) {
      const datapoints = all.flatMap(({ metric, intervals }): Datapoint[] => {
        const value = valueAt(intervals[index] ?? [], sample, samples)
        return value === undefined ? [] : [{ metric, value }]
      })
      const outcome = engine.sample(state, datapoints, openedAt + ((sample + 1) * intervalMs) / samples)
      state = outcome.state
      events.push(...outcome.events)
    }
    const outcome = engine.closeInterval(state, openedAt + intervalMs, openedAt + 2 * intervalMs)
    state = outcome.state
    events.push(...outcome.events)
  }
  return { events, state, engine }
}

/** A series with a single sample in an interval has it at the interval's end. */
function valueAt(values: IntervalSamples, sample: number, samples: number): IntervalSamples[number] {
  if (values.length === 1 && sample < samples - 1) return undefined
  return values[Math.min(sample, values.length - 1)]
}
