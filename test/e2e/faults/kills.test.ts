/**
 * The power switch: SIGKILL at random instants, a hundred times, while traffic flows, alarms come and go, and files are being
 * written. What has reached the cloud must add up all the same.
 */
import { describe, expect, test, vi } from 'vitest'
import { violations } from '../../helpers/fault-accounts.ts'
import { eventually, type FaultBench, keepDoing, startBench } from '../../helpers/fault-bench.ts'
import { seededRandom, someTraffic } from '../../helpers/fault-device.ts'

vi.setConfig({ testTimeout: 400_000 })

const KILLS = 50 // on each nucleus
/** One in so many is killed while it starts, which takes a quarter of a second or more. */
const EARLY_EACH = 5
const START_MS = 250
/** The others report up to so many times, and are killed some time after that: a report with its files takes 10 ms or more. */
const REPORTS_MAX = 4
const LATER_MS_MAX = 30
const MANY_LIVES_MS = 200_000

describe.concurrent('100 kills', () => {
  test.for(['classic', 'lite'] as const)(
    '50 on %s: no byte lost or told twice, no alarm forgotten or raised anew',
    async (mode, context) => {
      const bench = await startBench(context, { mode, runsComponent: false })
      const { device, agent } = bench
      const random = seededRandom(mode === 'lite' ? 5 : 6)
      // The first life is whole: from here on each byte counts.
      await lifeWithReports(bench, 1, 0)

      const stopFlowing = keepDoing(context, () => device.flow(someTraffic(random)), 20)
      let killsLeft = KILLS
      // An alarm may take several lives to be raised and noted.
      const alarms = bench.alarmRounds(20_000, () => killsLeft > 0, undefined, MANY_LIVES_MS)
      alarms.catch(() => {}) // awaited below; it must not be taken for forgotten meanwhile
      for (; killsLeft > 0; killsLeft -= 1) {
        if (killsLeft % EARLY_EACH === 0) {
          const life = bench.start()
          await pause(random() * START_MS)
          await life.end('SIGKILL')
        } else await lifeWithReports(bench, 1 + Math.floor(random() * REPORTS_MAX), random() * LATER_MS_MAX)
      }
      stopFlowing()
      const last = bench.start()
      const expected = await alarms
      await bench.untilToldTo('reports')
      await bench.untilToldTo('copies')
      await eventually('all alarms', () =>
        violations(agent.messages).events.length >= expected.length ? true : undefined,
      )
      await last.end('SIGTERM')

      expect(expected.length).toBeGreaterThanOrEqual(4)
      expect(violations(agent.messages).events).toEqual(expected)
      expect(bench.reports().traffic).toEqual(device.carried)
      expect(bench.copies().traffic).toEqual(device.carried)
      // What was handed over and killed before it was noted comes again: the same message, and not often.
      expect(bench.reports().repeated).toBeLessThanOrEqual(KILLS)
    },
  )
})

/** A life that reports so many times, and is killed some time later. */
async function lifeWithReports(bench: FaultBench, count: number, laterMs: number): Promise<void> {
  const before = bench.agent.reports.length
  const life = bench.start()
  await eventually(`${count} reports of a new life`, () => {
    if (!life.isRunning) throw new Error(`it ended by itself: ${life.text}`)
    return bench.agent.reports.length >= before + count ? true : undefined
  })
  await pause(laterMs)
  await life.end('SIGKILL')
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
