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

const memberOfType: Record<CustomMetricType, ValueMember> = {
  number: 'number',
  'number-list': 'numbers',
  'string-list': 'strings',
  'ip-address-list': 'cidrs',
}

export function parseSeries(
  metric: string,
  notation: string | number,
  customType?: CustomMetricType,
): IntervalSamples[] {
  const member = metricCatalog.get(metric)?.member ?? memberOfType[customType ?? 'number']
  const tokens = String(notation).match(/(\([^)]*\)|\[[^\]]*\]|_|-?[\d.]+)(x\d+)?/g) ?? []
  if (tokens.join('').replaceAll(' ', '') !== String(notation).replaceAll(' ', '')) {
    throw new Error(`series of ${metric}: cannot read ${JSON.stringify(notation)}`)
  }
  return tokens.flatMap((token) => {
    const [, body = '', times = '1'] = /^(.*?)(?:x(\d+))?$/.exec(token) ?? []
    return Array.from({ length: Number(times) }, () => intervalOf(body, member))
  })
}

function intervalOf(body: string, member: ValueMember): IntervalSamples {
  if (!body.startsWith('(')) return [metricValueOf(body, member)]
  const samples = body.slice(1, -1).match(/\[[^\]]*\]|\S+/g) ?? []
  return samples.map((sample) => metricValueOf(sample, member))
}

function metricValueOf(token: string, member: ValueMember): MetricValue | undefined {
  if (token === '_') return undefined
  if (!token.startsWith('[')) return { [member]: Number(token) } as unknown as MetricValue
  const elements = token
    .slice(1, -1)
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  const isNumeric = member === 'ports' || member === 'numbers'
  return { [member]: isNumeric ? elements.map(Number) : elements } as unknown as MetricValue
}
