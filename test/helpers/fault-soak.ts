/** Runs the real agent for thousands of reports, with traffic and alarms, and watches what must not grow. */
import type { Cleanup } from './agent.ts'
import { eventually, handleCount, keepDoing, residentBytes, startBench } from './fault-bench.ts'
import { seededRandom, someTraffic } from './fault-device.ts'

export interface SoakPoint {
  readonly cycles: number
  readonly residentBytes: number
  /** Open files and sockets of the process. */
  readonly handles: number
  /** On disk, below the state directory. */
  readonly stateBytes: number
}

/**
 * The agent's system clock runs so much faster than its pace: 10 ms between two reports are 300 s by it. So windows, alarms and the
 * days of the history come and go as they would.
 */
const CLOCK_FACTOR = 30_000
const fastClock = `const now=Date.now,from=now();Date.now=()=>from+(now()-from)*${CLOCK_FACTOR}`

/** One report every 10 ms, or as fast as it goes; a look at the process at the start, and after each tenth of `cycles`. */
export async function soak(
  cleanup: Cleanup,
  cycles: number,
  onPoint: (point: SoakPoint) => void = () => {},
): Promise<SoakPoint[]> {
  const bench = await startBench(cleanup, {
    mode: 'lite',
    environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fastClock)}` },
    configuration: {
      SampleIntervalSeconds: 0.01,
      LocalSampleIntervalSeconds: 0.02,
      HealthIntervalSeconds: 0.1,
    },
  })
  const { device, agent, core } = bench
  const pid = core.componentPid ?? 0
  const random = seededRandom(3)
  const stopFlowing = keepDoing(cleanup, () => device.flow(someTraffic(random)), 50)
  let isOpen = false
  const stopListening = keepDoing(
    cleanup,
    () => {
      isOpen = !isOpen
      device.listen(isOpen ? [20_000] : [])
    },
    500,
  )
  const points: SoakPoint[] = []
  try {
    for (let tenth = 0; tenth <= 10; tenth += 1) {
      const due = (cycles * tenth) / 10
      await eventually(`${due} reports`, () => (agent.reports.length >= due ? true : undefined), 600_000)
      const point = {
        cycles: agent.reports.length,
        residentBytes: await residentBytes(pid),
        handles: await handleCount(pid),
        stateBytes: await bench.stateBytes(),
      }
      points.push(point)
      onPoint(point)
    }
  } finally {
    stopFlowing()
    stopListening()
  }
  await bench.untilToldTo('reports')
  if (core.componentPid !== pid) throw new Error(`the agent was started anew:\n${agent.lastEvents()}`)
  return points
}
