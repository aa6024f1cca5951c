import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readProfileFiles } from '../../../scripts/profiles/file.ts'
import { fixFiles, lintFiles } from '../../../scripts/profiles/lint/lint.ts'
import { readTestFiles } from '../../../scripts/profiles/test-file.ts'
import { readWhole } from './helpers.ts'

const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))
const tutorial = path('test/fixtures/profiles/published/DataExfiltrationCheck.json')

/** Findings of a profile with these behaviors, but for the missing test, which each of them has. */
function findings(behaviors: string, more = '') {
  const read = readWhole({ 'p.yaml': `securityProfileName: p\n${more}\nbehaviors:\n${behaviors}` })
  return lintFiles(read, new Map()).filter(({ code }) => code !== 'missing-test')
}

const traffic = (operator: string, count: number, more = 'durationSeconds: 300') =>
  `  - { name: b, metric: aws:all-bytes-out, criteria: { comparisonOperator: ${operator}, value: { count: ${count} }, ${more} } }\n`
const set = (metric: string, operator: string, value: string, name = 'b') =>
  `  - { name: ${name}, metric: ${metric}, criteria: { comparisonOperator: ${operator}, value: ${value} } }\n`
const level = (name: string, count: number, more = '') =>
  `  - { name: ${name}, metric: aws:num-established-tcp-connections, criteria: { comparisonOperator: less-than-equals, value: { count: ${count} }, durationSeconds: 300 }${more} }\n`

const cases: { name: string; behaviors: string; more?: string; says: string[] }[] = [
  { name: 'nothing to say', behaviors: traffic('less-than-equals', 50_000_000), says: [] },
  {
    name: 'more bytes than any link carries',
    behaviors: traffic('less-than', 1e13),
    says: ['warning never-in-alarm'],
  },
  {
    name: 'a floor above any link',
    behaviors: traffic('greater-than', 1e13),
    says: ['warning floor-on-device-metric', 'warning always-in-alarm'],
  },
  { name: 'silence', behaviors: traffic('less-than-equals', 0), says: ['warning always-in-alarm'] },
  { name: 'a heartbeat is none', behaviors: traffic('less-than', 2), says: [] },
  {
    name: 'every address allowed, in halves',
    behaviors: set(
      'aws:destination-ip-addresses',
      'in-cidr-set',
      '{ cidrs: ["0.0.0.0/1", "128.0.0.0/1", "::/0"] }',
    ),
    says: ['warning never-in-alarm'],
  },
  {
    name: 'every address forbidden',
    behaviors: set('aws:destination-ip-addresses', 'not-in-cidr-set', '{ cidrs: ["0.0.0.0/0", "::/0"] }'),
    says: ['warning always-in-alarm'],
  },
  {
    name: 'prefixes within others and twice',
    behaviors: set(
      'aws:destination-ip-addresses',
      'not-in-cidr-set',
      '{ cidrs: ["10.1.0.0/16", "10.0.0.0/8", "192.0.2.0/24", "192.0.2.0/24", "192.0.2.7"] }',
    ),
    says: ['warning covered-prefix', 'warning repeated-element', 'warning covered-prefix'],
  },
  {
    name: 'a port twice',
    behaviors: set('aws:listening-tcp-ports', 'in-port-set', '{ ports: [22, 443, 22] }'),
    says: ['warning repeated-element'],
  },
  {
    name: 'nine hundred ports',
    behaviors: set(
      'aws:listening-tcp-ports',
      'not-in-port-set',
      `{ ports: [${Array.from({ length: 900 }, (_, index) => index + 1)}] }`,
    ),
    says: ['warning long-sets'],
  },
  {
    name: 'the same behavior under two names',
    behaviors: level('a', 5) + level('b', 5),
    says: ['warning duplicate-behavior'],
  },
  {
    name: 'a weaker ceiling beside a stricter one',
    behaviors: level('a', 5) + level('b', 9),
    says: ['warning shadowed-behavior'],
  },
  {
    name: 'two grades, the stricter muted',
    behaviors: level('a', 5, ', suppressAlerts: true') + level('b', 9),
    says: [],
  },
  {
    name: 'a deny-list within a longer one',
    behaviors:
      set('aws:listening-tcp-ports', 'not-in-port-set', '{ ports: [21, 22] }', 'a') +
      set('aws:listening-tcp-ports', 'not-in-port-set', '{ ports: [22] }', 'b'),
    says: ['warning shadowed-behavior'],
  },
  {
    name: 'an allow-list that holds a shorter one',
    behaviors:
      set(
        'aws:destination-ip-addresses',
        'in-cidr-set',
        '{ cidrs: ["10.0.0.0/8", "fc00::/7", "192.0.2.0/24"] }',
        'a',
      ) + set('aws:destination-ip-addresses', 'in-cidr-set', '{ cidrs: ["10.1.0.0/16", "fc00::/7"] }', 'b'),
    says: ['warning shadowed-behavior'],
  },
  {
    name: 'a custom metric that nobody declares',
    behaviors: set('users', 'in-set', '{ strings: [root] }'),
    says: ['warning undeclared-metric'],
  },
  {
    name: "one of the agent's own, not declared",
    behaviors: `  - { name: b, metric: cpu_usage, criteria: { comparisonOperator: less-than, value: { number: 90 } } }\n`,
    says: ['note undeclared-metric'],
  },
  {
    name: 'a percentile of what may be negative',
    behaviors: `  - { name: b, metric: balance, criteria: { comparisonOperator: less-than, statisticalThreshold: { statistic: p99 } } }\n`,
    more: 'customMetrics: { balance: { type: number } }',
    says: ['note percentile-of-signed'],
  },
  {
    name: 'declared and never used',
    behaviors: traffic('less-than', 100_000),
    more: 'customMetrics: { load: { type: number } }\ndimensions: { topics: { stringValues: [a] } }',
    says: ['note unused-declaration', 'note unused-declaration'],
  },
  {
    name: 'left to AWS, by a dimension of somebody else',
    behaviors: `  - { name: b, metric: aws:num-messages-sent, metricDimension: { dimensionName: t }, criteria: { comparisonOperator: less-than, value: { count: 9 }, durationSeconds: 300 } }\n`,
    says: ['note not-judged-on-device', 'note undeclared-dimension'],
  },
]

test.each(cases)('$name', ({ behaviors, more, says }) => {
  const found = findings(behaviors, more)
  expect(found.map(({ severity, code }) => `${severity} ${code}`)).toEqual(says)
  expect(found.every(({ reason, fix }) => reason.length > 10 && fix.length > 5)).toBe(true)
})

test("the tutorial's polarity, with its line and its fix", async () => {
  const read = await readProfileFiles([tutorial])
  const turned = lintFiles(read, new Map()).find(({ code }) => code === 'statistic-turned-round')
  expect(turned).toMatchObject({
    severity: 'warning',
    position: { line: 9, column: 39 },
    fix: '"comparisonOperator": "less-than-equals"',
  })
})

test('the shipped pack is clean, with its tests', async () => {
  const read = await readProfileFiles([path('component/profiles')])
  const { files } = await readTestFiles([path('component/profiles')])
  const tests = new Map(files.map((file) => [file.profile.path, file]))
  expect(lintFiles(read, tests)).toEqual([])
})

describe('--fix', () => {
  const fixed = (texts: Record<string, string>) =>
    Object.fromEntries(fixFiles(readWhole(texts)).map(({ path, text }) => [path, text]))

  test("changes one word of the tutorial's profile", () => {
    const text = readFileSync(tutorial, 'utf8')
    expect(fixed({ 'rule.json': text })).toEqual({
      'rule.json': text.replace('"greater-than"', '"less-than-equals"'),
    })
  })

  test('keeps comments, order and quotes of YAML', () => {
    const text = `securityProfileName: p # ours
behaviors:
  - name: b
    metric: aws:destination-ip-addresses
    criteria:
      comparisonOperator: not-in-cidr-set
      value:
        cidrs:
          # the lab
          - '10.0.0.1/8'
          - 10.2.0.0/16
          - 192.0.2.0/24 # test net
  - name: t
    metric: aws:all-bytes-out
    criteria:
      comparisonOperator: less-than # normal
      value: { count: 1000 }
`
    const expected = text
      .replace('10.0.0.1/8', '10.0.0.0/8')
      .replace('          - 10.2.0.0/16\n', '')
      .replace('less-than # normal', 'less-than\n      durationSeconds: 300 # normal')
    expect(fixed({ 'p.yaml': text })).toEqual({ 'p.yaml': expected })
  })

  test('takes elements out of a list in JSON, the first, a middle one and the last', () => {
    const text = (ports: string) =>
      `[{"name": "b", "metric": "aws:listening-tcp-ports", "criteria": {"comparisonOperator": "in-port-set", "value": {"ports": [${ports}]}}}]`
    expect(fixed({ 'p.json': text('22, 22, 23,\n  22, 443, 22') })).toEqual({ 'p.json': text('22, 23, 443') })
  })

  test('what it mended is not found again, and nothing else is changed', () => {
    const { 'p.json': once = '' } = fixed({
      'p.json':
        '{"securityProfileName":"p","behaviors":[{"name":"b","metric":"aws:all-packets-out","criteria":{"comparisonOperator":"less-than","statisticalThreshold":{"statistic":"p1"}}}]}',
    })
    expect(fixed({ 'p.json': once })).toEqual({})
    expect(JSON.parse(once).behaviors[0].criteria).toEqual({
      comparisonOperator: 'greater-than-equals',
      durationSeconds: 300,
      statisticalThreshold: { statistic: 'p1' },
    })
  })

  test('leaves alone what only its author can know', () => {
    expect(
      fixed({ 'p.yaml': `securityProfileName: p\nbehaviors:\n${level('a', 5)}${level('b', 5)}` }),
    ).toEqual({})
  })
})
