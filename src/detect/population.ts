/**
 * What a statistical threshold is computed from: this device's own datapoints of the last fourteen days before the
 * window. AWS keeps metrics for fourteen days (General Reference, Device Defender quotas) and computes percentiles over
 * a fleet; a device knows only itself, so a threshold here means "compared with its own past".
 *
 * The values are immutable, in short chunks, so that adding one copies little. Their sorted order is remembered apart, by identity, and moved along
 * when a population grows: in the usual case, where each state is used once, a datapoint costs one insertion; a
 * population that comes out of a file, or from an older state, is sorted anew.
 */
import { percentile, type Statistic, statistics } from './percentile.ts'

export const LEARNING_DATAPOINTS_MIN = 30
const RETENTION_SECONDS = 14 * 86_400
/** Fourteen days of a report each 300 s. Shorter intervals learn from as many datapoints, which are fewer days. */
export const POPULATION_DATAPOINTS_MAX = 14 * 288
const CHUNK_DATAPOINTS_MAX = 64

interface Chunk {
  /** Seconds since the epoch, in the engine's time. */
  readonly startSecond: number
  /** Seconds since then, ascending, one for each value. */
  readonly seconds: readonly number[]
  readonly values: readonly number[]
}

export interface Population {
  readonly chunks: readonly Chunk[]
  readonly count: number
}

export interface Learnt {
  /** Engine's time, milliseconds. */
  readonly at: number
  readonly value: number
}

export const emptyPopulation: Population = { chunks: [], count: 0 }

/**
 * Adds datapoints, oldest first, and lets go of those that are over fourteen days older than `windowStartAt`.
 * The same population comes back if nothing changes.
 */
export function learn(population: Population, added: readonly Learnt[], windowStartAt: number): Population {
  const oldest = Math.floor(windowStartAt / 1000) - RETENTION_SECONDS
  if (added.length === 0 && !isOlder(population.chunks[0], oldest)) return population
  const chunks = [...population.chunks]
  for (const { at, value } of added) append(chunks, Math.floor(at / 1000), value)
  let count = population.count + added.length
  const removed: number[] = []
  while (isOlder(chunks[0], oldest) || count > POPULATION_DATAPOINTS_MAX) {
    const { rest, value } = withoutFirst(chunks[0] as Chunk)
    removed.push(value)
    count--
    if (rest === undefined) chunks.shift()
    else chunks[0] = rest
  }
  const next = { chunks, count }
  moveSorted(population, next, added, removed)
  return next
}

/** `undefined` while there are too few datapoints, or where percentiles do not apply because one is negative. */
export function thresholdOf(population: Population, statistic: Statistic): number | undefined {
  if (population.count < LEARNING_DATAPOINTS_MIN) return undefined
  const { values, length } = sortedOf(population)
  // "Custom metrics": percentiles are not available if any value is negative.
  if ((values[0] as number) < 0) return undefined
  return percentile(values, length, statistics[statistic])
}

export function hasNegative(population: Population): boolean {
  return population.count > 0 && (sortedOf(population).values[0] as number) < 0
}

function isOlder(chunk: Chunk | undefined, second: number): boolean {
  return chunk !== undefined && chunk.startSecond + (chunk.seconds[0] as number) < second
}

function withoutFirst({ startSecond, seconds, values }: Chunk): { rest?: Chunk; value: number } {
  const value = values[0] as number
  return seconds.length === 1
    ? { value }
    : { value, rest: { startSecond, seconds: seconds.slice(1), values: values.slice(1) } }
}

function append(chunks: Chunk[], second: number, value: number): void {
  const last = chunks.at(-1)
  if (last === undefined || last.seconds.length >= CHUNK_DATAPOINTS_MAX) {
    chunks.push({ startSecond: second, seconds: [0], values: [value] })
    return
  }
  const { startSecond, seconds, values } = last
  chunks[chunks.length - 1] = {
    startSecond,
    seconds: [...seconds, second - startSecond],
    values: [...values, value],
  }
}

interface Sorted {
  readonly values: Float64Array
  length: number
}

const sortedByPopulation = new WeakMap<Population, Sorted>()

function sortedOf(population: Population): Sorted {
  let sorted = sortedByPopulation.get(population)
  if (sorted === undefined) {
    const values = new Float64Array(POPULATION_DATAPOINTS_MAX + 1)
    let length = 0
    for (const chunk of population.chunks) for (const value of chunk.values) values[length++] = value
    values.subarray(0, length).sort()
    sorted = { values, length }
    sortedByPopulation.set(population, sorted)
  }
  return sorted
}

/** Hands the sorted order over to the next population; the former one would have to sort again. */
function moveSorted(
  from: Population,
  to: Population,
  added: readonly Learnt[],
  removed: readonly number[],
): void {
  const sorted = sortedByPopulation.get(from)
  if (sorted === undefined || added.length + removed.length > MOVES_MAX) return
  sortedByPopulation.delete(from)
  for (const value of removed) {
    const position = rankOf(sorted, value)
    sorted.values.copyWithin(position, position + 1, sorted.length)
    sorted.length--
  }
  for (const { value } of added) {
    const position = rankOf(sorted, value)
    sorted.values.copyWithin(position + 1, position, sorted.length)
    sorted.values[position] = value
    sorted.length++
  }
  sortedByPopulation.set(to, sorted)
}
/** Beyond this many moves sorting afresh is as cheap. */
const MOVES_MAX = 64

/** The first position whose value is not smaller. */
function rankOf({ values, length }: Sorted, value: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
