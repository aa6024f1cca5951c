import { expect, test } from 'vitest'
import { changeSince } from './comparison.ts'
import type { Unit } from './figure.ts'

const last = (median: number, unit: Unit = 'ms') => ({ unit, median, runs: 9 })

test.each([
  { name: 'none to compare with', last: undefined, now: 5, gives: 'new' },
  { name: 'measured in another unit', last: last(5, 'ns'), now: 5, gives: 'new' },
  { name: 'from nothing', last: last(0), now: 5, gives: 'new' },
  { name: 'nothing still', last: last(0), now: 0, gives: 'same' },
  { name: 'equal', last: last(5), now: 5, gives: 'same' },
  { name: 'just below a quarter more', last: last(100), now: 124.9, gives: 'noise' },
  { name: 'just below a quarter less', last: last(100), now: 75.1, gives: 'noise' },
  { name: 'a quarter more', last: last(100), now: 125, gives: '+25 %' },
  { name: 'a quarter less', last: last(100), now: 75, gives: '-25 %' },
  { name: 'three times as much', last: last(100), now: 300, gives: '+200 %' },
])('a time: $name', ({ last, now, gives }) => {
  expect(changeSince(last, { unit: 'ms', median: now })).toBe(gives)
})

test.each([
  { name: 'one byte more is one byte more', last: 1_000, now: 1_001, gives: '+0.1 %' },
  { name: 'a little less', last: 1_000, now: 950, gives: '-5.0 %' },
  { name: 'much more', last: 1_000, now: 1_240, gives: '+24 %' },
  { name: 'equal', last: 1_000, now: 1_000, gives: 'same' },
])('a size: $name', ({ last: before, now, gives }) => {
  expect(changeSince(last(before, 'B'), { unit: 'B', median: now })).toBe(gives)
})
