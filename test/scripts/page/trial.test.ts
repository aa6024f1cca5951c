import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProfileDeskOptions, profileRoutes } from '../../../scripts/page/profile-desk.ts'
import { type TrialResult, tryBehavior } from '../../../scripts/page/trial.ts'
import type { Behavior, SecurityProfile } from '../../../src/detect/security-profile.ts'
import { openHistory } from '../../../src/store/history.ts'

const T0 = Date.UTC(2026, 10, 24, 12)
const STEP_MS = 10_000
const at = (index: number) => T0 + index * STEP_MS

/** Twelve intervals: port 4444 is open in the 4th to the 6th, and 900 bytes go out in the 9th. */
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trial-test-'))
  const history = await openHistory(directory)
  for (let index = 0; index < 12; index++) {
    const ports = index >= 3 && index <= 5 ? [22, 4444] : [22]
    await history.appendDatapoints(at(index), [
      { metric: 'aws:listening-tcp-ports', value: { ports } },
      { metric: 'aws:all-bytes-out', value: { count: index === 8 ? 900 : 100 } },
    ])
  }
  await history.close()
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const once = { consecutiveDatapointsToAlarm: 1, consecutiveDatapointsToClear: 1 }
const portsOutside = (ports: readonly number[], more: object = {}): Behavior => ({
  name: 'Ports',
  metric: 'aws:listening-tcp-ports',
  criteria: { comparisonOperator: 'not-in-port-set', value: { ports }, ...once, ...more },
})
const bytesBelow = (count: number, more: object = {}): Behavior => ({
  name: 'Bytes',
  metric: 'aws:all-bytes-out',
  criteria: { comparisonOperator: 'less-than', value: { count }, ...once, ...more },
})

async function tried(behavior: unknown, over: { before?: Behavior; since?: number; starts?: number[] } = {}) {
  const result = await tryBehavior(directory, { profileName: 'demo', behavior, since: T0, ...over })
  if (!result.ok) throw new Error(JSON.stringify(result.faults))
  return result.trial
}

describe('what is refused, by the name of the field in the form', () => {
  const cases = [
    { name: 'no metric', behavior: { name: 'A' }, path: 'metric' },
    { name: 'a port that is none', behavior: portsOutside([70_000]), path: /^criteria\.value\.ports\[0\]/ },
    { name: 'text for a count', behavior: bytesBelow('many' as never), path: 'criteria.value.count' },
    {
      name: 'eleven in a row',
      behavior: bytesBelow(1, { consecutiveDatapointsToAlarm: 11 }),
      path: /ToAlarm$/,
    },
    {
      name: 'a window that AWS has not',
      behavior: bytesBelow(1, { durationSeconds: 7 }),
      path: /durationSeconds$/,
    },
    {
      name: 'an operator of lists',
      behavior: bytesBelow(1, { comparisonOperator: 'in-port-set' }),
      path: /Operator$/,
    },
  ]
  it.each(cases)('$name', async ({ behavior, path }) => {
    const result = await tryBehavior(directory, { profileName: 'demo', behavior, since: T0 })
    if (result.ok) throw new Error('it was taken')
    expect(result.faults[0]?.path).toMatch(path)
  })
})

describe('what it would have raised', () => {
  it('an alarm with its time and what offends, beside what stands', async () => {
    const trial = await tried(portsOutside([4444]), { before: portsOutside([23]) })
    expect(trial).toMatchObject({ intervals: 12, intervalMs: STEP_MS, from: at(-1), to: at(11) })
    expect(trial.now.alarms).toEqual([{ from: at(3), to: at(6), value: [4444], total: 1 }])
    expect(trial.now.verdicts).toEqual({ conforming: 9, violating: 3, none: 0 })
    expect(trial.before?.alarms).toEqual([])
  })

  it('from no earlier than the agent was started', async () => {
    const startedAt = at(0) - 1_000
    const trial = await tried(bytesBelow(500), { starts: [T0 - 3_600_000, startedAt, at(5)] })
    expect(trial).toMatchObject({ intervals: 12, from: startedAt })
    // One interval alone does not say how long it was.
    const last = { since: at(11), starts: [at(11) - 1_000] }
    expect(await tried(bytesBelow(500), last)).toMatchObject({ intervals: 1, from: at(11) - 1_000 })
  })

  it('none while too few in a row violate', async () => {
    expect((await tried(portsOutside([4444], { consecutiveDatapointsToAlarm: 4 }))).now.alarms).toEqual([])
  })

  it('the number that was judged, and every value for a picture', async () => {
    const trial = await tried(bytesBelow(500))
    expect(trial.now.alarms).toEqual([{ from: at(8), to: at(9), value: 900 }])
    expect(trial.points.map(({ value }) => value)).toEqual([
      100, 100, 100, 100, 100, 100, 100, 100, 900, 100, 100, 100,
    ])
  })

  it('an alarm that still lasts has no end', async () => {
    expect((await tried(bytesBelow(50))).now.alarms).toEqual([{ from: at(0), value: 100 }])
  })

  it('the sum over a window', async () => {
    const { now } = await tried(bytesBelow(1500, { durationSeconds: 300 }))
    expect(now.alarms).toEqual([{ from: at(8), value: 1700 }])
  })

  it('only what is not older than asked for', async () => {
    const trial = await tried(portsOutside([4444]), { since: at(5) })
    expect([trial.intervals, trial.now.alarms[0]?.from]).toEqual([7, at(5)])
  })

  it('nothing of another metric before', async () => {
    expect((await tried(bytesBelow(50), { before: portsOutside([22]) })).before).toBeUndefined()
  })

  it('the reason where a device does not judge', async () => {
    const trial = await tried({
      ...bytesBelow(1),
      criteria: { mlDetectionConfig: { confidenceLevel: 'HIGH' } },
    })
    expect(trial.notJudged).toMatch(/ML Detect/)
    expect(trial.now.alarms).toEqual([])
  })

  it('nothing where nothing is recorded', async () => {
    const result = await tryBehavior(join(directory, 'none'), {
      profileName: 'p',
      behavior: bytesBelow(1),
      since: 0,
    })
    expect(result).toMatchObject({ ok: true, trial: { intervals: 0, points: [], now: { alarms: [] } } })
  })
})

describe('the routes', () => {
  const demo: SecurityProfile = {
    securityProfileName: 'demo',
    behaviors: [portsOutside([23]), bytesBelow(1000)],
  }
  const applied: SecurityProfile[] = []
  const options: ProfileDeskOptions = {
    get historyDirectory() {
      return directory
    },
    lookBackMs: 3_600_000,
    now: () => at(12),
    profiles: () => [demo],
    apply: async (profile) => {
      applied.push(profile)
      return 'applied'
    },
  }
  const ask = async (path: string, body: unknown, over: Partial<ProfileDeskOptions> = {}) =>
    JSON.parse(
      (await new Map(profileRoutes({ ...options, ...over })).get(path)?.answer(body))?.text ?? 'null',
    )

  it('compares with the namesake in the profile', async () => {
    const result: TrialResult = await ask('/trial', { profileName: 'demo', behavior: portsOutside([4444]) })
    if (!result.ok) throw new Error('it was refused')
    expect([result.trial.now.alarms.length, result.trial.before?.alarms.length]).toEqual([1, 0])
  })

  it('applies the whole profile with the behavior in its place, or a new one at the end', async () => {
    const more = { ...bytesBelow(5), name: 'More' }
    expect(await ask('/apply', { profileName: 'demo', behavior: bytesBelow(77) })).toEqual({
      result: 'applied',
    })
    expect(await ask('/apply', { profileName: 'demo', behavior: more })).toEqual({ result: 'applied' })
    expect(applied.map(({ behaviors }) => behaviors)).toEqual([
      [portsOutside([23]), bytesBelow(77)],
      [...(demo.behaviors ?? []), more],
    ])
  })

  const refused = [
    { name: 'no body', path: '/trial', body: undefined, status: 400 },
    { name: 'no behavior', path: '/trial', body: { profileName: 'demo' }, status: 400 },
    {
      name: 'a faulty one',
      path: '/apply',
      body: { profileName: 'demo', behavior: { name: '!' } },
      status: 422,
    },
    {
      name: 'another profile',
      path: '/apply',
      body: { profileName: 'x', behavior: bytesBelow(1) },
      status: 404,
    },
  ]
  it.each(refused)('$status for $name', async ({ path, body, status }) => {
    await expect(ask(path, body)).rejects.toMatchObject({ status })
  })

  it('has nothing to apply with where the agent cannot be told', () => {
    const { apply: _, ...readOnly } = options
    expect(profileRoutes(readOnly).map(([path]) => path)).toEqual(['/trial'])
  })
})
