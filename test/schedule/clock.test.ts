import { expect, test } from 'vitest'
import { systemClock } from '../../src/schedule/clock.ts'

test('wall time is that of the system', () => {
  expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(1_000)
})

test.each([
  { name: 'nothing to wait for', ms: 0 },
  { name: 'an instant that has passed', ms: -1_000 },
  { name: 'ten milliseconds', ms: 10 },
])('$name: the sleep is as long as asked', async ({ ms }) => {
  const beforeMs = systemClock.monotonicMs()
  await systemClock.sleep(ms)
  const tookMs = systemClock.monotonicMs() - beforeMs
  expect(tookMs).toBeGreaterThanOrEqual(ms - 1.5) // timers of Node count whole milliseconds
  expect(tookMs).toBeLessThan(2_000)
})

test('an abort ends the sleep without an error, also one that came before', async () => {
  const controller = new AbortController()
  const sleeping = systemClock.sleep(600_000, controller.signal)
  controller.abort()
  await sleeping
  await systemClock.sleep(600_000, controller.signal)
})

test.each([2 ** 40, Number.POSITIVE_INFINITY])(
  'a sleep of %d ms, more than setTimeout can count',
  async (ms) => {
    const controller = new AbortController()
    let isOver = false
    const sleeping = systemClock.sleep(ms, controller.signal).then(() => {
      isOver = true
    })
    await systemClock.sleep(30)
    expect(isOver).toBe(false)
    controller.abort()
    await sleeping
  },
)
