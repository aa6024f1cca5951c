/** Ten thousand devices in three rings: in how much time and memory, and with how many calls. */
import { afterEach, expect, test } from 'vitest'
import { type Bench, foreignContent, openBench } from './bench.ts'

let bench: Bench
afterEach(() => bench.close())

const RINGS = { canary: 100, tenth: 1000, everyone: 8900 }
/** Of processor time, the stand-in's own included: on a machine of one's own no more passes in real time. */
const SECONDS_MAX = 60
/** Of the heap, the simulated fleet included. */
const MEGABYTES_MAX = 400

test('10,000 devices in three rings take less than a minute of a processor', async () => {
  bench = await openBench({
    devices: 10_000,
    groups: RINGS,
    liteShare: 0.2,
    versions: { '1.1.0': { crashShare: 0.01 } },
  })
  for (const name of Object.keys(RINGS))
    await bench.deploy(foreignContent(name, { componentVersion: '1.0.0' }))
  bench.aws.calls.length = 0
  const begun = performance.now()
  const usedBefore = process.cpuUsage()
  const words = Object.keys(RINGS).flatMap((name) => ['--ring', name])
  const { status, out } = await bench.rollout([...words, '--component-version', '1.1.0', '--yes'])
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(usedBefore)
  const cpuSeconds = (user + system) / 1e6
  const megabytes = process.memoryUsage().heapUsed / 1e6
  expect(out).toMatch(/everyone: gate deployment passed: \d+ of 8900 took the deployment/)
  expect(status).toBe(0)
  expect(cpuSeconds).toBeLessThan(SECONDS_MAX)
  expect(megabytes).toBeLessThan(MEGABYTES_MAX)
  // Polite: not even one call for two devices, whatever they are asked.
  expect(bench.aws.calls.length).toBeLessThan(5000)
  process.stdout.write(
    `10,000 devices: ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of processor time), ${bench.aws.calls.length} calls, heap ${Math.round(megabytes)} MB, resident ${Math.round(process.memoryUsage().rss / 1e6)} MB\n`,
  )
}, 240_000)
