/** Plays series of datapoints through the engine, interval by interval, as the agent would. */
import { compileProfile } from '../../src/detect/compile.ts'
import { createEngine, type Engine } from '../../src/detect/engine.ts'
import { formatProfileFaults } from '../../src/detect/reader.ts'
import { parseSecurityProfile, type SecurityProfile } from '../../src/detect/security-profile.ts'
import type { DetectState } from '../../src/detect/state.ts'
import type { ViolationEvent } from '../../src/detect/violation.ts'
import { violationIds } from '../../src/detect/violation-id.ts'
import type { Datapoint } from '../../src/metrics/datapoint.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'
import { parseSeries } from './series-notation.ts'

export const startAt = Date.UTC(2026, 0, 1)
const thingName = 'gateway-1'

export interface Scenario {
  readonly profiles: readonly SecurityProfile[]
  readonly customMetrics?: Readonly<Record<string, CustomMetricType>>
  readonly intervalSeconds: number
  readonly series: Readonly<Record<string, string | number>>
}

export interface Played {
  readonly events: readonly ViolationEvent[]
  readonly state: DetectState
  readonly engine: Engine
}

export function profileOf(
  input: unknown,
  customMetrics: Readonly<Record<string, CustomMetricType>> = {},
): SecurityProfile {
  const parsed = parseSecurityProfile(input, { customMetricTypes: new Map(Object.entries(customMetrics)) })
  if (!parsed.ok) throw new Error(formatProfileFaults(parsed.faults))
  return parsed.profile
}

export function engineOf(
  profiles: readonly SecurityProfile[],
  customMetrics: Readonly<Record<string, CustomMetricType>> = {},
): Engine {
  const types = new Map(Object.entries(customMetrics))
  const compiled = profiles.map((profile) => compileProfile(profile, types))
  return createEngine(compiled, { thingName, newViolationId: violationIds(thingName) })
}

export function play(scenario: Scenario): Played {
  const { customMetrics = {}, intervalSeconds } = scenario
  const engine = engineOf(scenario.profiles, customMetrics)
  const intervalMs = intervalSeconds * 1000
  const series = Object.entries(scenario.series).map(([metric, notation]) => ({
    metric,
    intervals: parseSeries(metric, notation, customMetrics[metric]),
  }))
  const events: ViolationEvent[] = []
  let { state } = engine.resume(undefined, startAt, startAt + intervalMs)
  const length = Math.max(...series.map(({ intervals }) => intervals.length))
  for (let index = 0; index < length; index++) {
    const openedAt = startAt + index * intervalMs
    const samples = Math.max(...series.map(({ intervals }) => intervals[index]?.length ?? 1))
    for (let sample = 0; sample < samples; sample++) {
      const datapoints = series.flatMap(({ metric, intervals }): Datapoint[] => {
        const values = intervals[index] ?? []
        // A single sample in an interval is the one at its end.
        const value =
          values.length === 1 && sample < samples - 1
            ? undefined
            : values[Math.min(sample, values.length - 1)]
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
