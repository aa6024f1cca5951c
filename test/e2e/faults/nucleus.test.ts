/** A nucleus that restarts, hangs up, answers late, and a Device Defender that answers with anything: no byte is lost or doubled. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, test, vi } from 'vitest'
import { eventually, type FaultBench, keepDoing, startBench } from '../../helpers/fault-bench.ts'
import { seededRandom, someTraffic } from '../../helpers/fault-device.ts'

vi.setConfig({ testTimeout: 180_000 })

const modes = ['classic', 'lite'] as const
/** What of it a test may use up: lite starts a component three times within an hour. */
const STARTS_A_HOUR_MAX = 3

const startsOf = ({ agent }: FaultBench): number =>
  agent.states.filter(({ state }) => state === 'STARTING').length

/** So many more reports reach Device Defender, whatever it says to them. */
const untilReported = ({ agent }: FaultBench, count: number) => {
  const before = agent.reports.length
  return agent.until(`${count} reports`, () => agent.reports[before + count - 1])
}

/** The agent is connected again, and hears what Device Defender answers. */
async function untilHeard(bench: FaultBench): Promise<void> {
  const accepted = () => bench.health()?.reports.accepted ?? 0
  const before = accepted()
  await eventually('replies that are heard', () => (accepted() > before + 1 ? true : undefined))
}

describe.concurrent('replies', () => {
  test.for(modes)(
    'on %s: late, doubled, for unknown ids, garbage, none, rejected, throttled: sums stay exact',
    async (mode, context) => {
      const bench = await startBench(context, { mode })
      const { core, agent, device } = bench
      const pid = core.componentPid
      const random = seededRandom(11)
      const stopFlowing = keepDoing(context, () => device.flow(someTraffic(random)), 20)
      for (const behavior of [
        'late',
        'duplicate',
        'unknown-id',
        'garbage',
        'silent',
        'reject',
        'throttle',
      ] as const) {
        core.faults.setReplies(behavior, 100)
        await untilReported(bench, 4)
        core.faults.setReplies('answer')
        await untilReported(bench, 2)
      }
      stopFlowing()
      await bench.untilToldTo('reports')
      await agent.nextReport()
      await bench.untilToldTo('copies')
      expect(bench.reports()).toMatchObject({ traffic: device.carried, repeated: 0 })
      expect(bench.copies()).toMatchObject({ traffic: device.carried, repeated: 0 })
      expect(core.componentPid).toBe(pid)
      expect(agent.log.filter(({ level }) => level === 'error')).toEqual([])
    },
  )

  test.for(modes)(
    'on %s: nobody answers, which is said once, and nothing is kept back',
    async (mode, context) => {
      const bench = await startBench(context, { mode })
      const { core, agent } = bench
      const silence = () => agent.log.filter(({ message }) => /nobody answers/.test(message))
      core.faults.setReplies('silent')
      await untilReported(bench, 12)
      expect(silence()).toMatchObject([{ level: 'warn' }])
      await eventually('that it is in the health', () => bench.health()?.reports.isUnanswered || undefined)
      core.faults.setReplies('answer')
      await agent.logWhere('that it answers', ({ message }) => message === 'Device Defender answers')
      expect(silence()).toHaveLength(1)
    },
  )

  test('throttled: reports become fewer, and as many as before once they are accepted', async (context) => {
    const bench = await startBench(context, { mode: 'lite' })
    bench.core.faults.setReplies('throttle')
    const said = await bench.agent.logWhere('the third level', ({ reportsLeftOut }) => reportsLeftOut === 7)
    expect(said).toMatchObject({ level: 'warn', code: 'Throttled' })
    bench.core.faults.setReplies('answer')
    await untilReported(bench, 20)
    expect(bench.agent.reports.filter(({ status }) => status === 'REJECTED').length).toBeLessThan(10)
  })

  test('rejected as malformed: the report and the reason are kept for whoever looks into it', async (context) => {
    const { core, agent, stateDirectory } = await startBench(context, { mode: 'classic' })
    core.faults.setReplies('reject')
    const { reportId } = await agent.logWhere('the rejection', ({ code }) => code === 'InvalidPayload')
    core.faults.setReplies('answer')
    const { report } = await agent.reportWhere('the report', (each) => each.reportId === reportId)
    const path = `${stateDirectory}/rejected/${reportId}`
    await eventually('the reason', () => (existsSync(`${path}.reason.txt`) ? true : undefined))
    expect(JSON.parse(await readFile(`${path}.payload`, 'utf8'))).toEqual(report)
    expect(await readFile(`${path}.reason.txt`, 'utf8')).toBe('InvalidPayload: Malformed metrics report\n')
  })
})

describe.concurrent('the connection', () => {
  test.for(modes)('on %s: lost ten times while a report is handed over', async (mode, context) => {
    const bench = await startBench(context, { mode })
    const { core, agent, device } = bench
    const pid = core.componentPid
    const random = seededRandom(13)
    const stopFlowing = keepDoing(context, () => device.flow(someTraffic(random)), 20)
    for (let loss = 0; loss < 10; loss += 1) {
      // Device Defender has the report, and the agent will not hear that the nucleus took it.
      core.faults.setDelayMs(200)
      await agent.nextReport()
      core.faults.disconnect()
      core.faults.setDelayMs(0)
      await untilHeard(bench)
    }
    stopFlowing()
    await bench.untilToldTo('reports')
    await bench.untilToldTo('copies')
    expect(bench.reports().traffic).toEqual(device.carried)
    // The doubt was real: some came twice, each with the id and the content that it had.
    expect(bench.reports().repeated).toBeGreaterThan(0)
    expect(core.componentPid).toBe(pid)
  })

  test('lite forgets the process (new SVCUID): it ends, is started anew, and no more than three times an hour', async (context) => {
    const bench = await startBench(context, { mode: 'lite' })
    const { core, agent, device } = bench
    const random = seededRandom(17)
    for (let start = 2; start <= STARTS_A_HOUR_MAX; start += 1) {
      device.flow(someTraffic(random))
      await core.faults.restart()
      device.flow(someTraffic(random))
      expect((await agent.state('ERRORED', start - 1)).exitCode).toBe(1)
      await bench.untilToldTo('reports')
    }
    // A fourth start would be the last one that systemd allows: it waits for the hour to pass, and says so once.
    await core.faults.restart()
    const { waitSeconds } = await agent.logWhere('that it waits', ({ message }) =>
      /too many starts/.test(message),
    )
    expect(waitSeconds).toBeGreaterThan(3_000)
    expect(waitSeconds).toBeLessThanOrEqual(3_600)
    expect(startsOf(bench)).toBe(STARTS_A_HOUR_MAX)
    expect(core.componentState).toBe('RUNNING')
    expect(bench.reports().traffic).toEqual(device.carried)
  })

  test('classic restarts, and its component with it: reports go on where they were', async (context) => {
    const bench = await startBench(context, { mode: 'classic' })
    const { core, agent, device } = bench
    const random = seededRandom(19)
    for (let restart = 1; restart <= 3; restart += 1) {
      device.flow(someTraffic(random))
      await core.faults.restart()
      device.flow(someTraffic(random))
      await agent.nextReport()
      await bench.untilToldTo('reports')
    }
    expect(agent.states.filter(({ state }) => state === 'ERRORED')).toEqual([])
    expect(bench.reports().traffic).toEqual(device.carried)
  })
})
