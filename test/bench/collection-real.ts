/**
 * Collection from this machine's `/proc` with real loopback connections: what a device has to pay. The table ends where
 * the machine refuses more sockets.
 */
import { type CollectionFigures, collectionFigures } from './collection-figures.ts'
import { CollectionProcess } from './collection-process.ts'
import { type BenchContext, type Figure, figure, type Group, type GroupResult } from './figure.ts'
import { SocketHolders } from './socket-holders.ts'
import { exactly } from './statistics.ts'

const LINES = [0, 100, 1_000, 10_000, 50_000]
const GROWTH = { from: 10_000, to: 50_000 }

const goals = {
  warmMs: (floorMs: number) => 1.15 * floorMs + 1,
  firstMs: (floorMs: number) => 1.6 * floorMs + 5,
}
/** Of the floor's own growth: nothing in a collection may grow faster than the file. */
const GROWTH_GOAL = 1.15

export const collectionReal: Group = {
  name: 'real',
  title: 'Collection from /proc with real loopback sockets, CPU time (lines of net/tcp)',
  run,
}

async function run(context: BenchContext): Promise<GroupResult> {
  const processes = await CollectionProcess.build(context.root, context.scratch)
  const holders = new SocketHolders()
  const measured = new Map<number, CollectionFigures>()
  const notes = SocketHolders.othersNote()
  try {
    for (const lines of LINES) {
      const problem = await holders.hold(lines)
      if (problem !== undefined) {
        notes.push(`skipped: ${lines} lines and more: ${problem}`)
        break
      }
      const prefix = lines.toLocaleString('en-US')
      measured.set(
        lines,
        await collectionFigures(context, processes, '/proc', { prefix, goals, isPlainShown: true }),
      )
    }
  } finally {
    await holders.release()
  }
  return {
    figures: [...measured.values()].flatMap(({ figures }) => figures).concat(growthFigures(measured)),
    notes: [
      ...notes,
      'floor: a loop that only reads the same files; report, sample: warm; first: in a fresh process',
    ],
  }
}

function growthFigures(measured: ReadonlyMap<number, CollectionFigures>): Figure[] {
  const [from, to] = [measured.get(GROWTH.from)?.warm, measured.get(GROWTH.to)?.warm]
  if (from === undefined || to === undefined) return []
  const growth = (subject: keyof typeof from) => to[subject].cpuMs.median / from[subject].cpuMs.median
  const name = (subject: string) => `${GROWTH.from / 1000}k to ${GROWTH.to / 1000}k, ${subject}`
  const goal = GROWTH_GOAL * growth('floor')
  return [
    figure(name('floor'), 'x', exactly(growth('floor'))),
    figure(name('report'), 'x', exactly(growth('report')), { goal }),
    figure(name('sample'), 'x', exactly(growth('sample')), { goal }),
  ]
}
