/**
 * A figure beside the one that was committed last. Times and memory differ between two runs of the same program, so a
 * small difference of theirs says nothing and is called noise; a size is counted, and each byte of difference is real.
 */
import type { Unit } from './figure.ts'

export interface LastFigure {
  readonly unit: Unit
  readonly median: number
  readonly runs: number
}

/** Seen between runs of the same program on shared virtual machines. */
const NOISE_SHARE = 0.25

const counted: ReadonlySet<Unit> = new Set(['B', 'kB'])

/** `new`, `same`, `noise`, or the difference in percent. */
export function changeSince(
  last: LastFigure | undefined,
  now: { readonly unit: Unit; readonly median: number },
): string {
  if (last === undefined || last.unit !== now.unit) return 'new'
  if (last.median === now.median) return 'same'
  if (last.median === 0) return 'new'
  const share = now.median / last.median - 1
  if (!counted.has(now.unit)) return Math.abs(share) < NOISE_SHARE ? 'noise' : signedPercent(share, 0)
  return signedPercent(share, Math.abs(share) < 0.1 ? 1 : 0)
}

const signedPercent = (share: number, digits: number): string =>
  `${share < 0 ? '-' : '+'}${Math.abs(share * 100).toFixed(digits)} %`
