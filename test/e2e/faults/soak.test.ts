/** Weeks of reports in half a minute: what grows with their number would grow without end. */
import { expect, test, vi } from 'vitest'
import { soak } from '../../helpers/fault-soak.ts'

vi.setConfig({ testTimeout: 180_000 })

const CYCLES = 1_000
/** From the first third on; V8 lets the heap grow before it collects. `npm run soak` looks for longer. */
const RESIDENT_GROWTH_MAX = 40e6
/** Files of history and outbox, one connection, and what is opened for a moment. */
const HANDLES_GROWTH_MAX = 6

test('1,000 reports: neither memory nor handles grow', async (context) => {
  const points = await soak(context, CYCLES)
  const [, , , settled] = points
  const last = points.at(-1)
  if (settled === undefined || last === undefined) throw new Error('no figures')
  expect(last.cycles).toBeGreaterThanOrEqual(CYCLES)
  expect(last.residentBytes - settled.residentBytes).toBeLessThan(RESIDENT_GROWTH_MAX)
  expect(last.handles - settled.handles).toBeLessThan(HANDLES_GROWTH_MAX)
})
