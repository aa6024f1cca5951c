import { describe, expect, test } from 'vitest'
import { cpuMs, proportionalBytes, residentBytes, ticksMs } from './process-figures.ts'

/** proc_pid_stat(5), from field 3 on. */
const rest = 'S 1 2 3 0 -1 4194560 1000 0 5 0 120 34 0 0 20 0 11 0 9999 600000 12000'

test.each([
  { name: 'a plain name', stat: `42 (node) ${rest}`, gives: 1_540 },
  { name: 'a name with blanks and brackets', stat: `42 (a) b (c) ${rest}`, gives: 1_540 },
])('ticks: $name', ({ stat, gives }) => {
  expect(ticksMs(stat)).toBe(gives)
})

describe('this process', () => {
  test('is as big as it says itself', () => {
    const own = process.memoryUsage.rss()
    expect(residentBytes(process.pid)).toBeGreaterThan(own * 0.8)
    expect(residentBytes(process.pid)).toBeLessThan(own * 1.2)
  })

  test('has a share of its shared pages, not all of them', () => {
    const share = proportionalBytes(process.pid)
    if (share !== undefined) expect(share).toBeLessThanOrEqual(residentBytes(process.pid) * 1.05)
  })

  test('has used the CPU time that it used', () => {
    const before = cpuMs(process.pid)
    const ownBefore = process.cpuUsage()
    while (process.cpuUsage(ownBefore).user < 60_000);
    const used = cpuMs(process.pid) - before
    expect(used).toBeGreaterThan(30)
    expect(used).toBeLessThan(2_000)
  })
})

test('a process that is not there', () => {
  expect(() => residentBytes(2 ** 22 + 1)).toThrow('ENOENT')
  expect(() => cpuMs(2 ** 22 + 1)).toThrow('ENOENT')
  expect(proportionalBytes(2 ** 22 + 1)).toBeUndefined()
})
