/**
 * `npm run soak -- [reports]`: the real agent on an embedded core for 20,000 reports, with traffic and alarms, and what it holds
 * after each tenth. Fails when traffic was lost or told twice, or the process was started anew.
 */
import { soak } from '../helpers/fault-soak.ts'

const cycles = Number(process.argv[2] ?? 20_000)
const cleanups: (() => Promise<void> | void)[] = []
process.stdout.write('reports  resident MB  handles  state kB  seconds\n')
try {
  await soak({ onTestFinished: (action) => cleanups.push(action) }, cycles, (point) => {
    const columns = [
      String(point.cycles).padStart(7),
      (point.residentBytes / 1e6).toFixed(1).padStart(11),
      String(point.handles).padStart(7),
      (point.stateBytes / 1e3).toFixed(0).padStart(8),
      (performance.now() / 1000).toFixed(0).padStart(7),
    ]
    process.stdout.write(`${columns.join('  ')}\n`)
  })
} finally {
  for (const cleanup of cleanups.reverse()) await cleanup()
}
