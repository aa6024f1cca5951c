import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import pc from 'picocolors'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OperatorProblem } from '../../../scripts/aws/operator-io.ts'
import { type BacktestOptions, runBacktest } from '../../../scripts/commands/backtest.ts'
import { compareEpisodes, type Episode } from '../../../scripts/profiles/backtest/episodes.ts'
import { progressBar } from '../../../scripts/profiles/backtest/progress.ts'
import { usualDistance } from '../../../scripts/profiles/backtest/run.ts'
import { sparkline } from '../../../scripts/profiles/backtest/text.ts'
import { attacks, historyLines, quietDay, writeFiles, writeHistory } from './days.ts'
import { Written } from './helpers.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defender-backtest-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const profile = (ceiling: number, port: number) => `securityProfileName: gateway
behaviors:
  - name: BytesOut
    metric: aws:all-bytes-out
    criteria: { comparisonOperator: less-than-equals, value: { count: ${ceiling} }, durationSeconds: 300 }
  - name: Backdoor
    metric: aws:listening-tcp-ports
    criteria: { comparisonOperator: not-in-port-set, value: { ports: [${port}] } }
  - name: "Sent"
    metric: aws:num-messages-sent
    criteria: { comparisonOperator: less-than, value: { count: 9 }, durationSeconds: 300 }
`

async function run(options: Partial<BacktestOptions> = {}, against = false) {
  const io = new Written()
  const more = against ? { against: join(folder, 'old.yaml') } : {}
  const status = await runBacktest(
    join(folder, 'new.yaml'),
    [join(folder, 'fleet')],
    { output: 'text', jobs: 1, ...more, ...options },
    {
      write: io.write,
      writeError: io.writeError,
      style: { colors: pc.createColors(false), width: 80, timeOfDay: String },
      progress: () => ({ advance: () => undefined, end: () => undefined }),
    },
  )
  return { status, text: io.text, errors: io.errors }
}

describe('three days of two devices, on one of which somebody attacks', () => {
  beforeEach(async () => {
    const quiet = [0, 1, 2].flatMap((day) => quietDay(day))
    const attacked = [0, 1, 2].flatMap((day) => quietDay(day, day === 1 ? Object.values(attacks) : []))
    await writeHistory(join(folder, 'fleet', 'quiet', 'history'), quiet)
    await writeFiles(join(folder, 'fleet'), { 'attacked.jsonl': historyLines(attacked) })
    await writeFiles(folder, { 'new.yaml': profile(50_000_000, 4444), 'old.yaml': profile(8_000_000, 23) })
  })

  test('one version: the alarms by day', async () => {
    const { status, text, errors } = await run()
    expect([status, errors]).toEqual([0, []])
    expect(text).toBe(`2 devices, 1,728 reports, 13,824 datapoints
2026-10-01 00:05:00 to 2026-10-04 00:00:00 UTC, 4 days

gateway / BytesOut
  1 alarm on 1 device, in alarm for 5 min; 1 of 1,728 datapoints violate
  ·█··
gateway / Backdoor
  1 alarm on 1 device, in alarm for 5 min; 1 of 1,728 datapoints violate
  ·█··
gateway / Sent
  not judged on the device: aws:num-messages-sent is measured by AWS IoT Core, not on the device
`)
  })

  test('two versions: what appears, vanishes and stays', async () => {
    const { text } = await run({ output: 'json' }, true)
    const result = JSON.parse(text)
    const [bytes, backdoor] = result.behaviors
    // Three backups a device were above the former ceiling.
    expect(bytes).toMatchObject({ appears: 0, vanishes: 6, moves: 0, same: 1 })
    expect(backdoor).toMatchObject({ appears: 1, vanishes: 0, same: 0 })
    expect(bytes.before.perDay.reduce((sum: number, each: number) => sum + each, 0)).toBe(7)
    expect(result.days).toEqual(['2026-10-01', '2026-10-02', '2026-10-03', '2026-10-04'])
    expect(result.differences).toContainEqual({
      device: 'attacked',
      behavior: 'gateway/Backdoor',
      difference: {
        kind: 'appears',
        now: { from: Date.UTC(2026, 9, 2, 3, 25), to: Date.UTC(2026, 9, 2, 3, 30), value: '4444' },
      },
    })
  })

  test('text says the same', async () => {
    const { text } = await run({}, true)
    expect(text).toContain('  0 appear, 6 vanish, 0 move, 1 stay\n')
    expect(text).toContain('+ 2026-10-02 03:25:00 for 5 min (4444)  attacked gateway/Backdoor\n')
  })

  test('HTML is one file without scripts or links, with a chart', async () => {
    const out = join(folder, 'out.html')
    const { text } = await run({ output: 'html', out }, true)
    const html = await readFile(out, 'utf8')
    expect(text).toBe('')
    expect(html).toContain('<title>2026-10-02: 1 now</title>')
    expect(html).not.toMatch(/<script|https?:|<link|url\(/)
  })

  test('only the days asked for', async () => {
    const { text } = await run({ output: 'json', until: Date.UTC(2026, 9, 2) })
    expect(JSON.parse(text)).toMatchObject({ records: 2 * 288, behaviors: [{ now: { alarms: 0 } }, {}, {}] })
  })
})

test('names from elsewhere are text in HTML', async () => {
  const lines = historyLines(quietDay(0, Object.values(attacks)))
  await writeFiles(join(folder, 'fleet'), { '<img onerror=x>.jsonl': lines })
  await writeFiles(folder, { 'new.yaml': profile(50_000_000, 4444), 'old.yaml': profile(50_000_000, 23) })
  const { text } = await run({ output: 'html' }, true)
  expect(text).toContain('&lt;img onerror=x&gt;')
  expect(text).not.toContain('<img')
})

test("the agent's state directory is its history; its other files are none of it", async () => {
  await writeHistory(join(folder, 'fleet', 'history'), quietDay(0))
  await writeFiles(join(folder, 'fleet'), {
    'state.json': '{}',
    'status.json': '{}',
    'verifications.json': '{}',
  })
  await writeFiles(join(folder, 'fleet', 'rejected'), { '1.json': '{}' })
  await writeFiles(folder, { 'new.yaml': profile(50_000_000, 4444) })
  const { status, text, errors } = await run({ output: 'json' })
  expect([status, errors]).toEqual([0, []])
  expect(JSON.parse(text)).toMatchObject({ devices: 1, records: 288 })
})

test('what cannot be written is a sentence', async () => {
  await writeFiles(join(folder, 'fleet'), { 'a.jsonl': historyLines(quietDay(0)) })
  await writeFiles(folder, { 'new.yaml': profile(1, 1) })
  const out = join(folder, 'none', 'out.html')
  await expect(run({ output: 'html', out })).rejects.toThrow(
    new OperatorProblem(`${out}: cannot be written (ENOENT)`),
  )
})

describe('what cannot be replayed', () => {
  test('a state directory without history', async () => {
    await writeFiles(folder, { 'new.yaml': profile(1, 1) })
    await writeFiles(join(folder, 'fleet'), { 'state.json': '{}' })
    await writeFiles(join(folder, 'fleet', 'history'), {})
    const { status, errors } = await run()
    expect([status, errors]).toEqual([2, [`${folder}/fleet: no history, report or export in it`]])
  })

  test('a profile with a fault', async () => {
    await writeFiles(folder, { 'new.yaml': 'securityProfileName: has blanks' })
    const { status, errors } = await run()
    expect([status, errors.length]).toEqual([2, 1])
  })

  test('no history', async () => {
    await writeFiles(folder, { 'new.yaml': profile(1, 1) })
    const { status, errors } = await run()
    expect(status).toBe(2)
    expect(errors[0]).toContain('there is no such file or folder')
  })

  test('a part of it: the rest is replayed', async () => {
    await writeFiles(folder, { 'new.yaml': profile(1, 1) })
    const lines = historyLines(quietDay(0))
    await writeFiles(join(folder, 'fleet'), { 'a.jsonl': `${lines}cut\n${lines}` })
    const { status, text, errors } = await run()
    expect(status).toBe(1)
    expect(errors[0]).toMatch(/a\.jsonl:\d+: is not JSON/)
    expect(text).toContain('288 records out of order, passed over')
  })
})

const episode = (from: number, to?: number): Episode => (to === undefined ? { from } : { from, to })

describe('episodes', () => {
  const cases: { name: string; before: Episode[]; now: Episode[]; gives: string[] }[] = [
    { name: 'nothing', before: [], now: [], gives: [] },
    { name: 'the same', before: [episode(1, 2)], now: [episode(1, 2)], gives: [] },
    { name: 'raised later', before: [episode(1, 5)], now: [episode(2, 5)], gives: ['moves'] },
    { name: 'lasting instead of cleared', before: [episode(1, 5)], now: [episode(1)], gives: ['moves'] },
    { name: 'another time', before: [episode(1, 2)], now: [episode(2, 3)], gives: ['vanishes', 'appears'] },
    {
      name: 'one divided in two',
      before: [episode(1, 9)],
      now: [episode(1, 3), episode(5, 9)],
      gives: ['moves', 'appears'],
    },
    {
      name: 'two become one',
      before: [episode(1, 3), episode(5, 9)],
      now: [episode(1, 9)],
      gives: ['moves', 'vanishes'],
    },
  ]
  test.each(cases)('$name', ({ before, now, gives }) => {
    expect(compareEpisodes(before, now).differences.map(({ kind }) => kind)).toEqual(gives)
  })

  test('each is counted once, whatever they are', () => {
    const episodes = fc
      .uniqueArray(fc.nat(40), { maxLength: 12 })
      .map((points) => points.sort((a, b) => a - b))
      .map((points) =>
        points.flatMap((from, index) => (index % 2 === 0 ? [episode(from, points[index + 1])] : [])),
      )
    fc.assert(
      fc.property(episodes, episodes, (before, now) => {
        const { differences, same } = compareEpisodes(before, now)
        const of = (kind: string) => differences.filter((each) => each.kind === kind).length
        expect(of('vanishes') + of('moves') + same).toBe(before.length)
        expect(of('appears') + of('moves') + same).toBe(now.length)
        if (JSON.stringify(before) === JSON.stringify(now)) expect(differences).toEqual([])
      }),
    )
  })
})

test('the time between reports is what it mostly is', () => {
  expect(usualDistance([0, 300, 600, 5000, 5300, 5601])).toBe(300)
  expect(usualDistance([0])).toBe(300_000)
})

test('a chart joins days that do not fit', () => {
  expect(sparkline([0, 1, 8, 4], 10)).toBe('·▂█▅')
  expect(sparkline([0, 0, 1, 1, 1, 0], 3)).toBe('·█▅')
})

test('a bar is drawn on a terminal only, not too often, and goes away', () => {
  const drawn: string[] = []
  let nowMs = 0
  const stream = { isTTY: true, write: (text: string) => drawn.push(text) }
  const bar = progressBar(stream, 1000, () => nowMs)
  bar.advance(250)
  bar.advance(250)
  nowMs = 200
  bar.advance(250)
  bar.end()
  expect(drawn.length).toBe(3)
  expect(drawn[1]).toContain('75 % of 1.0 kB')
  progressBar({ ...stream, isTTY: false }, 1000, () => 0).advance(1000)
  expect(drawn.length).toBe(3)
})
