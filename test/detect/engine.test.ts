import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileProfile } from '../../src/detect/compile.ts'
import { createEngine } from '../../src/detect/engine.ts'
import { LIST_ELEMENTS_MAX } from '../../src/detect/interval.ts'
import { restoreState, withLearned } from '../../src/detect/saved-state.ts'
import { SERIES_MAX } from '../../src/detect/state.ts'
import { isSuppressed } from '../../src/detect/violation.ts'
import { violationIds } from '../../src/detect/violation-id.ts'
import type { Datapoint } from '../../src/metrics/datapoint.ts'
import { engineOf, play, profileOf, startAt } from './scenario.ts'

const MINUTE = 60_000
const INTERVAL = 5 * MINUTE
const DAY = 86_400_000

const ceiling = (count: number, more: object = {}) => ({
  name: 'bytes',
  metric: 'aws:all-bytes-out',
  criteria: { comparisonOperator: 'less-than', value: { count }, durationSeconds: 300, ...more },
})
const noTelnet = {
  name: 'telnet',
  metric: 'aws:listening-tcp-ports',
  criteria: { comparisonOperator: 'not-in-port-set', value: { ports: [23] } },
}
const profileWith = (...behaviors: object[]) => profileOf({ securityProfileName: 'p', behaviors })
const bytes = (count: number): Datapoint[] => [{ metric: 'aws:all-bytes-out', value: { count } }]
const ports = (...list: number[]): Datapoint[] => [
  { metric: 'aws:listening-tcp-ports', value: { ports: list } },
]

describe('a violation event', () => {
  const workshop = JSON.parse(
    readFileSync(new URL('../fixtures/profiles/published/workshop-message.json', import.meta.url), 'utf8'),
  )

  test("has the members of AWS's SNS message, in their order and types, and evidence at the end", () => {
    // The workshop's behavior is about a cloud-side metric; only that is changed for the device.
    const behavior = { ...workshop.behavior, metric: 'aws:all-packets-out' }
    const profile = profileOf({ securityProfileName: workshop.securityProfileName, behaviors: [behavior] })
    const engine = createEngine([compileProfile(profile)], {
      thingName: workshop.thingName,
      newViolationId: () => workshop.violationId,
    })
    const at = workshop.violationEventTime
    const begun = engine.resume(undefined, at - INTERVAL, at).state
    const datapoints = [{ metric: 'aws:all-packets-out', value: { count: 54 } }]
    const [event] = engine.evaluate(begun, datapoints, at, at + INTERVAL).events
    const { evidence, ...message } = event ?? {}
    expect(JSON.stringify(message)).toBe(JSON.stringify({ ...workshop, behavior }))
    expect(Object.keys(event ?? {}).at(-1)).toBe('evidence')
    expect(evidence).toEqual({
      kind: 'window',
      early: false,
      value: 54,
      threshold: 10,
      durationSeconds: 300,
      coveredSeconds: 300,
      intervals: [{ endedAt: at, value: 54 }],
      intervalsTotal: 1,
    })
  })

  test('has one id from alarm to clear, and another the next time', () => {
    const { events } = play({
      profiles: [profileWith(ceiling(10))],
      intervalSeconds: 300,
      series: { 'aws:all-bytes-out': '10 1 10 1' },
    })
    const ids = events.map(({ violationId }) => violationId)
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true)
    expect([ids[0] === ids[1], ids[2] === ids[3], ids[0] === ids[2]]).toEqual([true, true, false])
  })

  test('shows the window and the population behind a statistic', () => {
    const statistical = {
      name: 's',
      metric: 'aws:all-bytes-out',
      criteria: {
        comparisonOperator: 'less-than-equals',
        statisticalThreshold: { statistic: 'p100' },
        durationSeconds: 600,
      },
    }
    const { events } = play({
      profiles: [profileWith(statistical)],
      intervalSeconds: 300,
      series: { 'aws:all-bytes-out': '10x32 12' },
    })
    const at = startAt + 33 * INTERVAL
    expect(events.map(({ evidence }) => evidence)).toEqual([
      {
        kind: 'window',
        early: true,
        value: 22,
        threshold: 20,
        statistic: 'p100',
        populationCount: 30,
        durationSeconds: 600,
        coveredSeconds: 600,
        intervals: [
          { endedAt: at - INTERVAL, value: 10 },
          { endedAt: at, value: 12 },
        ],
        intervalsTotal: 2,
      },
    ])
  })

  test('shows the whole list, and since when the offenders have been there', () => {
    const engine = engineOf([
      profileWith({ ...noTelnet, criteria: { ...noTelnet.criteria, consecutiveDatapointsToAlarm: 3 } }),
    ])
    let { state } = engine.resume(undefined, startAt, startAt + INTERVAL)
    state = engine.sample(state, ports(22, 443), startAt + MINUTE).state
    state = engine.sample(state, ports(443, 23, 22), startAt + 2 * MINUTE).state
    state = engine.closeInterval(state, startAt + INTERVAL, startAt + 2 * INTERVAL).state
    state = engine.evaluate(state, ports(23), startAt + 2 * INTERVAL, startAt + 3 * INTERVAL).state
    const { events } = engine.sample(state, ports(23, 22), startAt + 2 * INTERVAL + MINUTE)
    expect(events.map(({ metricValue, evidence }) => ({ metricValue, evidence }))).toEqual([
      {
        metricValue: { ports: [23] },
        evidence: {
          kind: 'list',
          early: true,
          observed: [22, 23],
          observedTotal: 2,
          offendersTotal: 1,
          firstSeen: [{ element: 23, at: startAt + 2 * MINUTE }],
        },
      },
    ])
  })

  test('of a muted behavior says so itself', () => {
    const { events } = play({
      profiles: [profileWith({ ...ceiling(10), suppressAlerts: true }, noTelnet)],
      intervalSeconds: 300,
      series: { 'aws:all-bytes-out': '10', 'aws:listening-tcp-ports': '[23]' },
    })
    expect(events.map(isSuppressed)).toEqual([true, false])
  })
})

describe('a hostile or broken datapoint', () => {
  const start = (engine = engineOf([profileWith(ceiling(100), noTelnet)])) => ({
    engine,
    state: engine.resume(undefined, startAt, startAt + INTERVAL).state,
  })

  test.each([
    ['not a number', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['a negative delta', -5],
  ])('%s is as good as absent', (_, count) => {
    const { engine, state } = start()
    const outcome = engine.evaluate(state, bytes(count), startAt + INTERVAL, startAt + 2 * INTERVAL)
    expect([outcome.events, outcome.datapoints, outcome.state.series]).toEqual([[], [], {}])
  })

  test('an offender beyond the elements that are kept still alarms', () => {
    const { engine, state } = start()
    const many = Array.from({ length: LIST_ELEMENTS_MAX }, (_, index) => 10_000 + index)
    const full = engine.sample(state, ports(...many), startAt + MINUTE)
    expect(full.events).toEqual([])
    const { events, state: after } = engine.sample(full.state, ports(...many, 23), startAt + 2 * MINUTE)
    expect(events.map(({ metricValue }) => metricValue)).toEqual([{ ports: [23] }])
    const evidence = events[0]?.evidence
    expect(evidence?.kind === 'list' && [evidence.observed.length, evidence.observedTotal]).toEqual([
      100,
      LIST_ELEMENTS_MAX + 1,
    ])
    const open = after.series['aws:listening-tcp-ports']?.open
    expect(open?.kind === 'union' && open.elements.length).toBe(LIST_ELEMENTS_MAX)
  })

  test('a metric twice in one sample covers no more time than once', () => {
    const floor = { ...ceiling(5).criteria, comparisonOperator: 'greater-than', durationSeconds: 600 }
    const { engine, state } = start(engineOf([profileWith({ ...ceiling(5), criteria: floor })]))
    const twice = [...bytes(1), ...bytes(1)]
    expect(engine.evaluate(state, twice, startAt + INTERVAL, startAt + 2 * INTERVAL).events).toEqual([])
  })

  test('names of more metrics than there can be are passed over', () => {
    const { engine, state } = start()
    const datapoints = Array.from({ length: 2 * SERIES_MAX }, (_, index) => ({
      metric: `m${index}`,
      value: { number: 1 },
    }))
    const outcome = engine.sample(state, datapoints, startAt + MINUTE)
    expect(Object.keys(outcome.state.series)).toHaveLength(SERIES_MAX)
  })

  test('metrics may be named like members of every object', () => {
    const named = (name: string) => ({
      name: 'b',
      metric: name,
      criteria: { comparisonOperator: 'less-than', value: { number: 5 } },
    })
    for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
      const { engine, state } = start(engineOf([profileWith(named(name))]))
      const { events } = engine.sample(state, [{ metric: name, value: { number: 5 } }], startAt + MINUTE)
      expect(events).toHaveLength(1)
    }
    const { engine, state } = start()
    const outcome = engine.sample(state, [{ metric: '__proto__', value: { number: 1 } }], startAt + MINUTE)
    expect(Object.keys(outcome.state.series)).toEqual([])
  })

  test('a metric of another type than its criteria gives no verdict', () => {
    const words = {
      name: 'b',
      metric: 'm',
      criteria: { comparisonOperator: 'in-set', value: { strings: ['a'] } },
    }
    const { engine, state } = start(engineOf([profileWith(words)]))
    const at = startAt + INTERVAL
    const outcome = engine.evaluate(state, [{ metric: 'm', value: { numbers: [1] } }], at, at + INTERVAL)
    expect(outcome.events).toEqual([])
    expect(engine.status(outcome.state)[0]?.detail).toBe('the metric is of another type than the criteria')
  })

  test('a metric that changes its type begins afresh', () => {
    const level = {
      name: 'b',
      metric: 'm',
      criteria: { comparisonOperator: 'less-than', value: { number: 5 } },
    }
    const { engine, state } = start(engineOf([profileWith(level)]))
    const list = engine.sample(state, [{ metric: 'm', value: { strings: ['x'] } }], startAt + MINUTE)
    const { events } = engine.sample(
      list.state,
      [{ metric: 'm', value: { number: 7 } }],
      startAt + 2 * MINUTE,
    )
    expect(events.map(({ metricValue }) => metricValue)).toEqual([{ number: 7 }])
  })
})

describe('a restart', () => {
  const engine = engineOf([profileWith(ceiling(10, { consecutiveDatapointsToAlarm: 2 }), noTelnet)])
  const inAlarm = () => {
    let { state } = engine.resume(undefined, startAt, startAt + INTERVAL)
    state = engine.sample(state, [...bytes(99), ...ports(23)], startAt + MINUTE).state
    return state
  }

  test('in the middle of an interval does not count it twice', () => {
    const { state, events } = engine.resume(inAlarm(), startAt + 2 * MINUTE, startAt + INTERVAL)
    expect(events).toEqual([])
    const again = engine.sample(state, [...bytes(99), ...ports(23)], startAt + 3 * MINUTE)
    expect(again.events).toEqual([])
    const closed = engine.closeInterval(again.state, startAt + INTERVAL, startAt + 2 * INTERVAL)
    expect(closed.events).toEqual([])
    const next = engine.sample(closed.state, bytes(99), startAt + 6 * MINUTE)
    expect(next.events.map(({ behavior }) => behavior.name)).toEqual(['bytes'])
  })

  test('in the middle of an interval goes on with it, and the time in between is not measured', () => {
    const level = profileWith({
      ...ceiling(5),
      criteria: { ...ceiling(5).criteria, comparisonOperator: 'greater-than' },
    })
    const floor = engineOf([level])
    const begun = floor.resume(undefined, startAt, startAt + INTERVAL).state
    const half = floor.sample(begun, bytes(1), startAt + MINUTE).state
    const { state } = floor.resume(half, startAt + 4 * MINUTE, startAt + INTERVAL)
    expect([state.openedAt, state.closesAt]).toEqual([startAt, startAt + INTERVAL])
    const outcome = floor.evaluate(state, bytes(1), startAt + INTERVAL, startAt + 2 * INTERVAL)
    expect(outcome.events).toEqual([])
    expect(floor.status(outcome.state)[0]?.detail).toMatch(/^2 in 300 s.*window not yet whole$/)
  })

  test('hours later ends the interval where it was interrupted', () => {
    const { state, events } = engine.resume(
      inAlarm(),
      startAt + 5 * 60 * MINUTE,
      startAt + 5 * 60 * MINUTE + INTERVAL,
    )
    expect(events).toEqual([])
    expect(state.openedAt).toBe(startAt + 5 * 60 * MINUTE)
    expect(state.series['aws:all-bytes-out']?.closed).toEqual([])
    const { events: later } = engine.sample(state, bytes(99), startAt + 5 * 60 * MINUTE + MINUTE)
    // The second datapoint of the run: the first was the interrupted interval.
    expect(later.map(({ violationEventType }) => violationEventType)).toEqual(['in-alarm'])
  })

  test('after more than two days invalidates what was in alarm', () => {
    const at = startAt + MINUTE + 2 * DAY
    expect(engine.resume(inAlarm(), at, at + INTERVAL).events).toEqual([])
    const { events } = engine.resume(inAlarm(), at + 1, at + INTERVAL)
    expect(
      events.map(({ violationEventType, metricValue, evidence }) => ({
        violationEventType,
        metricValue,
        evidence,
      })),
    ).toEqual([
      {
        violationEventType: 'alarm-invalidated',
        metricValue: undefined,
        evidence: { kind: 'invalidation', reason: 'silent-for-two-days', since: startAt + MINUTE },
      },
    ])
    expect('metricValue' in (events[0] ?? {})).toBe(false)
  })

  test('does not hide two silent days behind a new datapoint when the device merely slept', () => {
    const { events } = engine.sample(inAlarm(), ports(23), startAt + MINUTE + 2 * DAY + 1)
    expect(events.map(({ violationEventType }) => violationEventType)).toEqual(['alarm-invalidated'])
  })
})

describe('other profiles than before', () => {
  const before = engineOf([profileWith(ceiling(10), noTelnet)])
  const state = before.sample(
    before.resume(undefined, startAt, startAt + INTERVAL).state,
    [...bytes(10), ...ports(23)],
    startAt + MINUTE,
  ).state
  const at = startAt + 2 * MINUTE
  const resumed = (...behaviors: object[]) =>
    engineOf([profileWith(...behaviors)]).resume(state, at, startAt + INTERVAL)
  const told = (...behaviors: object[]) =>
    resumed(...behaviors).events.map((event) => [
      event.behavior.name,
      event.violationEventType,
      event.evidence.kind === 'invalidation' ? event.evidence.reason : '',
    ])
  const alarms = (...behaviors: object[]) =>
    resumed(...behaviors).state.behaviors.map(({ alarm }) => alarm.kind)

  test('must be told to the engine', () => {
    expect(() => engineOf([profileWith(noTelnet)]).sample(state, [], at)).toThrow('resume')
  })
  test('a behavior that is gone is invalidated, with its id and as it was', () => {
    expect(told(noTelnet)).toEqual([['bytes', 'alarm-invalidated', 'behavior-removed']])
    const raised = state.behaviors[0]?.alarm
    expect(resumed(noTelnet).events[0]?.violationId).toBe(raised?.kind === 'in-alarm' && raised.violationId)
    expect(resumed(noTelnet).events[0]?.behavior).toEqual(ceiling(10))
  })
  test('a behavior with other criteria is invalidated and begins anew', () => {
    expect(told(ceiling(11), noTelnet)).toEqual([['bytes', 'alarm-invalidated', 'behavior-changed']])
    expect(alarms(ceiling(11), noTelnet)).toEqual(['ok', 'in-alarm'])
  })
  test('order, muting and export change nothing', () => {
    const muted = { exportMetric: false, ...ceiling(10), suppressAlerts: true }
    expect(told({ ...noTelnet, suppressAlerts: true }, muted)).toEqual([])
    expect(alarms(noTelnet, muted)).toEqual(['in-alarm', 'in-alarm'])
  })
  test('a behavior muted meanwhile is muted in the event that ends its alarm', () => {
    const engine = engineOf([profileWith({ ...ceiling(10), suppressAlerts: true })])
    const { state: muted } = engine.resume(state, at, startAt + INTERVAL)
    const closed = engine.closeInterval(muted, startAt + INTERVAL, startAt + 2 * INTERVAL)
    const { events } = engine.evaluate(closed.state, bytes(1), startAt + 2 * INTERVAL, startAt + 3 * INTERVAL)
    expect(events.map((event) => [event.violationEventType, isSuppressed(event)])).toEqual([
      ['alarm-cleared', true],
    ])
  })
  test('windows reach back to what was measured before a behavior came', () => {
    const earlier = before.closeInterval(state, startAt + INTERVAL, startAt + 2 * INTERVAL).state
    const engine = engineOf([profileWith({ ...ceiling(20, { durationSeconds: 600 }), name: 'new' })])
    const { state: taken } = engine.resume(earlier, startAt + INTERVAL + 1, startAt + 2 * INTERVAL)
    const { events } = engine.sample(taken, bytes(10), startAt + INTERVAL + MINUTE)
    expect(events.map(({ metricValue }) => metricValue)).toEqual([{ count: 20 }])
  })
})

describe('a stored state', () => {
  const { state, engine } = play({
    profiles: [
      profileWith(ceiling(10), noTelnet, {
        ...ceiling(1),
        name: 's',
        criteria: {
          comparisonOperator: 'less-than',
          statisticalThreshold: { statistic: 'p99' },
          durationSeconds: 300,
        },
      }),
    ],
    intervalSeconds: 300,
    series: { 'aws:all-bytes-out': '10x40', 'aws:listening-tcp-ports': '[22,23]x40' },
  })
  const stored = () => JSON.parse(JSON.stringify(state))

  test('comes back as it was', () => {
    const restored = restoreState(stored())
    expect(restored).toEqual({ ok: true, state })
  })

  const broken: { name: string; change: (it: ReturnType<typeof stored>) => unknown; says: RegExp }[] = [
    { name: 'nothing', change: () => undefined, says: /version undefined, not 1/ },
    { name: 'another version', change: (it) => ({ ...it, version: 2 }), says: /version 2, not 1/ },
    { name: 'text for a time', change: (it) => ({ ...it, openedAt: 'yesterday' }), says: /openedAt/ },
    {
      name: 'an alarm of no kind',
      change: (it) => ({ ...it, behaviors: [{ ...it.behaviors[0], alarm: { kind: 'x' } }] }),
      says: /behaviors.0.alarm/,
    },
    {
      name: 'fewer times than elements',
      change: (it) => {
        it.series['aws:listening-tcp-ports'].previous.firstSeen.pop()
        return it
      },
      says: /series.aws:listening-tcp-ports.previous/,
    },
    {
      name: 'a population that does not add up',
      change: (it) => {
        it.learned['aws:all-bytes-out 300'].population.count++
        return it
      },
      says: /wrong count/,
    },
  ]
  test.each(broken)('is refused with the reason: $name', ({ change, says }) => {
    const restored = restoreState(change(stored()))
    expect(restored.ok ? 'ok' : restored.reason).toMatch(says)
  })

  test('may be kept without what was learnt, which is put back from an older copy', () => {
    const { learned, ...rest } = stored()
    const restored = restoreState({ ...rest, learned: {} })
    if (!restored.ok) throw new Error(restored.reason)
    const whole = withLearned(restored.state, learned)
    expect(engine.status(whole)).toEqual(engine.status(state))
    expect(whole.learned).toEqual(state.learned)
  })
})

test('status tells of every behavior in the order of the profile', () => {
  const { engine, state } = play({
    profiles: [
      profileWith(
        ceiling(10),
        { ...ceiling(10), name: 'messages', metric: 'aws:num-messages-sent' },
        noTelnet,
        { name: 'collected', metric: 'aws:all-bytes-in' },
        { ...ceiling(99), name: 'connections', metric: 'aws:num-established-tcp-connections' },
      ),
    ],
    intervalSeconds: 300,
    series: { 'aws:all-bytes-out': '3', 'aws:listening-tcp-ports': '[22,23] []' },
  })
  expect(
    engine.status(state).map(({ behavior, state: kind, detail }) => [behavior.name, kind, detail]),
  ).toEqual([
    ['bytes', 'ok', '3 in 300 s, normal is less-than 10'],
    [
      'messages',
      'not-judged',
      'not evaluated on the device: aws:num-messages-sent is measured by AWS IoT Core, not on the device',
    ],
    ['telnet', 'ok', 'nothing offends'],
    [
      'collected',
      'not-judged',
      'not evaluated on the device: it has no criteria: AWS collects or exports the metric',
    ],
    ['connections', 'no-data', 'no datapoint yet'],
  ])
})

test('an interval gives the datapoints of all metrics, judged or not', () => {
  const engine = engineOf([])
  let { state } = engine.resume(undefined, startAt, startAt + INTERVAL)
  state = engine.sample(state, [...bytes(1), ...ports(443, 22)], startAt + MINUTE).state
  state = engine.sample(state, [...bytes(2), ...ports(8883)], startAt + 2 * MINUTE).state
  const { datapoints, events } = engine.closeInterval(state, startAt + INTERVAL, startAt + 2 * INTERVAL)
  expect(datapoints).toEqual([...bytes(3), ...ports(22, 443, 8883)])
  expect(events).toEqual([])
})

test('ids of violations are the same for the same thing, behavior and instant', () => {
  const of = { profileName: 'p', behaviorName: 'b', at: 1 }
  const id = violationIds('thing')(of)
  expect(id).toBe(violationIds('thing')({ ...of }))
  expect(new Set([id, violationIds('other')(of), violationIds('thing')({ ...of, at: 2 })]).size).toBe(3)
})
