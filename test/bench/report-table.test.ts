import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadTable } from '../../scripts/render/table.ts'
import { terminalStyle } from '../../scripts/render/terminal.ts'
import type { Figure } from './figure.ts'
import { figureTable, formatValue } from './report-table.ts'
import { exactly, summarize } from './statistics.ts'

const draw = await loadTable(terminalStyle({}, {}))
const floor: Figure = { name: '100 floor', unit: 'ms', summary: summarize([1, 2, 3]) }
const report: Figure = {
  name: '100 report',
  unit: 'ms',
  summary: summarize([2.2, 2.4, 4.1234]),
  timesFloor: 1.2,
  goal: 3.3,
}

describe('figureTable', () => {
  test('columns that no row fills are left out', () => {
    expect(figureTable(draw, [floor], undefined).split('\n')).toEqual([
      '           median  min-max',
      '100 floor    2 ms      1-3',
    ])
  })

  test('all columns, compared with the last run', () => {
    const last = { '100 report': { unit: 'ms', median: 1, runs: 9 } } as const
    expect(figureTable(draw, [floor, report], last).split('\n')).toEqual([
      '            median   min-max  x floor  at most  last  change',
      '100 floor     2 ms       1-3                             new',
      '100 report  2.4 ms  2.2-4.12     1.20  3.3 met     1  +140 %',
    ])
  })

  test.each([
    { name: 'below', median: 3.2, says: '3.3 met' },
    { name: 'exactly at', median: 3.3, says: '3.3 met' },
    { name: 'above', median: 3.4, says: '3.3 missed' },
  ])('a goal: $name', ({ median, says }) => {
    const [, row = ''] = figureTable(draw, [{ ...report, summary: exactly(median) }], undefined).split('\n')
    expect(row.endsWith(says)).toBe(true)
  })

  test('never more than 100 columns, whatever the figures', () => {
    const value = fc.double({ min: 0, max: 1e7, noNaN: true })
    const figure = fc.record({
      name: fc.string({ minLength: 1, maxLength: 60 }),
      unit: fc.constantFrom('ms', 'ns', 'MB', 'kB', 'B', '%', 'x', 'k/s'),
      summary: fc.array(value, { minLength: 1, maxLength: 9 }).map(summarize),
      timesFloor: value,
      goal: value,
    }) satisfies fc.Arbitrary<Figure>
    const last = fc.record({ unit: fc.constant('ms' as const), median: value, runs: fc.constant(9) })
    fc.assert(
      fc.property(fc.array(figure, { minLength: 1, maxLength: 5 }), last, (figures, former) => {
        const table = figureTable(
          draw,
          figures,
          Object.fromEntries(figures.map(({ name }) => [name, former])),
        )
        for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
      }),
      { numRuns: 50 },
    )
  })
})

test.each([
  { value: 0, unit: 'ms', gives: '0' },
  { value: 0.012345, unit: '%', gives: '0.0123' },
  { value: 12.345, unit: 'ms', gives: '12.3' },
  { value: 1234.5, unit: 'ms', gives: '1,235' },
  { value: 99.96, unit: 'ms', gives: '100' },
  { value: 81_092, unit: 'B', gives: '81,092' },
  { value: 896, unit: 'B', gives: '896' },
] as const)('$value $unit is shown as $gives', ({ value, unit, gives }) => {
  expect(formatValue(value, unit)).toBe(gives)
})
