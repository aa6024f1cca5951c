/** The fleet simulator, seen through the real SDK. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ComponentDeploymentSpecification,
  CreateComponentVersionCommand,
  CreateDeploymentCommand,
  type CreateDeploymentCommandInput,
  DeleteComponentCommand,
  GetCoreDeviceCommand,
  GetDeploymentCommand,
  GreengrassV2Client,
  ListEffectiveDeploymentsCommand,
  ListInstalledComponentsCommand,
  paginateListCoreDevices,
} from '@aws-sdk/client-greengrassv2'
import { afterEach, describe, expect, test } from 'vitest'
import { clientOptions } from '../clients.ts'
import { describeJob, jobExecutions } from '../greengrass/jobs.ts'
import { addThing, join as joinGroup } from '../registry.ts'
import { addBucket } from '../s3/state.ts'
import { collectMessages } from './messages.ts'
import type { FleetOptions } from './options.ts'
import { type FleetAws, startFleet } from './start.ts'

const AGENT = 'community.greengrass.DeviceDefender'
const arnOf = (target: string) => `arn:aws:iot:eu-west-1:123456789012:${target}`

let closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers) await close()
  closers = []
})

async function start(fleet: FleetOptions): Promise<{ aws: FleetAws; client: GreengrassV2Client }> {
  const aws = await startFleet({ fleet })
  const client = new GreengrassV2Client(clientOptions(aws.endpoint))
  closers.push(
    () => client.destroy(),
    () => aws.close(),
  )
  return { aws, client }
}

const agent = (
  componentVersion: string,
  configurationUpdate?: ComponentDeploymentSpecification['configurationUpdate'],
) => ({
  [AGENT]: { componentVersion, ...(configurationUpdate === undefined ? {} : { configurationUpdate }) },
})

async function deploy(
  client: GreengrassV2Client,
  target: string,
  components: Record<string, ComponentDeploymentSpecification>,
  rest: Partial<CreateDeploymentCommandInput> = {},
): Promise<string> {
  const { deploymentId } = await client.send(
    new CreateDeploymentCommand({ targetArn: arnOf(target), components, ...rest }),
  )
  return deploymentId as string
}

async function effectiveOn(client: GreengrassV2Client, coreDeviceThingName: string) {
  const answer = await client.send(new ListEffectiveDeploymentsCommand({ coreDeviceThingName }))
  return answer.effectiveDeployments ?? []
}

async function agentOn(client: GreengrassV2Client, coreDeviceThingName: string) {
  const answer = await client.send(new ListInstalledComponentsCommand({ coreDeviceThingName }))
  return answer.installedComponents?.find(({ componentName }) => componentName === AGENT)
}

async function countDevices(client: GreengrassV2Client, thingGroupArn: string) {
  const names: string[] = []
  for await (const page of paginateListCoreDevices({ client, pageSize: 100 }, { thingGroupArn })) {
    for (const { coreDeviceThingName = '' } of page.coreDevices ?? []) names.push(coreDeviceThingName)
  }
  return names.length
}

test('a deployment reaches every device of its group, each in its own time', async () => {
  const { aws, client } = await start({ devices: 25, groups: { canary: 5, others: 20 } })
  const deploymentId = await deploy(client, 'thinggroup/canary', agent('1.0.0'))
  const [first] = await effectiveOn(client, 'core-00001')
  expect(first).toMatchObject({ deploymentId, coreDeviceExecutionStatus: 'QUEUED' })
  expect(await countDevices(client, arnOf('thinggroup/canary'))).toBe(0)

  const tookMs = aws.fleet.settle()
  expect(tookMs).toBeGreaterThan(20_000)
  expect(tookMs).toBeLessThan(110_000)
  expect(await countDevices(client, arnOf('thinggroup/canary'))).toBe(5)
  const [done] = await effectiveOn(client, 'core-00001')
  expect(done).toMatchObject({ coreDeviceExecutionStatus: 'SUCCEEDED', reason: 'SUCCESSFUL' })
  expect(await agentOn(client, 'core-00001')).toMatchObject({
    componentVersion: '1.0.0',
    lifecycleState: 'RUNNING',
    isRoot: true,
    lastInstallationSource: deploymentId,
  })
  expect(await effectiveOn(client, 'core-00006')).toEqual([])
  // A deployment to a thing group stays active for those who join later.
  const { deploymentStatus } = await client.send(new GetDeploymentCommand({ deploymentId }))
  expect(deploymentStatus).toBe('ACTIVE')
})

describe('a version that crashes', () => {
  const crashing = (rest: Partial<FleetOptions> = {}) =>
    start({ devices: 20, groups: { all: 20 }, versions: { '1.1.0': { crashShare: 0.3 } }, ...rest })

  async function crash(
    { aws, client }: Awaited<ReturnType<typeof crashing>>,
    policy: 'ROLLBACK' | 'DO_NOTHING' = 'ROLLBACK',
  ) {
    await deploy(client, 'thinggroup/all', agent('1.0.0', { merge: '{"SampleIntervalSeconds":300}' }))
    aws.fleet.settle()
    const deploymentId = await deploy(
      client,
      'thinggroup/all',
      agent('1.1.0', { merge: '{"SampleIntervalSeconds":600}' }),
      { deploymentPolicies: { failureHandlingPolicy: policy } },
    )
    aws.fleet.settle()
    const job = describeJob(aws.greengrass, deploymentId)
    const failed = jobExecutions(aws.greengrass, deploymentId, 'FAILED') ?? []
    return { job, failed: failed.map(({ thingArn }) => thingArn.split('/').at(-1) as string) }
  }

  test('is taken back by the classic nucleus, configuration included', async () => {
    const started = await crashing()
    const { job, failed } = await crash(started)
    expect(job?.jobProcessDetails).toMatchObject({ numberOfSucceededThings: 14, numberOfFailedThings: 6 })
    const thing = failed[0] as string
    expect((await effectiveOn(started.client, thing))[0]).toMatchObject({
      coreDeviceExecutionStatus: 'FAILED',
      reason: `FAILED_ROLLBACK_COMPLETE: Service ${AGENT} in broken state after deployment`,
      statusDetails: {
        errorStack: ['DEPLOYMENT_FAILURE', 'COMPONENT_UPDATE_ERROR', 'COMPONENT_BROKEN'],
        errorTypes: ['USER_COMPONENT_ERROR'],
      },
    })
    expect(await agentOn(started.client, thing)).toMatchObject({
      componentVersion: '1.0.0',
      lifecycleState: 'RUNNING',
    })
    expect(started.aws.fleet.configurationOf(thing, AGENT)).toEqual({ SampleIntervalSeconds: 300 })
    const device = await started.client.send(new GetCoreDeviceCommand({ coreDeviceThingName: thing }))
    expect(device.status).toBe('HEALTHY')
  })

  const staying: {
    name: string
    rest: Partial<FleetOptions>
    policy: 'ROLLBACK' | 'DO_NOTHING'
    reason: string
  }[] = [
    {
      name: 'stays on lite devices',
      rest: { liteShare: 1 },
      policy: 'ROLLBACK',
      reason: 'FAILED_ROLLBACK_NOT_REQUESTED',
    },
    {
      name: 'stays where nobody asks for going back',
      rest: {},
      policy: 'DO_NOTHING',
      reason: `FAILED_ROLLBACK_NOT_REQUESTED: Service ${AGENT} in broken state after deployment`,
    },
    {
      name: 'stays where going back fails',
      rest: { versions: { '1.1.0': { crashShare: 0.3, noRollbackShare: 1 } } },
      policy: 'ROLLBACK',
      reason: `FAILED_UNABLE_TO_ROLLBACK: Service ${AGENT} in broken state after deployment`,
    },
  ]
  test.each(staying)('$name', async ({ rest, policy, reason }) => {
    const started = await crashing(rest)
    const { failed } = await crash(started, policy)
    expect(failed).toHaveLength(6)
    const thing = failed[0] as string
    expect((await effectiveOn(started.client, thing))[0]).toMatchObject({
      coreDeviceExecutionStatus: 'FAILED',
      reason,
    })
    expect(await agentOn(started.client, thing)).toMatchObject({
      componentVersion: '1.1.0',
      lifecycleState: 'BROKEN',
    })
    const device = await started.client.send(new GetCoreDeviceCommand({ coreDeviceThingName: thing }))
    expect(device.status).toBe('UNHEALTHY')
  })

  test('is healed by the operator going back', async () => {
    const started = await crashing({ liteShare: 1 })
    const { failed } = await crash(started)
    await deploy(
      started.client,
      'thinggroup/all',
      agent('1.0.0', { reset: ['/SampleIntervalSeconds'], merge: '{"SampleIntervalSeconds":300}' }),
    )
    started.aws.fleet.settle()
    const thing = failed[0] as string
    expect(await agentOn(started.client, thing)).toMatchObject({
      componentVersion: '1.0.0',
      lifecycleState: 'RUNNING',
    })
    expect(started.aws.fleet.configurationOf(thing, AGENT)).toEqual({ SampleIntervalSeconds: 300 })
  })

  test('crashes on the same devices in every run with the same seed, and on others with another', async () => {
    const one = await crash(await crashing())
    const again = await crash(await crashing())
    const other = await crash(await crashing({ seed: 2 }))
    expect(again.failed).toEqual(one.failed)
    expect(other.failed).not.toEqual(one.failed)
  })
})

test('the right share meets its fate also among few devices', async () => {
  const { aws, client } = await start({
    devices: 60,
    groups: { a: 10, b: 10, c: 20, d: 20 },
    versions: { '1.0.0': { crashShare: 0.3 } },
  })
  for (const group of ['a', 'b', 'c', 'd']) {
    const id = await deploy(client, `thinggroup/${group}`, agent('1.0.0'))
    aws.fleet.settle()
    const { numberOfFailedThings = 0, numberOfSucceededThings = 0 } =
      describeJob(aws.greengrass, id)?.jobProcessDetails ?? {}
    expect(numberOfFailedThings / (numberOfFailedThings + numberOfSucceededThings)).toBeGreaterThanOrEqual(
      0.2,
    )
    expect(numberOfFailedThings / (numberOfFailedThings + numberOfSucceededThings)).toBeLessThanOrEqual(0.4)
  }
})

test('an artifact that cannot be fetched changes nothing on the device', async () => {
  const { aws, client } = await start({
    devices: 4,
    groups: { all: 4 },
    versions: { '1.1.0': { noDownloadShare: 1 } },
  })
  await deploy(client, 'thinggroup/all', agent('1.0.0'))
  aws.fleet.settle()
  await deploy(client, 'thinggroup/all', agent('1.1.0'))
  aws.fleet.settle()
  const [effective] = await effectiveOn(client, 'core-00001')
  expect(effective?.reason).toContain('FAILED_NO_STATE_CHANGE')
  expect(effective?.statusDetails?.errorTypes).toEqual(['PERMISSION_ERROR'])
  expect((await agentOn(client, 'core-00001'))?.componentVersion).toBe('1.0.0')
})

describe('a component version that was created here', () => {
  const ARTIFACT = 'agent/1.1.0/agent.zip'
  const spoilt: {
    name: string
    spoil: (aws: FleetAws, client: GreengrassV2Client, arn: string) => unknown
    code: string | undefined
  }[] = [
    { name: 'installs with its default configuration', spoil: () => {}, code: undefined },
    {
      name: 'does not install once its artifact was written again',
      spoil: ({ account }) => account.buckets.get('bucket')?.objects.set(ARTIFACT, object('other')),
      code: 'ARTIFACT_CHECKSUM_MISMATCH',
    },
    {
      name: 'does not install once its artifact is gone',
      spoil: ({ account }) => account.buckets.get('bucket')?.objects.delete(ARTIFACT),
      code: 'S3_HEAD_OBJECT_ACCESS_DENIED',
    },
    {
      name: 'does not install once it was deleted',
      spoil: (_, client, arn) => client.send(new DeleteComponentCommand({ arn })),
      code: 'COMPONENT_VERSION_REQUIREMENTS_NOT_MET',
    },
  ]
  const object = (text: string) => ({
    body: Buffer.from(text),
    etag: '0',
    contentType: 'application/zip',
    metadata: {},
    modifiedAt: 0,
  })

  test.each(spoilt)('$name', async ({ spoil, code }) => {
    const { aws, client } = await start({ devices: 1, groups: { all: 1 } })
    addBucket(aws.account, { name: 'bucket' }).objects.set(ARTIFACT, object('agent'))
    const recipe = {
      RecipeFormatVersion: '2020-01-25',
      ComponentName: AGENT,
      ComponentVersion: '1.1.0',
      ComponentConfiguration: { DefaultConfiguration: { SampleIntervalSeconds: 300, ProcPath: '/proc' } },
      Manifests: [{ Platform: { os: 'linux' }, Artifacts: [{ Uri: `s3://bucket/${ARTIFACT}` }] }],
    }
    const { arn = '' } = await client.send(
      new CreateComponentVersionCommand({ inlineRecipe: Buffer.from(JSON.stringify(recipe)) }),
    )
    await deploy(client, 'thinggroup/all', agent('1.1.0', { merge: '{"SampleIntervalSeconds":600}' }))
    await spoil(aws, client, arn)
    aws.fleet.settle()
    const [effective] = await effectiveOn(client, 'core-00001')
    expect(effective?.statusDetails?.errorStack?.at(-1)).toBe(code)
    expect(aws.fleet.configurationOf('core-00001', AGENT)).toEqual(
      code === undefined ? { SampleIntervalSeconds: 600, ProcPath: '/proc' } : undefined,
    )
  })
})

test('a late crash comes after the deployment has succeeded', async () => {
  const { aws, client } = await start({
    devices: 4,
    groups: { all: 4 },
    versions: { '1.0.0': { lateCrashShare: 1, lateCrashMs: 600_000 } },
  })
  await deploy(client, 'thinggroup/all', agent('1.0.0'))
  aws.fleet.settle()
  expect(await agentOn(client, 'core-00001')).toMatchObject({ lifecycleState: 'RUNNING' })
  aws.fleet.advance(600_000)
  expect(await agentOn(client, 'core-00001')).toMatchObject({
    lifecycleState: 'BROKEN',
    lifecycleStatusCodes: ['STARTUP_ERROR'],
  })
  const [effective] = await effectiveOn(client, 'core-00001')
  expect(effective?.coreDeviceExecutionStatus).toBe('SUCCEEDED')
})

test('a deployment to a thing that is overtaken by another is not taken', async () => {
  const { aws, client } = await start({ devices: 1 })
  await deploy(client, 'thing/core-00001', agent('1.0.0'))
  const later = await deploy(client, 'thing/core-00001', agent('1.1.0'))
  aws.fleet.settle()
  expect(await effectiveOn(client, 'core-00001')).toHaveLength(1)
  expect(await agentOn(client, 'core-00001')).toMatchObject({
    componentVersion: '1.1.0',
    lastInstallationSource: later,
  })
  expect(aws.fleet.healthOf('core-00001')?.starts).toBe(1)
})

describe('a job', () => {
  const rollout = (base: number, factor: number, notified: number) => ({
    jobExecutionsRolloutConfig: {
      exponentialRate: {
        baseRatePerMinute: base,
        incrementFactor: factor,
        rateIncreaseCriteria: { numberOfNotifiedThings: notified },
      },
      maximumPerMinute: 1000,
    },
  })

  test('keeps to its pace, and goes faster as it is told to', async () => {
    const { aws, client } = await start({ devices: 60, groups: { all: 60 } })
    const id = await deploy(client, 'thinggroup/all', agent('1.0.0'), {
      iotJobConfiguration: rollout(10, 2, 20),
    })
    const told = () => jobExecutions(aws.greengrass, id)?.length ?? 0
    const perMinute = [0, 1, 2, 3, 4].map(() => {
      const before = told()
      aws.fleet.advance(60_000)
      return told() - before
    })
    // The first is told at once. Twenty at 10 a minute, twenty at 20, twenty at 40.
    expect(told()).toBe(60)
    expect(perMinute[0]).toBe(10)
    expect(perMinute[1]).toBeGreaterThanOrEqual(9)
    expect(perMinute[2]).toBeGreaterThanOrEqual(19)
  })

  test('gives up when its abort criteria are met, and those not told never hear of it', async () => {
    const { aws, client } = await start({
      devices: 100,
      groups: { all: 100 },
      versions: { '1.0.0': { crashShare: 0.5 } },
    })
    const id = await deploy(client, 'thinggroup/all', agent('1.0.0'), {
      iotJobConfiguration: {
        ...rollout(5, 1, 100),
        abortConfig: {
          criteriaList: [
            {
              failureType: 'FAILED',
              action: 'CANCEL',
              thresholdPercentage: 20,
              minNumberOfExecutedThings: 5,
            },
          ],
        },
      },
    })
    aws.fleet.settle()
    const { deploymentStatus } = await client.send(new GetDeploymentCommand({ deploymentId: id }))
    expect(deploymentStatus).toBe('CANCELED')
    const job = describeJob(aws.greengrass, id)
    expect(job).toMatchObject({ status: 'CANCELED', comment: expect.stringContaining('abort criteria') })
    expect(job?.jobProcessDetails.numberOfSucceededThings).toBeLessThan(50)
  })

  test('runs out of time on slow devices, which take the version all the same', async () => {
    const { aws, client } = await start({
      devices: 10,
      groups: { all: 10 },
      versions: { '1.0.0': { slowShare: 1, slowFactor: 50 } },
    })
    const id = await deploy(client, 'thinggroup/all', agent('1.0.0'), {
      iotJobConfiguration: { timeoutConfig: { inProgressTimeoutInMinutes: 5 } },
    })
    aws.fleet.settle()
    const timedOut = jobExecutions(aws.greengrass, id, 'TIMED_OUT') ?? []
    expect(timedOut).toHaveLength(10)
    const thing = timedOut[0]?.thingArn.split('/').at(-1) as string
    expect(await agentOn(client, thing)).toMatchObject({ componentVersion: '1.0.0' })
  })

  test('waits for devices without a connection, and for things that join later', async () => {
    const { aws, client } = await start({ devices: 11, groups: { all: 10 }, offlineShare: 0.2 })
    const id = await deploy(client, 'thinggroup/all', agent('1.0.0'))
    aws.fleet.settle()
    const queued = jobExecutions(aws.greengrass, id, 'QUEUED') ?? []
    expect(queued).toHaveLength(2)
    aws.fleet.setOnline(queued[0]?.thingArn.split('/').at(-1) as string, true)
    const { registry } = aws.account
    const late = registry.things.get('core-00011')
    const group = registry.groups.get('all')
    if (late === undefined || group === undefined) throw new Error('not in the registry')
    joinGroup(aws.account, late, group)
    aws.fleet.setOnline('core-00011', true)
    aws.fleet.settle()
    expect(describeJob(aws.greengrass, id)?.jobProcessDetails).toMatchObject({
      numberOfQueuedThings: 1,
      numberOfSucceededThings: 10,
    })
  })
})

test('things that are no core devices take no part', async () => {
  const { aws, client } = await start({ devices: 2, groups: { all: 2 } })
  addThing(aws.account, { name: 'sensor', groups: ['all'] })
  const id = await deploy(client, 'thinggroup/all', agent('1.0.0'))
  aws.fleet.settle()
  expect(jobExecutions(aws.greengrass, id)).toHaveLength(2)
})

test('a revision takes the place of the one before also where that has not arrived', async () => {
  const { aws, client } = await start({ devices: 40, groups: { all: 40 } })
  const slow = {
    jobExecutionsRolloutConfig: { maximumPerMinute: 1 },
  }
  const first = await deploy(client, 'thinggroup/all', agent('1.0.0'), { iotJobConfiguration: slow })
  aws.fleet.advance(5 * 60_000)
  const second = await deploy(client, 'thinggroup/all', agent('1.1.0'))
  aws.fleet.settle()
  expect(describeJob(aws.greengrass, first)).toMatchObject({ status: 'CANCELED' })
  expect(jobExecutions(aws.greengrass, first)?.length).toBeLessThan(8)
  expect(describeJob(aws.greengrass, second)?.jobProcessDetails.numberOfSucceededThings).toBe(40)
  expect((await agentOn(client, 'core-00040'))?.componentVersion).toBe('1.1.0')
})

test('components of several targets are put together, and what no target names goes', async () => {
  const { aws, client } = await start({
    devices: 3,
    groups: { all: ['core-00001', 'core-00002'], more: ['core-00001'] },
  })
  const log = { 'com.example.Log': { componentVersion: '2.0.0' } }
  await deploy(client, 'thinggroup/all', { ...agent('1.0.0'), ...log })
  await deploy(client, 'thinggroup/more', { 'com.example.More': { componentVersion: '3.0.0' } })
  aws.fleet.settle()
  const namesOn = async (coreDeviceThingName: string, topologyFilter: 'ALL' | 'ROOT') => {
    const { installedComponents = [] } = await client.send(
      new ListInstalledComponentsCommand({ coreDeviceThingName, topologyFilter }),
    )
    return installedComponents.map(({ componentName }) => componentName).sort()
  }
  expect(await namesOn('core-00001', 'ROOT')).toEqual(['com.example.Log', 'com.example.More', AGENT])
  expect(await namesOn('core-00001', 'ALL')).toContain('aws.greengrass.Nucleus')
  expect(await namesOn('core-00002', 'ROOT')).toEqual(['com.example.Log', AGENT])

  await deploy(client, 'thinggroup/all', agent('1.0.0'))
  aws.fleet.settle()
  expect(await namesOn('core-00001', 'ROOT')).toEqual(['com.example.More', AGENT])

  await deploy(client, 'thinggroup/more', agent('1.1.0'))
  aws.fleet.settle()
  const conflict = (await effectiveOn(client, 'core-00001')).find(({ targetArn }) =>
    targetArn?.endsWith('more'),
  )
  expect(conflict).toMatchObject({
    coreDeviceExecutionStatus: 'FAILED',
    reason: expect.stringContaining(`${AGENT} 1.0.0, 1.1.0`),
    statusDetails: { errorTypes: ['REQUEST_ERROR'] },
  })
})

test('a deployment to a thing completes on a classic device, and waits for ever on a lite one', async () => {
  for (const [liteShare, status] of [
    [0, 'COMPLETED'],
    [1, 'ACTIVE'],
  ] as const) {
    const { aws, client } = await start({ devices: 1, liteShare })
    const { deploymentId, iotJobId } = await client.send(
      new CreateDeploymentCommand({ targetArn: arnOf('thing/core-00001'), components: agent('1.0.0') }),
    )
    expect(iotJobId).toBeUndefined()
    aws.fleet.settle()
    const { deploymentStatus } = await client.send(new GetDeploymentCommand({ deploymentId }))
    expect(deploymentStatus).toBe(status)
  }
})

test('agents tell of their health and raise violations', async () => {
  const { aws, client } = await start({
    devices: 20,
    groups: { all: 20 },
    versions: {
      '1.0.0': { violationsPerDay: 2 },
      '1.1.0': { violationsPerDay: 20 },
      '1.2.0': { silentShare: 1 },
    },
  })
  const run = async (version: string) => {
    await deploy(client, 'thinggroup/all', agent(version))
    aws.fleet.settle()
    const sinceMs = aws.fleet.nowMs()
    aws.fleet.advance(86_400_000)
    const violations = aws.fleet.things().map((thing) => aws.fleet.violationsOf(thing, sinceMs))
    return { violations, health: aws.fleet.healthOf('core-00007') }
  }
  expect(aws.fleet.healthOf('core-00007')).toBeUndefined()

  const one = await run('1.0.0')
  expect(one.violations.flat()).toHaveLength(40)
  expect(new Set(one.violations.flat().map(({ violationId }) => violationId)).size).toBe(40)
  expect(one.violations[3]?.[0]).toMatchObject({ thingName: 'core-00004', violationEventType: 'in-alarm' })
  expect(one.health).toMatchObject({ thingName: 'core-00007', agentVersion: '1.0.0', nucleus: 'classic' })
  const ageMs = aws.fleet.nowMs() - (one.health?.reports.lastAcceptedAt ?? 0)
  expect(ageMs).toBeLessThan(300_000)

  expect((await run('1.1.0')).violations.flat()).toHaveLength(400)
  const silent = await run('1.2.0')
  expect(silent.health?.reports).toMatchObject({ accepted: 0, isUnanswered: true })
  expect(silent.health?.reports.lastAcceptedAt).toBeUndefined()
})

test('the messages of agents are collected once each', async () => {
  const { aws, client } = await start({
    devices: 5,
    groups: { all: 5 },
    versions: { '1.0.0': { violationsPerDay: 24 } },
  })
  await deploy(client, 'thinggroup/all', agent('1.0.0'))
  aws.fleet.settle()
  const folder = mkdtempSync(join(tmpdir(), 'fleet-'))
  closers.push(() => rmSync(folder, { recursive: true }))
  const collect = collectMessages(aws.fleet, folder)
  collect()
  expect(collect()).toBe(0)
  await aws.fleet.clock.sleep(600_000)
  expect(collect()).toBeGreaterThanOrEqual(5)
  await aws.fleet.clock.sleep(86_400_000 - 600_000)
  collect()
  const violations = readFileSync(join(folder, 'violations.jsonl'), 'utf8').trim().split('\n')
  expect(violations.length).toBeGreaterThanOrEqual(5 * 24)
  expect(violations.length).toBeLessThanOrEqual(5 * 25)
  const ids = violations.map((line) => (JSON.parse(line) as { violationId: string }).violationId)
  expect(new Set(ids).size).toBe(ids.length)
})

test('ten thousand devices', async () => {
  const { aws, client } = await start({
    devices: 10_000,
    groups: { canary: 100, tenth: 1_000, rest: 8_900 },
    liteShare: 0.2,
    versions: { '1.0.0': { crashShare: 0.02 } },
  })
  const began = process.cpuUsage()
  const ids = await Promise.all(
    ['canary', 'tenth', 'rest'].map((group) => deploy(client, `thinggroup/${group}`, agent('1.0.0'))),
  )
  aws.fleet.settle()
  const succeeded = ids.map(
    (id) => describeJob(aws.greengrass, id)?.jobProcessDetails.numberOfSucceededThings ?? 0,
  )
  const total = succeeded.reduce((sum, count) => sum + count, 0)
  expect(Math.abs(total - 9_800)).toBeLessThanOrEqual(10)
  expect(await countDevices(client, arnOf('thinggroup/rest'))).toBe(succeeded[2])
  // Three seconds on an idle machine; a mistake that makes it quadratic takes minutes.
  expect(process.cpuUsage(began).user / 1e6).toBeLessThan(15)
})
