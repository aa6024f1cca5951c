import { describe, expect, test } from 'vitest'
import type {
  MetricRange,
  Violation,
  ViolationOrigin,
  ViolationSource,
} from '../../../scripts/violations/model.ts'
import { collectSeries } from '../../../scripts/violations/report/collect.ts'
import { seriesName } from '../../../scripts/violations/report/series-name.ts'

const HOUR_MS = 3_600_000
const NOW = 1000 * HOUR_MS

function violation(
  thingName: string,
  startHour: number,
  endHour?: number,
  behavior: Partial<Violation['behavior']> = {},
): Violation {
  const startedAt = startHour * HOUR_MS
  return {
    id: `${thingName}-${startHour}`,
    origin: 'device',
    thingName,
    securityProfileName: 'p',
    behavior: { name: 'b', metric: 'aws:all-bytes-out', ...behavior },
    records: [{ at: startedAt, type: 'in-alarm' }],
    startedAt,
    ...(endHour === undefined ? {} : { endedAt: endHour * HOUR_MS }),
    state: endHour === undefined ? 'in-alarm' : 'cleared',
  }
}

/** Has two values of each metric of whatever is asked, but of what is in `without`. */
function sourceOf(origin: ViolationOrigin, without: readonly string[] = []) {
  const asked: MetricRange[] = []
  const source: ViolationSource = {
    origin,
    description: 'test',
    violations: async () => [],
    metricValues: async (range) => {
      asked.push(range)
      if (without.includes(range.metric)) return []
      return [
        { at: range.since, value: { count: 1 } },
        { at: range.until, value: { count: 2 } },
      ]
    },
    close: () => {},
  }
  const spansOf = (metric: string) =>
    asked
      .filter((each) => each.metric === metric)
      .map(({ since, until }) => [since / HOUR_MS, until / HOUR_MS])
  return { source, asked, spansOf }
}

const options = { aroundMs: 6 * HOUR_MS, now: NOW }

describe('the time that is asked for', () => {
  const violations = [violation('t', 100, 101), violation('t', 110, 111), violation('t', 200, 201)]

  test('of Detect is that around each alarm, once where they meet', async () => {
    const { source, spansOf } = sourceOf('detect')
    await collectSeries(source, violations, options)
    expect(spansOf('aws:all-bytes-out')).toEqual([
      [94, 117],
      [194, 207],
    ])
  })
  test("of a device's history is all from the first to the last", async () => {
    const { source, spansOf } = sourceOf('device')
    await collectSeries(source, violations, options)
    expect(spansOf('aws:all-bytes-out')).toEqual([[94, 207]])
  })
  test('of an alarm that lasts goes on until now', async () => {
    const { source, spansOf } = sourceOf('device')
    await collectSeries(source, [violation('t', 990)], options)
    expect(spansOf('aws:all-bytes-out')).toEqual([[984, 1000]])
  })
})

describe('the metrics', () => {
  test('of a device are all that it measures, and what its behaviors add', async () => {
    const { source } = sourceOf('device', ['aws:all-bytes-in'])
    const { series } = await collectSeries(source, [violation('t', 1, 2, { metric: 'temperature' })], options)
    const names = [...(series.get('t')?.keys() ?? [])]
    expect(names).toContain('temperature')
    expect(names).toContain('aws:destination-ip-addresses')
    expect(names).not.toContain('aws:all-bytes-in')
    expect(names).not.toContain('aws:num-messages-sent')
  })
  test('of a dimension are asked for with it, and kept apart', async () => {
    const { source, asked } = sourceOf('detect')
    const metric = 'aws:num-messages-sent'
    const metricDimension = { dimensionName: 'telemetry', operator: 'NOT_IN' } as const
    const one = violation('t', 1, 2, { metric, metricDimension })
    const { series } = await collectSeries(source, [one, violation('t', 1, 2, { metric })], options)
    expect(asked.filter((each) => each.metric === metric).map(({ dimension }) => dimension)).toEqual([
      metricDimension,
      undefined,
    ])
    expect([...(series.get('t')?.keys() ?? [])]).toEqual(
      expect.arrayContaining([metric, `${metric}, not in telemetry`]),
    )
  })
  test.each([
    { dimension: undefined, gives: 'm' },
    { dimension: { dimensionName: 'd' }, gives: 'm, in d' },
    { dimension: { dimensionName: 'd', operator: null }, gives: 'm, in d' },
    { dimension: { dimensionName: 'd', operator: 'NOT_IN' as const }, gives: 'm, not in d' },
  ])('are called $gives', ({ dimension, gives }) => {
    expect(
      seriesName({
        name: 'b',
        metric: 'm',
        ...(dimension === undefined ? {} : { metricDimension: dimension }),
      }),
    ).toBe(gives)
  })
})

test('beyond the bound the things with the oldest violations are left out, and named', async () => {
  const { source, asked } = sourceOf('device')
  const violations = ['new', 'old', 'older'].map((name, index) => violation(name, 100 - index, 101))
  const { series, leftOut, datapointCount } = await collectSeries(source, violations, {
    ...options,
    datapointsMax: 21,
  })
  expect([...series.keys()]).toEqual(['new', 'old'])
  expect(leftOut).toEqual(['older'])
  expect(datapointCount).toBe(40)
  expect(asked.some(({ thingName }) => thingName === 'older')).toBe(false)
})

test('progress is told for each thing', async () => {
  const told: string[] = []
  const { source } = sourceOf('events', [])
  await collectSeries(source, [violation('a', 1, 2), violation('b', 1, 2)], {
    ...options,
    onProgress: (done, total) => told.push(`${done}/${total}`),
  })
  expect(told).toEqual(['1/2', '2/2'])
})
