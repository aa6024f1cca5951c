/**
 * CPU time since boot from `stat`.
 *
 * Format: proc_stat(5): `cpu user nice system idle iowait irq softirq steal guest guest_nice`, in clock ticks. `guest` is
 * part of `user`, so it is not added again.
 */
import { ProcParseError } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'

export interface CpuTicks {
  /** All time of all CPUs. */
  readonly total: number
  /** Time in which nothing ran, waiting for a disk included. */
  readonly idle: number
}

/** `user` to `steal`; kernels before 2.6.11 have fewer columns, but at least the first four. */
const COUNTED_COLUMNS = 8

export function parseStat(text: string): CpuTicks {
  const line = text.split('\n', 1)[0] ?? ''
  const [name, ...columns] = line.trim().split(/\s+/)
  const ticks = columns.slice(0, COUNTED_COLUMNS).map(Number)
  if (name !== 'cpu' || ticks.length < 4 || !ticks.every(Number.isSafeInteger)) {
    throw new ProcParseError('stat', 1, 'cpu', 'cpu and at least 4 numbers', line)
  }
  const [, , , idle = 0, ioWait = 0] = ticks
  return { total: ticks.reduce((sum, value) => sum + value, 0), idle: idle + ioWait }
}

export const readStat = (proc: ProcFs): CpuTicks => parseStat(proc.readText('stat'))
