/**
 * Series of datapoints in short, one token for each report interval, after promtool's unit tests:
 *
 *   10x40 5000 _ 10x5        forty times 10, once 5000, one interval without a datapoint, five times 10
 *   [22,8883] []             lists of ports, addresses, strings or numbers; the empty list
 *   (10 20 _ 5)              several samples within one interval, evenly spaced
 */
import { metricCatalog, type ValueMember } from '../../src/metrics/catalog.ts'
import type { MetricValue } from '../../src/metrics/datapoint.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'

/** The samples of one interval; `undefined` where the metric is absent. */
export type IntervalSamples = readonly (MetricValue | undefined)[]

/** Fourteen days of a report each minute: what a percentile looks back on, many times over. */
const INTERVALS_MAX = 20_160

const memberOfType: Record<CustomMetricType, ValueMember> = {
  number: 'number',
  'number-list': 'numbers',
  'string-list': 'strings',
  'ip-address-list': 'cidrs',
}

/** Throws an Error that names the metric and the token that cannot be read. */
export function parseSeries(
  metric: string,
  notation: string | number,
  customType?: CustomMetricType,
): IntervalSamples[] {
  const fail = (problem: string): never => {
    throw new Error(`series of ${metric}: ${problem}`)
  }
  const member = metricCatalog.get(metric)?.member ?? memberOfType[customType ?? 'number']
  const text = String(notation)
  const tokens = text.match(/(\([^)]*\)|\[[^\]]*\]|_|-?\d+(?:\.\d+)?)(x\d+)?(?=\s|$)/g) ?? []
  if (tokens.join('').replaceAll(/\s/g, '') !== text.replaceAll(/\s/g, '')) {
    fail(`cannot read ${JSON.stringify(notation)}`)
  }
  const intervals: IntervalSamples[] = []
  for (const token of tokens) {
    const [, body = '', times = '1'] = /^(.*?)(?:x(\d+))?$/.exec(token) ?? []
    if (intervals.length + Number(times) > INTERVALS_MAX) fail(`is longer than ${INTERVALS_MAX} intervals`)
    const interval = intervalOf(body, member, fail)
    for (let count = Number(times); count > 0; count--) intervals.push(interval)
  }
  return intervals
}

type Fail = (problem: string) => never

function intervalOf(body: string, member: ValueMember, fail: Fail): IntervalSamples {
  if (!body.startsWith('(')) return [metricValueOf(body, member, fail)]
  const samples = body.slice(1, -1).match(/\[[^\]]*\]|\S+/g) ?? []
  return samples.map((sample) => metricValueOf(sample, member, fail))
}

function metricValueOf(token: string, member: ValueMember, fail: Fail): MetricValue | undefined {
  if (token === '_') return undefined
  const isNumber = member === 'count' || member === 'number'
  if (isNumber !== !token.startsWith('[')) {
    fail(`takes ${isNumber ? 'numbers' : 'lists, as in [a,b]'}, not ${JSON.stringify(token)}`)
  }
  const numberOf = (text: string): number => {
    const number = Number(text)
    return Number.isFinite(number) ? number : fail(`${JSON.stringify(text)} is not a number`)
  }
  if (isNumber) return { [member]: numberOf(token) } as unknown as MetricValue
  const elements = token
    .slice(1, -1)
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  const isNumeric = member === 'ports' || member === 'numbers'
  return { [member]: isNumeric ? elements.map(numberOf) : elements } as unknown as MetricValue
}
