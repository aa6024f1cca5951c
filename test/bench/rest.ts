/**
 * The agent at rest, at its true pace: memory, and the CPU time that the kernel counts for it. By default only for a minute,
 * which holds four samples and maybe no report; `--rest 600` watches for the ten minutes that make the memory settle.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { plural } from '../../scripts/render/numbers.ts'
import { AgentRun } from './agent-run.ts'
import { type BenchContext, type Figure, figure, type Group, type GroupResult } from './figure.ts'
import type { NodeStart } from './node-start.ts'
import { cpuMs, proportionalBytes, residentBytes } from './process-figures.ts'
import { SocketHolders } from './socket-holders.ts'
import { exactly } from './statistics.ts'
import { USUAL_LINES, usualConfiguration } from './usual.ts'

/** Until the start is over, and what it needed is given back. */
const SETTLE_MS = 10_000
const GOAL_MB = 45
const GOAL_PERCENT = 0.1

export const rest: Group = {
  name: 'rest',
  title: 'The agent at rest: reports each 300 s, samples each 15 s, 100 sockets, baseline profiles',
  run,
}

async function run(context: BenchContext): Promise<GroupResult> {
  const { starts, restSeconds } = context
  const holders = new SocketHolders()
  const others = SocketHolders.othersNote()
  const problem = await holders.hold(USUAL_LINES)
  const agent = await AgentRun.begin(context, { start: starts.recipe, configuration: usualConfiguration })
  try {
    const bareBytes = await bareNodeBytes(starts.recipe)
    await agent.runningMs
    await agent.pause(SETTLE_MS)
    const early = residentBytes(agent.pid)
    const [cpuBefore, wallBefore] = [cpuMs(agent.pid), performance.now()]
    await agent.pause(Math.max(1_000, restSeconds * 1000 - SETTLE_MS))
    const share = (cpuMs(agent.pid) - cpuBefore) / (performance.now() - wallBefore)
    const proportional = proportionalBytes(agent.pid)
    return {
      figures: [
        megabytes('Node without a program, resident', bareBytes),
        megabytes(`resident after ${SETTLE_MS / 1000} s`, early),
        megabytes('resident at the end', residentBytes(agent.pid), GOAL_MB),
        ...(proportional === undefined ? [] : [megabytes('its share of shared pages (Pss)', proportional)]),
        figure('CPU, share of one core', '%', exactly(share * 100), { goal: GOAL_PERCENT }),
      ],
      notes: [
        `watched for ${restSeconds} s, with ${plural(agent.reportCount, 'report')} in it; the goal for memory is one after 600 s`,
        ...others,
        ...(problem === undefined ? [] : [`without the ${USUAL_LINES} sockets: ${problem}`]),
      ],
    }
  } finally {
    await agent.stop()
    await holders.release()
  }
}

const megabytes = (name: string, bytes: number, goal?: number): Figure =>
  figure(name, 'MB', exactly(bytes / 1e6), { goal })

/** Started as the agent is, waiting for nothing. */
async function bareNodeBytes({ flags, environment }: NodeStart): Promise<number> {
  const child = spawn(
    process.execPath,
    [...flags, '-e', 'process.stdin.resume();process.stdout.write("up")'],
    {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const exited = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exited])
  // A second, for what Node does on other threads after the start.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const bytes = residentBytes(child.pid ?? 0)
  child.stdin.end()
  await exited
  return bytes
}
