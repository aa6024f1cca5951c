/** `defender doctor`: each thing that is usually missing, found and told; what may not be asked is unknown. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { thingChecks } from '../../../scripts/doctor/checks/thing.ts'
import { deviceNeeds } from '../../../scripts/doctor/device-needs.ts'
import { POLICY_NAMES, policyDocument } from '../../../scripts/doctor/policies/documents.ts'
import { useCredentials } from '../../aws/credentials.ts'
import { addRole } from '../../aws/iam/state.ts'
import { addThing, addThingGroup } from '../../aws/registry.ts'
import { addBucket } from '../../aws/s3/state.ts'
import { EXPIRED_KEY } from '../../aws/server.ts'
import { type Bench, BUCKET, openBench, VARIABLES } from '../publish/bench.ts'

const ALIAS = 'GreengrassCoreTokenExchangeRoleAlias'
const place = {
  partition: 'aws',
  region: 'eu-west-1',
  accountId: '123456789012',
  bucket: BUCKET,
  roleAlias: ALIAS,
}
const CERTIFICATE = 'arn:aws:iot:eu-west-1:123456789012:cert/abc'

let bench: Bench
/** Of a bucket as "defender setup" leaves it. */
let settings: ReadonlyMap<string, string>
beforeAll(async () => {
  const first = await openBench()
  expect((await first.run(['setup', '--yes'])).status).toBe(0)
  settings = first.aws.account.buckets.get(BUCKET)?.settings ?? new Map()
  await first.close()
})

/** An account where all is well, for one classic core device. */
beforeEach(async () => {
  bench = await openBench()
  const { account } = bench.aws
  for (const [name, text] of settings) account.buckets.get(BUCKET)?.settings.set(name, text)
  const reading = policyDocument('token-exchange-role', place)
  const { arn } = addRole(account, { name: 'TokenExchange', inline: { artifacts: reading } })
  account.roleAliases.set(ALIAS, arn)
  addThingGroup(account, { name: 'gateways' })
  addThing(account, { name: 'gateway-7', groups: ['gateways'], principals: [CERTIFICATE] })
  setThingPolicy(policyDocument('thing', place))
  setDevice('HEALTHY', 'aws.greengrass.Nucleus', '2.14.0')
  bench.aws.calls.length = 0
})
afterEach(() => bench.close())

function setThingPolicy(document: object): void {
  bench.aws.account.iotPolicies.set('defender', {
    name: 'defender',
    arn: 'arn:aws:iot:eu-west-1:123456789012:policy/defender',
    document: JSON.stringify(document),
    targets: new Set([CERTIFICATE]),
  })
}

/** One core device without a fleet behind it. */
function setDevice(status: 'HEALTHY' | 'UNHEALTHY', nucleus: string, version: string): void {
  const at = Date.UTC(2026, 10, 23, 22)
  const device = {
    thingName: 'gateway-7',
    runtime: nucleus.endsWith('Lite') ? ('aws_nucleus_lite' as const) : ('aws_nucleus_classic' as const),
    coreVersion: version,
    platform: 'linux',
    architecture: 'amd64',
    status: () => status,
    statusMs: () => at,
    installed: () => [
      { name: nucleus, version, isRoot: true, state: 'RUNNING' as const, changedMs: at, reportedMs: at },
    ],
    executions: () => [],
    hasDeployed: () => false,
  }
  bench.greengrass.coreDevices = {
    ...bench.greengrass.coreDevices,
    all: () => [device],
    find: (thing) => (thing === device.thingName ? device : undefined),
  }
}

const DEVICE = ['--thing', 'gateway-7', '--thing-group', 'gateways']

interface Found {
  readonly name: string
  readonly kind: string
  readonly detail: string
  readonly advice?: string
}

async function doctor(...words: string[]) {
  const { status, out } = await bench.run(['doctor', '--output', 'json', ...words])
  const { isWell, checks } = JSON.parse(out) as { isWell: boolean; checks: Found[] }
  return { status, isWell, checks, of: (name: string) => checks.find((each) => each.name === name) }
}

test('a healthy account and device, as people see it', async () => {
  const { status, out, err } = await bench.run(['doctor', ...DEVICE])
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(
    out,
  ).toBe(`✓ credentials           arn:aws:iam::123456789012:user/operator, account 123456789012, region eu-west-1
– component             Greengrass answers; community.greengrass.DeviceDefender is not published yet
                        Publish it: npx defender publish
✓ bucket                ${BUCKET} is there, in eu-west-1, and belongs to this account
✓ bucket is private     public access is blocked; encrypted, versioned
✓ token exchange role   TokenExchange may read the artifacts in ${BUCKET}
✓ thing                 gateway-7 is a healthy core device, said 2 h ago
✓ nucleus               classic nucleus 2.14.0
✓ thing policy          its policies allow all that is needed (26 topics and actions)
✓ thing group           gateway-7 is in gateways
0 to put right, 1 not known, 8 well.
`)
  // This list is asked for by POST, as a change would be.
  const changes = bench.aws.changes().filter(({ operation }) => operation !== 'ListAttachedPolicies')
  expect(changes).toEqual([])
  const ofGroups = bench.aws.calls.filter(({ operation }) => operation === 'ListThingGroupsForThing')
  expect(ofGroups).toHaveLength(1)
})

describe('what is missing', () => {
  const cases: { name: string; check: string; disturb: () => unknown; says: RegExp; advises: RegExp }[] = [
    {
      name: 'the bucket',
      check: 'bucket',
      disturb: () => bench.aws.account.buckets.delete(BUCKET),
      says: /does not exist/,
      advises: /npx defender setup/,
    },
    {
      name: 'the block of public access',
      check: 'bucket is private',
      disturb: () => {
        bench.aws.account.buckets.delete(BUCKET)
        addBucket(bench.aws.account, { name: BUCKET })
      },
      says: /public access .* is not blocked/,
      advises: /npx defender setup/,
    },
    {
      name: 'the role alias',
      check: 'token exchange role',
      disturb: () => bench.aws.account.roleAliases.clear(),
      says: new RegExp(`there is no role alias ${ALIAS}`),
      advises: /--role-alias/,
    },
    {
      name: "the role's right to read",
      check: 'token exchange role',
      disturb: () => bench.aws.account.iam.roles.get('TokenExchange')?.inline.clear(),
      says: /TokenExchange has no s3:GetObject on/,
      advises: /setup --token-exchange-role TokenExchange/,
    },
    {
      name: 'the thing',
      check: 'thing',
      disturb: () => bench.aws.account.registry.things.delete('gateway-7'),
      says: /there is no thing gateway-7/,
      advises: /--region/,
    },
    {
      name: 'the core device',
      check: 'thing',
      disturb: () => {
        bench.greengrass.coreDevices = { ...bench.greengrass.coreDevices, find: () => undefined }
      },
      says: /is a thing, and not a Greengrass core device/,
      advises: /Install/,
    },
    {
      name: 'its health',
      check: 'thing',
      disturb: () => setDevice('UNHEALTHY', 'aws.greengrass.Nucleus', '2.14.0'),
      says: /is an unhealthy core device, said 2 h ago/,
      advises: /defender status --thing gateway-7/,
    },
    {
      name: 'a nucleus that is new enough',
      check: 'nucleus',
      disturb: () => setDevice('HEALTHY', 'aws.greengrass.Nucleus', '2.5.6'),
      says: /2\.5\.6, and 2\.6\.0 is the least/,
      advises: /Deploy a newer/,
    },
    {
      name: 'the certificate',
      check: 'thing policy',
      disturb: () => bench.aws.account.registry.things.get('gateway-7')?.principals.clear(),
      says: /has no certificate attached/,
      advises: /Attach/,
    },
    {
      name: 'the policy',
      check: 'thing policy',
      disturb: () => bench.aws.account.iotPolicies.clear(),
      says: /not allowed: iot:Connect on arn:aws:iot:eu-west-1:123456789012:client\/gateway-7 \(the connection\); /,
      advises: /npx defender policies thing/,
    },
    {
      name: 'the group',
      check: 'thing group',
      disturb: () => bench.aws.account.registry.things.get('gateway-7')?.groups.clear(),
      says: /is in no thing group, and not in gateways/,
      advises: /add-thing-to-thing-group --thing-name gateway-7 --thing-group-name gateways/,
    },
  ]
  test.each(cases)('$name', async ({ check, disturb, says, advises }) => {
    disturb()
    const { status, isWell, of } = await doctor(...DEVICE)
    expect(of(check)).toMatchObject({
      kind: 'fault',
      detail: expect.stringMatching(says),
      advice: expect.stringMatching(advises),
    })
    expect({ status, isWell }).toEqual({ status: 1, isWell: false })
  })

  test("of a thing's policy each action that is missing is named", async () => {
    const actions = new Set(deviceNeeds('gateway-7', ALIAS, place).map(({ action }) => action))
    expect(actions.size).toBe(9)
    for (const action of actions) {
      const document = policyDocument('thing', place)
      const Statement = document.Statement.map((each) => ({
        ...each,
        Action: each.Action.filter((other) => other !== action),
      }))
      const answers = {
        groups: async () => [],
        policies: async () => ({
          principals: [CERTIFICATE],
          documents: [JSON.stringify({ ...document, Statement })],
        }),
      }
      const checks = thingChecks({ thingName: 'gateway-7', nowMs: 0 }, answers, { ...place, arn: '' }, {})
      const found = await checks.find(({ name }) => name === 'thing policy')?.look()
      expect(found?.detail, action).toMatch(new RegExp(`^not allowed: ${action} on `))
    }
  })
})

describe('what may not be asked', () => {
  const cases = [
    { action: 'greengrass:ListComponentVersions', check: 'component' },
    { action: 's3:ListBucket', check: 'bucket' },
    { action: 's3:GetBucketPublicAccessBlock', check: 'bucket is private' },
    { action: 'iot:DescribeRoleAlias', check: 'token exchange role' },
    { action: 'iot:DescribeThing', check: 'thing' },
    { action: 'greengrass:ListInstalledComponents', check: 'nucleus' },
    { action: 'iot:ListAttachedPolicies', check: 'thing policy' },
  ]
  test.each(cases)('$action: "$check" is unknown, and the others go on', async ({ action, check }) => {
    bench.aws.deniedActions.add(action)
    const { status, checks, of } = await doctor(...DEVICE)
    expect(of(check)).toMatchObject({
      kind: 'unknown',
      advice: `Allow ${action} to whoever runs this command.`,
    })
    expect(checks.filter(({ kind }) => kind === 'unknown').length).toBeLessThanOrEqual(3)
    expect(status).toBe(0)
  })

  test('where IAM may not be asked to simulate, the policies of the role are read', async () => {
    bench.aws.deniedActions.add('iam:SimulatePrincipalPolicy')
    expect((await doctor()).of('token exchange role')?.kind).toBe('ok')
    expect(bench.aws.calls.map(({ operation }) => operation)).toContain('GetRolePolicy')
    bench.aws.account.iam.roles.get('TokenExchange')?.inline.clear()
    expect((await doctor()).of('token exchange role')?.kind).toBe('fault')
  })
})

describe("the role's right to read under a condition is not judged", () => {
  const underCondition = () => {
    const document = policyDocument('token-exchange-role', place)
    const Condition = { StringEquals: { 'aws:SourceVpce': 'vpce-1' } }
    const Statement = document.Statement.map((each) => ({ ...each, Condition }))
    const { inline } = bench.aws.account.iam.roles.get('TokenExchange') ?? { inline: new Map() }
    inline.set('artifacts', JSON.stringify({ ...document, Statement }))
  }

  test('by the simulation, which names the keys that it has no values of', async () => {
    bench.aws.fault({
      operation: 'SimulatePrincipalPolicy',
      effect: {
        kind: 'answer',
        output: {
          EvaluationResults: {
            member: [
              {
                EvalActionName: 's3:GetObject',
                EvalDecision: 'implicitDeny',
                MissingContextValues: { member: ['aws:SourceVpce'] },
              },
            ],
          },
        },
      },
    })
    const { of, status } = await doctor()
    expect(of('token exchange role')).toMatchObject({
      kind: 'unknown',
      detail: expect.stringMatching(/under conditions/),
    })
    expect(status).toBe(0)
  })

  test('where the policies are read', async () => {
    bench.aws.deniedActions.add('iam:SimulatePrincipalPolicy')
    underCondition()
    expect((await doctor()).of('token exchange role')).toMatchObject({
      kind: 'unknown',
      detail: expect.stringMatching(/TokenExchange has s3:GetObject on .* under conditions only/),
    })
  })

  test('a denial is a fault all the same', async () => {
    underCondition()
    const { inline } = bench.aws.account.iam.roles.get('TokenExchange') ?? { inline: new Map() }
    const denial = { Effect: 'Deny', Action: ['s3:GetObject'], Resource: ['*'] }
    inline.set('no', JSON.stringify({ Version: '2012-10-17', Statement: [denial] }))
    expect((await doctor()).of('token exchange role')?.kind).toBe('fault')
  })
})

test('a bucket in another region is a fault, with the region', async () => {
  addBucket(bench.aws.account, { name: 'far', region: 'us-west-2' })
  const { status, of } = await doctor('--bucket', 'far')
  expect(of('bucket')).toMatchObject({ kind: 'fault', detail: 'far is in us-west-2, and not in eu-west-1' })
  expect(status).toBe(1)
})

test('nucleus lite is known, with what it takes', async () => {
  setDevice('HEALTHY', 'aws.greengrass.NucleusLite', '2.3.0')
  const { of, status } = await doctor(...DEVICE)
  expect(of('nucleus')).toMatchObject({ kind: 'ok', detail: expect.stringContaining('to thing groups only') })
  expect(status).toBe(0)
})

test('a policy under a condition is not judged', async () => {
  const document = policyDocument('thing', place)
  const Statement = document.Statement.map((each) => ({
    ...each,
    Condition: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } },
  }))
  setThingPolicy({ ...document, Statement })
  expect((await doctor(...DEVICE)).of('thing policy')).toMatchObject({
    kind: 'unknown',
    detail: expect.stringMatching(/allowed under conditions/),
  })
})

test('expired credentials: one fault, nothing else asked, exit status 1', async () => {
  useCredentials(bench.folder, { ...VARIABLES, AWS_ACCESS_KEY_ID: EXPIRED_KEY })
  const { status, out } = await bench.run(['doctor'])
  expect(status).toBe(1)
  expect(out).toMatch(/^✗ credentials {11}the AWS credentials have expired: sign in again/)
  expect(out).toContain('Nothing else was asked.')
})

test('--thing-group without --thing', async () => {
  const { status, err } = await bench.run(['doctor', '--thing-group', 'gateways'])
  expect(status).toBe(2)
  expect(err).toMatch(/give --thing too/)
})

describe('defender policies', () => {
  test('prints one as a document, asking for account and region', async () => {
    const { status, out } = await bench.run(['policies', 'publish'])
    expect(status).toBe(0)
    expect(JSON.parse(out)).toEqual(policyDocument('publish', place))
    expect(bench.aws.calls.map(({ operation }) => operation)).toEqual(['GetCallerIdentity'])
  })

  test('asks nobody when account and region are given, and knows the partitions', async () => {
    const words = ['policies', 'token-exchange-role', '--account', '999999999999', '--region', 'cn-north-1']
    const { out } = await bench.run(words)
    expect(out).toContain('arn:aws-cn:s3:::artifacts-cn-north-1-999999999999/')
    expect(bench.aws.calls).toEqual([])
  })

  test.each(POLICY_NAMES)('%s asks for a bucket only if it speaks of it', async (name) => {
    bench.write({ 'gdk-config.json': undefined })
    const words = ['policies', name, '--account', '999999999999', '--region', 'eu-west-1']
    const isOfBucket = JSON.stringify(policyDocument(name, place)).includes(BUCKET)
    const { status, err } = await bench.run(words)
    expect(status).toBe(isOfBucket ? 2 : 0)
    expect(err).toBe(isOfBucket ? 'gdk-config.json names no bucket: give one with --bucket\n' : '')
  })

  test('prints all, each with its title, or as one JSON document', async () => {
    const { out } = await bench.run(['policies'])
    expect(out).toContain("thing: AWS IoT policy of the devices' certificates\n{")
    const json = JSON.parse((await bench.run(['policies', '--output', 'json'])).out)
    expect(json.thing).toEqual(policyDocument('thing', place))
  })

  test('a name that is none', async () => {
    const { status, err } = await bench.run(['policies', 'pubish'])
    expect(status).toBe(2)
    expect(err).toMatch(/^"pubish" is none of setup, publish/)
  })
})
