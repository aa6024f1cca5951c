/** AWS failing in the middle of an apply, at each step in turn: nothing is lost, nothing is made twice. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Account } from '../../aws/account.ts'
import type { Effect } from '../../aws/faults.ts'
import { type Bench, openBench } from './bench.ts'

const arn = (resource: string) => `arn:aws:iot:eu-west-1:123456789012:${resource}`
const ceiling = (metric: string, count: number) => ({
  name: `${metric.replace(':', '-')}-ceiling`,
  metric,
  criteria: { comparisonOperator: 'less-than', value: { count }, durationSeconds: 300 },
})
const roleArn = 'arn:aws:iam::123456789012:role/alerts'

const quarantine = (thingGroupNames: string[]) => ({
  roleArn,
  actionParams: { addThingsToThingGroupParams: { thingGroupNames } },
})

let bench: Bench
let files: string[]

let before: Holdings

/** What the account has before: one of everything that the files change or delete. */
beforeAll(async () => {
  bench = await openBench()
  const old = [
    bench.file('gateways.json', {
      securityProfileName: 'gateways',
      securityProfileDescription: 'old words',
      behaviors: [ceiling('aws:all-bytes-out', 1000), ceiling('aws:all-bytes-in', 1000)],
      additionalMetricsToRetain: ['aws:all-packets-in'],
      alertTargets: { SNS: { alertTargetArn: 'arn:aws:sns:eu-west-1:123456789012:alerts', roleArn } },
      metricsExportConfig: { mqttTopic: 'export', roleArn },
      targets: ['gateways', 'all/unregistered-things'],
      customMetrics: { battery: { type: 'number' } },
      dimensions: { commands: { stringValues: ['cmd/#'] } },
      mitigationActions: { quarantine: quarantine(['cameras']) },
      tags: [{ Key: 'owner', Value: 'a' }, { Key: 'gone' }],
    }),
    ...['other', 'third', 'fourth', 'old'].map((name) =>
      bench.file(`${name}.json`, { securityProfileName: name, targets: ['all/things'] }),
    ),
  ]
  expect((await bench.run(['apply', ...old, '--yes'])).status).toBe(0)
  before = holdings()
  files = [
    bench.file('gateways.json', {
      securityProfileName: 'gateways',
      behaviors: [
        { ...ceiling('aws:all-bytes-out', 2000), name: 'out' },
        {
          name: 'battery',
          metric: 'battery',
          criteria: { comparisonOperator: 'greater-than', value: { number: 3.3 } },
        },
        {
          name: 'commands',
          metric: 'aws:num-messages-received',
          metricDimension: { dimensionName: 'commands' },
          criteria: { comparisonOperator: 'less-than', value: { count: 9 }, durationSeconds: 300 },
        },
      ],
      targets: ['gateways', 'cameras'],
      customMetrics: { battery: { type: 'number', displayName: 'Battery, V' } },
      dimensions: { commands: { stringValues: ['cmd/#', 'rpc/#'] } },
      mitigationActions: { quarantine: quarantine(['gateways', 'cameras']) },
      tags: [
        { Key: 'owner', Value: 'b' },
        { Key: 'stage', Value: 'test' },
      ],
    }),
    bench.file('cameras.json', {
      securityProfileName: 'cameras',
      behaviors: [
        {
          name: 'peers',
          metric: 'peers',
          criteria: { comparisonOperator: 'in-cidr-set', value: { cidrs: ['10.0.0.0/8'] } },
        },
        {
          name: 'telemetry',
          metric: 'aws:num-messages-sent',
          metricDimension: { dimensionName: 'telemetry', operator: 'NOT_IN' },
          criteria: { comparisonOperator: 'less-than', value: { count: 9 }, durationSeconds: 300 },
        },
      ],
      targets: ['cameras'],
      customMetrics: { peers: { type: 'ip-address-list' } },
      mitigationActions: { isolate: quarantine(['cameras']) },
      dimensions: { telemetry: { type: 'TOPIC_FILTER', stringValues: ['telemetry/#'] } },
    }),
    ...['other', 'third', 'fourth'].map((name) =>
      bench.file(`${name}.json`, { securityProfileName: name, targets: ['all/things'] }),
    ),
  ]
})
afterAll(() => bench.close())

const KINDS = ['profiles', 'customMetrics', 'dimensions', 'mitigationActions', 'tags'] as const
type Holdings = Pick<Account, (typeof KINDS)[number]>

const holdings = (): Holdings => {
  const { profiles, customMetrics, dimensions, mitigationActions, tags } = bench.aws.account
  return structuredClone({ profiles, customMetrics, dimensions, mitigationActions, tags })
}

beforeEach(() => {
  const { account, calls } = bench.aws
  bench.aws.clearFaults()
  const copy = structuredClone(before)
  for (const kind of KINDS) {
    account[kind].clear()
    for (const [name, each] of copy[kind]) (account[kind] as Map<string, unknown>).set(name, each)
  }
  calls.length = 0
})

/** All but the times and the tokens, which differ from run to run. */
const content = () =>
  JSON.parse(
    JSON.stringify(holdings(), (key, value: unknown) => {
      if (value instanceof Set) return [...value].sort()
      if (value instanceof Map) return Object.fromEntries([...value].sort())
      return ['createdAt', 'changedAt', 'token'].includes(key) ? undefined : value
    }),
  )
let wanted: unknown

/** The calls that the whole change takes, in the only order that is right. */
const steps = [
  ['UpdateCustomMetric', 'battery'],
  ['CreateCustomMetric', 'peers'],
  ['UpdateDimension', 'commands'],
  ['CreateDimension', 'telemetry'],
  ['CreateMitigationAction', 'isolate'],
  ['UpdateMitigationAction', 'quarantine'],
  ['CreateSecurityProfile', 'cameras'],
  ['UpdateSecurityProfile', 'gateways'],
  ['TagResource', 'stage'],
  ['TagResource', 'owner'],
  ['UntagResource', 'gone'],
  ['AttachSecurityProfile', 'cameras'],
  ['AttachSecurityProfile', 'gateways'],
  ['DetachSecurityProfile', 'gateways'],
  ['DetachSecurityProfile', 'old'],
  ['DeleteSecurityProfile', 'old'],
] as const

const apply = () => bench.run(['apply', ...files, '--prune', '--yes'])
const changed = () => bench.aws.changes().map(({ operation }) => operation)

test('undisturbed, each step is taken once, in a legal order', async () => {
  const { status, err } = await apply()
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(changed()).toEqual(steps.map(([operation]) => operation))
  const update = bench.aws.calls.find(({ operation }) => operation === 'UpdateSecurityProfile')?.input
  expect(update).toMatchObject({
    expectedVersion: 1,
    securityProfileDescription: '',
    deleteAlertTargets: true,
    deleteAdditionalMetricsToRetain: true,
    deleteMetricsExportConfig: true,
  })
  expect(update).not.toHaveProperty('deleteBehaviors')
  const gateways = bench.aws.account.profiles.get('gateways')
  expect([...(gateways?.targets ?? [])].sort()).toEqual([
    arn('thinggroup/cameras'),
    arn('thinggroup/gateways'),
  ])
  expect(Object.fromEntries(bench.aws.account.tags.get(arn('securityprofile/gateways')) ?? [])).toEqual({
    owner: 'b',
    stage: 'test',
  })
  expect(bench.aws.account.profiles.has('old')).toBe(false)
  expect((await bench.run(['plan', ...files, '--prune'])).out).toContain('No changes')
  wanted = content()
})

/** The n-th of the calls of an operation is the step's. */
const nthOf = (index: number) =>
  steps.slice(0, index).filter(([operation]) => operation === steps[index]?.[0]).length

const disturb = (index: number, effect: Effect, times: number) =>
  bench.aws.fault({ operation: steps[index]?.[0] as string, skip: nthOf(index), times, effect })

describe.each(steps.map(([operation, name], index) => ({ operation, name, index })))(
  'step $index, $operation ($name)',
  ({ index }) => {
    test('fails for good: what is done stays and is said, a second apply does the rest', async () => {
      disturb(index, { kind: 'error', code: 'InternalFailureException' }, 2)
      const first = await apply()
      expect(first.status).toBe(1)
      expect(first.err).toContain(`${index} of ${steps.length} changes are done and stay.`)
      expect(first.err).toContain('the next plan shows what is left')
      expect(changed()).toEqual(steps.slice(0, index).map(([operation]) => operation))

      expect((await apply()).status).toBe(0)
      expect(changed()).toEqual(steps.map(([operation]) => operation))
      expect(content()).toEqual(wanted)
    })

    test('is done but the answer is lost: that is found out, and the apply goes on', async () => {
      disturb(index, { kind: 'drop', when: 'after' }, 1)
      const { status, err } = await apply()
      expect({ status, err }).toEqual({ status: 0, err: '' })
      expect(content()).toEqual(wanted)
    })
  },
)

test('what cannot be known is said to be unknown', async () => {
  disturb(6, { kind: 'drop', when: 'before' }, 2)
  bench.aws.fault({
    operation: 'DescribeSecurityProfile',
    skip: 6,
    times: 2,
    effect: { kind: 'drop', when: 'before' },
  })
  const { status, err } = await apply()
  expect(status).toBe(1)
  expect(err).toContain('create security profile cameras (2 behaviors) failed: iot:CreateSecurityProfile')
  expect(err).toContain('whether AWS carried it out is not known')
  expect((await apply()).status).toBe(0)
})

test('an interruption ends it between two changes', async () => {
  const controller = new AbortController()
  const lines: string[] = []
  const { status, err } = await bench.run(['apply', ...files, '--prune', '--yes'], {
    interruption: () => ({ signal: controller.signal, stop: () => {} }),
    write: (text) => {
      lines.push(text)
      if (lines.filter((line) => line.includes('custom metric peers')).length === 2) controller.abort()
    },
  })
  expect(status).toBe(1)
  expect(err).toContain('interrupted\n2 of 16 changes are done and stay.')
  expect(changed()).toEqual(['UpdateCustomMetric', 'CreateCustomMetric'])
  expect((await apply()).status).toBe(0)
})

test('a change by somebody else between plan and apply is not written over', async () => {
  bench.aws.fault({
    operation: 'UpdateSecurityProfile',
    effect: { kind: 'error', code: 'VersionConflictException', message: 'version is 2, expected was 1' },
  })
  const { status, err } = await apply()
  expect(status).toBe(1)
  expect(err).toContain('somebody else changed it in the meantime: version is 2, expected was 1')
  expect(err).toContain('7 of 16 changes are done and stay.')
})
