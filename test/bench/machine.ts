/** Where and when the figures were made: they mean little without it. */
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

export interface Machine {
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly memoryMB: number
  readonly kernel: string
  readonly architecture: string
}

export const thisMachine = (): Machine => ({
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryMB: Math.round(totalmem() / 1e6),
  kernel: release(),
  architecture: process.arch,
})

export const machineText = ({ node, cpu, cores, memoryMB, kernel, architecture }: Machine): string =>
  `Node ${node} ${architecture}, ${cores} cores of ${cpu}, ${memoryMB} MB, Linux ${kernel}`

/** The mean number of processes that wanted to run in the last minute, proc_loadavg(5). */
export const loadAverage = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100

/** Whether times can be compared; another kernel or memory leaves them comparable enough. */
export const isSameKind = (a: Machine, b: Machine): boolean =>
  a.cpu === b.cpu && a.cores === b.cores && a.node.split('.')[0] === b.node.split('.')[0]
