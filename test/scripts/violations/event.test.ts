/** What is taken for a violation event, and what is not. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toldEvent, unwrapped } from '../../../scripts/violations/event.ts'
import { isWanted, toViolations } from '../../../scripts/violations/gather.ts'
import { cleared, event, HOUR, jsonLines, MINUTE, NOW, openBench } from './bench.ts'

const alarm = event(1)
const without = (name: string) => {
  const { [name]: _, ...rest } = alarm as unknown as Record<string, unknown>
  return rest
}

describe('no violation event', () => {
  test.each([
    { name: 'nothing', value: null },
    { name: 'a list', value: [alarm] },
    { name: 'text', value: 'in-alarm' },
    { name: 'without an id', value: without('violationId') },
    { name: 'without a thing', value: without('thingName') },
    { name: 'without a behavior', value: without('behavior') },
    { name: 'a behavior without a name', value: { ...alarm, behavior: { metric: 'aws:all-bytes-out' } } },
    { name: 'without a time', value: without('violationEventTime') },
    { name: 'a time of words', value: { ...alarm, violationEventTime: 'yesterday' } },
    { name: 'an unknown type', value: { ...alarm, violationEventType: 'alarm' } },
  ])('$name', ({ value }) => {
    expect(toldEvent(value)).toBeUndefined()
  })
})

test('times are milliseconds, whether they came as such, in seconds or as text', () => {
  const at = Date.UTC(2026, 10, 24, 10)
  for (const violationEventTime of [at, at / 1000, new Date(at).toISOString()]) {
    expect(toldEvent({ ...alarm, violationEventTime })?.record.at).toBe(at)
  }
})

test('members that are not as the agent writes them are left out, and the event stays', () => {
  const strange = [
    { kind: 'list' },
    { kind: 'list', early: true, observed: 'all', observedTotal: 1, offendersTotal: 1, firstSeen: [] },
    { ...alarm.evidence, firstSeen: [{ element: { toString: 'no' }, at: NOW }] },
    { ...alarm.evidence, processes: [{ element: 23, pid: 'init' }] },
    { kind: 'window', value: 'much' },
    { kind: 'other' },
    7,
  ]
  for (const evidence of strange) {
    const read = toldEvent({ ...alarm, evidence, metricValue: { count: 'many' } })
    expect(read?.violationId).toBe(alarm.violationId)
    expect(read?.record).not.toHaveProperty('evidence')
    expect(read?.record).not.toHaveProperty('metricValue')
  }
})

describe('envelopes', () => {
  const sns = { Type: 'Notification', MessageId: 'm', Message: JSON.stringify(alarm) }
  test.each([
    { name: 'none', value: alarm },
    { name: 'SNS', value: sns },
    { name: 'SNS to a function', value: { Records: [{ EventSource: 'aws:sns', Sns: sns }] } },
    { name: 'SNS to SQS to a function', value: { Records: [{ body: JSON.stringify(sns) }] } },
    { name: 'SQS as the CLI receives it', value: { Body: JSON.stringify(sns) } },
  ])('$name', ({ value }) => {
    expect(unwrapped(value)).toEqual([alarm])
  })

  test('end somewhere', () => {
    let value: unknown = alarm
    for (let depth = 0; depth < 6; depth += 1) value = { Message: JSON.stringify(value) }
    expect(unwrapped(value).map(toldEvent)).toEqual([undefined])
  })
})

test('whatever is within, all who draw or export it can', async () => {
  const bench = openBench()
  try {
    const strings = fc.oneof(
      fc.string(),
      fc.constantFrom('\u001b[2J', '=1+1', '<script>', '\u202e', '"', '\n'),
    )
    const anything = fc.oneof(fc.jsonValue({ maxDepth: 2 }), strings)
    const criteria = fc.dictionary(
      fc.constantFrom(
        ...['comparisonOperator', 'value', 'durationSeconds', 'consecutiveDatapointsToAlarm'],
        ...['statisticalThreshold', 'mlDetectionConfig'],
      ),
      fc.oneof(anything, fc.constantFrom('in-port-set', 'less-than', { ports: [1] }, { cidrs: ['x'] })),
    )
    const events = fc.array(
      fc.record({
        violationId: strings.filter((text) => text !== ''),
        thingName: strings.filter((text) => text !== ''),
        securityProfileName: anything,
        behavior: fc.record({ name: strings.filter((text) => text !== ''), metric: anything, criteria }),
        violationEventTime: fc.oneof(fc.integer({ min: 1 }), fc.double({ min: 1, noNaN: true })),
        violationEventType: fc.constantFrom('in-alarm', 'alarm-cleared', 'alarm-invalidated'),
        metricValue: fc.oneof(
          anything,
          fc.constantFrom({ ports: [1, 2] }, { cidrs: ['x', '::1'] }, { count: 3 }),
        ),
        evidence: anything,
        verificationState: anything,
      }),
      { minLength: 1, maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(events, async (given) => {
        const source = ['--events', bench.file('any.jsonl', jsonLines(given))]
        const id = given[0]?.violationId as string
        const outputs = [await bench.violations(['list', ...source])]
        // An id of the command line cannot look like an option.
        if (!id.startsWith('-')) outputs.push(await bench.violations(['show', id, ...source]))
        for (const format of ['json', 'csv', 'ocsf', 'splunk']) {
          // Not 0 where some of it is no event, but never a fault of ours, which would throw.
          const { status } = await bench.violations(['export', '--format', format, ...source])
          expect([0, 1, 2]).toContain(status)
        }
        for (const { out, err } of outputs) expect(out + err).not.toMatch(/[^\P{Cc}\n]|\u202e/u)
      }),
      { numRuns: 60 },
    )
  } finally {
    await bench.close()
  }
})

describe('violations', () => {
  const told = (...events: unknown[]) => events.flatMap((each) => toldEvent(each) ?? [])

  test('are their events, in whatever order, told once or twice', () => {
    const end = cleared(alarm, 10 * MINUTE)
    const [violation, ...others] = toViolations(told(end, alarm, end, alarm), 'events')
    expect(others).toEqual([])
    expect(violation).toMatchObject({
      state: 'cleared',
      startedAt: alarm.violationEventTime,
      endedAt: end.violationEventTime,
      records: [{ type: 'in-alarm' }, { type: 'alarm-cleared' }],
    })
  })

  test('whose alarm was not read begin with what was', () => {
    const end = cleared(alarm, HOUR)
    expect(toViolations(told(end), 'events')).toMatchObject([
      { startedAt: end.violationEventTime, state: 'cleared', records: [{ type: 'alarm-cleared' }] },
    ])
  })

  test('of one id on two things are two', () => {
    const other = { ...alarm, thingName: 'gateway-2' }
    expect(toViolations(told(alarm, other), 'events').map(({ thingName }) => thingName)).toHaveLength(2)
  })

  test('raised and cleared in one instant are cleared', () => {
    const [violation] = toViolations(told(cleared(alarm, 0), alarm), 'events')
    expect(violation?.state).toBe('cleared')
  })

  const from = alarm.violationEventTime
  const filters = [
    { name: 'nothing', filter: {}, is: true },
    { name: 'its thing', filter: { thingName: 'gateway-1' }, is: true },
    { name: 'another thing', filter: { thingName: 'gateway' }, is: false },
    { name: 'its profile', filter: { securityProfileName: 'gateways' }, is: true },
    { name: 'another behavior', filter: { behaviorName: 'bytes-out' }, is: false },
    { name: 'its state', filter: { state: 'cleared' as const }, is: true },
    { name: 'another state', filter: { state: 'in-alarm' as const }, is: false },
    { name: 'no verdict', filter: { verification: 'UNKNOWN' as const }, is: true },
    { name: 'another verdict', filter: { verification: 'TRUE_POSITIVE' as const }, is: false },
    { name: 'a time within it', filter: { since: from + 1, until: from + 2 }, is: true },
    { name: 'a time around it', filter: { since: from - HOUR, until: NOW }, is: true },
    { name: 'its end', filter: { since: from + HOUR }, is: true },
    { name: 'a time after it', filter: { since: from + HOUR + 1 }, is: false },
    { name: 'a time before it', filter: { until: from - 1 }, is: false },
  ]
  test.each(filters)('are wanted by $name: $is', ({ filter, is }) => {
    const [violation] = toViolations(told(alarm, cleared(alarm, HOUR)), 'events')
    expect(violation !== undefined && isWanted(violation, filter)).toBe(is)
  })
})
