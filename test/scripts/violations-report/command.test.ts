/** The command as an operator types it, with a history and events on disk. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { violationsIo } from '../../../scripts/violations/io.ts'
import { reportCommand } from '../../../scripts/violations/report/command.ts'
import { openHistory } from '../../../src/store/history.ts'
import { ManualClock } from '../../helpers/manual-clock.ts'
import { recordOutput } from '../../helpers/recorded-output.ts'

const AT = Date.UTC(2026, 10, 24, 10)
const NOW = AT + 3_600_000
const event = {
  violationId: '37e1865159c1f2a0b7d3e8c45f60912a',
  violationEventTime: AT,
  violationEventType: 'in-alarm',
  thingName: 'gateway-07',
  securityProfileName: 'gateways',
  behavior: {
    name: 'packets',
    metric: 'aws:all-packets-out',
    criteria: { comparisonOperator: 'less-than', value: { count: 10 } },
  },
  metricValue: { count: 12 },
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defender-report-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function run(...words: string[]) {
  const recorded = recordOutput()
  const command = reportCommand({
    ...violationsIo('violations'),
    ...recorded.io,
    clock: new ManualClock(NOW),
    findHistory: async () => {
      throw new Error('nothing is at the usual places')
    },
  })
  command.exitOverride().configureOutput({ writeErr: recorded.writeErr })
  // What commander refuses it has said on standard error.
  await command.parseAsync(words, { from: 'user' }).catch(() => undefined)
  return recorded.seen
}

const file = () => join(folder, 'report.html')
async function eventFile(): Promise<string> {
  const path = join(folder, 'events.json')
  await writeFile(path, JSON.stringify([event]))
  return path
}
/** What the browser will read. */
async function written(id: string) {
  const html = await readFile(file(), 'utf8')
  return JSON.parse(new RegExp(`id="${id}">([\\s\\S]*?)</script>`).exec(html)?.[1] ?? 'null')
}

describe('is refused', () => {
  test('without a file to write', async () => {
    expect((await run()).err).toContain("required option '--html <file>' not specified")
  })
  test.each(['0', '400', 'x'])('with --around %s', async (hours) => {
    const { err } = await run('--html', file(), '--around', hours)
    expect(err).toContain('It takes a number from 1 to 336.')
  })
  test('where there is nothing to read', async () => {
    const { status, err } = await run('--html', file())
    expect(status).toBe(2)
    expect(err).toContain('nothing is at the usual places')
  })
  test('where it cannot be written, and nothing is left behind', async () => {
    const { status, err } = await run(
      '--html',
      join(folder, 'none', 'report.html'),
      '--events',
      await eventFile(),
    )
    expect(status).toBe(2)
    expect(err).toContain('cannot be written (ENOENT)')
    expect(await readdir(folder)).toEqual(['events.json'])
  })
  test('with a profile that has a fault, and the former report stays', async () => {
    await writeFile(file(), 'former')
    const profile = join(folder, 'bad.json')
    await writeFile(profile, '{"securityProfileName": "x", "behaviors": [{"name": "b"}]}')
    const { status, err } = await run(
      '--html',
      file(),
      '--events',
      await eventFile(),
      '--security-profiles',
      profile,
    )
    expect(status).toBe(2)
    expect(err).toContain('bad.json')
    expect(await readFile(file(), 'utf8')).toBe('former')
  })
})

test("a device's history gives violations, values around them, and the profile's text", async () => {
  const directory = join(folder, 'gateway-07', 'history')
  await mkdir(directory, { recursive: true })
  const history = await openHistory(directory)
  const offsets = [-3 * 3_600_000, -300_000, 0, 300_000]
  for (const offset of offsets) {
    await history.appendDatapoints(AT + offset, [
      { metric: 'aws:all-packets-out', value: { count: 3 } },
      { metric: 'aws:destination-ip-addresses', value: { cidrs: ['10.0.0.7'] } },
    ])
  }
  await history.appendViolation(AT, event)
  await history.close()
  const profile = join(folder, 'gateways.json')
  await writeFile(profile, JSON.stringify({ securityProfileName: 'gateways', behaviors: [event.behavior] }))

  const { status, out, err } = await run(
    '--html',
    file(),
    '--history',
    folder,
    '--around',
    '1',
    '--security-profiles',
    profile,
    '--output',
    'json',
  )
  expect([status, err]).toEqual([0, ''])
  expect(JSON.parse(out)).toMatchObject({ path: file(), violations: 1, datapoints: 6 })
  const report = await written('report-data')
  expect(report).toMatchObject({
    title: 'Violations of gateway-07',
    notes: [],
    generatedAt: NOW,
    things: ['gateway-07'],
  })
  expect(report.profileTexts[0][0]).toBe('gateways')
  const { series } = await written('series-data')
  expect(series.map(({ metric }: { metric: string }) => metric)).toEqual([
    'aws:all-packets-out',
    'aws:destination-ip-addresses',
  ])
  expect((await readdir(folder)).sort()).toEqual(['gateway-07', 'gateways.json', 'report.html'])
})

test('events alone give a report that says why it has no charts', async () => {
  const { status, out } = await run('--html', file(), '--events', await eventFile(), '--title', 'Monday')
  expect([status, out]).toEqual([
    0,
    expect.stringMatching(/report\.html: 1 violation, 0 datapoints, [\d.]+ kB\.\n$/),
  ])
  expect((await stat(file())).mode & 0o777).toBe(0o600)
  const { title, notes } = await written('report-data')
  expect(title).toBe('Monday')
  expect(notes[0]).toContain("Events carry no metric's course")
})

test('what cannot be read gives no report, and a part of it one that says what is missing', async () => {
  const events = join(folder, 'events')
  await mkdir(events)
  await writeFile(join(events, 'broken.json'), '{"violationId": ')
  const failed = await run('--html', file(), '--events', events)
  expect(failed).toMatchObject({
    status: 2,
    out: '',
    err: expect.stringContaining('broken.json:1: is not JSON'),
  })
  expect(await readdir(folder)).toEqual(['events'])

  await writeFile(join(events, 'good.json'), JSON.stringify([event]))
  const { status, err } = await run('--html', file(), '--events', events)
  expect([status, err]).toEqual([1, expect.stringContaining('broken.json:1: is not JSON')])
  expect((await written('report-data')).notes[0]).toMatch(
    /^Not all is in here: .*broken\.json:1: is not JSON\.$/,
  )
})

test('nothing found is a report that says so', async () => {
  await run('--html', file(), '--events', await eventFile(), '--thing', 'other')
  expect(await written('report-data')).toMatchObject({
    title: 'Violations of 0 things',
    notes: [expect.stringContaining('Nothing was found')],
  })
})
