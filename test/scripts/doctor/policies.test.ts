/** The policies that are printed cover what the commands call, and what devices ask for; and they fit where they go. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type AwsService, iamAction } from '../../../scripts/aws/actions.ts'
import { deviceNeeds } from '../../../scripts/doctor/device-needs.ts'
import { POLICY_NAMES, type PolicyName, policyDocument } from '../../../scripts/doctor/policies/documents.ts'
import { verdictOf } from '../../../scripts/doctor/policy-evaluation.ts'

const place = {
  partition: 'aws',
  region: 'ap-southeast-2',
  accountId: '123456789012',
  bucket: 'greengrass-defender-ap-southeast-2-123456789012',
  roleAlias: 'GreengrassCoreTokenExchangeRoleAlias',
}
const document = (name: PolicyName) => JSON.stringify(policyDocument(name, place))

/** Operations as `scripts/aws/*.ts` call them: `call('CreateThing', …)`, in a file that says `callsOf('iot', …)`. */
function operationsCalled(): { service: AwsService; operation: string; file: string }[] {
  const folder = new URL('../../../scripts/aws/', import.meta.url)
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8')
      const services = [...text.matchAll(/callsOf\(\s*'(\w+)'/g)].map(([, service]) => service as AwsService)
      const calls = [...text.matchAll(/(?:(\w+)\.)?\b(?:call|find|list)\(\s*'([A-Z]\w+)'/g)]
      return calls.map(([, owner, operation = '']) => {
        // A file with two services has its calls by their names: `iot.find('DescribeThing', …)`.
        const service = services.length === 1 ? services[0] : (owner as AwsService)
        if (service === undefined || !services.includes(service))
          throw new Error(`${file}: whose is ${operation}?`)
        return { service, operation, file }
      })
    })
}

/** STS: GetCallerIdentity is allowed to everybody. */
const NEEDS_NOTHING = new Set(['sts:GetCallerIdentity'])

const allowedActions = new Set(
  POLICY_NAMES.flatMap((name) => policyDocument(name, place).Statement.flatMap(({ Action }) => Action)),
)

describe('every operation that the adapters call', () => {
  const operations = operationsCalled()

  test('is found in the sources', () => {
    const names = operations.map(({ operation }) => operation)
    expect(names).toEqual(
      expect.arrayContaining(['CreateComponentVersion', 'HeadObject', 'CreateDeployment']),
    )
    expect(names.length).toBeGreaterThan(60)
  })

  test('is allowed by one of the policies', () => {
    const missing = operations
      .map(({ service, operation, file }) => ({ action: iamAction(service, operation), file }))
      .filter(({ action }) => !NEEDS_NOTHING.has(action) && !allowedActions.has(action))
    expect(missing).toEqual([])
  })

  test('and nothing else is, but what goes with an operation', () => {
    /** Dependent actions: of tags on what is created, of uploads in parts, of CreateDeployment, of rules with a role. */
    const dependent = [
      'greengrass:TagResource',
      'iot:TagResource',
      's3:AbortMultipartUpload',
      's3:PutBucketOwnershipControls',
      'iam:PassRole',
      ...['CancelJob', 'CreateJob', 'UpdateJob'].map((name) => `iot:${name}`),
      ...['Delete', 'Get', 'Update'].map((name) => `iot:${name}ThingShadow`),
    ]
    const called = new Set([
      ...operations.map(({ service, operation }) => iamAction(service, operation)),
      ...deviceNeeds('x', 'y', place).map(({ action }) => action),
      ...dependent,
    ])
    expect([...allowedActions].filter((action) => !called.has(action))).toEqual([])
  })
})

describe('the policy of a thing', () => {
  test('allows all that a device will ask for', () => {
    const variables = { 'iot:Connection.Thing.ThingName': 'gateway-7' }
    const asked = deviceNeeds('gateway-7', place.roleAlias, place).flatMap(({ action, probes, resources }) =>
      (probes ?? resources).map((resource) => ({ action, resource })),
    )
    const refused = asked.filter(
      ({ action, resource }) => verdictOf([document('thing')], action, resource, variables) !== 'allowed',
    )
    expect(refused).toEqual([])
    expect(asked.length).toBeGreaterThan(15)
  })

  test("allows nothing on another thing's topics", () => {
    const variables = { 'iot:Connection.Thing.ThingName': 'gateway-7' }
    const others = deviceNeeds('camera-1', place.roleAlias, place)
      .filter(({ action }) => /^iot:(Publish|Subscribe|Receive|Connect)$/.test(action))
      .flatMap(({ action, probes, resources }) =>
        (probes ?? resources).map((resource) => ({ action, resource })),
      )
    expect(
      others.filter(
        ({ action, resource }) =>
          verdictOf([document('thing')], action, resource, variables) !== 'not-allowed',
      ),
    ).toEqual([])
  })

  test('fits: AWS IoT takes 2,048 characters, blanks not counted', () => {
    expect(document('thing').replace(/\s/g, '').length).toBeLessThanOrEqual(2048)
  })
})

test('each IAM policy fits: 6,144 characters', () => {
  for (const name of POLICY_NAMES) expect(document(name).length, name).toBeLessThanOrEqual(6144)
})

test('names of statements are letters and digits, as IAM wants them, and differ', () => {
  for (const name of POLICY_NAMES) {
    const sids = policyDocument(name, place).Statement.flatMap(({ Sid }) => Sid ?? [])
    expect(sids.every((sid) => /^[a-zA-Z0-9]+$/.test(sid))).toBe(true)
    expect(new Set(sids).size).toBe(sids.length)
  }
})

describe('what nobody is allowed to', () => {
  const cases = [
    { name: 'publish', action: 's3:PutObject', resource: 'arn:aws:s3:::another-bucket/x' },
    { name: 'publish', action: 's3:DeleteObject', resource: `arn:aws:s3:::${place.bucket}/x` },
    { name: 'publish', action: 'greengrass:CreateDeployment', resource: '*' },
    { name: 'read', action: 'greengrass:CreateDeployment', resource: '*' },
    { name: 'read', action: 's3:PutObject', resource: `arn:aws:s3:::${place.bucket}/x` },
    { name: 'token-exchange-role', action: 's3:PutObject', resource: `arn:aws:s3:::${place.bucket}/x` },
  ] as const
  test.each(cases)('$name: $action on $resource', ({ name, action, resource }) => {
    expect(verdictOf([document(name)], action, resource)).toBe('not-allowed')
  })
})
