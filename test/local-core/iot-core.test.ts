import { describe, expect, test } from 'vitest'
import { DefenderStandIn } from '../../src/local-core/defender-stand-in.ts'
import type { LocalCoreEvent } from '../../src/local-core/events.ts'
import { IotCore } from '../../src/local-core/iot-core.ts'
import { modes } from '../../src/local-core/modes.ts'
import { readablePayload } from '../../src/local-core/payload.ts'

function iotCore(mode: 'classic' | 'lite') {
  const events: LocalCoreEvent[] = []
  const got: string[] = []
  const common = { now: () => 1, onEvent: (event: LocalCoreEvent) => events.push(event) }
  const defender = new DefenderStandIn({
    checkReport: () => [],
    minReportIntervalSeconds: 0,
    publish: () => {},
    ...common,
  })
  const core = new IotCore({ mode: modes[mode], defender, ...common })
  core.subscribe('#', (topic) => got.push(topic))
  core.subscribe('$aws/#', (topic) => got.push(topic))
  const publish = (topic: string, qos: 0 | 1 = 1) =>
    core.publishFromDevice(topic, Buffer.from('{"a":1}'), qos)
  return { core, events, got, publish }
}

test('a rule topic of Basic Ingest is seen, and reaches no subscriber', () => {
  const { events, got, publish } = iotCore('classic')
  publish('$aws/rules/audit/reports')
  publish('reports')
  expect(got).toEqual(['reports'])
  expect(events).toMatchObject([
    { event: 'message', via: 'iot-core', topic: '$aws/rules/audit/reports', payload: { a: 1 }, bytes: 7 },
    { event: 'message', topic: 'reports' },
  ])
})

describe('offline', () => {
  test('classic: QoS 1 comes in order when back, after which all is as before', () => {
    const { core, got, publish } = iotCore('classic')
    core.setOffline(true)
    publish('a')
    publish('b')
    expect(() => publish('c', 0)).toThrow('Dropping QoS 0')
    core.setOffline(true)
    core.publishFromCloud('from-cloud', Buffer.from('x'))
    expect(got).toEqual([])
    core.setOffline(false)
    core.setOffline(false)
    publish('d')
    expect(got).toEqual(['a', 'b', 'd'])
  })

  test('classic: a restarted nucleus has lost what was in its memory', () => {
    const { core, got, publish } = iotCore('classic')
    core.setOffline(true)
    publish('a')
    core.loseSpool()
    core.setOffline(false)
    expect(got).toEqual([])
  })

  test('lite: refuses, and keeps nothing', () => {
    const { core, got, publish } = iotCore('lite')
    core.setOffline(true)
    expect(() => publish('a')).toThrow('Failed to publish the message.')
    core.setOffline(false)
    expect(got).toEqual([])
  })
})

test.each([
  { name: 'JSON', bytes: Buffer.from('[1]'), readable: [1] },
  { name: 'text', bytes: Buffer.from('plain'), readable: 'plain' },
  { name: 'bytes', bytes: Uint8Array.of(0xff, 0), readable: { base64: '/wA=' } },
  { name: 'nothing', bytes: new Uint8Array(), readable: '' },
])('a payload of $name can be read', ({ bytes, readable }) => {
  expect(readablePayload(bytes)).toEqual(readable)
})
