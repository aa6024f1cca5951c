/** The figures of collecting at one number of lines, and what they should be. */
import type { WarmSubject } from './collection.ts'
import type { CollectionProcess } from './collection-process.ts'
import { type BenchContext, type Figure, figure } from './figure.ts'
import type { Measured } from './measure.ts'
import type { NodeStart } from './node-start.ts'
import { type Summary, summarize } from './statistics.ts'

export interface Goals {
  /** Of a warm report or sample, milliseconds, by the floor's. */
  readonly warmMs?: (floorMs: number) => number
  readonly firstMs?: (floorMs: number) => number
}

interface CollectionOptions {
  /** Of the names of the figures. */
  readonly prefix: string
  readonly goals: Goals
  /** Where the recipe has flags, without them too. */
  readonly isPlainShown: boolean
}

export interface CollectionFigures {
  readonly figures: readonly Figure[]
  readonly warm: Readonly<Record<WarmSubject, Measured>>
}

/** As the recipe starts Node. */
export async function collectionFigures(
  { starts }: BenchContext,
  processes: CollectionProcess,
  procPath: string,
  { prefix, goals, isPlainShown }: CollectionOptions,
): Promise<CollectionFigures> {
  const { warm, firstMs } = await measureWith(starts.recipe, processes, procPath)
  const floor = warm.floor.cpuMs.median
  const warmBeside = { floor, goal: goals.warmMs?.(floor) }
  const figures = [
    figure(`${prefix} floor`, 'ms', warm.floor.cpuMs),
    figure(`${prefix} report`, 'ms', warm.report.cpuMs, warmBeside),
    figure(`${prefix} sample`, 'ms', warm.sample.cpuMs, warmBeside),
    figure(`${prefix} report, wall clock`, 'ms', warm.report.wallMs),
    figure(`${prefix} first`, 'ms', firstMs, { floor, goal: goals.firstMs?.(floor) }),
  ]
  if (!isPlainShown || isPlain(starts.recipe)) return { figures, warm }
  const plain = await measureWith(starts.plain, processes, procPath)
  const plainBeside = { floor: plain.warm.floor.cpuMs.median }
  figures.push(
    figure(`${prefix} report, no flags`, 'ms', plain.warm.report.cpuMs, plainBeside),
    figure(`${prefix} first, no flags`, 'ms', plain.firstMs, plainBeside),
  )
  return { figures, warm }
}

const isPlain = ({ flags, environment }: NodeStart): boolean =>
  flags.length === 0 && Object.keys(environment).length === 0

async function measureWith(
  start: NodeStart,
  processes: CollectionProcess,
  procPath: string,
): Promise<{ readonly warm: CollectionFigures['warm']; readonly firstMs: Summary }> {
  const warm = await processes.warm(start, procPath)
  const firsts = await processes.firsts(start, procPath)
  return { warm, firstMs: summarize(firsts.map(({ cpuMs }) => cpuMs)) }
}
