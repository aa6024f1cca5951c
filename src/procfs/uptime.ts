/** Seconds since boot from `uptime`. Format: proc_uptime(5): `uptime idle`, both in seconds with two decimals. */
import { ProcParseError } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'

export function parseUptime(text: string): number {
  const seconds = /^(\d{1,12}\.\d{2}) /.exec(text)?.[1]
  if (seconds === undefined)
    throw new ProcParseError('uptime', 1, 'uptime', 'seconds with two decimals', text)
  return Number(seconds)
}

export const readUptime = (proc: ProcFs): number => parseUptime(proc.readText('uptime'))
