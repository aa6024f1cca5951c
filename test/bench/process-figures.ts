/** What the kernel says of a running process: memory and CPU time. */
import { readdirSync, readFileSync } from 'node:fs'

/** Pages that are in memory now, shared ones too; proc_pid_status(5), VmRSS. */
export const residentBytes = (pid: number): number => kibibytes(`/proc/${pid}/status`, 'VmRSS')

/** As before, but a page that n processes share counts an nth; proc_pid_smaps(5). Undefined on kernels without it. */
export function proportionalBytes(pid: number): number | undefined {
  try {
    return kibibytes(`/proc/${pid}/smaps_rollup`, 'Pss')
  } catch {
    return undefined
  }
}

/**
 * CPU time of all threads that live, in milliseconds. From the scheduler's own count in nanoseconds (schedstat,
 * Documentation/scheduler/sched-stats.rst), for proc_pid_stat(5) has only steps of 10 ms, more than the agent uses in a
 * minute; from there where the kernel was built without the other.
 */
export function cpuMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const nanoseconds = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]),
    )
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6
  } catch {
    return ticksMs(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  }
}

/** A tick is 10 ms for user space on all architectures that Node runs on (USER_HZ, linux/include/asm-generic/param.h). */
const TICK_MS = 10

/** `utime` and `stime`, fields 14 and 15; the name in field 2 may hold blanks and brackets. */
export function ticksMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function kibibytes(path: string, name: string): number {
  const found = new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8'))?.[1]
  if (found === undefined) throw new Error(`${path} has no ${name}`)
  return Number(found) * 1024
}
