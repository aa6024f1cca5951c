/** The browser's modules, as far as they need no document: what an event changes, where a chart's points go. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createViewer } from '../../../src/local-core/page/viewed-event.ts'
import {
  exfiltration,
  healthEvent,
  healthOf,
  listeningEvent,
  rejectedEvent,
  reportEvent,
  standing,
  T0,
  violationEvent,
} from './events.ts'

const load = (file: string) =>
  import(new URL(`../../../src/local-core/page/static/${file}`, import.meta.url).href)
const { apply, newModel } = await load('model.js')
const { layout, nearest } = await load('chart.js')
const { createParser } = await load('stream.js')
const { behaviorOf, fieldsOf, memberOf, originText, readableText, trialSentence } =
  await load('trial-view.js')
const { ownerOfHost, ownerOfPort, shareText, shortName } = await load('owners.js')
const { formatBytes, formatDuration, formatPorts, formatTime } = await load('format.js')
const { inAlarmCount, standings, VIOLATIONS_MAX } = await load('alarms.js')
const { foundText, normalText, processText } = await load('alarm-words.js')
const { createAnnouncer } = await load('announcer.js')
const { gaugeLayout } = await load('gauge.js')

describe('model', () => {
  it('keeps the newest reports first, and no more than it shows', () => {
    const model = newModel()
    const view = createViewer()
    for (let i = 0; i < 100; i++) apply(model, view(reportEvent({ at: T0 + i })))
    expect(model.reports).toHaveLength(60)
    expect(model.reports[0].at).toBe(T0 + 99)
    expect(model.replies).toEqual({ ACCEPTED: 100, REJECTED: 0, SILENT: 0 })
  })

  it('keeps warnings and what was denied, not what is quiet', () => {
    const model = newModel()
    const view = createViewer()
    for (const level of ['debug', 'info', 'warn', 'error']) {
      const line = JSON.stringify({ level, message: level })
      apply(model, view({ event: 'log', at: T0, stream: 'stdout', line }))
    }
    apply(model, view({ event: 'denied', at: T0, operation: 'PublishToIoTCore', resource: 'a/b' }))
    apply(model, view({ event: 'component', at: T0, state: 'BROKEN', reason: 'three strikes' }))
    expect(model.log.map(({ message }: { message: string }) => message)).toEqual([
      'Component BROKEN',
      "Not permitted by the recipe's accessControl: PublishToIoTCore",
      'error',
      'warn',
    ])
  })

  it('says aloud what matters, and not every report', () => {
    const model = newModel()
    const view = createViewer()
    const said = [
      listeningEvent(T0, 22),
      listeningEvent(T0 + 1, 22),
      listeningEvent(T0 + 2, 22, 4444),
      listeningEvent(T0 + 3, 22, 4444),
      rejectedEvent({ at: T0 + 4 }),
    ].map((event) => apply(model, view(event)))
    expect(said).toEqual([
      { text: 'First report' },
      undefined,
      { text: 'New: tcp port 4444' },
      undefined,
      { text: 'A report was rejected' },
    ])
  })

  it('ignores events that it does not know', () => {
    const model = newModel()
    apply(model, { event: 'of a later version' })
    expect(model).toEqual(newModel())
  })
})

type LocalEvent = Parameters<ReturnType<typeof createViewer>>[0]

/** The model after these events, and what was said. */
function modelAfter(events: LocalEvent[]) {
  const model = newModel()
  const view = createViewer()
  const said = events.map((event) => apply(model, view(event))?.text)
  return { alarms: model.alarms, said }
}

describe('violations', () => {
  it('are one entry from the alarm to its end, however many ways they come by', () => {
    const { alarms, said } = modelAfter([
      violationEvent(),
      violationEvent({ via: 'iot-core' }),
      violationEvent({ type: 'alarm-cleared', at: T0 + 7000 }),
      violationEvent({ type: 'alarm-cleared', at: T0 + 7000, via: 'iot-core' }),
    ])
    expect(alarms.violations).toHaveLength(1)
    expect(alarms.violations[0]).toMatchObject({
      type: 'alarm-cleared',
      raisedAt: T0,
      endedAt: T0 + 7000,
      view: { offenders: { elements: ['4444'] } },
      told: [{ via: 'local' }, { via: 'iot-core' }, { via: 'local' }, { via: 'iot-core' }],
    })
    expect([inAlarmCount(alarms), alarms.raisedCount]).toEqual([0, 1])
    expect(said).toEqual(['Alarm: BackdoorPort, port 4444', undefined, 'Alarm over: BackdoorPort', undefined])
  })

  it('count those that stand', () => {
    const { alarms } = modelAfter([violationEvent({ id: 'a' }), violationEvent({ id: 'b', ...exfiltration })])
    expect([inAlarmCount(alarms), alarms.raisedCount]).toEqual([2, 2])
  })

  it('are bounded, newest first, and those that stand stay longest', () => {
    const events = Array.from({ length: 1000 }, (_, index) => `v${index}`).flatMap((id, index) => [
      violationEvent({ id, at: T0 + index }),
      ...(index === 0 ? [] : [violationEvent({ id, type: 'alarm-cleared', at: T0 + index })]),
      violationEvent({ id, at: T0 + index, via: 'iot-core' }),
    ])
    const { alarms } = modelAfter(events)
    expect(alarms.violations).toHaveLength(VIOLATIONS_MAX)
    expect([alarms.violations[0].id, alarms.violations.at(-1).id]).toEqual(['v999', 'v0'])
    expect(alarms.raisedCount).toBe(1000)
  })

  it('do not come back by a repeat after they were forgotten', () => {
    const events = Array.from({ length: VIOLATIONS_MAX + 1 }, (_, index) =>
      violationEvent({ id: `v${index}` }),
    )
    const { alarms } = modelAfter([...events, violationEvent({ id: 'v0', via: 'iot-core' })])
    expect(alarms.violations.map(({ id }: { id: string }) => id)).not.toContain('v0')
  })
})

describe('how behaviors stand', () => {
  const stateOf = (events: LocalEvent[]) =>
    standings(modelAfter(events).alarms).map(({ behavior, state, detail }: Record<string, string>) =>
      [behavior, state, detail].join(': '),
    )
  const inAlarm = standing({ state: 'in-alarm', detail: '1 element offends', value: 1, since: T0 })

  it('is what the health message says', () => {
    expect(stateOf([healthEvent(healthOf(T0, [standing()]))])).toEqual(['BackdoorPort: ok: nothing offends'])
  })

  it('is known from an alarm before any health message', () => {
    expect(stateOf([violationEvent()])).toEqual(['BackdoorPort: in-alarm: port 4444'])
  })

  it('is what a newer alarm says, and not an older one', () => {
    const told = healthEvent(healthOf(T0, [standing()]))
    expect(stateOf([told, violationEvent({ at: T0 + 1 })])).toEqual(['BackdoorPort: in-alarm: port 4444'])
    expect(stateOf([violationEvent({ at: T0 - 1 }), told])).toEqual(['BackdoorPort: ok: nothing offends'])
  })

  it('changes at once when an alarm ends', () => {
    const events = [
      violationEvent(),
      healthEvent(healthOf(T0 + 1, [inAlarm])),
      violationEvent({ type: 'alarm-cleared', at: T0 + 2 }),
    ]
    expect(stateOf(events)).toEqual(['BackdoorPort: ok: nothing offends'])
  })

  it('names what offends while the alarm stands', () => {
    const events = [violationEvent(), healthEvent(healthOf(T0 + 1, [inAlarm]))]
    expect(stateOf(events)).toEqual(['BackdoorPort: in-alarm: port 4444'])
  })

  it('has those in alarm first', () => {
    const told = [standing({ behaviorName: 'A' }), standing({ ...inAlarm, behaviorName: 'B' })]
    expect(stateOf([healthEvent(healthOf(T0, told))])).toEqual([
      'B: in-alarm: 1 element offends',
      'A: ok: nothing offends',
    ])
  })

  it('forgets behaviors of which the health message does not tell any more', () => {
    expect(stateOf([violationEvent(), healthEvent(healthOf(T0 + 1))])).toEqual([])
  })
})

describe('alarms in words', () => {
  const viewOf = (over: Parameters<typeof violationEvent>[0]) => {
    const viewed = createViewer()(violationEvent(over))
    return 'view' in viewed ? viewed.view : undefined
  }
  const listOf = (metric: string, value: object) => ({
    behavior: { name: 'B', metric, criteria: { comparisonOperator: 'in-set' } },
    metricValue: value,
    evidence: {},
  })
  it.each([
    { name: 'a port', over: {}, found: 'port 4444', normal: 'not-in-port-set 4444, 31337' },
    {
      name: 'bytes',
      over: exfiltration,
      found: '52.4 MB in 300 s',
      normal: 'less-than 50.0 MB in 300 s',
    },
    {
      name: 'more addresses than there is room for',
      over: listOf('aws:destination-ip-addresses', { cidrs: ['1', '2', '3', '4', '5', '6'] }),
      found: 'addresses 1, 2, 3, 4, +2',
      normal: 'in-set',
    },
    {
      name: 'elements of a custom metric',
      over: listOf('failed_units', { strings: ['a', 'b'] }),
      found: 'elements a, b',
      normal: 'in-set',
    },
    {
      name: 'nothing',
      over: { ...listOf('x', {}), behavior: { name: 'B' } },
      found: 'no value',
      normal: 'no criteria',
    },
  ])('$name', ({ over, found, normal }) => {
    const view = viewOf(over)
    expect([foundText(view), normalText(view)]).toEqual([found, normal])
  })

  it.each([
    { process: { pid: 7, executable: '/usr/bin/nc' }, text: '/usr/bin/nc, pid 7' },
    {
      process: { pid: 7, executable: 'nc', containerId: '0123456789abcdef' },
      text: 'nc, pid 7, container 0123456789ab',
    },
    { process: { unknown: 'permission denied' }, text: 'unknown: permission denied' },
  ])('a process: $text', ({ process, text }) => expect(processText(process)).toBe(text))
})

describe('announcer', () => {
  afterEach(() => {
    vi.useRealTimers()
  })
  const alarm = (text: string) => ({ text, isAlarm: true })
  it.each([
    { name: 'the last of many', said: [{ text: 'a' }, { text: 'b' }], hears: ['b'] },
    { name: 'an alarm rather than what came after it', said: [alarm('A'), { text: 'b' }], hears: ['A'] },
    { name: 'several alarms', said: [alarm('A'), alarm('B')], hears: ['A. B'] },
    {
      name: 'the last alarms of many, and how many there were',
      said: ['A', 'B', 'C', 'D', 'E'].map(alarm),
      hears: ['C. D. E. And 2 before'],
    },
  ])('says $name', ({ said, hears }) => {
    vi.useFakeTimers()
    const heard: string[] = []
    const announce = createAnnouncer((text: string) => heard.push(text))
    for (const each of said) announce(each)
    vi.advanceTimersByTime(1000)
    expect(heard).toEqual(hears)
  })

  it('says each alarm once', () => {
    vi.useFakeTimers()
    const heard: string[] = []
    const announce = createAnnouncer((text: string) => heard.push(text))
    announce(alarm('A'))
    vi.advanceTimersByTime(1000)
    announce({ text: 'b' })
    vi.advanceTimersByTime(1000)
    expect(heard).toEqual(['A', 'b'])
  })
})

describe('gauge', () => {
  it.each([
    { name: 'nothing', value: 0, threshold: 100, filled: 0, mark: 0.75 },
    { name: 'half of the threshold', value: 50, threshold: 100, filled: 0.375, mark: 0.75 },
    { name: 'the threshold', value: 100, threshold: 100, filled: 0.75, mark: 0.75 },
    { name: 'twice the threshold', value: 200, threshold: 100, filled: 1, mark: 0.5 },
    { name: 'a threshold of nothing', value: 5, threshold: 0, filled: 1, mark: 0 },
    { name: 'nothing at all', value: 0, threshold: 0, filled: 0, mark: 0.75 },
    { name: 'below nothing', value: -5, threshold: -1, filled: 0, mark: 0.75 },
  ])('$name', ({ value, threshold, filled, mark }) => {
    const { filled: isFilled, mark: hasMark } = gaugeLayout(value, threshold)
    expect([isFilled, hasMark]).toEqual([expect.closeTo(filled), expect.closeTo(mark)])
  })
})

describe('layout', () => {
  const cases = [
    { name: 'no point', points: [], line: '' },
    { name: 'one point in the middle', points: [[0, 5]], line: 'M300.0 5.0' },
    {
      name: 'zeros at the bottom',
      points: [
        [0, 0],
        [1, 0],
      ],
      line: 'M5.0 91.0L595.0 91.0',
    },
    {
      name: 'zero as the base, the greatest on top, and time as it went',
      points: [
        [0, 0],
        [1, 5],
        [4, 10],
      ],
      line: 'M5.0 91.0L152.5 48.0L595.0 5.0',
    },
    {
      name: 'equal values on top, not in the middle',
      points: [
        [0, 7],
        [1, 7],
      ],
      line: 'M5.0 5.0L595.0 5.0',
    },
    { name: 'what is below nothing at the bottom', points: [[0, -3]], line: 'M300.0 91.0' },
  ]
  it.each(cases)('puts $name', ({ points, line }) => {
    const timed = points.map(([at, value]) => ({ at: T0 + Number(at), value: Number(value) }))
    const range = { from: T0, to: timed.at(-1)?.at ?? T0 }
    expect(layout(timed, range).line).toBe(line)
  })

  it('leaves room above a threshold that no value reaches', () => {
    const { y, top } = layout([{ at: T0, value: 1 }], { from: T0, to: T0, threshold: 100 })
    expect(top).toBeCloseTo(110)
    expect(y(100)).toBeGreaterThan(5)
  })

  it('keeps what is outside of the window at its edges', () => {
    const { x } = layout([], { from: T0, to: T0 + 10 })
    expect([x(T0 - 5), x(T0 + 5), x(T0 + 50)]).toEqual([5, 300, 595])
  })

  it('finds the nearest point, and none among none', () => {
    const points = [0, 10, 20].map((at) => ({ at, value: at }))
    expect([nearest(points, 14)?.at, nearest(points, 16)?.at, nearest([], 1)]).toEqual([10, 20, undefined])
  })
})

describe('the event stream', () => {
  const read = (...pieces: string[]) => {
    const messages: { event: string; data: string }[] = []
    const take = createParser((message: { event: string; data: string }) => messages.push(message))
    for (const piece of pieces) take(piece)
    return messages
  }
  const whole = 'retry: 2000\nevent: reset\ndata: {}\n\n: still here\n\ndata: {"event":"core"}\n\n'
  const messages = [
    { event: 'reset', data: '{}' },
    { event: 'message', data: '{"event":"core"}' },
  ]

  it('is read message by message, and comments are none', () => expect(read(whole)).toEqual(messages))

  it('is the same wherever the network has cut it', () => {
    expect(read(...whole)).toEqual(messages)
    for (let cut = 0; cut <= whole.length; cut++) {
      expect(read(whole.slice(0, cut), whole.slice(cut))).toEqual(messages)
    }
  })

  it('gives nothing of a message that has not ended', () => expect(read('data: {"event":1}\n')).toEqual([]))
})

describe('a behavior in the form', () => {
  const metrics = [
    { name: 'aws:all-bytes-out', member: 'count' },
    { name: 'aws:listening-tcp-ports', member: 'ports' },
    { name: 'aws:destination-ip-addresses', member: 'cidrs' },
  ]
  const once = { consecutiveDatapointsToAlarm: 1, consecutiveDatapointsToClear: 1 }
  const criteria = [
    { name: 'ports', metric: 'aws:listening-tcp-ports', value: { ports: [22, 4444] } },
    {
      name: 'addresses',
      metric: 'aws:destination-ip-addresses',
      value: { cidrs: ['10.0.0.0/8', '::1/128'] },
    },
    { name: 'a count', metric: 'aws:all-bytes-out', value: { count: 5000 }, durationSeconds: 300 },
    { name: 'a statistic', metric: 'aws:all-bytes-out', statisticalThreshold: { statistic: 'p99' } },
    { name: 'a custom number', metric: 'cpu', value: { number: 0.5 } },
    { name: 'custom texts', metric: 'users', value: { strings: ['root', 'ggc_user'] } },
  ]
  it.each(criteria)('comes out as it went in: $name', ({ name, metric, ...rest }) => {
    const behavior = {
      name,
      metric,
      criteria: { comparisonOperator: 'in-set', ...rest, ...once },
      suppressAlerts: true,
    }
    expect(behaviorOf(behavior, fieldsOf(behavior), memberOf(metric, metrics, behavior))).toEqual(behavior)
  })

  it('keeps what is no number as text, for the server to refuse', () => {
    const fields = { ...fieldsOf({ name: 'a', metric: 'aws:all-bytes-out' }), value: 'many', toAlarm: '' }
    const { criteria: made } = behaviorOf({}, fields, 'count')
    expect([made.value, made.consecutiveDatapointsToAlarm]).toEqual([{ count: 'many' }, ''])
  })

  it('begins empty where only name and metric are known', () => {
    expect(fieldsOf({ name: 'a', metric: 'b' })).toMatchObject({ operator: '', value: '', toAlarm: '1' })
  })

  const verdicts = { conforming: 5, violating: 1, none: 0 }
  const trial = {
    intervals: 6,
    from: T0,
    to: T0 + 60_000,
    behavior: { metric: 'm' },
    now: { alarms: [{}], verdicts },
    before: { alarms: [], verdicts },
  }
  const sentences = [
    {
      name: 'both',
      over: {},
      says: 'Over the last 1 min 0 s, 6 intervals: 1 alarm with this change, and as it stands no alarm.',
    },
    {
      name: 'a new one',
      over: { before: undefined },
      says: 'Over the last 1 min 0 s, 6 intervals: 1 alarm with this change.',
    },
    { name: 'nothing recorded', over: { intervals: 0 }, says: /^Nothing is recorded yet/ },
    {
      name: 'not judged here',
      over: { notJudged: 'it has no criteria' },
      says: /not be judged on the device: it has no criteria\.$/,
    },
    {
      name: 'no value',
      over: { now: { alarms: [], verdicts: { conforming: 0, violating: 0, none: 0 } } },
      says: /no value of m\.$/,
    },
    {
      name: 'too little',
      over: { now: { alarms: [], verdicts: { conforming: 0, violating: 0, none: 6 } } },
      says: /too little/,
    },
  ]
  it.each(sentences)('says what was found: $name', ({ over, says }) => {
    const said = trialSentence({ ...trial, ...over }, formatDuration)
    if (typeof says === 'string') expect(said).toBe(says)
    else expect(said).toMatch(says)
  })
})

it('says a large number in words that are read at once, and of ports nothing', () => {
  const format = (value: number) => `${value / 1000} kB`
  const said = (text: string, isList: boolean) => readableText(text, isList, format)
  expect([
    said('4445', false),
    said('4445', true),
    said('445', false),
    said('p99', false),
    said('', false),
  ]).toEqual(['That is 4.445 kB. ', '', '', '', ''])
})

it('says of a process how many of a host’s connections it is known to hold', () => {
  expect([undefined, 1, 2, 1062].map((count) => shareText(count))).toEqual([
    undefined,
    undefined,
    'at least 1 of 2',
    'at least 1 of 1,062',
  ])
})

describe('the criteria that a change is compared with', () => {
  const time = () => '13:41:20'
  const cases = [
    { name: 'those the agent was given', origin: undefined, asNow: 'as it stands' },
    {
      name: 'of a violation, in force',
      origin: { standing: 'in-force', violationAt: T0 },
      asNow: 'as it stands',
    },
    {
      name: 'of a violation, replaced since',
      origin: { standing: 'changed', violationAt: T0 },
      asNow: 'with those of the violation of 13:41:20',
      note: /judges by other criteria now than those of the violation of 13:41:20: give them with --profile/,
    },
    {
      name: 'of a violation, and nobody knows',
      origin: { standing: 'unknown', violationAt: T0 },
      asNow: 'with those of the violation of 13:41:20',
      note: /known only from the violation of 13:41:20/,
    },
    {
      name: 'no longer judged',
      origin: { standing: 'not-judged', violationAt: T0 },
      asNow: 'with those of the violation of 13:41:20',
      note: /does not judge this behavior now/,
    },
    {
      name: 'of a file that is another',
      origin: { standing: 'changed' },
      asNow: 'with those of the file of --profile',
      note: /not what the agent has/,
    },
    {
      name: 'of a file',
      origin: { standing: 'unknown' },
      asNow: 'with those of the file of --profile',
      note: /are those of --profile/,
    },
  ]
  it.each(cases)('$name', ({ origin, asNow, note }) => {
    const said = originText(origin, time)
    expect(said.asNow).toBe(asNow)
    if (note === undefined) expect(said.note).toBeUndefined()
    else expect(said.note).toMatch(note)
    const outcome = { alarms: [], verdicts: { conforming: 1, violating: 0, none: 0 } }
    const trial = { intervals: 1, from: T0, to: T0 + 1000, now: outcome, before: outcome, behavior: {} }
    expect(trialSentence(trial, formatDuration, said.asNow)).toContain(
      asNow === 'as it stands' ? ', and as it stands no alarm.' : `, and no alarm ${asNow}.`,
    )
  })
})

describe('what the page sets off', () => {
  const attack = { event: 'attack', at: T0, name: 'beacon', state: 'running', startedAt: T0, says: [] }

  it('tells of an attack when it begins and when it ends', () => {
    const model = newModel()
    const said = [attack, { ...attack, says: ['connected'] }, { ...attack, state: 'ended' }].map(
      (event) => apply(model, event)?.text,
    )
    expect(said).toEqual(['Attack beacon running', undefined, 'Attack beacon ended'])
    expect(model.attack.state).toBe('ended')
  })

  it('knows the process of a port and of a peer, by the last report or by an alarm that stands', () => {
    const model = newModel()
    const view = createViewer()
    const evidence = {
      kind: 'list',
      early: true,
      observed: [4444],
      observedTotal: 1,
      offendersTotal: 1,
      firstSeen: [],
      processes: [{ element: 4444, pid: 7, executable: '/usr/bin/nc' }],
    }
    apply(model, view(violationEvent({ evidence })))
    expect(ownerOfPort(model, 'tcp', 4444)).toMatchObject({ pid: 7 })
    expect([ownerOfPort(model, 'udp', 4444), ownerOfHost(model, '192.0.2.7')]).toEqual([undefined, undefined])
    apply(model, {
      event: 'owners',
      at: T0,
      listeners: [{ protocol: 'tcp', port: 4444, pid: 8, executable: '/usr/bin/socat' }],
      hosts: [{ address: '192.0.2.7', pid: 9, executable: '/usr/bin/ssh' }],
    })
    expect(shortName(ownerOfPort(model, 'tcp', 4444))).toBe('socat (8)')
    expect(shortName(ownerOfHost(model, '192.0.2.7'))).toBe('ssh (9)')
  })
})

describe('format', () => {
  it('a time of today by itself, of another day with its date', () => {
    const noon = new Date(2026, 10, 24, 12, 0, 5).getTime()
    expect([formatTime(noon, noon + 3_600_000), formatTime(noon, noon + 86_400_000)]).toEqual([
      '12:00:05',
      'Nov 24, 12:00:05',
    ])
  })

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [12_345, '12.3 kB'],
    [999_999, '1.0 MB'],
    [213_000, '213 kB'],
    [5e15, '5000 TB'],
  ])('%d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it.each([
    [-5, '0 s'],
    [7_400, '7 s'],
    [60_000, '1 min 0 s'],
    [7_500_000, '2 h 5 min'],
  ])('%d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

  it('says how many ports it does not name', () => {
    expect(formatPorts([1, 2, 3, 4, 5, 6])).toBe('1, 2, 3, 4, +2')
  })
})
