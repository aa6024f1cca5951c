/**
 * Memory of the machine from `meminfo`.
 *
 * Format: proc_meminfo(5): `Name:   number kB`. MemAvailable is the kernel's own estimate of what can be used without
 * swapping (Linux 3.14); before that it is approached by what is free or could be dropped.
 */
import { ProcParseError } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'

/** In KiB, as the kernel gives them. */
export interface MemInfo {
  readonly totalKiB: number
  readonly availableKiB: number
}

export function parseMemInfo(text: string): MemInfo {
  const total = field(text, 'MemTotal')
  const available = field(text, 'MemAvailable') ?? sum(text, ['MemFree', 'Buffers', 'Cached'])
  if (total === undefined || total === 0) throw missing('MemTotal', text)
  if (available === undefined || available > total) throw missing('MemAvailable', text)
  return { totalKiB: total, availableKiB: available }
}

function field(text: string, name: string): number | undefined {
  const digits = new RegExp(`^${name}:\\s+(\\d{1,15}) kB$`, 'm').exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function sum(text: string, names: readonly string[]): number | undefined {
  const values = names.map((name) => field(text, name))
  return values.reduce(
    (left, right) => (left === undefined || right === undefined ? undefined : left + right),
    0,
  )
}

const missing = (name: string, text: string) =>
  new ProcParseError('meminfo', 1, name, 'its line with a number of kB', text.slice(0, 80))

export const readMemInfo = (proc: ProcFs): MemInfo => parseMemInfo(proc.readText('meminfo'))
