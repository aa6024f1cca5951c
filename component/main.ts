/**
 * The component's process: environment, edges, monitor, in this order.
 *
 * Exit codes for the nucleus: 0 after SIGTERM; 1 for a configuration that will not do (the component is ERRORED, with every fault
 * in its log), and when the nucleus does not know this process any more, upon which it starts the component anew with a new
 * SVCUID.
 */
import { parseArgs } from 'node:util'
import type { Config } from '../src/config/settings.ts'
import { connectToNucleus } from '../src/ipc/greengrass.ts'
import { createLogger } from '../src/log/logger.ts'
import { ConfigRefused, runMonitor } from '../src/monitor/monitor.ts'
import type { Ports } from '../src/monitor/ports.ts'
import { openProcFs } from '../src/procfs/proc-fs.ts'
import { thingNameFault } from '../src/report/topics.ts'
import { systemClock } from '../src/schedule/clock.ts'
import { cronTicks } from '../src/schedule/cron-ticks.ts'
import { intervalTicks } from '../src/schedule/ticks.ts'
import { readCustomMetric } from '../src/sources/custom-metric.ts'
import { version } from '../src/version.ts'
import { openStores } from './stores.ts'

/** What a report on its way gets after SIGTERM. The classic nucleus sends SIGKILL 5 s after it, lite much later. */
const STOP_MS = 3_000

const log = createLogger('info')
process.exitCode = await main().catch((error) => {
  if (error instanceof ConfigRefused) log.error('the configuration will not do', { faults: error.message })
  else log.error('stopped', { error })
  return 1
})
// A reply that never came must not keep the process alive.
setTimeout(() => process.exit(), 500).unref()

async function main(): Promise<number> {
  if (parseArgs({ options: { version: { type: 'boolean' } } }).values.version) {
    process.stdout.write(`${version}\n`)
    return 0
  }
  const thingName = process.env.AWS_IOT_THING_NAME ?? ''
  const fault = thingNameFault(thingName)
  if (fault !== undefined) throw new Error(`AWS_IOT_THING_NAME ${JSON.stringify(thingName)} ${fault}`)

  const stop = stopOnSignal()
  // A nucleus that does not answer must not hold up the end.
  const stopped = new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => setTimeout(resolve, STOP_MS).unref())
  })
  await Promise.race([runMonitor(portsOf(thingName), thingName, stop), stopped])
  return 0
}

function portsOf(thingName: string): Ports {
  return {
    connect: connectToNucleus,
    clock: systemClock,
    log,
    random: Math.random,
    agentVersion: version,
    residentBytes: () => process.memoryUsage.rss(),
    openProcFs,
    readCustomMetric,
    ticks: ({ schedule, sampleIntervalSeconds }: Config, signal: AbortSignal) =>
      schedule === undefined
        ? intervalTicks(systemClock, sampleIntervalSeconds, thingName, signal)
        : cronTicks(schedule, signal),
    openStores: (config, signal) => openStores(config, systemClock, log, signal),
  }
}

function stopOnSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info('stopping', { signal: name })
      controller.abort()
    })
  }
  return controller.signal
}
