/** Load average of the last minute from `loadavg`. Format: proc_loadavg(5): three averages first. */
import { ProcParseError } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'

export function parseLoadAvg(text: string): number {
  const oneMinute = /^(\d{1,9}\.\d{2}) /.exec(text)?.[1]
  if (oneMinute === undefined)
    throw new ProcParseError('loadavg', 1, 'load', 'a number with two decimals', text)
  return Number(oneMinute)
}

export const readLoadAvg = (proc: ProcFs): number => parseLoadAvg(proc.readText('loadavg'))
