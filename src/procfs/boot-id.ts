/** The kernel's random id of this boot, from `sys/kernel/random/boot_id` (random(4)): a UUID that changes at each boot. */
import { ProcParseError } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'

export function parseBootId(text: string): string {
  const id = text.trim()
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    throw new ProcParseError('sys/kernel/random/boot_id', 1, 'boot_id', 'a UUID', id)
  }
  return id
}

export const readBootId = (proc: ProcFs): string => parseBootId(proc.readText('sys/kernel/random/boot_id'))
