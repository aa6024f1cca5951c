/**
 * How long the agent takes to be there, from the spawn of its process: connected to the nucleus, running, and the first
 * report handed over. The program's files are in the page cache, as at a second start of a device's service; the state is
 * empty.
 */
import { spawnSync } from 'node:child_process'
import { AgentRun } from './agent-run.ts'
import { type BenchContext, type Figure, figure, type Group, type GroupResult } from './figure.ts'
import type { NodeStart } from './node-start.ts'
import { type Summary, summarize } from './statistics.ts'

const RUNS = 10
const goals = { connected: 150, 'first report': 250 }

/** A report is due as soon as there can be one; all else is the recipe's default. */
const configuration = { SampleIntervalSeconds: 0.01 }

export const start: Group = { name: 'start', title: 'Start, wall clock from the spawn', run }

type Marks = Record<'connected' | 'running' | 'first report', number>

async function run(context: BenchContext): Promise<GroupResult> {
  const { recipe, plain } = context.starts
  const marks = { recipe: [] as Marks[], plain: [] as Marks[] }
  const nodes: number[] = []
  // The first of each fills the page cache.
  for (let turn = 0; turn <= RUNS; turn += 1) {
    const nodeMs = bareNodeMs()
    const ofRecipe = await startOnce(context, recipe)
    const ofPlain = await startOnce(context, plain)
    if (turn === 0) continue
    nodes.push(nodeMs)
    marks.recipe.push(ofRecipe)
    marks.plain.push(ofPlain)
  }
  const node = summarize(nodes)
  return {
    figures: [
      figure('node -e 0, to its end', 'ms', node),
      ...figuresOf('as in the recipe', marks.recipe, node, goals),
      ...figuresOf('no flags', marks.plain, node, {}),
    ],
    notes: [
      'floor: a Node without a program, from its spawn to its end; state on a disk in memory where there is one',
    ],
  }
}

async function startOnce(context: BenchContext, nodeStart: NodeStart): Promise<Marks> {
  const agent = await AgentRun.begin(context, { start: nodeStart, configuration })
  try {
    return {
      connected: await agent.connectedMs,
      running: await agent.runningMs,
      'first report': await agent.firstReportMs,
    }
  } finally {
    await agent.stop()
  }
}

function bareNodeMs(): number {
  const before = performance.now()
  spawnSync(process.execPath, ['-e', '0'])
  return performance.now() - before
}

function figuresOf(
  how: string,
  marks: readonly Marks[],
  node: Summary,
  goalsMs: Partial<Record<keyof Marks, number>>,
): Figure[] {
  return (['connected', 'running', 'first report'] as const).map((name) => {
    const summary = summarize(marks.map((each) => each[name]))
    return figure(`${name}, ${how}`, 'ms', summary, { floor: node.median, goal: goalsMs[name] })
  })
}
