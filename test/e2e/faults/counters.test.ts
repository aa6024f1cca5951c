/** Counters that begin again: reboot, reset, an interface made anew, a 32-bit wrap. Each value told is what has flowed. */
import { describe, expect, test, vi } from 'vitest'
import { startBench } from '../../helpers/fault-bench.ts'
import { seededRandom, someTraffic } from '../../helpers/fault-device.ts'

vi.setConfig({ testTimeout: 120_000 })

describe.concurrent('counters begin again', () => {
  test.for(['classic', 'lite'] as const)(
    'on %s: after a reboot, a reset, a new interface and a wrap the sum is exact',
    async (mode, context) => {
      const bench = await startBench(context, { mode, runsComponent: false })
      const { device, agent } = bench
      const random = seededRandom(7)
      const flow = async () => {
        device.flow(someTraffic(random))
        await bench.untilToldTo('reports')
      }
      let life = bench.start()
      await agent.nextReport()
      await flow()

      device.resetInterface(someTraffic(random))
      await bench.untilToldTo('reports')
      await flow()

      device.remakeInterface(someTraffic(random))
      await bench.untilToldTo('reports')
      await flow()

      // A reboot ends the process too, and traffic flows before it is started again.
      await life.end('SIGKILL')
      device.reboot(someTraffic(random))
      life = bench.start()
      await bench.untilToldTo('reports')
      await flow()

      // Started anew without a reboot: what flowed meanwhile is told.
      await life.end('SIGTERM')
      device.flow(someTraffic(random))
      life = bench.start()
      await bench.untilToldTo('reports')

      // A driver with 32-bit counters, just before they are full.
      await life.end('SIGTERM')
      device.reboot({ bytesIn: 2 ** 32 - 5_000, packetsIn: 4_000, bytesOut: 2 ** 32 - 700, packetsOut: 300 })
      life = bench.start()
      await bench.untilToldTo('reports')
      device.wrap32({ bytesIn: 9_000, packetsIn: 90, bytesOut: 1_000, packetsOut: 10 })
      await bench.untilToldTo('reports')
      await flow()

      await bench.untilToldTo('copies')
      await life.end('SIGTERM')
      expect(bench.reports().traffic).toEqual(device.carried)
      expect(bench.copies().traffic).toEqual(device.carried)
    },
  )
})
