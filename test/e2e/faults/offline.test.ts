/**
 * A day without a network, 288 intervals of it, compressed to a quarter of a minute: nothing may be lost, told twice or told out
 * of order, and neither memory nor disk may grow beyond what is set.
 */
import { describe, expect, test, vi } from 'vitest'
import { payloadsOn, violations } from '../../helpers/fault-accounts.ts'
import {
  eventually,
  type FaultBench,
  keepDoing,
  residentBytes,
  startBench,
} from '../../helpers/fault-bench.ts'
import { seededRandom, someTraffic } from '../../helpers/fault-device.ts'

vi.setConfig({ testTimeout: 300_000 })

const INTERVALS_A_DAY = 288
const MB = 1e6
/** What a day in a quarter of a minute may add to resident memory: V8 lets the heap grow before it collects. */
const MEMORY_GROWTH_MAX = 80 * MB
/** Reports of 1 kB and alarms of 2 kB, and the history: a fraction of OutboxMaxBytes. */
const DISK_MAX = 4 * MB

describe.concurrent('24 h offline', () => {
  test.for(['classic', 'lite'] as const)(
    'on %s: every alarm once and in order, every byte told once, memory and disk bounded',
    async (mode, context) => {
      const bench = await startBench(context, { mode })
      const { core, agent, device } = bench
      const pid = core.componentPid ?? 0
      const random = seededRandom(mode === 'lite' ? 1 : 2)
      // The first alarm with its caches and modules is no growth.
      const expected = await bench.alarmRounds(20_000, first())
      const residentBefore = await residentBytes(pid)

      core.faults.setOffline(true)
      const stopFlowing = keepDoing(context, () => device.flow(someTraffic(random)), 20)
      const before = intervalCount(bench, mode)
      let residentMost = 0
      let diskMost = 0
      expected.push(
        ...(await bench.alarmRounds(
          20_001,
          (alarms) => intervalCount(bench, mode) - before < INTERVALS_A_DAY + alarms,
          async () => {
            residentMost = Math.max(residentMost, await residentBytes(pid))
            diskMost = Math.max(diskMost, await bench.stateBytes())
          },
        )),
      )
      const copiesBefore = payloadsOn(agent.messages, '/reports').length
      core.faults.setOffline(false)
      stopFlowing()

      await bench.untilToldTo('reports')
      await bench.untilToldTo('copies')
      await eventually('all alarms', () =>
        violations(agent.messages).events.length >= expected.length ? true : undefined,
      )
      await agent.nextReport()
      expect(expected.length).toBeGreaterThan(20)
      expect(violations(agent.messages)).toEqual({ events: expected, repeated: 0 })
      expect(bench.reports()).toMatchObject({ traffic: device.carried, repeated: 0 })
      const copies = bench.copies()
      expect(copies).toMatchObject({ traffic: device.carried, repeated: 0 })
      expect(copies.ids.length - copiesBefore).toBeGreaterThanOrEqual(INTERVALS_A_DAY)
      expect(bench.health()?.outbox).toMatchObject({
        dropped: { age: 0, bytes: 0, memory: 0, damage: 0, givenUp: 0 },
      })
      expect(core.componentPid).toBe(pid)
      expect(residentMost - residentBefore).toBeLessThan(MEMORY_GROWTH_MAX)
      expect(diskMost).toBeLessThan(DISK_MAX)
    },
  )
})

/** How many intervals: in copies that wait (lite takes none), or in reports that the nucleus has taken over (classic's spool). */
function intervalCount(bench: FaultBench, mode: 'classic' | 'lite'): number {
  const health = bench.health()
  return (mode === 'lite' ? health?.outbox.entries : health?.reports.handedOver) ?? 0
}

/** True once. */
function first(): () => boolean {
  let turns = 0
  return () => {
    turns += 1
    return turns === 1
  }
}
