import { describe, expect, it } from 'vitest'
import type { LocalCoreEvent } from '../../../src/local-core/events.ts'
import { viewLogLine } from '../../../src/local-core/page/log-line.ts'
import { createViewer, type ViewedReport } from '../../../src/local-core/page/viewed-event.ts'
import { healthEvent, healthOf, listeningEvent, reportEvent, T0, violationEvent } from './events.ts'

const listeners = (event: ReturnType<ReturnType<typeof createViewer>>) =>
  (event as ViewedReport).view.listeners

describe('createViewer', () => {
  it('marks listeners that were not in the first report, for as long as they stay', () => {
    const view = createViewer()
    expect(listeners(view(listeningEvent(T0, 22)))).toEqual([
      { protocol: 'tcp', port: 22, interface: 'lo', service: 'ssh' },
    ])
    const fresh = { protocol: 'tcp', port: 4444, interface: 'lo', newSince: T0 + 10 }
    expect(listeners(view(listeningEvent(T0 + 10, 22, 4444)))[1]).toEqual(fresh)
    expect(listeners(view(listeningEvent(T0 + 20, 4444)))).toEqual([fresh])
  })

  it('takes the same port on another interface or protocol for another listener', () => {
    const view = createViewer()
    view(listeningEvent(T0, 53))
    const later = view(
      reportEvent({
        at: T0 + 10,
        report: {
          metrics: {
            listening_tcp_ports: {
              ports: [
                { port: 53, interface: 'lo' },
                { port: 53, interface: 'eth0' },
              ],
            },
            listening_udp_ports: { ports: [{ port: 53, interface: 'lo' }] },
          },
        },
      }),
    )
    expect(
      listeners(later).map(({ protocol, interface: name, newSince }) => [protocol, name, newSince]),
    ).toEqual([
      ['tcp', 'eth0', T0 + 10],
      ['tcp', 'lo', undefined],
      ['udp', 'lo', T0 + 10],
    ])
  })

  it('takes no report without a listener block for the first one', () => {
    const view = createViewer()
    view(reportEvent({ report: { custom_metrics: { cpu_usage: [{ number: 1 }] } } }))
    expect(listeners(view(listeningEvent(T0 + 10, 22)))[0]).not.toHaveProperty('newSince')
  })

  it('passes other events on as they are', () => {
    const event: LocalCoreEvent = { event: 'component', at: T0, state: 'RUNNING', pid: 7 }
    expect(createViewer()(event)).toBe(event)
  })
})

describe('messages', () => {
  const facts = (event: ReturnType<ReturnType<typeof createViewer>>) => {
    if (event.event !== 'message' || event.view?.kind !== 'violation') return undefined
    const { type, isRepeat, raisedCount, raisedAt } = event.view
    return { type, isRepeat, raisedCount, ...(raisedAt !== undefined && { raisedAt }) }
  }

  it('tells news from what comes again by another way', () => {
    const view = createViewer()
    const events = [
      violationEvent(),
      violationEvent({ via: 'iot-core' }),
      violationEvent({ id: 'b', at: T0 + 5 }),
      violationEvent({ type: 'alarm-cleared', at: T0 + 7000 }),
      violationEvent({ type: 'alarm-cleared', at: T0 + 7000, via: 'iot-core' }),
    ]
    const [raised, cleared] = ['in-alarm', 'alarm-cleared']
    expect(events.map((event) => facts(view(event)))).toEqual([
      { type: raised, isRepeat: false, raisedCount: 1 },
      { type: raised, isRepeat: true, raisedCount: 1 },
      { type: raised, isRepeat: false, raisedCount: 2 },
      { type: cleared, isRepeat: false, raisedCount: 2, raisedAt: T0 },
      { type: cleared, isRepeat: true, raisedCount: 2, raisedAt: T0 },
    ])
  })

  it('does not know since when an alarm stood that a former run raised', () => {
    const event = createViewer()(violationEvent({ type: 'alarm-cleared' }))
    expect(facts(event)).toEqual({ type: 'alarm-cleared', isRepeat: false, raisedCount: 0 })
  })

  it('views the agent’s health', () => {
    expect(createViewer()(healthEvent(healthOf(T0)))).toMatchObject({ view: { kind: 'health', at: T0 } })
  })

  const others = [
    { name: 'another topic', event: { ...violationEvent(), topic: 'plant/gateway/violations' } },
    { name: 'a topic below', event: { ...violationEvent(), topic: 'greengrass-defender/a/violations/b' } },
    { name: 'no violation', event: { ...violationEvent(), payload: 'hello' } },
    { name: 'no health', event: healthEvent(null) },
  ]
  it.each(others)('passes on as it is: $name', ({ event }) => {
    expect(createViewer()(event)).toBe(event)
  })
})

describe('viewLogLine', () => {
  const cases = [
    { name: 'text on stdout', line: 'hello', stream: 'stdout', gives: { level: 'info', message: 'hello' } },
    {
      name: 'text on stderr',
      line: 'sh: not found',
      stream: 'stderr',
      gives: { level: 'warn', message: 'sh: not found' },
    },
    {
      name: 'JSON cut short',
      line: '{"level":"wa',
      stream: 'stdout',
      gives: { level: 'info', message: '{"level":"wa' },
    },
    {
      name: 'JSON without message',
      line: '{"a":1}',
      stream: 'stdout',
      gives: { level: 'info', message: '{"a":1}' },
    },
    {
      name: 'an unknown level',
      line: '{"level":"loud","message":"m"}',
      stream: 'stdout',
      gives: { level: 'info', message: 'm' },
    },
    {
      name: 'a log object',
      line: '{"level":"warn","message":"m","timestamp":"t","code":7}',
      stream: 'stdout',
      gives: { level: 'warn', message: 'm', detail: '{"code":7}' },
    },
    {
      name: 'a quiet log object on stderr',
      line: '{"level":"info","message":"m"}',
      stream: 'stderr',
      gives: { level: 'info', message: 'm' },
    },
  ] as const
  it.each(cases)('reads $name', ({ line, stream, gives }) => {
    expect(viewLogLine(line, stream)).toEqual(gives)
  })
})
