/** The agents' own messages from a folder, and what the gates make of them. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type GateBounds, reportsVerdict, violationsVerdict } from '../../../scripts/rollout/gates.ts'
import { type DeviceObservations, FolderObservations } from '../../../scripts/rollout/observations.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'defender-observations-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const health = (thingName: string, at: number, reports: object = {}) =>
  JSON.stringify({ healthVersion: 1, thingName, at, agentVersion: '1.1.0', uptimeSeconds: 60, reports })
const violation = (thingName: string, at: number, id: string, type = 'in-alarm') =>
  JSON.stringify({ thingName, violationEventTime: at, violationEventType: type, violationId: id })

describe('messages in a folder', () => {
  test('are taken from lines, single files and lists, below it too', async () => {
    writeFileSync(
      join(folder, 'all.jsonl'),
      `${health('a', 10, { lastAcceptedAt: 9 })}\n${violation('a', 12, 'v1')}\n`,
    )
    mkdirSync(join(folder, 'b', 'day'), { recursive: true })
    writeFileSync(join(folder, 'b', 'day', '1.json'), JSON.stringify(JSON.parse(health('b', 20)), null, 2))
    writeFileSync(
      join(folder, 'b', 'day', '2.json'),
      `[${violation('b', 5, 'v2')},${violation('b', 6, 'v3')}]`,
    )
    writeFileSync(join(folder, 'readme.txt'), 'nothing')
    const observations = new FolderObservations(folder)
    await observations.refresh()
    expect(observations.of('a')).toEqual({
      firstAt: 10,
      lastAt: 12,
      violationsAt: [12],
      health: { at: 10, uptimeSeconds: 60, lastAcceptedAt: 9 },
    })
    expect(observations.of('b')).toMatchObject({ firstAt: 5, lastAt: 20, violationsAt: [5, 6] })
    expect(observations.of('c')).toBeUndefined()
    expect(observations.strangeLines).toBe(0)
  })

  test('that come later are taken in, a half line once it is whole', async () => {
    const path = join(folder, 'all.jsonl')
    const second = violation('a', 12, 'v1')
    writeFileSync(path, `${health('a', 10)}\n${second.slice(0, 20)}`)
    const observations = new FolderObservations(folder)
    await observations.refresh()
    expect(observations.of('a')?.violationsAt).toEqual([])
    appendFileSync(path, `${second.slice(20)}\n`)
    await observations.refresh()
    await observations.refresh()
    expect(observations.of('a')?.violationsAt).toEqual([12])
    expect(observations.strangeLines).toBe(0)
  })

  test('are taken in from a last line without an end, and once', async () => {
    const path = join(folder, 'all.jsonl')
    writeFileSync(path, `${health('a', 10)}\n${violation('a', 12, 'v1')}`)
    const observations = new FolderObservations(folder)
    await observations.refresh()
    expect(observations.of('a')?.violationsAt).toEqual([12])
    appendFileSync(path, `\n${violation('a', 14, 'v2')}`)
    await observations.refresh()
    expect(observations.of('a')?.violationsAt).toEqual([12, 14])
    expect(observations.strangeLines).toBe(0)
  })

  test('count once when they come twice, and only where an alarm was raised', async () => {
    const lines = [violation('a', 1, 'v'), violation('a', 1, 'v'), violation('a', 3, 'v', 'alarm-cleared')]
    writeFileSync(join(folder, 'x.ndjson'), `${lines.join('\n')}\n`)
    const observations = new FolderObservations(folder)
    await observations.refresh()
    expect(observations.of('a')).toMatchObject({ violationsAt: [1], lastAt: 3 })
  })

  test('of other kinds are counted as strange', async () => {
    writeFileSync(join(folder, 'x.jsonl'), '{"thingName":"a"}\nnot json\n[]\n{"at":1}\n')
    const observations = new FolderObservations(folder)
    await observations.refresh()
    expect(observations.strangeLines).toBe(4)
  })
})

const HOUR_MS = 3_600_000
const bounds: GateBounds = {
  minSuccess: 0.9,
  minHealthy: 0.9,
  maxReportAgeMs: HOUR_MS / 4,
  violationsFactor: 3,
  pastMs: 24 * HOUR_MS,
}
const since = 100 * HOUR_MS
const device = (more: Partial<DeviceObservations>): DeviceObservations => ({
  firstAt: since - 24 * HOUR_MS,
  lastAt: since + HOUR_MS / 2,
  violationsAt: [],
  ...more,
})
const spaced = (count: number, from: number, spanMs: number) =>
  Array.from({ length: count }, (_, index) => from + (index * spanMs) / count)
const observed = (
  devices: readonly (DeviceObservations | undefined)[],
  hours = 1,
  healthIntervalMs = HOUR_MS,
) => ({
  devices,
  since,
  now: since + hours * HOUR_MS,
  healthIntervalMs,
})

describe('the gate on violations', () => {
  const past = spaced(24, since - 24 * HOUR_MS, 24 * HOUR_MS)
  const with_ = (count: number) => device({ violationsAt: [...past, ...spaced(count, since, HOUR_MS / 2)] })
  const cases = [
    { name: 'passes what is usual', devices: [with_(1), with_(1)], kind: 'passed' },
    {
      name: 'bears few whatever was usual',
      devices: [device({ violationsAt: spaced(5, since, HOUR_MS) })],
      kind: 'passed',
    },
    { name: 'stops ten times as many', devices: [with_(10), with_(10)], kind: 'failed' },
    { name: 'stops a storm on one device', devices: [with_(40), with_(0)], kind: 'failed' },
    {
      name: 'has seen nothing without a past',
      devices: [device({ firstAt: since + 1 }), undefined],
      kind: 'not-observed',
    },
    {
      name: 'bears one for each device without a past',
      devices: Array.from({ length: 8 }, () => device({ firstAt: since + 1, violationsAt: [since + 2] })),
      kind: 'not-observed',
    },
    {
      name: 'stops more than that',
      devices: Array.from({ length: 8 }, () =>
        device({ firstAt: since + 1, violationsAt: [since + 2, since + 3] }),
      ),
      kind: 'failed',
    },
    {
      name: 'has seen nothing where nobody was heard since',
      devices: [device({ lastAt: since - 1 })],
      kind: 'not-observed',
    },
    {
      name: 'compares with the time that a device was seen',
      // Two in the one hour before: two an hour are usual for it.
      devices: Array.from({ length: 4 }, () =>
        device({
          firstAt: since - HOUR_MS,
          violationsAt: [since - 2, since - 1, ...spaced(5, since, HOUR_MS)],
        }),
      ),
      kind: 'passed',
    },
  ]
  test.each(cases)('$name', ({ devices, kind }) => {
    expect(violationsVerdict(observed(devices), bounds)).toMatchObject({ gate: 'violations', kind })
  })
})

describe('the gate on reports', () => {
  const seen = (ageMs: number | undefined, uptimeSeconds = 3000) => {
    const at = since + HOUR_MS / 2
    const accepted = ageMs === undefined ? {} : { lastAcceptedAt: at - ageMs }
    return device({ health: { at, uptimeSeconds, ...accepted } })
  }
  const cases = [
    { name: 'passes fresh ones', devices: [seen(1000), seen(60_000)], kind: 'passed' },
    { name: 'stops old ones', devices: [seen(1000), seen(HOUR_MS / 3)], kind: 'failed' },
    { name: 'stops where none was ever accepted', devices: [seen(undefined)], kind: 'failed' },
    {
      name: 'waits for an agent that has just started',
      devices: [seen(undefined, 10)],
      kind: 'not-observed',
    },
    { name: 'has seen nothing before a message is due', devices: [device({})], kind: 'not-observed' },
    {
      name: 'stops where a message is due and none came',
      devices: [seen(1000), device({}), undefined],
      hours: 2,
      kind: 'failed',
    },
    {
      name: 'has seen nothing of agents that send none',
      devices: [device({})],
      hours: 9,
      interval: 0,
      kind: 'not-observed',
    },
  ]
  test.each(cases)('$name', ({ devices, hours = 1, interval = HOUR_MS, kind }) => {
    expect(reportsVerdict(observed(devices, hours, interval), bounds)).toMatchObject({
      gate: 'reports',
      kind,
    })
  })
})
