/** Violations out of a device's history and out of files of events. */
import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDeviceHistory } from '../../../scripts/violations/sources/device-history.ts'
import { openEventFolder } from '../../../scripts/violations/sources/event-folder.ts'
import { openHistory } from '../../../src/store/history.ts'
import { type Bench, cleared, event, HOUR, idOf, jsonLines, MINUTE, NOW, openBench } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = openBench()
})
afterEach(() => bench.close())

async function history(name: string, thingName: string, numbers: readonly number[]): Promise<string> {
  const store = await openHistory(bench.path(name))
  for (const number of numbers) {
    const alarm = event(number, { thingName, violationEventTime: NOW - number * HOUR })
    await store.appendViolation(alarm.violationEventTime, alarm)
    const end = cleared(alarm, 10 * MINUTE)
    await store.appendViolation(end.violationEventTime, end)
  }
  for (let minute = 60; minute > 0; minute -= 5) {
    const at = NOW - minute * MINUTE
    await store.appendDatapoints(at, [{ metric: 'aws:all-bytes-out', value: { count: minute } }])
  }
  await store.close()
  return bench.path(name)
}

describe('a device', () => {
  test('that has no history is said to have none', async () => {
    await expect(openDeviceHistory([bench.path('none')])).rejects.toThrow('cannot be read (ENOENT)')
    bench.file('empty/x.txt', '')
    await expect(openDeviceHistory([bench.path('empty')])).rejects.toThrow('no history of the agent')
  })

  test("tells of its violations, newest first, and of its metrics' values", async () => {
    const source = await openDeviceHistory([await history('gateway-1/history', 'gateway-1', [3, 1, 2])])
    const violations = await source.violations({})
    expect(violations.map(({ id }) => id)).toEqual([idOf(1), idOf(2), idOf(3)])
    expect(violations[0]).toMatchObject({
      origin: 'device',
      state: 'cleared',
      thingName: 'gateway-1',
      records: [{ type: 'in-alarm', evidence: { kind: 'list' } }, { type: 'alarm-cleared' }],
    })
    const range = {
      thingName: 'gateway-1',
      metric: 'aws:all-bytes-out',
      since: NOW - 10 * MINUTE,
      until: NOW,
    }
    expect(await source.metricValues(range)).toEqual([
      { at: NOW - 10 * MINUTE, value: { count: 10 } },
      { at: NOW - 5 * MINUTE, value: { count: 5 } },
    ])
    expect(await source.metricValues({ ...range, metric: 'aws:all-bytes-in' })).toEqual([])
  })

  test('is one of many in a folder, and known by its thing, its folder or the name that is given', async () => {
    await history('fleet/a/history', 'gateway-1', [1])
    await history('fleet/b/history', 'gateway-2', [2])
    const quiet = await history('fleet/c/history', 'gateway-3', [])
    const source = await openDeviceHistory([bench.path('fleet')])
    expect((await source.violations({ thingName: 'gateway-2' })).map(({ id }) => id)).toEqual([idOf(2)])
    const range = { metric: 'aws:all-bytes-out', since: NOW - HOUR, until: NOW }
    for (const [thingName, count] of [
      ['gateway-1', 12],
      ['b', 12],
      ['gateway-3', 0],
    ] as const) {
      expect(await source.metricValues({ ...range, thingName })).toHaveLength(count)
    }
    const named = await openDeviceHistory([bench.path('fleet/a'), `gateway-3=${quiet}`])
    expect(await named.metricValues({ ...range, thingName: 'gateway-3' })).toHaveLength(12)
    await expect(openDeviceHistory([`x=${bench.path('fleet')}`])).rejects.toThrow('3 histories are in it')
  })

  test('of which a file is damaged tells the rest, and says so once', async () => {
    const folder = await history('gateway-1', 'gateway-1', [1])
    bench.file('gateway-1/violations-2026-11-20.cborseq', 'no frames at all')
    const problems: string[] = []
    const source = await openDeviceHistory([folder], { onProblem: (problem) => problems.push(problem) })
    for (let times = 0; times < 2; times += 1) expect(await source.violations({})).toHaveLength(1)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/violations-2026-11-20\.cborseq: /)
  })
})

describe('a damaged history', () => {
  test('of which nothing is left gives no list of nothing', async () => {
    bench.file('gateway-1/violations-2026-11-20.cborseq', 'no frames at all')
    const run = await bench.violations(['list', '--history', bench.path('gateway-1')])
    expect(run).toMatchObject({ status: 2, out: '' })
    expect(run.err).toMatch(/violations-2026-11-20\.cborseq: is damaged/)
    expect(run.err).toContain('none of the violations in it could be read')
  })

  test('of which something is left gives that, and status 1', async () => {
    const folder = await history('gateway-1', 'gateway-1', [1])
    bench.file('gateway-1/violations-2026-11-20.cborseq', 'no frames at all')
    for (const command of [['list'], ['show', idOf(1)], ['export', '--format', 'csv']]) {
      const run = await bench.violations([...command, '--history', folder])
      expect(run).toMatchObject({ status: 1, err: expect.stringMatching(/cborseq: is damaged/) })
      expect(run.out).toContain('gateway-1')
    }
  })
})

describe('files of events', () => {
  test('that are not there are said not to be', async () => {
    await expect(openEventFolder(bench.path('none'))).rejects.toThrow('cannot be read (ENOENT)')
  })

  test('give their violations, however they were delivered', async () => {
    const alarm = event(1)
    bench.file('in/2026/one.json', JSON.stringify(alarm, null, 2))
    bench.file('in/lines.jsonl', jsonLines([cleared(alarm, HOUR), { Message: JSON.stringify(event(2)) }]))
    bench.file('in/list.json', [event(3), event(4)])
    bench.file('in/.hidden/x.json', event(9))
    const source = await openEventFolder(bench.path('in'))
    const violations = await source.violations({})
    expect(violations.map(({ id, state }) => [id, state])).toEqual([
      [idOf(1), 'cleared'],
      [idOf(2), 'in-alarm'],
      [idOf(3), 'in-alarm'],
      [idOf(4), 'in-alarm'],
    ])
    expect(
      await source.metricValues({
        thingName: 'gateway-1',
        metric: 'aws:all-bytes-out',
        since: 0,
        until: NOW,
      }),
    ).toEqual([])
  })

  test('of which some are none say which, and pass over other messages of the agent', async () => {
    bench.file(
      'in/broken.jsonl',
      `${jsonLines([event(1)])}{"violationId": \n${jsonLines([{ some: 'thing' }])}`,
    )
    bench.file('in/health.json', { healthVersion: 1, thingName: 'gateway-1', at: NOW })
    bench.file('in/report.json', { hed: { rid: 1, v: '1.0' }, met: {} })
    const problems: string[] = []
    const source = await openEventFolder(bench.path('in'), { onProblem: (problem) => problems.push(problem) })
    expect(await source.violations({})).toHaveLength(1)
    expect(problems).toEqual([
      `${bench.path('in/broken.jsonl')}:2: is not JSON`,
      `${bench.path('in/broken.jsonl')}: 1 value is no violation event`,
    ])
  })

  test.each([
    { name: 'random bytes', content: '\u0000\u0001\ufffd{' },
    { name: 'a part of JSON', content: '{ "behaviors": [ { "name": "x", ' },
    { name: 'something else', content: '[{"name": "x"}]' },
  ])('that are $name give no list of nothing', async ({ content }) => {
    const path = bench.file('in/a.json', content)
    for (const command of [['list'], ['show', idOf(1)], ['export', '--format', 'csv']]) {
      for (const source of [path, bench.path('in')]) {
        const run = await bench.violations([...command, '--events', source])
        expect(run).toMatchObject({ status: 2, out: '' })
        expect(run.err).toMatch(/a\.json(:1: is not JSON|: 1 value is no violation event)/)
        expect(run.err).toContain('nothing in it could be read as violation events')
      }
    }
    // Another file beside it is worth having; that it is not all the status says.
    bench.file('in/b.json', [event(1)])
    const listed = await bench.violations(['list', '--events', bench.path('in')])
    expect(listed).toMatchObject({ status: 1, out: expect.stringContaining('1 violation of 1 thing') })
    const json = await bench.violations(['list', '--events', bench.path('in'), '--output', 'json'])
    expect(JSON.parse(json.out)).toMatchObject({ total: 1, missing: [expect.stringContaining('a.json')] })
  })

  test('of which there are none yet are no fault', async () => {
    const path = bench.file('in/a.jsonl', '')
    for (const source of [path, bench.path('in')]) {
      expect(await bench.violations(['list', '--events', source])).toMatchObject({ status: 0, err: '' })
    }
  })

  test('are said something of in a file beside them, which is none of them', async () => {
    bench.file('in/all.jsonl', jsonLines([event(1), event(2)]))
    const run = await bench.violations([
      ...['verify', idOf(1).slice(0, 8), 'benign', '--note', 'a backup', '--events', bench.path('in')],
    ])
    expect(run).toMatchObject({ status: 0, err: '' })
    expect(JSON.parse(bench.read('in/verifications.json'))).toEqual({
      [idOf(1)]: { thingName: 'gateway-1', state: 'BENIGN_POSITIVE', note: 'a backup', at: NOW },
    })
    const source = await openEventFolder(bench.path('in'))
    expect(await source.violations({ verification: 'BENIGN_POSITIVE' })).toMatchObject([
      { id: idOf(1), verification: { state: 'BENIGN_POSITIVE', note: 'a backup' } },
    ])
    expect(await source.violations({ verification: 'UNKNOWN' })).toMatchObject([{ id: idOf(2) }])
  })

  test('can be said something of elsewhere', async () => {
    const file = bench.file('one.json', event(1))
    const notes = bench.path('notes.json')
    await bench.violations(['verify', idOf(1), 'true', '--events', file, '--notes', notes])
    expect(existsSync(bench.path('verifications.json'))).toBe(false)
    const listed = await bench.violations(['list', '--events', file, '--notes', notes])
    expect(listed.out).toMatch(/State +Found +Thing/)
    bench.file('notes.json', '{"x": 1}')
    expect(await bench.violations(['list', '--events', file, '--notes', notes])).toMatchObject({
      status: 2,
      err: expect.stringContaining('what it says of x cannot be read'),
    })
  })
})
