/**
 * What several runs of one measurement say. The median stands for them, since one run that the machine disturbed does not
 * move it; the lowest and the highest say how far the machine's noise went.
 */
export interface Summary {
  readonly median: number
  readonly lowest: number
  readonly highest: number
  readonly runs: number
}

export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  const lowest = sorted[0]
  const highest = sorted.at(-1)
  if (lowest === undefined || highest === undefined) throw new Error('no runs, so nothing to summarize')
  return { median: medianOf(sorted), lowest, highest, runs: sorted.length }
}

/** A value that no further run would change. */
export const exactly = (value: number): Summary => ({ median: value, lowest: value, highest: value, runs: 1 })

/** The same in another unit. */
export const scaled = ({ median, lowest, highest, runs }: Summary, factor: number): Summary => ({
  median: median * factor,
  lowest: lowest * factor,
  highest: highest * factor,
  runs,
})

/** Of an even number of runs: between the two in the middle. */
function medianOf(sorted: readonly number[]): number {
  const upper = sorted[sorted.length >> 1] as number
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[(sorted.length >> 1) - 1] as number)) / 2
}
