/** Detect's violations over 30 days, with the real SDK: all of them, once, at a polite pace and with patience. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DetectSource, openDetect } from '../../../scripts/violations/sources/detect.ts'
import { activeViolations } from '../../aws/detect-data.ts'
import { SEEDED_PROFILE, seedDetect, seededThing } from '../../aws/detect-seed.ts'
import { type AwsBench, DAY, HOUR, NOW, openAwsBench, SkippingClock } from './bench.ts'

const EVENTS = 2500

let bench: AwsBench
let clock: SkippingClock
let problems: string[]
let source: DetectSource
beforeAll(async () => {
  bench = await openAwsBench()
  seedDetect(bench.aws.account, { events: EVENTS })
})
beforeEach(async () => {
  bench.aws.calls.length = 0
  bench.aws.clearFaults()
  bench.aws.account.detect.verifications.clear()
  clock = new SkippingClock()
  problems = []
  source = await openDetect({
    endpoint: bench.aws.endpoint,
    clock,
    random: () => 0.5,
    onProblem: (problem) => problems.push(problem),
  })
  return () => source.close()
})
afterAll(() => bench.close())

const callsOf = (operation: string) => bench.aws.calls.filter((call) => call.operation === operation)
const seconds = (ms: number) => ms / 1000
const alarmIds = (since = 0) =>
  new Set(
    bench.aws.account.detect.events
      .filter(({ violationEventTime }) => violationEventTime >= seconds(since))
      .map(({ violationId }) => violationId),
  )

test('come all, once, with all their events', async () => {
  const violations = await source.violations({})
  expect(new Set(violations.map(({ id }) => id))).toEqual(alarmIds())
  expect(violations.length).toBe(alarmIds().size)
  expect(violations.reduce((sum, { records }) => sum + records.length, 0)).toBe(EVENTS)
  const active = violations.filter(({ state }) => state === 'in-alarm')
  expect(new Set(active.map(({ id }) => id))).toEqual(
    new Set(activeViolations(bench.aws.account).map(({ violationId }) => violationId)),
  )
  expect(violations.some(({ behavior }) => behavior.suppressAlerts === true)).toBe(true)
  expect(problems).toEqual([])
  const starts = violations.map(({ startedAt }) => startedAt)
  expect(starts).toEqual([...starts].sort((a, b) => b - a))
})

test('in windows that lie side by side over 30 days, and pages as long as they may be', async () => {
  await source.violations({})
  const calls = callsOf('ListViolationEvents')
  const windows = new Set(calls.map(({ input }) => `${input.startTime} ${input.endTime}`))
  const times = [...windows].map((each) => each.split(' ').map(Number) as [number, number])
  expect(times.length).toBe(6)
  expect(times[0]?.[1]).toBe(seconds(NOW))
  expect(times.at(-1)?.[0]).toBe(seconds(NOW - 30 * DAY))
  for (const [index, [start]] of times.slice(0, -1).entries()) expect(times[index + 1]?.[1]).toBe(start)
  expect(calls.every(({ input }) => input.maxResults === 250)).toBe(true)
  // Each window twice, and the pages behind the first.
  expect(calls.filter(({ input }) => input.nextToken === undefined)).toHaveLength(12)
  expect(calls.length).toBeLessThan(30)
  expect(callsOf('ListActiveViolations').map(({ input }) => input.listSuppressedAlerts)).toEqual([
    false,
    true,
  ])
})

test('no more than five in a second are asked for', async () => {
  await source.violations({})
  const paced = clock.slept.reduce((sum, ms) => sum + ms, 0)
  expect(paced).toBeGreaterThanOrEqual((bench.aws.calls.length - 1) * 200 - 1)
})

test('of the last two days nothing older is asked for, and what began before and lasts is there', async () => {
  const since = NOW - 2 * DAY
  const violations = await source.violations({ since })
  const active = activeViolations(bench.aws.account)
  const wanted = new Set([...alarmIds(since), ...active.map(({ violationId }) => violationId)])
  expect(new Set(violations.map(({ id }) => id))).toEqual(wanted)
  expect(callsOf('ListViolationEvents').every(({ input }) => input.startTime === seconds(since))).toBe(true)
  const older = active.filter(({ violationEventTime }) => violationEventTime < seconds(since))
  expect(older.length).toBeGreaterThan(0)
  for (const { violationId, violationEventTime } of older) {
    expect(violations.find(({ id }) => id === violationId)).toMatchObject({
      state: 'in-alarm',
      startedAt: violationEventTime * 1000,
      last: { at: violationEventTime * 1000 },
    })
  }
})

test('filters that the service knows go there, the others are ours', async () => {
  const wish = { thingName: seededThing(3), securityProfileName: SEEDED_PROFILE, behaviorName: 'bytes-out' }
  const violations = await source.violations(wish)
  expect(violations.length).toBeGreaterThan(1)
  for (const { thingName, behavior } of violations) {
    expect([thingName, behavior.name]).toEqual([seededThing(3), 'bytes-out'])
  }
  for (const { input } of callsOf('ListViolationEvents')) {
    expect(input).toMatchObject({ thingName: seededThing(3), securityProfileName: SEEDED_PROFILE })
  }
  expect(await source.violations({ securityProfileName: 'none' })).toEqual([])
})

test('what is said of one is kept there', async () => {
  const [first] = await source.violations({ thingName: seededThing(1) })
  const id = first?.id as string
  const run = await bench.violations(['verify', id, 'true', '--note', 'ticket 81', '--detect'])
  expect(run).toMatchObject({ status: 0, err: '' })
  expect(bench.aws.account.detect.verifications.get(id)).toEqual({
    state: 'TRUE_POSITIVE',
    description: 'ticket 81',
  })
  expect(await source.violations({ verification: 'TRUE_POSITIVE' })).toMatchObject([
    { id, verification: { state: 'TRUE_POSITIVE', note: 'ticket 81' } },
  ])
})

describe('when AWS throttles', () => {
  test('it waits longer each time, goes on slower, and misses nothing', async () => {
    bench.aws.fault({
      operation: 'ListViolationEvents',
      skip: 3,
      times: 3,
      effect: { kind: 'error', code: 'ThrottlingException' },
    })
    const violations = await source.violations({})
    expect(violations.reduce((sum, { records }) => sum + records.length, 0)).toBe(EVENTS)
    // Half of each is left to chance, which is 0.5 here.
    const backoffs = clock.slept.filter((ms) => ms >= 1500)
    expect(backoffs.slice(0, 3)).toEqual([1500, 3000, 6000])
    const afterwards = clock.slept.slice(clock.slept.indexOf(6000) + 1)
    expect(Math.max(...afterwards)).toBeGreaterThan(1000)
    expect(afterwards.at(-1)).toBeLessThan(afterwards[0] as number)
    expect(callsOf('ListViolationEvents').filter(({ failed }) => failed !== undefined)).toHaveLength(3)
  })

  test('for too long, the newer ones are given, and it is said what is missing', async () => {
    bench.aws.fault({
      operation: 'ListViolationEvents',
      skip: 8,
      times: 100,
      effect: { kind: 'error', code: 'ThrottlingException' },
    })
    const violations = await source.violations({})
    expect(violations.length).toBeGreaterThan(100)
    expect(violations.length).toBeLessThan(alarmIds().size)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^what is older than 2026-11-\d\dT.* is missing: .*ListViolationEvents/)
  })

  test('from the beginning, it is a failure', async () => {
    bench.aws.fault({
      operation: 'ListViolationEvents',
      times: 100,
      effect: { kind: 'error', code: 'ThrottlingException' },
    })
    await expect(source.violations({})).rejects.toMatchObject({ code: 'throttled' })
    expect(callsOf('ListViolationEvents')).toHaveLength(6)
  })
})

test('who interrupts is told so, and nothing more is asked', async () => {
  const controller = new AbortController()
  const stopListening = bench.aws.onCall(() => controller.abort())
  const run = await bench.violations(['list', '--detect'], {
    interruption: () => ({ signal: controller.signal, stop: () => {} }),
  })
  stopListening()
  expect(run).toMatchObject({ status: 2, out: '', err: 'interrupted\n' })
  expect(bench.aws.calls).toHaveLength(1)
})

test('who may not ask is told which permission is missing', async () => {
  bench.aws.deniedActions.add('iot:ListViolationEvents')
  try {
    const run = await bench.violations(['list', '--detect'])
    expect(run.status).toBe(2)
    expect(run.err).toContain('iot:ListViolationEvents is not allowed')
  } finally {
    bench.aws.deniedActions.clear()
  }
})

describe('metric values', () => {
  const metric = { thingName: seededThing(0), metric: 'aws:all-bytes-out' }

  test('come all of 14 days, in windows, whatever was asked for', async () => {
    const values = await source.metricValues({ ...metric, since: 0, until: NOW + DAY })
    const all = [...bench.aws.account.detect.metricValues].find(([key]) => key.includes('all-bytes-out'))?.[1]
    expect(values).toEqual(all?.map(({ timestamp, value }) => ({ at: timestamp * 1000, value })))
    expect(values.length).toBeGreaterThan(3400)
    const calls = callsOf('ListMetricValues')
    expect(calls[0]?.input.endTime).toBe(seconds(NOW))
    expect(calls.at(-1)?.input.startTime).toBe(seconds(NOW - 14 * DAY))
    // A window of 36 hours has at most 433 values: two pages.
    expect(calls.length).toBeLessThanOrEqual(20)
  })

  test('of an hour are one call', async () => {
    const values = await source.metricValues({ ...metric, since: NOW - HOUR, until: NOW })
    expect(values.length).toBe(13)
    expect(callsOf('ListMetricValues')).toHaveLength(1)
  })

  test('are none of a metric that is not there', async () => {
    expect(await source.metricValues({ ...metric, metric: 'fan', since: NOW - HOUR, until: NOW })).toEqual([])
  })

  test('of a dimension are asked for as such', async () => {
    bench.aws.account.dimensions.set('alarms', {
      name: 'alarms',
    } as never)
    const dimension = { dimensionName: 'alarms', operator: 'NOT_IN' } as const
    await source.metricValues({ ...metric, dimension, since: NOW - HOUR, until: NOW })
    expect(callsOf('ListMetricValues')[0]?.input).toMatchObject({
      dimensionName: 'alarms',
      dimensionValueOperator: 'NOT_IN',
    })
  })
})
