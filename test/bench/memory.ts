/**
 * Memory after an hour of work and with many sockets. The hour is compressed: the agent's clock runs fast, so that twelve
 * reports and the samples between them come within seconds while windows and history see an hour. Memory with many sockets
 * is that of a second agent which has had the same hour with a larger table.
 */
import { rm } from 'node:fs/promises'
import { AgentRun } from './agent-run.ts'
import { type BenchContext, figure, type Group, type GroupResult } from './figure.ts'
import { generateTree } from './generated-tree.ts'
import { proportionalBytes, residentBytes } from './process-figures.ts'
import { scaled, summarize } from './statistics.ts'
import { usualConfiguration } from './usual.ts'

const RUNS = 3
const REPORTS_AN_HOUR = 12
/** A second for an interval of 300 s: slow enough that no sample is left out at 50,000 sockets. */
const CLOCK_FACTOR = 300
const FEW_LINES = 100
const MANY_LINES = 50_000
const ADDED_GOAL_MB = 4
/** After the hour, as between two samples: what the collector of garbage does by itself then, it may do. */
const SETTLE_MS = 2_000

const FAST_CLOCK = `const now=Date.now,from=now();Date.now=()=>from+(now()-from)*${CLOCK_FACTOR}`

const configuration = {
  ...usualConfiguration,
  SampleIntervalSeconds: usualConfiguration.SampleIntervalSeconds / CLOCK_FACTOR,
  LocalSampleIntervalSeconds: usualConfiguration.LocalSampleIntervalSeconds / CLOCK_FACTOR,
}

export const memory: Group = {
  name: 'memory',
  title: 'Resident memory of the agent after an hour of compressed cycles (generated trees)',
  run,
}

async function run(context: BenchContext): Promise<GroupResult> {
  const trees = [generateTree(context.scratch, FEW_LINES), generateTree(context.scratch, MANY_LINES)] as const
  try {
    const [few, many] = trees
    if (few === undefined || many === undefined) {
      return { figures: [], notes: [`skipped: ${context.scratch} has no room for the trees`] }
    }
    const turns: [Memory, Memory][] = []
    for (let turn = 0; turn < RUNS; turn += 1) {
      turns.push(await Promise.all([afterAnHour(context, few), afterAnHour(context, many)]))
    }
    const megabytes = (name: string, bytes: (turn: [Memory, Memory]) => number, goal?: number) =>
      figure(name, 'MB', scaled(summarize(turns.map(bytes)), 1e-6), { goal })
    const hasShares = turns.every(([small]) => small.proportionalBytes !== undefined)
    return {
      figures: [
        megabytes('100 sockets', ([small]) => small.residentBytes),
        megabytes('50,000 sockets', ([, large]) => large.residentBytes),
        megabytes(
          '50,000 sockets add',
          ([small, large]) => large.residentBytes - small.residentBytes,
          ADDED_GOAL_MB,
        ),
        ...(hasShares ? [megabytes('100 sockets, Pss', ([small]) => small.proportionalBytes ?? 0)] : []),
      ],
      notes: ['each socket with a remote host of its own, all on the list: the most that it can be'],
    }
  } finally {
    for (const tree of trees) if (tree !== undefined) await rm(tree, { recursive: true })
  }
}

interface Memory {
  readonly residentBytes: number
  readonly proportionalBytes: number | undefined
}

async function afterAnHour(context: BenchContext, tree: string): Promise<Memory> {
  const agent = await AgentRun.begin(context, {
    start: context.starts.recipe,
    configuration: { ...configuration, ProcPath: tree },
    preload: FAST_CLOCK,
  })
  try {
    await agent.reports(REPORTS_AN_HOUR)
    await agent.pause(SETTLE_MS)
    return { residentBytes: residentBytes(agent.pid), proportionalBytes: proportionalBytes(agent.pid) }
  } finally {
    await agent.stop()
  }
}
