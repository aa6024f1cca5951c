import { expect, test } from 'vitest'
import { profileWarnings } from '../../src/detect/lint.ts'
import { profileOf } from './scenario.ts'

const statistic = (comparisonOperator: string, name: string) => ({
  metric: 'aws:all-bytes-out',
  criteria: { comparisonOperator, statisticalThreshold: { statistic: name }, durationSeconds: 300 },
})
const traffic = (comparisonOperator: string, count: number, more: object = { durationSeconds: 300 }) => ({
  metric: 'aws:all-bytes-out',
  criteria: { comparisonOperator, value: { count }, ...more },
})
const destinations = (comparisonOperator: string, ...cidrs: string[]) => ({
  metric: 'aws:destination-ip-addresses',
  criteria: { comparisonOperator, value: { cidrs } },
})
const listening = (comparisonOperator: string, ...ports: number[]) => ({
  metric: 'aws:listening-tcp-ports',
  criteria: { comparisonOperator, value: { ports } },
})

const cases: { name: string; behavior: object; says: [code: string, path: string, fix: RegExp][] }[] = [
  {
    name: 'greater-than p99.99',
    behavior: statistic('greater-than', 'p99.99'),
    says: [['statistic-turned-round', 'comparisonOperator', /"less-than-equals"/]],
  },
  {
    name: 'greater-than-equals p90',
    behavior: statistic('greater-than-equals', 'p90'),
    says: [['statistic-turned-round', 'comparisonOperator', /"less-than"/]],
  },
  {
    name: 'less-than p10',
    behavior: statistic('less-than', 'p10'),
    says: [['statistic-turned-round', 'comparisonOperator', /"greater-than-equals"/]],
  },
  {
    name: 'less-than-equals p0',
    behavior: statistic('less-than-equals', 'p0'),
    says: [['statistic-turned-round', 'comparisonOperator', /"greater-than"/]],
  },
  {
    name: 'less-than-equals p99.99 is what is meant',
    behavior: statistic('less-than-equals', 'p99.99'),
    says: [],
  },
  { name: 'greater-than p1 is what is meant', behavior: statistic('greater-than', 'p1'), says: [] },
  { name: 'the median either way', behavior: statistic('greater-than', 'p50'), says: [] },
  {
    name: 'a floor on traffic',
    behavior: traffic('greater-than', 1000),
    says: [['floor-on-device-metric', 'comparisonOperator', /"less-than-equals"/]],
  },
  {
    name: 'a floor on messages is a heartbeat',
    behavior: { ...traffic('greater-than', 10), metric: 'aws:num-messages-sent' },
    says: [],
  },
  {
    name: 'less-than 0',
    behavior: traffic('less-than', 0),
    says: [['always-in-alarm', 'value.count', /another bound/]],
  },
  {
    name: 'greater-than-equals 0',
    behavior: traffic('greater-than-equals', 0),
    says: [['never-in-alarm', 'value.count', /another bound/]],
  },
  {
    name: 'less-than-equals 0 is silence, which may be meant',
    behavior: traffic('less-than-equals', 0),
    says: [],
  },
  {
    name: 'traffic without duration',
    behavior: traffic('less-than', 9, {}),
    says: [['no-duration', 'durationSeconds', /300/]],
  },
  {
    name: 'only telnet may listen',
    behavior: listening('in-port-set', 23, 2323),
    says: [['set-turned-round', 'comparisonOperator', /not-in-port-set/]],
  },
  { name: 'ssh and telnet may listen', behavior: listening('in-port-set', 22, 23), says: [] },
  { name: 'nothing may listen', behavior: listening('in-port-set'), says: [] },
  {
    name: 'nothing is forbidden',
    behavior: listening('not-in-port-set'),
    says: [['never-in-alarm', 'value', /leave the behavior out/]],
  },
  {
    name: 'IPv4 only',
    behavior: destinations('in-cidr-set', '10.0.0.0/8'),
    says: [['one-address-family', 'value.cidrs', /IPv6/]],
  },
  {
    name: 'IPv6 only',
    behavior: destinations('in-cidr-set', 'fc00::/7'),
    says: [['one-address-family', 'value.cidrs', /IPv4/]],
  },
  { name: 'IPv4 only, forbidden', behavior: destinations('not-in-cidr-set', '10.0.0.0/8'), says: [] },
  {
    name: 'host bits',
    behavior: destinations('not-in-cidr-set', '10.0.0.0/8', '10.0.0.1/8'),
    says: [['host-bits', 'value.cidrs[1]', /network/]],
  },
  {
    name: 'ML alone',
    behavior: { metric: 'aws:all-bytes-out', criteria: { mlDetectionConfig: { confidenceLevel: 'LOW' } } },
    says: [],
  },
]

test.each(cases)('$name', ({ behavior, says }) => {
  const profile = profileOf({ securityProfileName: 'p', behaviors: [{ name: 'b', ...behavior }] })
  const warnings = profileWarnings(profile)
  expect(warnings.map(({ code, path }) => [code, path])).toEqual(
    says.map(([code, path]) => [code, `behaviors[0].criteria.${path}`]),
  )
  for (const [index, [, , fix]] of says.entries()) expect(warnings[index]?.fix).toMatch(fix)
  expect(warnings.every(({ reason }) => reason.length > 10)).toBe(true)
})

test('rules and ML in one profile', () => {
  const ml = {
    name: 'ml',
    metric: 'aws:all-bytes-in',
    criteria: { mlDetectionConfig: { confidenceLevel: 'HIGH' } },
  }
  const profile = profileOf({
    securityProfileName: 'p',
    behaviors: [
      { name: 'collect', metric: 'aws:all-bytes-in' },
      { name: 'b', ...traffic('less-than', 9) },
      ml,
    ],
  })
  expect(profileWarnings(profile).map(({ code, path }) => [code, path])).toEqual([
    ['mixed-with-ml', 'behaviors[2].criteria.mlDetectionConfig'],
  ])
})
