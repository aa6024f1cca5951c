/** The stand-in itself, with the real SDK: shapes are enforced, answers are AWS's. */
import {
  CreateCustomMetricCommand,
  CreateDimensionCommand,
  CreateSecurityProfileCommand,
  DeleteCustomMetricCommand,
  DescribeSecurityProfileCommand,
  IoTClient,
  ListSecurityProfilesCommand,
  ListSecurityProfilesForTargetCommand,
  ListTagsForResourceCommand,
  UpdateSecurityProfileCommand,
  ValidateSecurityProfileBehaviorsCommand,
} from '@aws-sdk/client-iot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { iotModel } from './iot.ts'
import { handlers } from './operations/table.ts'
import { ACCESS_KEY, type Aws, startAws } from './server.ts'
import { checkShape, shapeNameOf, shapeOf } from './shapes.ts'

let aws: Aws
let client: IoTClient
beforeAll(async () => {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  aws = await startAws({ pageMax: 2, thingGroups: ['gateways'] })
  client = new IoTClient({
    endpoint: aws.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: 'secret' },
    maxAttempts: 1,
  })
})
afterAll(async () => {
  client.destroy()
  await aws.close()
})

test('every operation of the table has a handler, and every shape it speaks of is there', () => {
  expect(Object.keys(handlers).sort()).toEqual(Object.keys(iotModel.operations).sort())
  const seen = new Set<string>()
  const walk = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    const { type, members = {}, member, key, value } = shapeOf(iotModel, name)
    // Every pattern is one that can be compiled.
    if (type === 'string') checkShape(iotModel, name, 'text')
    for (const each of [...Object.values(members).map(shapeNameOf), member, key, value]) {
      if (each !== undefined) walk(each)
    }
  }
  for (const { input, output } of Object.values(iotModel.operations)) {
    walk(input)
    if (output !== undefined) walk(output)
  }
  expect(seen.size).toBeGreaterThan(400)
})

const profile = { securityProfileName: 'p' }
const behavior = { name: 'b', metric: 'aws:all-bytes-out' }
const bad: { name: string; input: object; says: string }[] = [
  { name: 'a required member missing', input: {}, says: "'securityProfileName' failed" },
  {
    name: 'a name that is empty',
    input: { securityProfileName: '' },
    says: 'length greater than or equal to 1',
  },
  {
    name: 'a name too long',
    input: { securityProfileName: 'x'.repeat(129) },
    says: 'less than or equal to 128',
  },
  { name: 'a name with a blank', input: { securityProfileName: 'a b' }, says: 'regular expression pattern' },
  { name: 'a control character', input: { ...profile, securityProfileDescription: 'a\tb' }, says: 'pattern' },
  { name: 'a member unknown', input: { ...profile, targets: [] }, says: "Unknown member 'targets'" },
  { name: 'a list that is none', input: { ...profile, behaviors: {} }, says: 'is not of type list' },
  {
    name: 'too many behaviors',
    input: { ...profile, behaviors: Array(101).fill(behavior) },
    says: 'less than or equal to 100',
  },
  {
    name: 'an operator unknown',
    input: { ...profile, behaviors: [{ ...behavior, criteria: { comparisonOperator: 'above' } }] },
    says: "'behaviors.1.member.criteria.comparisonOperator' failed to satisfy constraint: Member must satisfy enum",
  },
  {
    name: 'a port out of range',
    input: { ...profile, behaviors: [{ ...behavior, criteria: { value: { ports: [65536] } } }] },
    says: 'value less than or equal to 65535',
  },
  {
    name: 'a count with a fraction',
    input: { ...profile, behaviors: [{ ...behavior, criteria: { value: { count: 1.5 } } }] },
    says: 'is not of type long',
  },
  {
    name: 'an alert target of another kind',
    input: { ...profile, alertTargets: { MAIL: { alertTargetArn: 'a', roleArn: 'r'.repeat(20) } } },
    says: "'alertTargets.MAIL.key'",
  },
]

describe('a request is refused for', () => {
  test.each(bad)('$name', ({ input, says }) => {
    expect(checkShape(iotModel, 'CreateSecurityProfileRequest', input).join('; ')).toContain(says)
  })

  test('and for nothing else', () => {
    expect(
      checkShape(iotModel, 'CreateSecurityProfileRequest', {
        securityProfileName: 'a:b_c-1',
        securityProfileDescription: 'Größe, in words',
        behaviors: [{ ...behavior, criteria: { value: { cidrs: ['2001:db8::/32'] } } }],
        tags: [{ Key: 'owner' }],
      }),
    ).toEqual([])
  })
})

test('errors come with their names and members', async () => {
  await client.send(new CreateSecurityProfileCommand({ securityProfileName: 'first' }))
  await expect(
    client.send(new CreateSecurityProfileCommand({ securityProfileName: 'first' })),
  ).rejects.toMatchObject({
    name: 'ResourceAlreadyExistsException',
    resourceArn: 'arn:aws:iot:eu-west-1:123456789012:securityprofile/first',
    $metadata: { httpStatusCode: 409 },
  })
  await expect(
    client.send(new DescribeSecurityProfileCommand({ securityProfileName: 'nobody' })),
  ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  await expect(
    client.send(new CreateSecurityProfileCommand({ securityProfileName: 'a b' })),
  ).rejects.toMatchObject({ name: 'InvalidRequestException', message: expect.stringContaining('pattern') })
})

test('an update with the wrong version is a conflict, with the right one a new version', async () => {
  const update = (expectedVersion: number) =>
    client.send(
      new UpdateSecurityProfileCommand({
        securityProfileName: 'first',
        securityProfileDescription: 'words',
        expectedVersion,
      }),
    )
  await expect(update(9)).rejects.toMatchObject({ name: 'VersionConflictException' })
  expect(await update(1)).toMatchObject({ version: 2, securityProfileDescription: 'words' })
})

test('a delete flag beside a new value is refused', async () => {
  const contradiction = new UpdateSecurityProfileCommand({
    securityProfileName: 'first',
    behaviors: [behavior],
    deleteBehaviors: true,
  })
  await expect(client.send(contradiction)).rejects.toMatchObject({ name: 'InvalidRequestException' })
})

test('lists come in pages, and a token is good for its own list only', async () => {
  for (const name of ['second', 'third']) {
    await client.send(new CreateSecurityProfileCommand({ securityProfileName: name }))
  }
  const { securityProfileIdentifiers, nextToken } = await client.send(new ListSecurityProfilesCommand({}))
  expect(securityProfileIdentifiers?.map(({ name }) => name)).toEqual(['first', 'second'])
  const rest = await client.send(new ListSecurityProfilesCommand({ nextToken }))
  expect(rest.securityProfileIdentifiers?.map(({ name }) => name)).toEqual(['third'])
  expect(rest.nextToken).toBeUndefined()
  const arn = 'arn:aws:iot:eu-west-1:123456789012:all/things'
  await expect(
    client.send(new ListSecurityProfilesForTargetCommand({ securityProfileTargetArn: arn, nextToken })),
  ).rejects.toMatchObject({ name: 'InvalidRequestException', message: 'Invalid nextToken' })
})

test('creating again with the same token is no second creation', async () => {
  const request = { metricName: 'battery', metricType: 'number', clientRequestToken: 'once' } as const
  const { metricArn } = await client.send(new CreateCustomMetricCommand(request))
  expect((await client.send(new CreateCustomMetricCommand(request))).metricArn).toBe(metricArn)
  await expect(
    client.send(new CreateCustomMetricCommand({ ...request, clientRequestToken: 'twice' })),
  ).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' })
})

test('what a profile speaks of must be there, and cannot go', async () => {
  const missing = { ...behavior, metric: 'fan', criteria: { value: { number: 1 } } }
  const { valid, validationErrors } = await client.send(
    new ValidateSecurityProfileBehaviorsCommand({ behaviors: [missing] }),
  )
  expect({ valid, validationErrors }).toEqual({
    valid: false,
    validationErrors: [{ errorMessage: 'Behavior b is malformed. metric fan does not exist' }],
  })
  await client.send(
    new CreateSecurityProfileCommand({
      securityProfileName: 'battery',
      behaviors: [{ ...missing, metric: 'battery' }],
    }),
  )
  await expect(client.send(new DeleteCustomMetricCommand({ metricName: 'battery' }))).rejects.toMatchObject({
    name: 'InvalidRequestException',
  })
})

test('the quota of dimensions', async () => {
  const create = (name: string) =>
    client.send(
      new CreateDimensionCommand({
        name,
        type: 'TOPIC_FILTER',
        stringValues: ['a/#'],
        clientRequestToken: undefined,
      }),
    )
  for (let index = 0; index < 10; index += 1) await create(`d${index}`)
  await expect(create('d10')).rejects.toMatchObject({ name: 'LimitExceededException' })
})

test('tags of what is not there', async () => {
  await expect(
    client.send(new ListTagsForResourceCommand({ resourceArn: 'arn:aws:iot:eu-west-1:123456789012:x/y' })),
  ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})
