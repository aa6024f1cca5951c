/** Alarms of two judges: which are the same, and why the others are not. */
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { match } from '../../../scripts/violations/compare/match.ts'
import type { Violation } from '../../../scripts/violations/model.ts'
import type { ViolationEvent } from '../../../src/detect/violation.ts'
import { openHistory } from '../../../src/store/history.ts'
import {
  type AwsBench,
  bytesOut,
  cleared,
  DAY,
  event,
  HOUR,
  jsonLines,
  MINUTE,
  NOW,
  openAwsBench,
  telnet,
} from './bench.ts'

const alarm = (startedAt: number, given: Partial<Violation> = {}): Violation => ({
  id: String(startedAt),
  origin: 'events',
  thingName: 'gateway-1',
  securityProfileName: 'gateways',
  behavior: telnet,
  records: [{ at: startedAt, type: 'in-alarm' }],
  startedAt,
  endedAt: startedAt + MINUTE,
  state: 'cleared',
  ...given,
})

describe('the same alarms', () => {
  const tolerance = 10 * MINUTE
  const cases = [
    { name: 'at the same time', ours: [alarm(0)], theirs: [alarm(0)], pairs: 1 },
    { name: 'within the tolerance', ours: [alarm(0)], theirs: [alarm(11 * MINUTE)], pairs: 1 },
    { name: 'beyond it', ours: [alarm(0)], theirs: [alarm(11 * MINUTE + 1)], pairs: 0 },
    {
      name: 'in force together',
      ours: [alarm(0, { endedAt: HOUR })],
      theirs: [alarm(50 * MINUTE)],
      pairs: 1,
    },
    { name: 'on another thing', ours: [alarm(0)], theirs: [alarm(0, { thingName: 'x' })], pairs: 0 },
    {
      name: 'of another profile',
      ours: [alarm(0)],
      theirs: [alarm(0, { securityProfileName: 'x' })],
      pairs: 0,
    },
    { name: 'two of one', ours: [alarm(0), alarm(5 * MINUTE)], theirs: [alarm(4 * MINUTE)], pairs: 1 },
  ]
  test.each(cases)('$name: $pairs', ({ ours, theirs, pairs }) => {
    const matched = match(ours, theirs, tolerance)
    expect(matched.pairs).toHaveLength(pairs)
    expect(matched.oursOnly).toHaveLength(ours.length - pairs)
    expect(matched.theirsOnly).toHaveLength(theirs.length - pairs)
  })

  test('the nearest are paired', () => {
    const [pair] = match([alarm(0), alarm(5 * MINUTE)], [alarm(4 * MINUTE)], tolerance).pairs
    expect(pair?.ours.startedAt).toBe(5 * MINUTE)
  })

  const times = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 20 })
  test('each is in one place, whatever there is', () => {
    fc.assert(
      fc.property(times, times, (here, there) => {
        const ours = here.map((minute) => alarm(minute * MINUTE))
        const theirs = there.map((minute) => alarm(minute * MINUTE))
        const { pairs, oursOnly, theirsOnly } = match(ours, theirs, tolerance)
        expect(new Set([...pairs.map((each) => each.ours), ...oursOnly])).toEqual(new Set(ours))
        expect(new Set([...pairs.map((each) => each.theirs), ...theirsOnly])).toEqual(new Set(theirs))
        expect(pairs.length + oursOnly.length).toBe(ours.length)
      }),
    )
  })
})

let bench: AwsBench
beforeAll(async () => {
  bench = await openAwsBench()
})
afterAll(() => bench.close())
let folder = 0
beforeEach(() => {
  folder += 1
  bench.aws.account.detect.events.length = 0
})
afterEach(() => bench.aws.clearFaults())

/** An event of the device's, as Detect would have told it. */
const atAws = ({ evidence: _, violationEventTime, ...rest }: ViolationEvent) =>
  bench.aws.account.detect.events.push({ ...rest, violationEventTime: violationEventTime / 1000 } as never)

async function compared(
  ours: readonly ViolationEvent[],
  theirs: readonly ViolationEvent[],
  ...words: string[]
) {
  const path = bench.file(`${folder}/ours.jsonl`, jsonLines(ours))
  for (const each of theirs) atAws(each)
  const run = await bench.compare(['--events', path, '--output', 'json', ...words])
  const result = JSON.parse(run.out)
  const [row] = result.behaviors
  const reasonsOf = (side: string) =>
    (row?.[side] ?? []).map(({ reason }: { reason?: string }) => reason ?? '')
  return { status: run.status, result, row, oursOnly: reasonsOf('oursOnly'), awsOnly: reasonsOf('awsOnly') }
}

/** With its end, at another id: the two name their alarms themselves. */
const both = (number: number, given: Partial<ViolationEvent> = {}, lasts = 10 * MINUTE) => {
  const raised = event(number, given)
  return [raised, cleared(raised, lasts)]
}
/** Makes the thing known to both. */
const common = (given: Partial<ViolationEvent> = {}) =>
  both(90, { violationEventTime: NOW - 5 * DAY, ...given })

test('what could not be read is no agreement', async () => {
  const events = [...both(1), { violationId: 'x' } as ViolationEvent]
  const { status, row } = await compared(events, both(2))
  expect([status, row.counts]).toEqual([1, { agree: 1, oursOnly: 0, awsOnly: 0 }])
  const file = bench.file('broken.json', '{"violationId": ')
  expect(await bench.compare(['--events', file])).toMatchObject({
    status: 2,
    err: expect.stringContaining('nothing in it could be read'),
  })
})

test('both agree, though the device was a little sooner', async () => {
  const later = NOW - 2 * HOUR + 4 * MINUTE
  const { status, row, result } = await compared(both(1), both(2, { violationEventTime: later }))
  expect(status).toBe(0)
  expect(row).toMatchObject({
    counts: { agree: 1, oursOnly: 0, awsOnly: 0 },
    agreed: [{ secondsApart: 240 }],
  })
  expect(result.things).toEqual(['gateway-1'])
})

test('things that only one side knows are named and not compared', async () => {
  const { status, result } = await compared(
    [...both(1), ...both(3, { thingName: 'edge-only' })],
    [...both(2), ...both(4, { thingName: 'cloud-only' })],
  )
  expect(status).toBe(0)
  expect(result.leftOut).toEqual([
    { thingName: 'cloud-only', knownTo: 'AWS' },
    { thingName: 'edge-only', knownTo: 'ours' },
  ])
})

describe('only the device, because', () => {
  const other = { ...telnet, criteria: { ...telnet.criteria, value: { ports: [22] } } }
  const percentile = {
    name: 'p',
    metric: 'aws:all-bytes-out',
    criteria: {
      comparisonOperator: 'less-than',
      statisticalThreshold: { statistic: 'p99' },
      durationSeconds: 300,
    },
  } as const
  const late = event(1, { evidence: { ...(event(1).evidence as object), early: false } as never })
  const cases: readonly {
    name: string
    ours: ViolationEvent[]
    theirs?: ViolationEvent[]
    says: RegExp | ''
  }[] = [
    { name: 'Detect forgot it', ours: both(1, { violationEventTime: NOW - 31 * DAY }), says: /30 days/ },
    {
      name: 'it is new',
      ours: [event(1, { violationEventTime: NOW - MINUTE })],
      says: /not have judged it yet/,
    },
    {
      name: 'the criteria differ',
      ours: both(1),
      theirs: both(2, { behavior: other, violationEventTime: NOW - 3 * DAY }),
      says: /other criteria/,
    },
    {
      name: 'the clock is wrong',
      ours: both(1),
      theirs: both(2, { violationEventTime: NOW - 3 * HOUR }),
      says: /60 minutes earlier: look at the device's clock/,
    },
    { name: 'the port was there between two reports', ours: both(1), says: /between two reports/ },
    {
      name: 'percentiles differ',
      ours: both(1, { behavior: percentile, metricValue: { count: 5 } }),
      says: /percentile from all devices/,
    },
    {
      name: 'windows differ',
      ours: both(1, {
        behavior: { ...bytesOut, criteria: { ...bytesOut.criteria, durationSeconds: 900 } },
        metricValue: { count: 5 },
        evidence: { ...(late.evidence as object) } as never,
      }),
      says: /windows of several reports/,
    },
    { name: 'nothing explains it', ours: [late, cleared(late, 10 * MINUTE)], says: '' },
  ]
  test.each(cases)('$name', async ({ ours, theirs = [], says }) => {
    // Of another behavior, so that it explains nothing.
    const known = common({ behavior: { ...bytesOut, name: 'z' }, metricValue: { count: 5 } })
    const { status, oursOnly } = await compared([...ours, ...known], [...theirs, ...known])
    expect(status).toBe(1)
    expect(oursOnly).toHaveLength(1)
    if (says === '') expect(oursOnly).toEqual([''])
    else expect(oursOnly[0]).toMatch(says)
  })
})

describe('only AWS, because', () => {
  const cases = [
    {
      name: 'it asks for ML Detect',
      behavior: {
        name: 'b',
        metric: 'aws:all-bytes-out',
        criteria: { mlDetectionConfig: { confidenceLevel: 'HIGH' } },
      },
      says: /not judged on the device: it asks for ML Detect/,
    },
    {
      name: 'it is measured by AWS',
      behavior: { ...bytesOut, name: 'b', metric: 'aws:num-messages-sent' },
      says: /measured by AWS IoT Core/,
    },
    { name: 'it is muted', behavior: { ...bytesOut, name: 'b', suppressAlerts: true }, says: /muted/ },
  ] as const
  test.each(cases)('$name', async ({ behavior, says }) => {
    const known = common({ behavior: { ...bytesOut, name: 'z' }, metricValue: { count: 5 } })
    const theirs = both(2, { behavior: behavior as never, metricValue: { count: 5 } })
    const { awsOnly } = await compared(known, [...theirs, ...known])
    expect(awsOnly).toHaveLength(1)
    expect(awsOnly[0]).toMatch(says)
  })

  test('the device measured nothing then', async () => {
    const store = await openHistory(bench.path(`${folder}/history`))
    for (const each of common()) await store.appendViolation(each.violationEventTime, each)
    await store.close()
    for (const each of [
      ...common(),
      ...both(2, { behavior: { ...bytesOut, name: 'a' }, metricValue: { count: 5 } }),
    ])
      atAws(each)
    const words = ['--history', bench.path(`${folder}/history`)]
    const run = await bench.compare([...words, '--output', 'json'])
    expect(JSON.parse(run.out).behaviors[0].awsOnly).toMatchObject([
      { reason: 'the device has no datapoint of this metric then' },
    ])
    const text = await bench.compare(words)
    expect(text.status).toBe(1)
    expect(text.out).toContain('AWS only: gateways / a')
    expect(text.out).toContain('1 × the device has no datapoint of this metric then')
    expect(text.out).toMatch(/^gateways \/ tcp-ports {2,}1 {2,}0 {2,}0$/m)
    expect(Math.max(...text.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})

test('only the time that was asked for is compared, and what lies at its edge finds its other half', async () => {
  const start = NOW - 2 * HOUR
  const { status, row } = await compared(
    [...both(1), ...both(3, { violationEventTime: NOW - 20 * HOUR })],
    both(2, { violationEventTime: start - 5 * MINUTE }, 4 * MINUTE),
    '--since',
    new Date(start).toISOString(),
  )
  expect(status).toBe(0)
  expect(row.counts).toEqual({ agree: 1, oursOnly: 0, awsOnly: 0 })
})

test('without permission for Detect nothing is known', async () => {
  bench.aws.deniedActions.add('iot:ListViolationEvents')
  const path = bench.file('denied/ours.jsonl', jsonLines(both(1)))
  expect(await bench.compare(['--events', path])).toMatchObject({ status: 2, out: '' })
  bench.aws.deniedActions.clear()
})
