/**
 * What one sample and one report cost the whole agent in CPU time, from the reading of `/proc` to the state on disk, and
 * what that makes at the usual pace. Two agents at a quick pace: one that takes samples only, one that makes reports only.
 * At the true pace each turn finds colder caches: the group `rest` sees that.
 */
import { AgentRun } from './agent-run.ts'
import { type BenchContext, type Figure, figure, type Group, type GroupResult } from './figure.ts'
import { floorOf } from './floor.ts'
import { measureByTurns } from './measure.ts'
import { cpuMs } from './process-figures.ts'
import { SocketHolders } from './socket-holders.ts'
import { exactly, type Summary, summarize } from './statistics.ts'
import { USUAL_LINES, usualConfiguration } from './usual.ts'

const RUNS = 5
const RUN_MS = 2_000
const WARM_UP_MS = 3_000
/** A turn begins so long after the end of the last, and takes a millisecond or two: the count is at most 2 % too high. */
const SAMPLE_SECONDS = 0.1
const REPORT_SECONDS = 0.1
/** The longest that can be set. */
const NEVER = { SampleIntervalSeconds: 86_400, LocalSampleIntervalSeconds: 3_600 }
const GOAL_PERCENT = 0.1

export const agentCpu: Group = {
  name: 'cpu',
  title: "The agent's CPU time: 100 sockets, baseline profiles, reports each 300 s, samples each 15 s",
  run,
}

async function run(context: BenchContext): Promise<GroupResult> {
  const holders = new SocketHolders()
  const notes = SocketHolders.othersNote()
  const problem = await holders.hold(USUAL_LINES)
  if (problem !== undefined) notes.push(`without the ${USUAL_LINES} sockets: ${problem}`)
  try {
    const { floor } = measureByTurns({ floor: floorOf('/proc') })
    const begin = (paces: Readonly<Record<string, number>>) =>
      AgentRun.begin(context, {
        start: context.starts.recipe,
        configuration: { ...usualConfiguration, ...NEVER, HealthIntervalSeconds: 0, ...paces },
      })
    const sampling = await begin({ LocalSampleIntervalSeconds: SAMPLE_SECONDS })
    const reporting = await begin({ SampleIntervalSeconds: REPORT_SECONDS })
    try {
      const [samples, reports] = await Promise.all([
        costs(sampling, () => performance.now() / (SAMPLE_SECONDS * 1000)),
        costs(reporting, () => reporting.reportCount),
      ])
      return { figures: figuresOf(floor.cpuMs, summarize(samples), summarize(reports)), notes }
    } finally {
      await sampling.stop()
      await reporting.stop()
    }
  } finally {
    await holders.release()
  }
}

/** CPU milliseconds of one turn, several times. */
async function costs(agent: AgentRun, turnsSoFar: () => number): Promise<number[]> {
  await agent.runningMs
  await agent.pause(WARM_UP_MS)
  const found: number[] = []
  for (let run = 0; run < RUNS; run += 1) {
    const [cpuBefore, turnsBefore] = [cpuMs(agent.pid), turnsSoFar()]
    await agent.pause(RUN_MS)
    const turns = turnsSoFar() - turnsBefore
    if (turns < 1) throw new Error(`the agent made no turn within ${RUN_MS} ms`)
    found.push((cpuMs(agent.pid) - cpuBefore) / turns)
  }
  return found
}

function figuresOf(floor: Summary, sample: Summary, report: Summary): Figure[] {
  const { SampleIntervalSeconds: interval, LocalSampleIntervalSeconds: pace } = usualConfiguration
  const percentOf = (sampleMs: number, reportMs: number) =>
    exactly(((sampleMs * (interval / pace - 1) + reportMs) / (interval * 1000)) * 100)
  const beside = { floor: floor.median }
  return [
    figure('floor: only reading the files', 'ms', floor),
    figure('one local sample', 'ms', sample, beside),
    figure('one report', 'ms', report, beside),
    figure('floor, share of one core', '%', percentOf(floor.median, floor.median)),
    figure('agent, share of one core', '%', percentOf(sample.median, report.median), { goal: GOAL_PERCENT }),
  ]
}
