/** Number of processes: the entries of the mount point that are process ids (proc(5): numerical subdirectories). */
import type { ProcFs } from './proc-fs.ts'

export const countProcesses = (proc: ProcFs): number =>
  proc.list().filter((name) => /^\d+$/.test(name)).length
