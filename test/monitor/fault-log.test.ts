import { expect, test } from 'vitest'
import { FaultLog } from '../../src/monitor/fault-log.ts'
import { memoryLog } from '../helpers/memory-log.ts'

test('a fault is said once, its end once, and its return again', () => {
  const log = memoryLog()
  const faults = new FaultLog(log)
  for (let cycle = 0; cycle < 3; cycle += 1) faults.note('tcp', 'left out', { cycle })
  for (let cycle = 0; cycle < 3; cycle += 1) faults.clear('tcp', 'is back')
  faults.note('tcp', 'left out', { cycle: 9 })
  expect(log.entries).toEqual([
    { level: 'warn', message: 'left out', fields: { cycle: 0 } },
    { level: 'info', message: 'is back', fields: undefined },
    { level: 'warn', message: 'left out', fields: { cycle: 9 } },
  ])
})

test('faults of different keys do not hide each other', () => {
  const log = memoryLog()
  const faults = new FaultLog(log)
  faults.note('tcp', 'a', {})
  faults.note('udp', 'b', {})
  faults.clear('tcp', 'c')
  faults.note('udp', 'b', {})
  expect(log.entries.map(({ message }) => message)).toEqual(['a', 'b', 'c'])
})

test('what was never wrong does not get well', () => {
  const log = memoryLog()
  new FaultLog(log).clear('tcp', 'is back')
  expect(log.entries).toEqual([])
})
