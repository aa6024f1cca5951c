import { describe, expect, it } from 'vitest'
import { toJsonLine } from '../../../src/local-core/page/event-json.ts'
import { createFeed } from '../../../src/local-core/page/feed.ts'
import { createViewer, type ViewedEvent } from '../../../src/local-core/page/viewed-event.ts'
import { healthEvent, healthOf, reportEvent, T0, violationEvent } from './events.ts'

const log = (line: string): ViewedEvent => createViewer()({ event: 'log', at: T0, stream: 'stdout', line })
const state = (at: number, value: 'STARTING' | 'RUNNING'): ViewedEvent => ({
  event: 'component',
  at,
  state: value,
})
const kinds = (lines: readonly string[]) =>
  lines.map((line) => JSON.parse(line)).map((e) => e.state ?? e.line ?? e.event)

describe('createFeed', () => {
  it('replays what was published, oldest first', () => {
    const feed = createFeed()
    feed.publish(log('a'))
    feed.publish(log('b'))
    expect(kinds(feed.replay())).toEqual(['a', 'b'])
  })

  it('forgets the oldest beyond its number of events, but not the last state', () => {
    const feed = createFeed({ events: 3, bytes: 1e6 })
    feed.publish(state(T0, 'STARTING'))
    feed.publish(state(T0 + 1, 'RUNNING'))
    for (const line of ['a', 'b', 'c', 'd']) feed.publish(log(line))
    expect(kinds(feed.replay())).toEqual(['RUNNING', 'b', 'c', 'd'])
  })

  it('forgets the oldest beyond its bytes, but always has the latest', () => {
    const feed = createFeed({ events: 100, bytes: 1000 })
    for (let i = 0; i < 50; i++) feed.publish(log(`line ${i} ${'x'.repeat(100)}`))
    const kept = feed.replay()
    expect(kept.join('').length).toBeLessThanOrEqual(1000)
    expect(kept.length).toBeGreaterThan(1)
    feed.publish(log('y'.repeat(5000)))
    expect(feed.replay()).toHaveLength(1)
  })

  it('keeps the last health message only', () => {
    const feed = createFeed({ events: 3, bytes: 1e6 })
    const view = createViewer()
    feed.publish(log('a'))
    for (let i = 0; i < 10; i++) feed.publish(view(healthEvent(healthOf(T0 + i))))
    feed.publish(log('b'))
    expect(feed.replay().map((line) => JSON.parse(line).payload?.at ?? JSON.parse(line).line)).toEqual([
      'a',
      T0 + 9,
      'b',
    ])
  })

  it('keeps the last report, whatever floods it', () => {
    const feed = createFeed({ events: 2, bytes: 1e6 })
    const view = createViewer()
    for (let i = 0; i < 3; i++) feed.publish(view(reportEvent({ at: T0 + i })))
    for (let i = 0; i < 10; i++) feed.publish(log('a'))
    expect(feed.replay().map((line) => JSON.parse(line).at - T0)).toEqual([2, 0, 0])
  })

  it('keeps alarms that stand, until their end is forgotten too', () => {
    const feed = createFeed({ events: 2, bytes: 1e6 })
    const view = createViewer()
    const ids = () => feed.replay().map((line) => JSON.parse(line).view.violationId ?? 'line')
    feed.publish(view(violationEvent({ id: 'standing' })))
    feed.publish(view(violationEvent({ id: 'standing', via: 'iot-core' })))
    feed.publish(view(violationEvent({ id: 'over' })))
    feed.publish(log('a'))
    feed.publish(view(violationEvent({ id: 'over', type: 'alarm-cleared' })))
    expect(ids()).toEqual(['standing', 'over', 'line', 'over'])
    feed.publish(log('b'))
    feed.publish(log('c'))
    expect(ids()).toEqual(['standing', 'line', 'line'])
  })

  it('keeps the last word only of what says it all, and that however old', () => {
    const feed = createFeed({ events: 2, bytes: 1e6 })
    for (const at of [1, 2]) {
      feed.publish({ event: 'profiles', at, profiles: [] })
      feed.publish({ event: 'owners', at, listeners: [], hosts: [] })
    }
    expect(kinds(feed.replay())).toEqual(['profiles', 'owners'])
    for (const line of ['a', 'b']) feed.publish(log(line))
    expect(kinds(feed.replay())).toEqual(['profiles', 'owners', 'a', 'b'])
  })

  it('keeps fifty of the alarms that stand', () => {
    const feed = createFeed({ events: 1, bytes: 1e6 })
    const view = createViewer()
    for (let i = 0; i < 200; i++) feed.publish(view(violationEvent({ id: `v${i}` })))
    expect(feed.replay()).toHaveLength(51)
  })

  it('calls back on each event until told not to', () => {
    const feed = createFeed()
    const heard: string[] = []
    const stop = feed.subscribe((line) => heard.push(line))
    feed.publish(log('a'))
    stop()
    feed.publish(log('b'))
    expect(kinds(heard)).toEqual(['a'])
  })
})

describe('toJsonLine', () => {
  it('writes what a CBOR report may hold beyond JSON', () => {
    const report = { id: BigInt(T0), huge: 2n ** 64n, bytes: new Uint8Array([1, 2, 3]) }
    expect(toJsonLine(reportEvent({ report }))).toContain(
      `"report":{"id":${T0},"huge":"18446744073709551616","bytes":"AQID"}`,
    )
  })
})
