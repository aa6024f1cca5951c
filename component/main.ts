/**
 * The component's process: environment, configuration, edges, monitor, in this order.
 *
 * Exit codes for the nucleus: 0 after SIGTERM; 1 for a configuration that will not do (the component is ERRORED, with
 * every fault in its log) and for a lost connection, upon which the nucleus starts the component anew with a new SVCUID.
 */
import { parseArgs } from 'node:util'
import { formatFaults, parseConfig } from '../src/config/parse.ts'
import type { Config } from '../src/config/settings.ts'
import type { CoreClient } from '../src/ipc/core-client.ts'
import { connectToNucleus } from '../src/ipc/greengrass.ts'
import { createLogger, type Logger } from '../src/log/logger.ts'
import { runMonitor } from '../src/monitor/monitor.ts'
import { openProcFs } from '../src/procfs/proc-fs.ts'
import { thingNameFault } from '../src/report/topics.ts'
import { systemClock } from '../src/schedule/clock.ts'
import { cronTicks } from '../src/schedule/cron-ticks.ts'
import { intervalTicks } from '../src/schedule/ticks.ts'
import { readCustomMetric } from '../src/sources/custom-metric.ts'
import { version } from '../src/version.ts'

/** What a report on its way gets after SIGTERM; the nucleus kills 15 s after it (classic's default for `shutdown`). */
const STOP_MS = 5_000

const log = createLogger('info')
process.exitCode = await main().catch((error) => {
  log.error('stopped', { error })
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

  const core = await connectToNucleus((operation, error) =>
    log.warn('subscription ended', { operation, error }),
  )
  try {
    return await runComponent(core, thingName)
  } finally {
    await core.close()
  }
}

async function runComponent(core: CoreClient, thingName: string): Promise<number> {
  const config = await readConfig(core)
  if (config === undefined) return 1
  const stop = stopOnSignal(log)
  const ports = {
    core,
    clock: systemClock,
    log,
    random: Math.random,
    openProcFs,
    readCustomMetric,
    ticks: ({ schedule, sampleIntervalSeconds }: Config, signal: AbortSignal) =>
      schedule === undefined
        ? intervalTicks(systemClock, sampleIntervalSeconds, thingName, signal)
        : cronTicks(schedule, signal),
  }
  const monitor = runMonitor(ports, thingName, config, stop)
  const stopped = new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => setTimeout(resolve, STOP_MS).unref())
  })
  await Promise.race([monitor, stopped])
  return 0
}

/** The configuration, or undefined after the component has been reported as ERRORED with all that is wrong. */
async function readConfig(core: CoreClient): Promise<Config | undefined> {
  const result = parseConfig(await core.getConfiguration())
  if (result.ok) {
    for (const note of result.notes) log.warn(note)
    return result.config
  }
  log.error('the configuration will not do', { faults: formatFaults(result.faults) })
  await core.updateState('ERRORED')
  return undefined
}

function stopOnSignal(log: Logger): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info('stopping', { signal: name })
      controller.abort()
    })
  }
  return controller.signal
}
