import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { cronTicks } from '../../src/schedule/cron-ticks.ts'

const MINUTE_MS = 60_000
/** Half an hour off the full hours. For the whole file, since node-cron remembers the first zone it met. */
process.env.TZ = 'Asia/Kolkata'
// Loaded before time stands still.
await import('node-cron')

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 5, 10, 7, 58, 30), toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** The instants of the ticks; `onTick` is the cycle that one starts. */
async function run(expression: string, onTick: () => Promise<void> | void = () => {}) {
  const controller = new AbortController()
  const at: string[] = []
  const ended = (async () => {
    for await (const _ of cronTicks(expression, controller.signal)) {
      at.push(new Date().toISOString().slice(11, 19))
      await onTick()
    }
  })()
  onTestFinished(async () => {
    controller.abort()
    await ended
  })
  await vi.advanceTimersByTimeAsync(0)
  return { at, ended, stop: () => controller.abort() }
}

describe('times', () => {
  test('each second', async () => {
    const { at } = await run('* * * * * *')
    await vi.advanceTimersByTimeAsync(3_100)
    expect(at).toEqual(['07:58:31', '07:58:32', '07:58:33'])
  })

  test('five fields: at second 0 of each match', async () => {
    const { at } = await run('*/5 * * * *')
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS)
    expect(at).toEqual(['08:00:00', '08:05:00'])
  })

  test('in the time zone of the device', async () => {
    const { at } = await run('30 13 * * *') // where it is 13:28:30
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS)
    expect(at).toEqual(['08:00:00'])
  })
})

test('matches during a cycle are not made up for', async () => {
  const { at } = await run('* * * * * *', () => new Promise((resolve) => setTimeout(resolve, 2_500)))
  await vi.advanceTimersByTimeAsync(6_600)
  expect(at).toEqual(['07:58:31', '07:58:34'])
})

describe('the end', () => {
  test('during the wait: at once, and no timer stays', async () => {
    const { at, ended, stop } = await run('0 0 1 1 *')
    stop()
    await ended
    expect(at).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('during a cycle: no further tick, and no timer stays', async () => {
    const { at, ended, stop } = await run('* * * * * *', () => stop())
    await vi.advanceTimersByTimeAsync(3_000)
    await ended
    expect(at).toEqual(['07:58:31'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
