/**
 * Chance without chance: a number in [0, 1) for each device and purpose, always the same, and spread so evenly that also
 * of few devices in a row the right share is met. Multiples of an irrational number, taken modulo 1 (Weyl); the golden
 * ratio leaves the smallest gaps.
 */
import { createHash } from 'node:crypto'

const GOLDEN = (Math.sqrt(5) - 1) / 2
/** Steps for other purposes, so that these do not go together. */
const STEPS = [Math.SQRT2 - 1, Math.sqrt(3) - 1, Math.sqrt(7) - 2, Math.sqrt(11) - 3, Math.sqrt(13) - 3]

export type Spread = (index: number) => number

/** @param purpose two purposes give unrelated numbers; the first word `fate` has the evenest ones */
export function spreadFor(seed: number, purpose: string): Spread {
  const digest = createHash('sha256').update(`${seed} ${purpose}`).digest()
  const start = digest.readUInt32BE(0) / 2 ** 32
  const step = purpose.startsWith('fate') ? GOLDEN : (STEPS[digest.readUInt8(4) % STEPS.length] as number)
  return (index) => (start + index * step) % 1
}
