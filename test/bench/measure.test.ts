import { describe, expect, test } from 'vitest'
import { measureByTurns, timesOf } from './measure.ts'

/** Spends about so much CPU time. */
function burn(ms: number): void {
  const before = process.cpuUsage()
  for (;;) {
    const { user, system } = process.cpuUsage(before)
    if (user + system >= ms * 1000) return
  }
}

test('the times of one run, from several in a row', () => {
  let runs = 0
  const { cpuMs, wallMs } = timesOf(() => {
    runs += 1
    burn(5)
  }, 4)
  expect(runs).toBe(4)
  expect(cpuMs).toBeGreaterThanOrEqual(5)
  expect(wallMs).toBeGreaterThan(4)
  expect(cpuMs).toBeLessThan(100)
})

describe('measureByTurns', () => {
  test('runs the subjects alternately, and tells them apart', () => {
    const order: string[] = []
    const { quick, slow } = measureByTurns(
      {
        quick: () => {
          order.push('quick')
          burn(45)
        },
        slow: () => {
          order.push('slow')
          burn(90)
        },
      },
      3,
    )
    expect(order.slice(-6)).toEqual(['quick', 'slow', 'quick', 'slow', 'quick', 'slow'])
    expect([quick.cpuMs.runs, slow.wallMs.runs]).toEqual([3, 3])
    expect(slow.cpuMs.median / quick.cpuMs.median).toBeGreaterThan(1.3)
  })

  test('repeats what is too short for the clock', () => {
    let runs = 0
    measureByTurns(
      {
        short: () => {
          runs += 1
          burn(2)
        },
      },
      2,
    )
    expect(runs).toBeGreaterThan(10)
  })
})
