/** Things, groups, rules and the rest of AWS IoT's registry, with the real SDK. */
import {
  AddThingToThingGroupCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  CreateTopicRuleCommand,
  DeleteThingGroupCommand,
  DeleteTopicRuleCommand,
  DescribeEndpointCommand,
  DescribeJobCommand,
  DescribeRoleAliasCommand,
  DescribeThingCommand,
  DescribeThingGroupCommand,
  GetPolicyCommand,
  GetTopicRuleCommand,
  IoTClient,
  ListAttachedPoliciesCommand,
  ListJobExecutionsForJobCommand,
  ListPrincipalPoliciesCommand,
  ListTagsForResourceCommand,
  ListThingGroupsCommand,
  ListThingGroupsForThingCommand,
  ListThingPrincipalsCommand,
  ListTopicRulesCommand,
  paginateListThingsInThingGroup,
  RemoveThingFromThingGroupCommand,
  ReplaceTopicRuleCommand,
} from '@aws-sdk/client-iot'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { arnOf } from './account.ts'
import { clientOptions } from './clients.ts'
import { addThing, addThingGroup } from './registry.ts'
import { type Aws, startAws } from './server.ts'

let aws: Aws
let client: IoTClient
beforeAll(async () => {
  aws = await startAws({ pageMax: 10 })
  client = new IoTClient(clientOptions(aws.endpoint))
})
beforeEach(() => {
  aws.account.registry.things.clear()
  aws.account.registry.groups.clear()
  aws.account.topicRules.clear()
  addThingGroup(aws.account, { name: 'all' })
  addThingGroup(aws.account, { name: 'canary', parent: 'all' })
  addThingGroup(aws.account, { name: 'others', parent: 'all' })
  addThingGroup(aws.account, { name: 'site' })
  addThing(aws.account, { name: 'core', groups: ['canary'] })
})
afterAll(async () => {
  client.destroy()
  await aws.close()
})

const add = (thingGroupName: string, thingName = 'core') =>
  client.send(new AddThingToThingGroupCommand({ thingGroupName, thingName }))

async function thingsIn(thingGroupName: string, recursive = false) {
  const things: string[] = []
  for await (const page of paginateListThingsInThingGroup({ client }, { thingGroupName, recursive })) {
    expect(page.things?.length).toBeLessThanOrEqual(10)
    things.push(...(page.things ?? []))
  }
  return things
}

describe('thing groups', () => {
  test('are a tree', async () => {
    expect(await client.send(new DescribeThingGroupCommand({ thingGroupName: 'canary' }))).toMatchObject({
      thingGroupArn: 'arn:aws:iot:eu-west-1:123456789012:thinggroup/canary',
      thingGroupMetadata: { parentGroupName: 'all', rootToParentThingGroups: [{ groupName: 'all' }] },
    })
    const namesOf = async (input: object) =>
      (await client.send(new ListThingGroupsCommand(input))).thingGroups?.map(({ groupName }) => groupName)
    expect(await namesOf({ parentGroup: 'all', recursive: true })).toEqual(['canary', 'others'])
    expect(await namesOf({ namePrefixFilter: 's' })).toEqual(['site'])
    expect(await namesOf({ recursive: false })).toEqual(['all', 'site'])
    await expect(client.send(new DeleteThingGroupCommand({ thingGroupName: 'all' }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
    })
    await client.send(new DeleteThingGroupCommand({ thingGroupName: 'canary' }))
    expect(aws.account.registry.things.get('core')?.groups.size).toBe(0)
  })

  test('are at most seven levels deep', async () => {
    let parentGroupName = 'canary'
    for (let level = 3; level <= 7; level += 1) {
      await client.send(new CreateThingGroupCommand({ thingGroupName: `l${level}`, parentGroupName }))
      parentGroupName = `l${level}`
    }
    await expect(
      client.send(new CreateThingGroupCommand({ thingGroupName: 'l8', parentGroupName })),
    ).rejects.toMatchObject({ message: expect.stringContaining('7 levels') })
  })

  test('can be created again by the same request only', async () => {
    const request = { thingGroupName: 'new', tags: [{ Key: 'owner', Value: 'me' }] }
    const { thingGroupArn } = await client.send(new CreateThingGroupCommand(request))
    expect((await client.send(new CreateThingGroupCommand(request))).thingGroupArn).toBe(thingGroupArn)
    const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn: thingGroupArn }))
    expect(tags).toEqual(request.tags)
    await expect(
      client.send(
        new CreateThingGroupCommand({
          ...request,
          thingGroupProperties: { thingGroupDescription: 'other' },
        }),
      ),
    ).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException', resourceArn: thingGroupArn })
  })

  test('list their things in pages, each once, those of groups below when asked', async () => {
    for (let index = 0; index < 23; index += 1) {
      addThing(aws.account, { name: `t${index}`, groups: [index % 2 ? 'canary' : 'others'] })
    }
    expect((await thingsIn('canary')).length).toBe(12)
    expect((await thingsIn('all')).length).toBe(0)
    const all = await thingsIn('all', true)
    expect([all.length, new Set(all).size]).toEqual([24, 24])
  })

  test('take and lose things', async () => {
    await add('site')
    await add('site')
    const { thingGroups } = await client.send(new ListThingGroupsForThingCommand({ thingName: 'core' }))
    expect(thingGroups?.map(({ groupName }) => groupName)).toEqual(['canary', 'site'])
    await client.send(
      new RemoveThingFromThingGroupCommand({
        thingGroupArn: arnOf(aws.account, 'thinggroup/site'),
        thingArn: arnOf(aws.account, 'thing/core'),
      }),
    )
    expect(await thingsIn('site')).toEqual([])
    expect(aws.account.registry.membershipChanges).toBeGreaterThan(2)
  })

  test('refuse a thing of the same hierarchy, and an eleventh group', async () => {
    await expect(add('others')).rejects.toMatchObject({ message: expect.stringContaining('hierarchy') })
    await expect(add('nothing')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await expect(add('site', 'nobody')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    for (let index = 0; index < 9; index += 1) {
      addThingGroup(aws.account, { name: `g${index}` })
      await add(`g${index}`)
    }
    await expect(add('site')).rejects.toMatchObject({ message: expect.stringContaining('10 groups') })
  })
})

test('things are created once, with what they are', async () => {
  const request = { thingName: 'new', attributePayload: { attributes: { site: 'north' } } }
  await client.send(new CreateThingCommand(request))
  await client.send(new CreateThingCommand(request))
  expect(await client.send(new DescribeThingCommand({ thingName: 'new' }))).toMatchObject({
    thingArn: 'arn:aws:iot:eu-west-1:123456789012:thing/new',
    attributes: { site: 'north' },
  })
  await expect(client.send(new CreateThingCommand({ thingName: 'new' }))).rejects.toMatchObject({
    name: 'ResourceAlreadyExistsException',
  })
})

test('the policies of a thing are found through its certificate', async () => {
  const certificate = arnOf(aws.account, 'cert/0123456789abcdef')
  addThing(aws.account, { name: 'core', principals: [certificate] })
  const document = '{"Version":"2012-10-17","Statement":[]}'
  for (let index = 0; index < 11; index += 1) {
    aws.account.iotPolicies.set(`p${index}`, {
      name: `p${index}`,
      arn: arnOf(aws.account, `policy/p${index}`),
      document,
      targets: new Set([certificate]),
    })
  }
  const { principals } = await client.send(new ListThingPrincipalsCommand({ thingName: 'core' }))
  expect(principals).toEqual([certificate])
  const first = await client.send(new ListAttachedPoliciesCommand({ target: certificate }))
  const rest = await client.send(
    new ListAttachedPoliciesCommand({ target: certificate, marker: first.nextMarker }),
  )
  expect([first.policies?.length, rest.policies?.length, rest.nextMarker]).toEqual([10, 1, undefined])
  const older = await client.send(new ListPrincipalPoliciesCommand({ principal: certificate }))
  expect(older.policies?.length).toBe(10)
  const policy = await client.send(new GetPolicyCommand({ policyName: 'p0' }))
  expect(policy.policyDocument).toBe(document)
})

describe('topic rules', () => {
  const sns = { targetArn: 'arn:aws:sns:eu-west-1:123456789012:alerts', roleArn: 'arn:aws:iam::1:role/r' }
  const topicRulePayload = {
    sql: "SELECT * FROM 'greengrass-defender/+/violations'",
    actions: [{ sns: { ...sns, messageFormat: 'RAW' as const } }],
    awsIotSqlVersion: '2016-03-23',
  }
  const create = (rest: object = {}) =>
    client.send(
      new CreateTopicRuleCommand({
        ruleName: 'alerts',
        topicRulePayload: { ...topicRulePayload, ...rest },
        tags: 'owner=me&stage=a%20b',
      }),
    )
  const get = async () => (await client.send(new GetTopicRuleCommand({ ruleName: 'alerts' }))).rule

  const refused = [
    { name: 'no statement', rest: { sql: 'everything' }, error: 'SqlParseException' },
    {
      name: 'two kinds of action in one',
      rest: { actions: [{ sns, s3: undefined, sqs: {} }] },
      error: 'InvalidRequestException',
    },
    { name: 'no target', rest: { actions: [{ sns: { roleArn: 'r' } }] }, error: 'InvalidRequestException' },
    { name: 'eleven actions', rest: { actions: Array(11).fill({ sns }) }, error: 'InvalidRequestException' },
  ]
  test.each(refused)('$name', async ({ rest, error }) => {
    await expect(create(rest)).rejects.toMatchObject({ name: error })
    expect(aws.account.topicRules.size).toBe(0)
  })

  test('are kept, replaced and deleted', async () => {
    await create()
    await expect(create()).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' })
    expect(await get()).toMatchObject({ ruleName: 'alerts', ruleDisabled: false, ...topicRulePayload })
    const resourceArn = arnOf(aws.account, 'rule/alerts')
    expect((await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([
      { Key: 'owner', Value: 'me' },
      { Key: 'stage', Value: 'a b' },
    ])
    const changed = { ...topicRulePayload, ruleDisabled: true }
    await client.send(new ReplaceTopicRuleCommand({ ruleName: 'alerts', topicRulePayload: changed }))
    expect(await get()).toMatchObject({ ruleDisabled: true })
    const { rules } = await client.send(new ListTopicRulesCommand({ ruleDisabled: true }))
    expect(rules).toMatchObject([{ topicPattern: 'greengrass-defender/+/violations' }])
    await client.send(new DeleteTopicRuleCommand({ ruleName: 'alerts' }))
    // AWS does not tell a rule that is not there from one that one may not see.
    await expect(get()).rejects.toMatchObject({ name: 'UnauthorizedException' })
  })
})

test('jobs are told of as their source knows them', async () => {
  await expect(client.send(new DescribeJobCommand({ jobId: 'j' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
  const { jobs } = aws.account
  aws.account.jobs = {
    describe: (jobId) => (jobId === 'j' ? { jobId, status: 'IN_PROGRESS' } : undefined),
    executions: (_, status) =>
      status === 'FAILED' ? [] : [{ thingArn: 'arn', jobExecutionSummary: { status: 'SUCCEEDED' } }],
  }
  try {
    expect((await client.send(new DescribeJobCommand({ jobId: 'j' }))).job?.status).toBe('IN_PROGRESS')
    const failed = await client.send(new ListJobExecutionsForJobCommand({ jobId: 'j', status: 'FAILED' }))
    expect(failed.executionSummaries).toEqual([])
    const all = await client.send(new ListJobExecutionsForJobCommand({ jobId: 'j' }))
    expect(all.executionSummaries?.length).toBe(1)
  } finally {
    if (jobs === undefined) delete aws.account.jobs
    else aws.account.jobs = jobs
  }
})

test('role aliases and endpoints', async () => {
  const roleArn = 'arn:aws:iam::123456789012:role/r'
  aws.account.roleAliases.set('alias', roleArn)
  const { roleAliasDescription } = await client.send(new DescribeRoleAliasCommand({ roleAlias: 'alias' }))
  expect(roleAliasDescription?.roleArn).toBe(roleArn)
  await expect(client.send(new DescribeRoleAliasCommand({ roleAlias: 'other' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
  const { endpointAddress } = await client.send(new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }))
  expect(endpointAddress).toMatch(/-ats\.iot\.eu-west-1\.amazonaws\.com$/)
})
