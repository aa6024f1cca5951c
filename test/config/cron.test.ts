import fc from 'fast-check'
import { validate } from 'node-cron'
import { describe, expect, test } from 'vitest'
import { cronProblem } from '../../src/config/cron.ts'

describe('refused', () => {
  const cases: { name: string; expression: string; says: RegExp }[] = [
    { name: 'nothing', expression: '', says: /5 fields/ },
    { name: 'four fields', expression: '* * * *', says: /5 fields/ },
    { name: 'seven fields', expression: '* * * * * * *', says: /5 fields/ },
    { name: 'two blanks', expression: '*  * * * *', says: /5 fields/ },
    { name: 'a nickname', expression: '@hourly', says: /5 fields/ },
    { name: 'second 60', expression: '60 * * * * *', says: /second "60".*0 to 59/ },
    { name: 'minute 60', expression: '60 * * * *', says: /minute "60".*0 to 59/ },
    { name: 'hour 24', expression: '0 24 * * *', says: /hour "24"/ },
    { name: 'day 0', expression: '0 0 0 * *', says: /day of month "0"/ },
    { name: 'month 13', expression: '0 0 1 13 *', says: /month "13".*jan to dec/ },
    { name: 'day of week 8', expression: '0 0 * * 8', says: /day of week "8"/ },
    { name: 'a name in the wrong field', expression: 'jan * * * *', says: /minute "jan"/ },
    { name: 'a long name', expression: '0 0 * january *', says: /month "january"/ },
    { name: 'an empty member', expression: '1,,2 * * * *', says: /minute ""/ },
    { name: 'a range backwards', expression: '30-10 * * * *', says: /minute "30-10"/ },
    { name: 'half a range', expression: '5- * * * *', says: /minute "5-"/ },
    { name: 'no step', expression: '*/0 * * * *', says: /minute "\*\/0"/ },
    { name: 'a step beyond the field', expression: '*/60 * * * *', says: /minute "\*\/60"/ },
    { name: 'a step of a number', expression: '5/10 * * * *', says: /minute "5\/10"/ },
    { name: 'a sign', expression: '-1 * * * *', says: /minute "-1"/ },
    { name: 'the last day', expression: '0 0 L * *', says: /day of month "L"/ },
    { name: 'the 31st of short months', expression: '0 0 31 2,4,jun *', says: /never happens/ },
  ]
  test.each(cases)('$name: $expression', ({ expression, says }) => {
    expect(cronProblem(expression)).toMatch(says)
  })
})

test.each([
  '* * * * *',
  '*/5 * * * *',
  '0 */10 * * * *',
  '0,15,30-40/5 8-18 1-7 jan-mar,DEC mon-fri,0',
  '0 0 29 2 *',
  '0 0 31 feb,mar 7',
])('taken, and by the scheduler too: %s', (expression) => {
  expect(cronProblem(expression)).toBeUndefined()
  expect(validate(expression)).toBe(true)
})

test('whatever is taken, the scheduler takes', () => {
  const item = fc.oneof(
    fc.constant('*'),
    fc.nat(60).map(String),
    fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]) => `${a}-${b}`),
    fc.nat(60).map((step) => `*/${step}`),
    fc.tuple(fc.nat(60), fc.nat(60), fc.nat(60)).map(([a, b, step]) => `${a}-${b}/${step}`),
    fc.constantFrom('jan', 'dec', 'mon', 'Sat', 'L', '', '?', '1W', '1#2'),
  )
  const field = fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(','))
  const easy = fc.constantFrom('*', '1', '*/2', '2-6', '1,3')
  let taken = 0
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ arbitrary: easy, weight: 6 }, field), { minLength: 4, maxLength: 7 }),
      (parts) => {
        const expression = parts.join(' ')
        if (cronProblem(expression) !== undefined) return
        taken++
        expect(validate(expression), expression).toBe(true)
      },
    ),
    { numRuns: 2000 },
  )
  expect(taken).toBeGreaterThan(100)
})
