import { expect, test } from 'vitest'
import { nearest, oneOfText, show, unknownProblem } from '../../src/config/problem.ts'

const WORDS = ['LogLevel', 'ProcPath', 'Schedule']

test.each([
  ['Loglevel', 'LogLevel'],
  ['log_level', 'LogLevel'],
  ['LogLevl', 'LogLevel'],
  ['ProcPat', 'ProcPath'],
  ['Shedule', 'Schedule'],
  ['Password', undefined],
  ['', undefined],
  ['x'.repeat(10_000), undefined],
])('%s is near to %s', (word, near) => {
  expect(nearest(word, WORDS)).toBe(near)
})

test('without a near word, all are named', () => {
  expect(unknownProblem('Volume', WORDS)).toBe(
    'is not a known parameter; there are LogLevel, ProcPath, Schedule',
  )
})

test.each([
  ['a short value whole', { a: 1 }, '{"a":1}'],
  ['nothing', undefined, 'undefined'],
  ['a long value by both ends', 'a'.repeat(100), `"${'a'.repeat(41)}…${'a'.repeat(16)}"`],
])('shows %s', (_, value, text) => {
  expect(show(value)).toBe(text)
  expect(show(value).length).toBeLessThanOrEqual(60)
})

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a or b'],
  [['a', 'b', 'c'], 'a, b or c'],
])('%j in words', (words, text) => {
  expect(oneOfText(words)).toBe(text)
})
