/**
 * Collection from generated trees, up to a million lines. Their files are on a disk in memory where there is one, so the
 * floor is little more than a copy, far below the kernel's price for a real `/proc`: what a line costs us is the figure
 * to read here.
 */
import { rmSync } from 'node:fs'
import { collectionFigures } from './collection-figures.ts'
import { CollectionProcess } from './collection-process.ts'
import { type BenchContext, type Figure, figure, type Group, type GroupResult } from './figure.ts'
import { generateTree } from './generated-tree.ts'
import { exactly } from './statistics.ts'

const LINES = [1_000, 10_000, 100_000, 1_000_000]
const goals = { warmMs: (floorMs: number) => 1.2 * floorMs }

export const collectionTrees: Group = {
  name: 'trees',
  title: 'Collection from generated trees, CPU time (lines of net/tcp)',
  run,
}

async function run(context: BenchContext): Promise<GroupResult> {
  const processes = await CollectionProcess.build(context.root, context.scratch)
  const figures: Figure[] = []
  const notes = ['each line: what it takes above the floor']
  for (const lines of LINES) {
    const tree = generateTree(context.scratch, lines)
    if (tree === undefined) {
      notes.push(`skipped: ${lines} lines: ${context.scratch} has no room for them`)
      break
    }
    try {
      const prefix = lines.toLocaleString('en-US')
      const isLargest = lines === LINES.at(-1)
      const { figures: some, warm } = await collectionFigures(context, processes, tree, {
        prefix,
        goals: isLargest ? goals : {},
        isPlainShown: false,
      })
      const perLine = (subject: 'report' | 'sample'): Figure => {
        const aboveMs = warm[subject].cpuMs.median - warm.floor.cpuMs.median
        return figure(`${prefix} ${subject}, each line`, 'ns', exactly((aboveMs * 1e6) / lines))
      }
      figures.push(...some, perLine('report'), perLine('sample'))
    } finally {
      rmSync(tree, { recursive: true })
    }
  }
  return { figures, notes }
}
