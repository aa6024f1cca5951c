/** Plays series of datapoints through the engine, interval by interval, as the agent would. */

import { engineFor, PLAY_START_AT, type Played, playSeries } from '../../scripts/profiles/play.ts'
import { parseSeries } from '../../scripts/profiles/series-notation.ts'
import type { Engine } from '../../src/detect/engine.ts'
import { formatProfileFaults } from '../../src/detect/reader.ts'
import { parseSecurityProfile, type SecurityProfile } from '../../src/detect/security-profile.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'

export const startAt = PLAY_START_AT

export interface Scenario {
  readonly profiles: readonly SecurityProfile[]
  readonly customMetrics?: Readonly<Record<string, CustomMetricType>>
  readonly intervalSeconds: number
  readonly series: Readonly<Record<string, string | number>>
}

export function profileOf(
  input: unknown,
  customMetrics: Readonly<Record<string, CustomMetricType>> = {},
): SecurityProfile {
  const parsed = parseSecurityProfile(input, { customMetricTypes: new Map(Object.entries(customMetrics)) })
  if (!parsed.ok) throw new Error(formatProfileFaults(parsed.faults))
  return parsed.profile
}

export const engineOf = (
  profiles: readonly SecurityProfile[],
  customMetrics: Readonly<Record<string, CustomMetricType>> = {},
): Engine => engineFor(profiles, new Map(Object.entries(customMetrics)))

export function play(scenario: Scenario): Played {
  const { customMetrics = {}, intervalSeconds } = scenario
  const series = Object.entries(scenario.series).map(
    ([metric, notation]) => [metric, parseSeries(metric, notation, customMetrics[metric])] as const,
  )
  return playSeries(engineOf(scenario.profiles, customMetrics), intervalSeconds * 1000, new Map(series))
}
