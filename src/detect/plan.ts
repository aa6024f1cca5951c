/** What an engine judges, arranged so that a datapoint finds its behaviors at once. */
import { createHash } from 'node:crypto'
import type { CompiledBehavior, CompiledProfile } from './compile.ts'

export interface Plan {
  readonly behaviors: readonly CompiledBehavior[]
  readonly byMetric: ReadonlyMap<string, MetricPlan>
  /** Names this very list of behaviors. */
  readonly id: string
}

interface MetricPlan {
  /** Positions in `behaviors`. */
  readonly indexes: readonly number[]
  /** Windows in use, milliseconds, each once. */
  readonly durationsMs: readonly number[]
  /** Populations in use, each once; no duration for datapoints by themselves. */
  readonly learned: readonly { readonly key: string; readonly durationMs?: number }[]
}

export function planOf(profiles: readonly CompiledProfile[]): Plan {
  const behaviors = profiles.flatMap(({ judged }) => judged)
  const positions = new Map<string, number[]>()
  for (const [index, { behavior }] of behaviors.entries()) {
    const known = positions.get(behavior.metric)
    if (known === undefined) positions.set(behavior.metric, [index])
    else known.push(index)
  }
  const byMetric = new Map<string, MetricPlan>()
  for (const [metric, indexes] of positions) {
    byMetric.set(
      metric,
      metricPlan(
        indexes,
        indexes.map((index) => behaviors[index] as CompiledBehavior),
      ),
    )
  }
  const id = JSON.stringify(behaviors.map((each) => [each.profileName, each.behavior.name, each.fingerprint]))
  return { behaviors, byMetric, id: createHash('sha256').update(id).digest('hex').slice(0, 16) }
}

function metricPlan(indexes: readonly number[], behaviors: readonly CompiledBehavior[]): MetricPlan {
  const learned = new Map<string, { key: string; durationMs?: number }>()
  for (const { test, learnedKey: key, durationMs } of behaviors) {
    if (test.kind !== 'number' || !('statistic' in test.threshold)) continue
    learned.set(key, durationMs === undefined ? { key } : { key, durationMs })
  }
  const durationsMs = behaviors.map(({ durationMs }) => durationMs).filter((each) => each !== undefined)
  return { indexes, durationsMs: [...new Set(durationsMs)], learned: [...learned.values()] }
}
