import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MetricPoint, Violation } from '../../../scripts/violations/model.ts'
import { decodeReport, type Report, type Series } from '../../../scripts/violations/report/client/data.ts'
import { encodeReport, type ReportContent } from '../../../scripts/violations/report/encode.ts'
import { EXAMPLE_NOW, exampleReport } from './example.ts'

/** As the browser reads it: what JSON cannot say is lost on the way. */
function readBack(content: ReportContent): Report {
  const { report, series } = JSON.parse(JSON.stringify(encodeReport(content)))
  return decodeReport(report, () => series)
}

const content = (series: ReportContent['series'], violations: readonly Violation[] = []): ReportContent => ({
  title: 'T',
  source: 'S',
  generatedAt: EXAMPLE_NOW,
  violations,
  series,
})

const pointsOf = ({ times, values }: Series) => times.map((at, index) => [at, values[index]])

test('violations come back as they were, of every state and kind of evidence', () => {
  const example = exampleReport({ thingCount: 7, violationCount: 100, datapointCount: 3 })
  const states = new Set(example.violations.map(({ state }) => state))
  expect(states).toEqual(new Set(['in-alarm', 'cleared', 'invalidated']))
  const { violations, profileTexts, title } = readBack(example)
  expect(violations).toEqual(example.violations)
  expect(profileTexts).toEqual(example.profileTexts)
  expect(title).toBe(example.title)
})

test('names that are members of every object are names', () => {
  const names = ['__proto__', 'constructor', 'toString', '']
  const series = new Map(
    names.map((name) => [name, new Map([[name, [{ at: 1, value: { count: 2 } }]]])] as const),
  )
  const report = readBack(content(series))
  for (const name of names) {
    expect([...report.seriesOf(name).values()].map(pointsOf), name).toEqual([[[1, 2]]])
  }
  expect(report.seriesOf('hasOwnProperty').size).toBe(0)
})

test('of a metric that changed its type the datapoints of the first type stay', () => {
  const points: MetricPoint[] = [
    { at: 10, value: { number: 1 } },
    { at: 20, value: { strings: ['a'] } },
    { at: 30, value: { number: 3 } },
  ]
  const found = readBack(content(new Map([['t', new Map([['m', points]])]])))
    .seriesOf('t')
    .get('m')
  expect(found && pointsOf(found)).toEqual([
    [10, 1],
    [30, 3],
  ])
})

test('a number and the text of it are two elements', () => {
  const points: MetricPoint[] = [
    { at: 1, value: { numbers: [22] } },
    { at: 2, value: { numbers: [] } },
  ]
  const texts: MetricPoint[] = [{ at: 1, value: { strings: ['22'] } }]
  const found = readBack(
    content(
      new Map([
        [
          't',
          new Map([
            ['n', points],
            ['s', texts],
          ]),
        ],
      ]),
    ),
  ).seriesOf('t')
  expect(found.get('n')?.values).toEqual([[22], []])
  expect(found.get('s')?.values).toEqual([['22']])
})

describe('any series', () => {
  const value = fc.oneof(
    fc.record({ count: fc.nat() }),
    fc.record({ ports: fc.array(fc.nat(65_535), { maxLength: 4 }) }),
    fc.record({ cidrs: fc.array(fc.ipV4(), { maxLength: 4 }) }),
    fc.record({ strings: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 }) }),
    fc.record({ number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each || 0) }),
  )

  test('comes back with its instants and values', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.array(fc.tuple(fc.nat(4e12), value), { minLength: 1, maxLength: 8 })),
        (metrics) => {
          const given = new Map(
            Object.entries(metrics).map(([metric, points]) => {
              const isList = (each: object) => Array.isArray(Object.values(each)[0])
              const [, [first]] = [metric, points.map(([, each]) => each)] as [string, [object]]
              const sorted = points
                .filter(([, each]) => isList(each) === isList(first))
                .sort(([a], [b]) => a - b)
                .map(([at, each]): MetricPoint => ({ at, value: each }))
              return [metric, sorted] as const
            }),
          )
          const found = readBack(content(new Map([['thing', given]]))).seriesOf('thing')
          expect(found.size).toBe(given.size)
          for (const [metric, points] of given) {
            expect(pointsOf(found.get(metric) as Series)).toEqual(
              points.map(({ at, value: each }) => [at, Object.values(each)[0]]),
            )
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

test('what is the same is written once', () => {
  const size = (datapointCount: number) =>
    JSON.stringify(encodeReport(exampleReport({ thingCount: 10, violationCount: 0, datapointCount })).series)
      .length
  const perDatapoint = (size(1000) - size(500)) / (10 * 5 * 500)
  expect(perDatapoint).toBeLessThan(7)
})
