/** AWS that cannot be asked, or says no: each time a sentence that says what to do, and nothing changed. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { useCredentials } from '../../aws/credentials.ts'
import { EXPIRED_KEY } from '../../aws/server.ts'
import { type Bench, openBench } from './bench.ts'

let bench: Bench
let path: string
beforeEach(async () => {
  bench = await openBench()
  path = bench.file('gateways.yaml', 'securityProfileName: gateways\ntargets: [gateways]\n')
})
afterEach(() => bench.close())

interface Case {
  readonly name: string
  readonly disturb: () => void
  readonly words?: readonly string[]
  readonly says: RegExp
}

const KEYS = { AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' }

const cases: Case[] = [
  {
    name: 'no credentials',
    disturb: () =>
      useCredentials(bench.folder, { AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' }),
    says: /^no AWS credentials: .*Set AWS_ACCESS_KEY_ID .* --profile, or sign in/,
  },
  {
    name: 'a named profile that is not there',
    disturb: () =>
      useCredentials(bench.folder, { AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' }),
    words: ['--profile', 'fleet'],
    says: /^no AWS credentials of the profile "fleet": .*"aws sso login --profile fleet"/,
  },
  {
    name: 'expired credentials',
    disturb: () => useCredentials(bench.folder, { ...KEYS, AWS_ACCESS_KEY_ID: EXPIRED_KEY }),
    says: /^the AWS credentials have expired: sign in again/,
  },
  {
    name: 'keys that are not known',
    disturb: () => useCredentials(bench.folder, { ...KEYS, AWS_ACCESS_KEY_ID: 'AKIANOBODY' }),
    says: /^AWS does not take the credentials in eu-west-1: .*Check the keys/,
  },
  {
    name: 'another region',
    disturb: () => {},
    words: ['--region', 'us-east-1'],
    says: /^AWS does not take the credentials in us-east-1: Credential should be scoped to eu-west-1/,
  },
  {
    name: 'no region',
    disturb: () => {
      delete process.env.AWS_REGION
    },
    says: /^no AWS region: give --region, or set AWS_REGION/,
  },
  {
    name: 'an action that is not allowed',
    disturb: () => bench.aws.deniedActions.add('iot:DescribeSecurityProfile'),
    says: /^iot:DescribeSecurityProfile is not allowed: allow it in the IAM policy .*no identity-based policy/,
  },
  {
    name: 'throttling that does not end',
    disturb: () =>
      bench.aws.fault({ times: Infinity, effect: { kind: 'error', code: 'ThrottlingException' } }),
    says: /^AWS throttles iot:DescribeSecurityProfile \(Rate exceeded\): wait a minute/,
  },
  {
    name: 'a failing service',
    disturb: () =>
      bench.aws.fault({ times: Infinity, effect: { kind: 'error', code: 'ServiceUnavailableException' } }),
    says: /^iot:DescribeSecurityProfile: AWS failed with ServiceUnavailableException \(503\)/,
  },
  {
    name: 'nobody there',
    disturb: () => {},
    words: ['--endpoint-url', 'http://127.0.0.1:1'],
    says: /^iot:DescribeSecurityProfile: http:\/\/127\.0\.0\.1:1 cannot be reached .*--endpoint-url/,
  },
  {
    name: 'an account that Detect is closed to',
    disturb: () =>
      bench.aws.fault({
        times: Infinity,
        effect: {
          kind: 'error',
          code: 'AccessDeniedException',
          message: 'This feature is no longer available to new customers.',
        },
      }),
    says: /^AWS IoT Device Defender Detect is not open to this account .* add --to edge/,
  },
]

describe('before anything is known', () => {
  test.each(cases)('$name', async ({ disturb, words = [], says }) => {
    disturb()
    // The last of an option counts: the bench's own comes after.
    const open = words.includes('--endpoint-url') ? { open: await openAt(words[1] as string) } : {}
    const extra = words.includes('--endpoint-url') ? [] : words
    const { status, err } = await bench.run(['apply', path, '--yes', ...extra], open)
    expect(err).toMatch(says)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(status).toBe(2)
    expect(bench.aws.changes()).toEqual([])
  })
})

async function openAt(endpoint: string) {
  const { openDetectControlPlane } = await import('../../../scripts/aws/iot.ts')
  return () => openDetectControlPlane({ endpoint })
}

test('a short throttling is waited out', async () => {
  bench.aws.fault({ times: 1, effect: { kind: 'error', code: 'ThrottlingException' } })
  const { status, err } = await bench.run(['apply', path, '--yes'])
  expect({ status, err }).toEqual({ status: 0, err: '' })
})

test('an answer that is late only delays', async () => {
  bench.aws.fault({ operation: 'CreateSecurityProfile', effect: { kind: 'delay', ms: 50 } })
  expect((await bench.run(['apply', path, '--yes'])).status).toBe(0)
})

test('an action that is denied in the middle names itself, and what was done stays', async () => {
  bench.aws.deniedActions.add('iot:AttachSecurityProfile')
  const { status, err } = await bench.run(['apply', path, '--yes'])
  expect(status).toBe(1)
  expect(err).toContain('attach gateways to gateways failed: iot:AttachSecurityProfile is not allowed')
  expect(err).toContain('1 of 2 changes are done and stay.')
  bench.aws.deniedActions.clear()
  expect((await bench.run(['plan', path])).out).toContain('1 change: 1 attach.')
})

test('what may not be asked beforehand is a note and no obstacle', async () => {
  bench.aws.deniedActions.add('iot:DescribeThingGroup').add('iot:ValidateSecurityProfileBehaviors')
  const file = bench.file('ports.json', {
    securityProfileName: 'ports',
    behaviors: [
      {
        name: 'ports',
        metric: 'aws:listening-tcp-ports',
        criteria: { comparisonOperator: 'in-port-set', value: { ports: [22] } },
      },
    ],
    targets: ['gateways'],
  })
  const { status, err } = await bench.run(['apply', file, '--yes'])
  expect(status).toBe(0)
  expect(err).toContain('note: whether the thing groups exist could not be asked: iot:DescribeThingGroup')
  expect(err).toContain('note: AWS was not asked whether it takes the behaviors')
})

test.each([
  {
    name: 'a thing group that is not there',
    content: { targets: ['nobody'] },
    says: 'there is no thing group "nobody" in the account',
  },
  {
    name: 'a custom metric that nobody declares',
    content: {
      behaviors: [
        { name: 'b', metric: 'battery', criteria: { comparisonOperator: 'less-than', value: { number: 1 } } },
      ],
    },
    says: 'custom metric "battery" is neither in the account nor in the files',
  },
  {
    name: 'a dimension that nobody declares',
    content: {
      behaviors: [
        {
          name: 'b',
          metric: 'aws:num-messages-sent',
          metricDimension: { dimensionName: 'telemetry' },
          criteria: { comparisonOperator: 'less-than', value: { count: 1 }, durationSeconds: 300 },
        },
      ],
    },
    says: 'dimension "telemetry" is neither in the account nor in the files',
  },
])('$name is found before anything is changed', async ({ content, says }) => {
  const file = bench.file('bad.json', { securityProfileName: 'bad', ...content })
  for (const command of [['plan'], ['apply', '--yes']]) {
    const { status, err } = await bench.run([...command, path, file])
    expect(status).toBe(1)
    expect(err).toContain(says)
  }
  expect(bench.aws.changes()).toEqual([])
})

test('what AWS finds wrong with behaviors stops the plan', async () => {
  bench.aws.fault({
    operation: 'ValidateSecurityProfileBehaviors',
    effect: {
      kind: 'answer',
      output: { valid: false, validationErrors: [{ errorMessage: 'Behavior a is malformed.' }] },
    },
  })
  const file = bench.file('a.json', {
    securityProfileName: 'a',
    behaviors: [
      {
        name: 'a',
        metric: 'aws:num-listening-tcp-ports',
        criteria: { comparisonOperator: 'less-than', value: { count: 5 } },
      },
    ],
  })
  const { status, err } = await bench.run(['apply', file, '--yes'])
  expect({ status, err }).toEqual({ status: 1, err: 'a: AWS finds: Behavior a is malformed.\n' })
  expect(bench.aws.changes()).toEqual([])
})

test('a type of a custom metric that differs is refused', async () => {
  const file = (type: string) =>
    bench.file('metric.json', { securityProfileName: 'gateways', customMetrics: { peers: { type } } })
  expect((await bench.run(['apply', file('ip-address-list'), '--yes'])).status).toBe(0)
  const { status, err } = await bench.run(['apply', file('string-list'), '--yes'])
  expect(status).toBe(1)
  expect(err).toContain('custom metric "peers" is of the type ip-address-list in the account and string-list')
})

test('a mitigation action of another kind is not taken over', async () => {
  const roleArn = 'arn:aws:iam::123456789012:role/audit'
  bench.aws.account.mitigationActions.set('revoke', {
    name: 'revoke',
    arn: 'arn:aws:iot:eu-west-1:123456789012:mitigationaction/revoke',
    id: 'id',
    roleArn,
    params: { updateDeviceCertificateParams: { action: 'DEACTIVATE' } },
    createdAt: 0,
    changedAt: 0,
  })
  const actionParams = { addThingsToThingGroupParams: { thingGroupNames: ['cameras'] } }
  const file = bench.file('action.json', {
    securityProfileName: 'gateways',
    mitigationActions: { revoke: { roleArn, actionParams } },
  })
  const { status, err } = await bench.run(['apply', file, '--yes'])
  expect(status).toBe(1)
  expect(err).toBe(
    'mitigation action "revoke" is in the account with updateDeviceCertificateParams: use another name\n',
  )
  expect(bench.aws.changes()).toEqual([])
})

test('a faulty file stops everything, with line and column', async () => {
  const bad = bench.file('bad.yaml', 'securityProfileName: gateways\nbehavior: []\n')
  const { status, err } = await bench.run(['plan', bad])
  expect(status).toBe(2)
  expect(err).toMatch(/bad\.yaml:2:1: behavior: /)
  expect(bench.aws.calls).toEqual([])
})
