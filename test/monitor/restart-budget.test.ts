import { expect, test } from 'vitest'
import { LIFE_MS_MIN, noteStart, waitForRestartMs } from '../../src/monitor/restart-budget.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const now = Date.UTC(2026, 0, 15, 12)

const cases: { name: string; starts: readonly number[]; waitMs: number }[] = [
  { name: 'no start known', starts: [], waitMs: 0 },
  { name: 'one start', starts: [now - MINUTE], waitMs: 0 },
  { name: 'two starts', starts: [now - 30 * MINUTE, now - MINUTE], waitMs: 0 },
  {
    name: 'three starts: until the first of them is an hour ago',
    starts: [now - 50 * MINUTE, now - 30 * MINUTE, now - MINUTE],
    waitMs: 10 * MINUTE,
  },
  { name: 'three starts, one an hour ago', starts: [now - HOUR, now - 30 * MINUTE, now - MINUTE], waitMs: 0 },
  {
    name: 'a start that lies ahead does not count: the clock was wrong',
    starts: [now - 30 * MINUTE, now - MINUTE, now + HOUR],
    waitMs: 0,
  },
]
test.each(cases)('$name', ({ starts, waitMs }) => {
  expect(waitForRestartMs(starts, now)).toBe(waitMs)
})

test('notes the newest three starts of the last hour', () => {
  let starts: readonly number[] = [now + HOUR]
  for (let minute = 0; minute < 5; minute += 1) starts = noteStart(starts, now + minute * MINUTE)
  expect(starts).toEqual([2, 3, 4].map((minute) => now + minute * MINUTE))
  expect(noteStart(starts, now + 2 * HOUR)).toEqual([now + 2 * HOUR])
})

test('whoever spends the budget as fast as it allows starts no more than three times in any hour', () => {
  const starts: number[] = []
  let noted: readonly number[] = []
  let at = now
  for (let start = 0; start < 20; start += 1) {
    starts.push(at)
    noted = noteStart(noted, at)
    at += waitForRestartMs(noted, at) + 1
  }
  expect(mostInAnHour(starts)).toBe(3)
})

test('lives of the least length are within the budget without knowing of each other', () => {
  expect(mostInAnHour(Array.from({ length: 20 }, (_, index) => now + index * LIFE_MS_MIN))).toBe(3)
})

const mostInAnHour = (starts: readonly number[]): number =>
  Math.max(...starts.map((from) => starts.filter((at) => at >= from && at < from + HOUR).length))
