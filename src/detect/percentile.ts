/**
 * Percentiles of sorted numbers, and the statistics that a security profile may name.
 * Source: iot API reference, StatisticalThreshold (EvaluationStatistic). AWS does not say how it interpolates; here it
 * is linear between the two nearest ranks (the definition 7 of Hyndman and Fan, as spreadsheets do it).
 */

/** EvaluationStatistic, each with the share of the population below it. */
export const statistics = {
  p0: 0,
  'p0.01': 0.0001,
  'p0.1': 0.001,
  p1: 0.01,
  p10: 0.1,
  p50: 0.5,
  p90: 0.9,
  p99: 0.99,
  'p99.9': 0.999,
  'p99.99': 0.9999,
  p100: 1,
} as const
export type Statistic = keyof typeof statistics

/** `undefined` of nothing. `sorted` may be longer than its `length` in use. */
export function percentile(sorted: ArrayLike<number>, length: number, share: number): number | undefined {
  if (length === 0) return undefined
  const rank = (length - 1) * share
  const below = Math.floor(rank)
  const low = sorted[below] as number
  const high = sorted[Math.min(below + 1, length - 1)] as number
  // Weights, since a difference of two huge numbers could overflow; equal neighbours must give exactly themselves.
  return rank === below || low === high ? low : low * (1 - (rank - below)) + high * (rank - below)
}
