import { expect, test } from 'vitest'
import {
  accumulationOf,
  comparisonOperators,
  customMetricKinds,
  isAwsMetric,
  metricCatalog,
  valueMembers,
} from '../../src/metrics/catalog.ts'

const names = (side: 'device' | 'cloud') =>
  [...metricCatalog.values()].filter((each) => each.side === side).map((each) => each.name)

test('lists the ten device-side and the eight cloud-side metrics', () => {
  expect(names('device')).toHaveLength(10)
  expect(names('cloud')).toHaveLength(8)
  expect([...metricCatalog.keys()].every(isAwsMetric)).toBe(true)
})

test('every operator and every member of MetricValue belongs to some metric', () => {
  const kinds = [...metricCatalog.values(), ...Object.values(customMetricKinds)]
  expect(new Set(kinds.flatMap(({ operators }) => operators))).toEqual(new Set(comparisonOperators))
  expect(new Set(kinds.map(({ member }) => member))).toEqual(new Set(valueMembers))
})

test('lists have neither windows nor percentiles nor units, numbers have an order', () => {
  for (const kind of [...metricCatalog.values(), ...Object.values(customMetricKinds)]) {
    const isList = kind.accumulation === 'union'
    expect(kind.operators.some((operator) => operator.includes('-set'))).toBe(isList)
    if (isList) expect([kind.duration, kind.statistical, 'unit' in kind]).toEqual([false, false, false])
  }
})

test('only the five metrics of the message broker can be narrowed by topic', () => {
  expect([...metricCatalog.values()].filter(({ dimension }) => dimension).map(({ name }) => name)).toEqual([
    'aws:message-byte-size',
    'aws:num-messages-sent',
    'aws:num-messages-received',
    'aws:num-authorization-failures',
    'aws:source-ip-address',
  ])
})

test.each([
  ['aws:all-bytes-out', 'count', 'sum'],
  ['aws:num-listening-tcp-ports', 'count', 'max'],
  ['aws:listening-tcp-ports', 'ports', 'union'],
  ['custom', 'number', 'max'],
  ['custom', 'numbers', 'union'],
  ['custom', 'strings', 'union'],
  ['custom', 'cidrs', 'union'],
] as const)('%s as %s accumulates as %s', (metric, member, accumulation) => {
  expect(accumulationOf(metric, member)).toBe(accumulation)
})
