/** The stand-in for Greengrass's control plane, seen through the real SDK. */
import {
  CancelDeploymentCommand,
  CreateComponentVersionCommand,
  type CreateComponentVersionCommandInput,
  CreateDeploymentCommand,
  type CreateDeploymentCommandInput,
  DeleteComponentCommand,
  DeleteDeploymentCommand,
  DescribeComponentCommand,
  GetComponentCommand,
  GetCoreDeviceCommand,
  GetDeploymentCommand,
  GreengrassV2Client,
  ListComponentsCommand,
  ListComponentVersionsCommand,
  ListDeploymentsCommand,
  ListTagsForResourceCommand,
  paginateListDeployments,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-greengrassv2'
import { DescribeJobCommand, IoTClient } from '@aws-sdk/client-iot'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { clientOptions } from '../clients.ts'
import { fleetClock } from '../fleet/clock.ts'
import { type FleetAws, startFleet } from '../fleet/start.ts'
import { addBucket } from '../s3/state.ts'
import { ACCESS_KEY, EXPIRED_KEY } from '../server.ts'
import { checkShape, type Model, shapeNameOf, shapeOf } from '../shapes.ts'
import { operations } from './service.ts'
import shapes from './shapes.json' with { type: 'json' }

const model: Model = shapes
const clock = fleetClock()
const GROUP = 'arn:aws:iot:eu-west-1:123456789012:thinggroup/gateways'
const PARENT = 'arn:aws:iot:eu-west-1:123456789012:thinggroup/parent'
const COMPONENTS = 'arn:aws:greengrass:eu-west-1:123456789012:components'
const ARTIFACT = 's3://bucket/com.example.Agent/1.0.0/agent.zip'

let aws: FleetAws
let client: GreengrassV2Client
const clientWith = (accessKeyId: string, maxAttempts = 1) =>
  new GreengrassV2Client({ ...clientOptions(aws.endpoint, accessKeyId), maxAttempts })

beforeEach(async () => {
  await aws?.close()
  aws = await startFleet({
    fleet: { devices: 1, groups: { gateways: 1, parent: [] } },
    clock,
    pageMax: 2,
  })
  aws.greengrass.componentTimes = { initiatedMs: 1_000, settledMs: 5_000 }
  addBucket(aws.account, { name: 'bucket' }).objects.set('com.example.Agent/1.0.0/agent.zip', {
    body: Buffer.from('agent'),
    etag: '0',
    contentType: 'application/zip',
    metadata: {},
    modifiedAt: 0,
  })
  client?.destroy()
  client = clientWith(ACCESS_KEY)
})
afterAll(async () => {
  client.destroy()
  await aws.close()
})

const recipe = (changes: object = {}) => ({
  RecipeFormatVersion: '2020-01-25',
  ComponentName: 'com.example.Agent',
  ComponentVersion: '1.0.0',
  ComponentPublisher: 'Example',
  Manifests: [{ Platform: { os: 'linux' }, Artifacts: [{ Uri: ARTIFACT, Unarchive: 'ZIP' }] }],
  ...changes,
})
const create = (changes: object = {}, rest: Partial<CreateComponentVersionCommandInput> = {}) =>
  client.send(
    new CreateComponentVersionCommand({
      inlineRecipe: Buffer.from(JSON.stringify(recipe(changes))),
      ...rest,
    }),
  )
const deploy = (request: Partial<CreateDeploymentCommandInput> = {}) =>
  client.send(new CreateDeploymentCommand({ targetArn: GROUP, ...request }))
const get = async (deploymentId: string | undefined) => {
  const { $metadata: _, ...deployment } = await client.send(new GetDeploymentCommand({ deploymentId }))
  return deployment
}
const named = (name: string) => expect.objectContaining({ name })

test('every operation of the table has a handler, and every shape it speaks of is there', () => {
  expect(Object.keys(operations).sort()).toEqual(Object.keys(model.operations).sort())
  const seen = new Set<string>()
  const walk = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    const { members = {}, member, key, value } = shapeOf(model, name)
    for (const each of [...Object.values(members).map(shapeNameOf), member, key, value]) {
      if (each !== undefined) walk(each)
    }
  }
  for (const { input, output } of Object.values(model.operations)) {
    walk(input)
    if (output !== undefined) walk(output)
  }
  expect([...seen].sort()).toEqual(Object.keys(model.shapes).sort())
})

describe('a request is refused by its shape for', () => {
  const rollout = { baseRatePerMinute: 10, incrementFactor: 1.5, rateIncreaseCriteria: {} }
  const withRate = (changes: object) => ({
    targetArn: GROUP,
    iotJobConfiguration: {
      jobExecutionsRolloutConfig: { exponentialRate: { ...rollout, ...changes } },
    },
  })
  test.each([
    { name: 'no target', input: {}, says: "'targetArn' failed" },
    { name: 'a target that is none', input: { targetArn: 'gateways' }, says: 'regular expression pattern' },
    {
      name: 'a component without a version',
      input: { targetArn: GROUP, components: { c: {} } },
      says: 'null',
    },
    { name: 'a base rate of none', input: withRate({ baseRatePerMinute: 0 }), says: 'equal to 1' },
    { name: 'an increment too large', input: withRate({ incrementFactor: 6 }), says: 'equal to 5' },
    {
      name: 'a policy unknown',
      input: { targetArn: GROUP, deploymentPolicies: { failureHandlingPolicy: 'REVERT' } },
      says: 'enum value set',
    },
    {
      name: 'what only an answer has',
      input: { targetArn: GROUP, deploymentId: 'x', deploymentStatus: 'ACTIVE' },
      says: "Unknown member 'deploymentId'",
    },
    { name: 'a token with a dot', input: { targetArn: GROUP, clientToken: 'a.b' }, says: 'pattern' },
  ])('$name', ({ input, says }) => {
    expect(checkShape(model, 'CreateDeploymentRequest', input).join('; ')).toContain(says)
  })
  test('and for nothing else', () => {
    expect(checkShape(model, 'CreateDeploymentRequest', withRate({}))).toEqual([])
  })
})

describe('a component version', () => {
  test('becomes deployable in the background', async () => {
    const { arn, status } = await create()
    expect(arn).toBe(`${COMPONENTS}:com.example.Agent:versions:1.0.0`)
    expect(status?.componentState).toBe('REQUESTED')
    const state = async () =>
      (await client.send(new DescribeComponentCommand({ arn }))).status?.componentState
    clock.skip(1_000)
    expect(await state()).toBe('INITIATED')
    clock.skip(4_000)
    expect(await state()).toBe('DEPLOYABLE')
  })

  test('fails with a reason for each artifact that cannot be read', async () => {
    const missing = 's3://bucket/nothing.zip'
    const Manifests = [
      { Artifacts: [{ Uri: ARTIFACT }, { Uri: missing }, { Uri: 'docker:public.ecr.aws/x/y:1' }] },
    ]
    const { arn } = await create({ Manifests })
    clock.skip(5_000)
    const { status } = await client.send(new DescribeComponentCommand({ arn }))
    expect(status).toMatchObject({
      componentState: 'FAILED',
      errors: { [missing]: 'Specified artifact resource cannot be accessed' },
    })
    await expect(create()).rejects.toThrow(named('ConflictException'))
    await client.send(new DeleteComponentCommand({ arn }))
    expect((await create()).arn).toBe(arn)
  })

  test('fails where a test wants it to', async () => {
    aws.greengrass.artifactFaults.set(ARTIFACT, 'The artifact is too large')
    const { arn } = await create()
    clock.skip(5_000)
    const { status } = await client.send(new DescribeComponentCommand({ arn }))
    expect(status?.errors).toEqual({ [ARTIFACT]: 'The artifact is too large' })
  })

  test('exists once, unless it is the same request again', async () => {
    const { arn } = await create({}, { clientToken: 'once' })
    expect((await create({}, { clientToken: 'once' })).arn).toBe(arn)
    await expect(create({}, { clientToken: 'twice' })).rejects.toMatchObject({
      name: 'ConflictException',
      $metadata: { httpStatusCode: 409 },
      resourceId: 'com.example.Agent:1.0.0',
      resourceType: 'ComponentVersion',
      message: expect.stringContaining('already exists'),
    })
  })

  test.each([{ format: 'JSON' }, { format: 'YAML' }] as const)(
    'is given back as $format, with digests and defaults',
    async ({ format }) => {
      const { arn } = await create({}, { tags: { digest: 'abc' } })
      const answer = await client.send(new GetComponentCommand({ arn, recipeOutputFormat: format }))
      const text = Buffer.from(answer.recipe ?? []).toString()
      expect(answer.tags).toEqual({ digest: 'abc' })
      expect(text.startsWith('{')).toBe(format === 'JSON')
      expect(parse(text)).toEqual({
        ...recipe(),
        ComponentType: 'aws.greengrass.generic',
        Lifecycle: {},
        Manifests: [
          {
            Platform: { os: 'linux' },
            Artifacts: [
              {
                Uri: ARTIFACT,
                Unarchive: 'ZIP',
                Permission: { Read: 'OWNER', Execute: 'NONE' },
                Algorithm: 'SHA-256',
                // printf agent | openssl dgst -sha256 -binary | base64
                Digest: '1PC8WineBrUQ+apCjx7tupJgErWR/velGOd2p8m9GCQ=',
              },
            ],
          },
        ],
      })
    },
  )

  const bad: { name: string; text: string; says: string }[] = [
    { name: 'no JSON', text: '{"ComponentName"', says: 'no JSON' },
    { name: 'a list', text: '- a', says: 'no object' },
    { name: 'a key unknown', text: JSON.stringify(recipe({ Extra: 1 })), says: 'unknown key Extra' },
    { name: 'no name', text: JSON.stringify(recipe({ ComponentName: undefined })), says: 'ComponentName' },
    {
      name: 'a version that is none',
      text: JSON.stringify(recipe({ ComponentVersion: '1.x' })),
      says: '1.x',
    },
    { name: 'an old format', text: JSON.stringify(recipe({ RecipeFormatVersion: '1' })), says: '2020-01-25' },
    {
      name: 'too many bytes',
      text: JSON.stringify(recipe({ ComponentDescription: 'x'.repeat(16_000) })),
      says: '16000',
    },
    {
      name: 'an artifact without a URI',
      text: JSON.stringify(recipe({ Manifests: [{ Artifacts: [{}] }] })),
      says: 'Uri',
    },
  ]
  test.each(bad)('with a recipe of $name is refused', async ({ text, says }) => {
    const request = new CreateComponentVersionCommand({ inlineRecipe: Buffer.from(text) })
    await expect(client.send(request)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(says),
      $metadata: { httpStatusCode: 400 },
    })
  })

  test('is taken as YAML too, whatever the case of its keys', async () => {
    const text = [
      'recipeformatversion: 2020-01-25',
      'componentName: com.example.Yaml',
      'componentVersion: 1.0.0',
      'manifests: [{platform: {os: linux}, lifecycle: {run: "true"}}]',
    ].join('\n')
    const { arn } = await client.send(new CreateComponentVersionCommand({ inlineRecipe: Buffer.from(text) }))
    const { platforms } = await client.send(new DescribeComponentCommand({ arn }))
    expect(platforms).toEqual([{ attributes: { os: 'linux' } }])
  })

  test('is listed among its kind, the newest first', async () => {
    for (const ComponentVersion of ['1.0.0', '1.0.1', '1.1.0']) await create({ ComponentVersion })
    const arn = `${COMPONENTS}:com.example.Agent`
    const { componentVersions, nextToken } = await client.send(new ListComponentVersionsCommand({ arn }))
    expect(componentVersions?.map(({ componentVersion }) => componentVersion)).toEqual(['1.1.0', '1.0.1'])
    const rest = await client.send(new ListComponentVersionsCommand({ arn, nextToken }))
    expect(rest.componentVersions).toHaveLength(1)
    const other = new ListComponentVersionsCommand({ arn: `${COMPONENTS}:com.example.Other`, nextToken })
    await expect(client.send(other)).rejects.toThrow(named('ValidationException'))
    const { components } = await client.send(new ListComponentsCommand({}))
    expect(components).toMatchObject([{ arn, latestVersion: { componentVersion: '1.1.0' } }])
    expect((await client.send(new ListComponentsCommand({ scope: 'PUBLIC' }))).components).toEqual([])
  })

  test('that is not there', async () => {
    const arn = `${COMPONENTS}:com.example.Nobody:versions:1.0.0`
    for (const command of [
      new DescribeComponentCommand({ arn }),
      new GetComponentCommand({ arn }),
      new DeleteComponentCommand({ arn }),
      new ListTagsForResourceCommand({ resourceArn: arn }),
    ] as DescribeComponentCommand[]) {
      await expect(client.send(command)).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        $metadata: { httpStatusCode: 404 },
      })
    }
  })

  test('has tags that change', async () => {
    const { arn: resourceArn } = await create({}, { tags: { a: '1', b: '2' } })
    await client.send(new TagResourceCommand({ resourceArn, tags: { a: '3', c: '4' } }))
    await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['b', 'c'] }))
    expect((await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({ a: '3' })
  })
})

describe('a deployment', () => {
  const content = {
    deploymentName: 'gateways',
    components: {
      'com.example.Agent': {
        componentVersion: '1.0.0',
        configurationUpdate: { merge: '{"a": 1 }', reset: ['/b'] },
        runWith: { posixUser: 'u:g', systemResourceLimits: { memory: 1_000, cpus: 0.5 } },
      },
    },
    deploymentPolicies: { failureHandlingPolicy: 'DO_NOTHING' as const },
    iotJobConfiguration: { timeoutConfig: { inProgressTimeoutInMinutes: 5 } },
    parentTargetArn: PARENT,
    tags: { owner: 'me' },
  }

  test('is given back as it was made, with the defaults of the service', async () => {
    const { deploymentId, iotJobId, iotJobArn } = await deploy(content)
    expect(await get(deploymentId)).toEqual({
      ...content,
      deploymentPolicies: {
        failureHandlingPolicy: 'DO_NOTHING',
        componentUpdatePolicy: { timeoutInSeconds: 60, action: 'NOTIFY_COMPONENTS' },
        configurationValidationPolicy: { timeoutInSeconds: 60 },
      },
      targetArn: GROUP,
      deploymentId,
      revisionId: '1',
      iotJobId,
      iotJobArn,
      creationTimestamp: new Date(clock.nowMs()),
      deploymentStatus: 'ACTIVE',
      isLatestForTarget: true,
    })
    const bare = await get((await deploy()).deploymentId)
    expect(bare).toMatchObject({ components: {}, iotJobConfiguration: {}, tags: {}, revisionId: '2' })
  })

  test('takes the place of the former one', async () => {
    const first = await deploy(content)
    const second = await deploy({ components: {} })
    expect(await get(first.deploymentId)).toMatchObject({
      isLatestForTarget: false,
      deploymentStatus: 'INACTIVE',
    })
    expect(await get(second.deploymentId)).toMatchObject({ isLatestForTarget: true, components: {} })
    const list = async (historyFilter?: 'ALL' | 'LATEST_ONLY') => {
      const { deployments = [] } = await client.send(
        new ListDeploymentsCommand({ targetArn: GROUP, historyFilter }),
      )
      return deployments.map(({ revisionId }) => revisionId)
    }
    expect(await list()).toEqual(['2'])
    expect(await list('LATEST_ONLY')).toEqual(['2'])
    expect(await list('ALL')).toEqual(['2', '1'])
  })

  test('is listed by target, by parent and in pages', async () => {
    await deploy(content)
    await deploy({ targetArn: PARENT })
    for (let count = 0; count < 3; count += 1) await deploy()
    const ids: string[] = []
    const pages = paginateListDeployments({ client, pageSize: 2 }, { targetArn: GROUP, historyFilter: 'ALL' })
    for await (const { deployments = [] } of pages) {
      expect(deployments.length).toBeLessThanOrEqual(2)
      ids.push(...deployments.map(({ revisionId = '' }) => revisionId))
    }
    expect(ids).toEqual(['4', '3', '2', '1'])
    const { deployments } = await client.send(
      new ListDeploymentsCommand({ parentTargetArn: PARENT, historyFilter: 'ALL' }),
    )
    expect(deployments).toMatchObject([{ targetArn: GROUP, revisionId: '1', parentTargetArn: PARENT }])
  })

  test('is made once by the same request', async () => {
    const first = await deploy({ ...content, clientToken: 'once' })
    const again = await deploy({ ...content, clientToken: 'once' })
    expect(again.deploymentId).toBe(first.deploymentId)
    expect(aws.greengrass.deployments.size).toBe(1)
    await expect(deploy({ clientToken: 'once' })).rejects.toThrow(named('ConflictException'))
  })

  test('is made although the answer is lost, and found again', async () => {
    aws.fault({ operation: 'CreateDeployment', effect: { kind: 'drop', when: 'after' } })
    await expect(deploy({ clientToken: 'lost' })).rejects.toThrow()
    const { deploymentId } = await deploy({ clientToken: 'lost' })
    expect(await get(deploymentId)).toMatchObject({ revisionId: '1' })
  })

  const refused: {
    name: string
    request: Partial<CreateDeploymentCommandInput>
    as: string
    says: string
  }[] = [
    {
      name: 'a group that is gone',
      request: { targetArn: `${GROUP}-gone` },
      as: 'ResourceNotFoundException',
      says: 'ThingGroup',
    },
    {
      name: 'a thing that is not there',
      request: { targetArn: GROUP.replace('thinggroup/gateways', 'thing/x') },
      as: 'ResourceNotFoundException',
      says: 'Thing',
    },
    {
      name: 'a parent that is not there',
      request: { parentTargetArn: `${GROUP}-gone` },
      as: 'ResourceNotFoundException',
      says: 'ThingGroup',
    },
    {
      name: 'a thing below a parent',
      request: {
        targetArn: GROUP.replace('thinggroup/gateways', 'thing/core-00001'),
        parentTargetArn: PARENT,
      },
      as: 'ValidationException',
      says: 'subdeployment',
    },
    {
      name: 'a version that is none',
      request: { components: { c: { componentVersion: '^1.0' } } },
      as: 'ValidationException',
      says: '^1.0',
    },
    {
      name: 'a configuration that is no JSON',
      request: { components: { c: { componentVersion: '1.0.0', configurationUpdate: { merge: 'a: 1' } } } },
      as: 'ValidationException',
      says: 'no JSON object',
    },
    { name: 'tags of none', request: { tags: {} }, as: 'ValidationException', says: 'equal to 1' },
    {
      name: 'a version that was not created',
      request: { components: { 'com.example.Agent': { componentVersion: '2.0.0' } } },
      as: 'ResourceNotFoundException',
      says: 'com.example.Agent:2.0.0',
    },
    {
      name: 'a version that is not deployable yet',
      request: { components: { 'com.example.Agent': { componentVersion: '1.0.0' } } },
      as: 'ResourceNotFoundException',
      says: 'com.example.Agent:1.0.0',
    },
  ]
  test.each(refused)('is refused for $name', async ({ request, as, says }) => {
    await create()
    await expect(deploy(request)).rejects.toMatchObject({ name: as, message: expect.stringContaining(says) })
    expect(aws.greengrass.deployments.size).toBe(0)
  })

  test('is cancelled, and deleted only then', async () => {
    const { deploymentId } = await deploy()
    const remove = () => client.send(new DeleteDeploymentCommand({ deploymentId }))
    const cancel = () => client.send(new CancelDeploymentCommand({ deploymentId }))
    await expect(remove()).rejects.toMatchObject({ name: 'ConflictException', resourceId: deploymentId })
    await cancel()
    expect(await get(deploymentId)).toMatchObject({ deploymentStatus: 'CANCELED', isLatestForTarget: true })
    await expect(cancel()).rejects.toThrow(named('ConflictException'))
    await remove()
    await expect(get(deploymentId)).rejects.toThrow(named('ResourceNotFoundException'))
    expect((await client.send(new ListDeploymentsCommand({ targetArn: GROUP }))).deployments).toEqual([])
    expect((await get((await deploy()).deploymentId)).revisionId).toBe('2')
  })

  test('has a job that AWS IoT tells of', async () => {
    const { iotJobId: jobId, iotJobArn } = await deploy()
    aws.fleet.settle()
    const iot = new IoTClient(clientOptions(aws.endpoint))
    const { job } = await iot.send(new DescribeJobCommand({ jobId }))
    expect(job).toMatchObject({
      jobArn: iotJobArn,
      status: 'IN_PROGRESS',
      targetSelection: 'CONTINUOUS',
      targets: [GROUP],
      jobProcessDetails: { numberOfSucceededThings: 1, numberOfFailedThings: 0 },
    })
    await deploy()
    expect((await iot.send(new DescribeJobCommand({ jobId }))).job?.status).toBe('CANCELED')
    iot.destroy()
  })
})

describe('refusals that any operation meets', () => {
  test('throttling, with its own status', async () => {
    aws.fault({ times: 1, effect: { kind: 'error', code: 'ThrottlingException' } })
    await expect(client.send(new ListDeploymentsCommand({}))).rejects.toMatchObject({
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 429 },
    })
    aws.fault({ times: 1, effect: { kind: 'error', code: 'ThrottlingException' } })
    const patient = clientWith(ACCESS_KEY, 3)
    expect((await patient.send(new ListDeploymentsCommand({}))).$metadata.attempts).toBe(2)
    patient.destroy()
  })

  test('no permission, by the name of the action', async () => {
    aws.deniedActions.add('greengrass:CreateDeployment')
    await expect(deploy()).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('greengrass:CreateDeployment'),
    })
    expect(aws.changes()).toEqual([])
  })

  test('expired credentials', async () => {
    const late = clientWith(EXPIRED_KEY)
    await expect(late.send(new ListDeploymentsCommand({}))).rejects.toThrow(named('ExpiredTokenException'))
    late.destroy()
  })

  test('a core device that is none', async () => {
    await expect(
      client.send(new GetCoreDeviceCommand({ coreDeviceThingName: 'nobody' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException', resourceType: 'CoreDevice' })
  })
})
