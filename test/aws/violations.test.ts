/** Detect's findings, with the real SDK: pages and windows give everything once, filters give what they say. */
import {
  CancelDetectMitigationActionsTaskCommand,
  CreateMitigationActionCommand,
  DescribeDetectMitigationActionsTaskCommand,
  IoTClient,
  ListActiveViolationsCommand,
  ListDetectMitigationActionsExecutionsCommand,
  ListMetricValuesCommand,
  ListViolationEventsCommand,
  type ListViolationEventsCommandInput,
  PutVerificationStateOnViolationCommand,
  paginateListMetricValues,
  paginateListViolationEvents,
  StartDetectMitigationActionsTaskCommand,
  type StartDetectMitigationActionsTaskCommandInput,
  type ViolationEvent,
} from '@aws-sdk/client-iot'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { clientOptions } from './clients.ts'
import { DAY_SECONDS } from './detect-data.ts'
import { SEEDED_PROFILE, seedDetect, seededThing } from './detect-seed.ts'
import { addThing, addThingGroup } from './registry.ts'
import { type Aws, startAws } from './server.ts'

const BEGAN_MS = Date.UTC(2026, 7, 15, 12, 1, 40)
const EVENTS = 2500

let nowMs: number
let aws: Aws
let client: IoTClient
beforeAll(async () => {
  nowMs = BEGAN_MS
  aws = await startAws({ nowMs: () => nowMs })
  seedDetect(aws.account, { events: EVENTS })
  addThingGroup(aws.account, { name: 'quarantine' })
  addThing(aws.account, { name: seededThing(0) })
  client = new IoTClient(clientOptions(aws.endpoint))
})
beforeEach(() => {
  nowMs = BEGAN_MS
  aws.account.detect.tasks.clear()
  aws.account.registry.groups.get('quarantine')?.things.clear()
  aws.account.registry.things.get(seededThing(0))?.groups.clear()
})
afterAll(async () => {
  client.destroy()
  await aws.close()
})

const daysAgo = (days: number) => new Date(BEGAN_MS - days * DAY_SECONDS * 1000)

async function eventsIn(
  input: Partial<ListViolationEventsCommandInput> = {},
  pageSize = 250,
): Promise<ViolationEvent[]> {
  const events: ViolationEvent[] = []
  const request = { startTime: daysAgo(30), endTime: daysAgo(0), ...input }
  for await (const page of paginateListViolationEvents({ client, pageSize }, request)) {
    events.push(...(page.violationEvents ?? []))
  }
  return events
}

const identityOf = ({ violationId, violationEventType, violationEventTime }: ViolationEvent) =>
  `${violationId} ${violationEventType} ${violationEventTime?.getTime()}`

describe('what is refused', () => {
  const refused = [
    { name: 'an end before the start', startTime: daysAgo(0), endTime: daysAgo(1), says: 'before endTime' },
    { name: 'more than is kept', startTime: daysAgo(31), endTime: daysAgo(0), says: 'exceeds 30 days' },
    { name: 'a page too long', maxResults: 251, says: 'less than or equal to 250' },
    { name: 'a token of nothing', nextToken: 'bm90aGluZw==', says: 'Invalid nextToken' },
  ]
  test.each(refused)('$name', async ({ name: _, says, ...input }) => {
    const request = { startTime: daysAgo(30), endTime: daysAgo(0), ...input }
    await expect(client.send(new ListViolationEventsCommand(request))).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: expect.stringContaining(says),
    })
  })

  test('metric values over more than 14 days, and of a metric that is not there', async () => {
    const request = { thingName: seededThing(0), metricName: 'aws:all-bytes-out', endTime: daysAgo(0) }
    await expect(
      client.send(new ListMetricValuesCommand({ ...request, startTime: daysAgo(15) })),
    ).rejects.toMatchObject({ message: expect.stringContaining('exceeds 14 days') })
    await expect(
      client.send(new ListMetricValuesCommand({ ...request, metricName: 'fan', startTime: daysAgo(1) })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  test('a verification of no violation', async () => {
    const command = new PutVerificationStateOnViolationCommand({
      violationId: 'none',
      verificationState: 'TRUE_POSITIVE',
    })
    await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidRequestException' })
  })
})

describe('violation events', () => {
  test('come all, once, whatever the windows and pages', async () => {
    const open = await eventsIn()
    const suppressed = await eventsIn({ listSuppressedAlerts: true }, 100)
    expect(open.length + suppressed.length).toBe(EVENTS)
    expect(suppressed.every(({ behavior }) => behavior?.suppressAlerts === true)).toBe(true)
    const windows = []
    for (let day = 30; day > 0; day -= 10) {
      windows.push(...(await eventsIn({ startTime: daysAgo(day), endTime: daysAgo(day - 10) })))
    }
    expect(new Set(windows.map(identityOf))).toEqual(new Set(open.map(identityOf)))
    expect(new Set(open.map(identityOf)).size).toBe(open.length)
  })

  test('are gone after 30 days', async () => {
    nowMs = BEGAN_MS + 20 * DAY_SECONDS * 1000
    const left = await eventsIn({ startTime: daysAgo(10) })
    const gone = await eventsIn({ startTime: daysAgo(30), endTime: daysAgo(11) })
    expect(left.length).toBeGreaterThan(100)
    expect(gone).toEqual([])
  })

  const filters: { name: string; input: Partial<ListViolationEventsCommandInput>; holds: string }[] = [
    { name: 'thing', input: { thingName: seededThing(3) }, holds: seededThing(3) },
    { name: 'criteria', input: { behaviorCriteriaType: 'STATISTICAL' }, holds: 'packets-out' },
    { name: 'machine learning', input: { behaviorCriteriaType: 'MACHINE_LEARNING' }, holds: 'messages' },
  ]
  test.each(filters)('by $name', async ({ input, holds }) => {
    const events = await eventsIn(input)
    expect(events.length).toBeGreaterThan(10)
    for (const { thingName, behavior } of events) expect([thingName, behavior?.name]).toContain(holds)
  })

  test('by profile', async () => {
    expect((await eventsIn({ securityProfileName: 'other' })).length).toBe(0)
    expect((await eventsIn({ securityProfileName: SEEDED_PROFILE })).length).toBeGreaterThan(2000)
  })

  test('an alarm ends before the next of the same behavior on the same thing', async () => {
    const byLane = new Map<string, ViolationEvent[]>()
    for (const event of await eventsIn()) {
      const lane = `${event.thingName} ${event.behavior?.name}`
      byLane.set(lane, [...(byLane.get(lane) ?? []), event])
    }
    for (const events of byLane.values()) {
      const types = events.reverse().map(({ violationEventType }) => violationEventType === 'in-alarm')
      expect(types).toEqual(types.map((_, index) => index % 2 === 0))
    }
  })
})

test('what was said of a violation is told with it, and can be filtered by', async () => {
  const [event] = await eventsIn({ thingName: seededThing(1) })
  const violationId = event?.violationId as string
  expect(event?.verificationState).toBe('UNKNOWN')
  await client.send(
    new PutVerificationStateOnViolationCommand({
      violationId,
      verificationState: 'BENIGN_POSITIVE',
      verificationStateDescription: 'a backup',
    }),
  )
  const found = await eventsIn({ verificationState: 'BENIGN_POSITIVE' })
  expect(new Set(found.map((each) => each.violationId))).toEqual(new Set([violationId]))
  expect(found[0]).toMatchObject({ verificationStateDescription: 'a backup' })
})

test('active violations are the alarms without an end', async () => {
  const ended = new Set<string | undefined>()
  const alarms = new Set<string | undefined>()
  for (const { violationEventType, violationId } of await eventsIn()) {
    if (violationEventType === 'in-alarm') alarms.add(violationId)
    else ended.add(violationId)
  }
  const open = [...alarms].filter((id) => !ended.has(id))
  const { activeViolations } = await client.send(new ListActiveViolationsCommand({ maxResults: 250 }))
  expect(new Set(activeViolations?.map(({ violationId }) => violationId))).toEqual(new Set(open))
  expect(open.length).toBeGreaterThan(5)
  await expect(
    client.send(new ListActiveViolationsCommand({ securityProfileName: 'other' })),
  ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

test('metric values violate while an alarm lasts, and only then', async () => {
  const thingName = seededThing(0)
  const request = { thingName, startTime: daysAgo(14), endTime: daysAgo(0) }
  const values = []
  for await (const page of paginateListMetricValues(
    { client, pageSize: 250 },
    { ...request, metricName: 'aws:all-bytes-out' },
  )) {
    values.push(...(page.metricDatumList ?? []))
  }
  expect(values.length).toBeGreaterThan(3400)
  const alarms = (await eventsIn({ thingName })).filter(({ behavior }) => behavior?.name === 'bytes-out')
  const stateAt = (at: number) =>
    alarms.find(({ violationEventTime }) => Number(violationEventTime) <= at)?.violationEventType
  for (const { timestamp, value } of values) {
    expect(Number(value?.count) >= 1_000_000).toBe(stateAt(Number(timestamp)) === 'in-alarm')
  }
})

describe('mitigation tasks', () => {
  const roleArn = 'arn:aws:iam::123456789012:role/mitigation'
  let ids: string[]
  beforeAll(async () => {
    for (const [actionName, actionParams] of [
      ['quarantine', { addThingsToThingGroupParams: { thingGroupNames: ['quarantine'] } }],
      ['logging', { enableIoTLoggingParams: { roleArnForLogging: roleArn, logLevel: 'INFO' as const } }],
    ] as const) {
      await client.send(
        new CreateMitigationActionCommand({ actionName, roleArn, actionParams: actionParams as object }),
      )
    }
    ids = [seededThing(0), seededThing(1)].map(
      (thing) =>
        aws.account.detect.events.find(({ thingName }) => thingName === thing)?.violationId as string,
    )
  })

  const start = (input: Partial<StartDetectMitigationActionsTaskCommandInput> = {}) =>
    client.send(
      new StartDetectMitigationActionsTaskCommand({
        taskId: 't',
        target: { violationIds: ids },
        actions: ['quarantine'],
        clientRequestToken: 'token',
        ...input,
      }),
    )
  const summary = async (taskId = 't') =>
    (await client.send(new DescribeDetectMitigationActionsTaskCommand({ taskId }))).taskSummary

  const refused: {
    name: string
    input: () => Partial<StartDetectMitigationActionsTaskCommandInput>
    says: string
  }[] = [
    { name: 'no target', input: () => ({ target: {} }), says: 'either violationIds or' },
    {
      name: 'two targets',
      input: () => ({ target: { violationIds: ids, securityProfileName: SEEDED_PROFILE } }),
      says: 'either violationIds or',
    },
    {
      name: 'a violation unknown',
      input: () => ({ target: { violationIds: ['x'] } }),
      says: 'does not exist',
    },
    { name: 'an action unknown', input: () => ({ actions: ['x'] }), says: 'does not exist' },
    { name: 'an action of another kind', input: () => ({ actions: ['logging'] }), says: 'ADD_THINGS' },
    { name: 'six actions', input: () => ({ actions: Array(6).fill('quarantine') }), says: 'equal to 5' },
  ]
  test.each(refused)('$name', async ({ input, says }) => {
    await expect(start(input())).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: expect.stringContaining(says),
    })
  })

  test('move things into groups, and say what failed', async () => {
    await start()
    expect([...(aws.account.registry.groups.get('quarantine')?.things ?? [])]).toEqual([])
    expect(await summary()).toMatchObject({
      taskStatus: 'FAILED',
      taskStatistics: { actionsExecuted: 1, actionsFailed: 1, actionsSkipped: 0 },
      actionsDefinition: [{ name: 'quarantine' }],
    })
    expect([...(aws.account.registry.groups.get('quarantine')?.things ?? [])]).toEqual([seededThing(0)])
    const { actionsExecutions } = await client.send(
      new ListDetectMitigationActionsExecutionsCommand({ taskId: 't' }),
    )
    expect(actionsExecutions?.map(({ thingName, status }) => [thingName, status])).toEqual([
      [seededThing(0), 'SUCCESSFUL'],
      [seededThing(1), 'FAILED'],
    ])
  })

  test('exist once: by their id, and by their token', async () => {
    await start()
    for (const again of [{}, { taskId: 'u' }, { clientRequestToken: 'other' }]) {
      await expect(start(again)).rejects.toMatchObject({ name: 'TaskAlreadyExistsException' })
    }
  })

  test('take their time, and what a canceled one did not come to is skipped', async () => {
    aws.account.detect.secondsPerAction = 60
    try {
      await start()
      nowMs += 61_000
      expect(await summary()).toMatchObject({
        taskStatus: 'IN_PROGRESS',
        taskStatistics: { actionsExecuted: 1 },
      })
      await client.send(new CancelDetectMitigationActionsTaskCommand({ taskId: 't' }))
      nowMs += 600_000
      expect(await summary()).toMatchObject({
        taskStatus: 'CANCELED',
        taskStatistics: { actionsExecuted: 1, actionsFailed: 0, actionsSkipped: 1 },
      })
      await expect(
        client.send(new CancelDetectMitigationActionsTaskCommand({ taskId: 't' })),
      ).rejects.toMatchObject({ name: 'InvalidRequestException' })
    } finally {
      delete aws.account.detect.secondsPerAction
    }
  })

  test('at most five run at once', async () => {
    aws.account.detect.secondsPerAction = 60
    try {
      for (let index = 0; index < 5; index += 1)
        await start({ taskId: `t${index}`, clientRequestToken: `${index}` })
      await expect(start({ taskId: 't5', clientRequestToken: '5' })).rejects.toMatchObject({
        name: 'LimitExceededException',
      })
    } finally {
      delete aws.account.detect.secondsPerAction
    }
  })

  test('of a profile are about its violations in the range, suppressed ones only if asked for', async () => {
    const range = { startTime: daysAgo(2), endTime: daysAgo(0) }
    const target = { securityProfileName: SEEDED_PROFILE, behaviorName: 'connections' }
    await start({ target, violationEventOccurrenceRange: range })
    expect((await summary())?.taskStatistics).toEqual({
      actionsExecuted: 0,
      actionsFailed: 0,
      actionsSkipped: 0,
    })
    const all = { startTime: daysAgo(30), endTime: daysAgo(0) }
    await start({
      taskId: 'all',
      clientRequestToken: 'all',
      target,
      violationEventOccurrenceRange: all,
      includeSuppressedAlerts: true,
      includeOnlyActiveViolations: true,
    })
    const { actionsExecuted = 0, actionsFailed = 0 } = (await summary('all'))?.taskStatistics ?? {}
    const { activeViolations = [] } = await client.send(
      new ListActiveViolationsCommand({ listSuppressedAlerts: true, maxResults: 250 }),
    )
    expect(actionsExecuted + actionsFailed).toBe(
      activeViolations.filter(({ behavior }) => behavior?.name === 'connections').length,
    )
    expect(activeViolations.length).toBeGreaterThan(0)
  })
})
