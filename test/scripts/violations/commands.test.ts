/** What an operator sees on a terminal of 80 columns. */
import type { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compareCommand } from '../../../scripts/commands/compare.ts'
import { violationsCommand } from '../../../scripts/commands/violations.ts'
import { spanOfKnown, sparkline } from '../../../scripts/violations/show/sparkline.ts'
import { openHistory } from '../../../src/store/history.ts'
import {
  type Bench,
  bytesOut,
  cleared,
  event,
  HOUR,
  idOf,
  jsonLines,
  MINUTE,
  NOW,
  openBench,
} from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = openBench()
})
afterEach(() => bench.close())

/** The traffic's alarm, cleared after half an hour; before it a port. */
const traffic = event(7, {
  behavior: bytesOut,
  metricValue: { count: 5_432_100 },
  violationEventTime: NOW - HOUR,
  evidence: {
    kind: 'window',
    early: true,
    value: 5_432_100,
    threshold: 1_000_000,
    durationSeconds: 300,
    coveredSeconds: 240,
    intervals: [{ endedAt: NOW - HOUR, value: 5_432_100 }],
    intervalsTotal: 1,
  },
})

async function device(): Promise<string> {
  const store = await openHistory(bench.path('gateway-1/history'))
  const port = event(1)
  for (const each of [port, cleared(port, 20 * MINUTE), traffic, cleared(traffic, 30 * MINUTE)]) {
    await store.appendViolation(each.violationEventTime, {
      ...each,
      ...(each.violationId === idOf(7) && each.violationEventType !== 'in-alarm'
        ? { metricValue: { count: 10_000 } }
        : {}),
    })
  }
  for (let minute = 180; minute >= 0; minute -= 5) {
    const count = minute <= 60 && minute > 30 ? 5_400_000 : 10_000
    await store.appendDatapoints(NOW - minute * MINUTE, [{ metric: 'aws:all-bytes-out', value: { count } }])
  }
  await store.close()
  return bench.path('gateway-1')
}

const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))

describe('list', () => {
  test('without anything to read says where it looked, and what else there is', async () => {
    const run = await bench.violations(['list'])
    expect(run).toMatchObject({ status: 2, out: '' })
    expect(run.err).toContain('--events, --detect')
  })

  test('has a line for each, within 80 columns', async () => {
    const run = await bench.violations(['list', '--history', await device()])
    expect(run).toMatchObject({ status: 0, err: '' })
    expect(run.out.split('\n').slice(0, 3)).toEqual([
      'Raised (UTC)  State    Thing      Behavior   Value   Id',
      `11-24 11:00   cleared  gateway-1  bytes-out  5.4 MB  00000007`,
      `11-24 10:00   cleared  gateway-1  tcp-ports  23      00000001`,
    ])
    expect(run.out).toContain('2 violations of 1 thing, 0 in alarm')
  })

  test('stays within 80 columns whatever the names, and tells ids apart', async () => {
    const long = 'x'.repeat(128)
    const file = bench.file(
      'a.jsonl',
      jsonLines([
        event(1, {
          thingName: long,
          behavior: { ...bytesOut, name: long },
          violationId: `${'a'.repeat(20)}1`,
        }),
        event(2, {
          violationId: `${'a'.repeat(20)}2`,
          metricValue: { ports: Array.from({ length: 100 }, (_, i) => i) },
        }),
      ]),
    )
    const { out } = await bench.violations(['list', '--events', file])
    expect(widest(out.split('\n').slice(0, 3).join('\n'))).toBeLessThanOrEqual(80)
    expect(out).toMatch(/a{20}1\n/)
    expect(out).toMatch(/a{20}2\n/)
  })

  test('shows a hundred, and more on demand', async () => {
    const many = Array.from({ length: 150 }, (_, index) => event(index + 1))
    const source = ['--events', bench.file('many.jsonl', jsonLines(many))]
    const rowsOf = ({ out }: { out: string }) => out.split('\n').filter((line) => line.startsWith('11-24'))
    const listed = await bench.violations(['list', ...source])
    expect(rowsOf(listed)).toHaveLength(100)
    expect(listed.out).toContain('150 violations of 1 thing, 150 in alarm')
    expect(listed.out).toContain('The newest 100 are shown; see --limit.')
    expect(rowsOf(await bench.violations(['list', ...source, '--limit', '150']))).toHaveLength(150)
  })

  test('shows what is hostile as text', async () => {
    const file = bench.file('a.json', event(1, { thingName: '\u001b[31mred\u202e' }))
    const { out } = await bench.violations(['list', '--events', file])
    expect(out).not.toContain('\u001b')
    expect(out).toContain('�[31mred�')
  })

  test('filters, limits and prints JSON', async () => {
    const history = await device()
    const json = async (...words: string[]) => {
      const { out } = await bench.violations(['list', '--history', history, '--output', 'json', ...words])
      return JSON.parse(out) as { total: number; violations: { id: string; startedTime: string }[] }
    }
    expect((await json('--behavior', 'tcp-ports')).violations.map(({ id }) => id)).toEqual([idOf(1)])
    expect((await json('--until', '90min')).violations.map(({ id }) => id)).toEqual([idOf(1)])
    expect(await json('--limit', '1')).toMatchObject({
      total: 2,
      violations: [{ id: idOf(7), startedTime: '2026-11-24T11:00:00.000Z' }],
    })
    expect((await json('--state', 'in-alarm')).total).toBe(0)
    expect((await bench.violations(['list', '--history', history, '--thing', 'x'])).out).toMatch(/^No such/)
  })

  test.each([
    { name: 'two sources', words: ['--events', 'x', '--detect'], says: 'cannot be used with' },
    { name: 'no state', words: ['--state', 'red'], says: 'Allowed choices' },
    { name: 'no verdict', words: ['--verification', 'maybe'], says: 'true, false, benign and unknown' },
    { name: 'no time', words: ['--since', 'noon'], says: 'It takes a time' },
  ])('refuses $name', async ({ words, says }) => {
    await expect(bench.violations(['list', ...words])).rejects.toThrow(says)
  })

  test('refuses a time that ends before it begins', async () => {
    const run = await bench.violations([
      'list',
      '--history',
      await device(),
      '--since',
      '1h',
      '--until',
      '2h',
    ])
    expect(run).toMatchObject({ status: 2, err: '--since is later than --until\n' })
  })
})

describe('show', () => {
  test('tells the story of a value over its bound', async () => {
    const { out, status } = await bench.violations(['show', '00000007', '--history', await device()])
    expect(status).toBe(0)
    for (const part of [
      /^bytes-out on gateway-1: cleared, raised 2026-11-24 11:00:00 UTC, lasted 30 min$/m,
      /^Seen {9}5\.4 MB$/m,
      /^Normal {7}less than 1\.0 MB in 5 min$/m,
      /^ {2}5\.4 MB in 4 min measured of 5 min against 1\.0 MB$/m,
      /nothing later could have undone it/,
      /^The metric around it, from 10\.0 kB to 5\.4 MB$/m,
      /^ {2}2026-11-24 11:30:00 {2}alarm cleared {6}10\.0 kB$/m,
      /^ {2}1 h before {2}cleared {2}20 min {2}tcp-ports {2}00000001$/m,
    ]) {
      expect(out).toMatch(part)
    }
    expect(widest(out)).toBeLessThanOrEqual(80)
    // The peaks of the line stand over the ruler's marks.
    const [line = '', ruler = ''] = out
      .split('\n')
      .slice(out.split('\n').findIndex((each) => each.includes('█')))
    for (const match of line.matchAll(/█/g)) expect(ruler[match.index]).toBe('^')
    expect(ruler).toContain('^')
  })

  test('fills the line with a few minutes, and has one length of an alarm everywhere', async () => {
    const store = await openHistory(bench.path('young/history'))
    const alarm = event(1, { violationEventTime: NOW - 60_000 })
    const end = { ...cleared(alarm, 18_600) }
    for (const each of [alarm, end]) await store.appendViolation(each.violationEventTime, each)
    for (let index = 0; index < 15; index += 1) {
      const ports = index === 9 ? [22, 23, 8883] : [22]
      await store.appendDatapoints(NOW - 150_000 + index * 10_000, [
        { metric: 'aws:listening-tcp-ports', value: { ports } },
      ])
    }
    await store.close()
    const { out } = await bench.violations(['show', idOf(1), '--history', bench.path('young')])
    expect(out).toMatch(/^tcp-ports on gateway-1: cleared, raised .*, lasted 19 s$/m)
    expect(out).toMatch(/^The metric around it, from 1 element to 3 elements$/m)
    const [line = ''] = out.split('\n').filter((each) => each.includes('█'))
    expect(line.trim().length).toBeGreaterThan(70)
    expect(out).toMatch(/^ {2}11-24 11:57:30 +11-24 12:00:00$/m)
    expect(widest(out)).toBeLessThanOrEqual(80)
  })

  test('tells the story of a port, with who listens on it', async () => {
    const { out } = await bench.violations(['show', idOf(1), '--history', await device()])
    expect(out).toMatch(/^Normal {7}one of 22 8883$/m)
    expect(out).toMatch(/^ {2}23 {10}2026-11-24 10:00:00 {2}\/usr\/sbin\/telnetd \(812\)$/m)
    expect(out).toContain('Of 3: 22 23 8883')
    expect(out).toMatch(/1 h after {2}cleared/)
  })

  test('as JSON has the values and the neighbours', async () => {
    const { out } = await bench.violations(['show', idOf(7), '--history', await device(), '--output', 'json'])
    const story = JSON.parse(out)
    expect(story.metricValues.length).toBe(37)
    expect(story.neighbours.map(({ id }: { id: string }) => id)).toEqual([idOf(1)])
  })

  test.each([
    { id: 'ffff0000', says: 'no such violation' },
    { id: '000', says: 'no such violation' },
    { id: '0000', says: '2 violations begin so' },
  ])('$id: $says', async ({ id, says }) => {
    const run = await bench.violations(['show', id, '--history', await device()])
    expect(run.status).toBe(2)
    expect(run.err).toContain(says)
  })
})

test('help fits in 80 columns', () => {
  let text = ''
  const visit = (command: Command) => {
    command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 }).outputHelp()
    for (const child of command.commands) visit(child)
  }
  visit(violationsCommand())
  visit(compareCommand())
  expect(text).toContain('Usage: violations mitigate things')
  expect(text).toMatch(/^ {2}id +of the violation, as the list has it/m)
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
})

describe('a sparkline', () => {
  const span = { since: 0, until: 100 }
  const points = (...values: number[]) =>
    values.map((count, index) => ({ at: (index * 100) / values.length, value: { count } }))

  test('is nothing where nothing was measured', () => {
    expect(sparkline([], span, span, 10)).toBeUndefined()
    expect(sparkline([{ at: 101, value: { count: 1 } }], span, span, 10)).toBeUndefined()
  })

  test('grows from zero, and has gaps where nothing was', () => {
    const drawn = sparkline(points(0, 4, 8), span, { since: 50, until: 60 }, 6)
    expect(drawn).toEqual({ line: '▁▁▅▅█ ', ruler: '   ^', min: 0, max: 8 })
  })

  test('of many values in a column shows the highest', () => {
    expect(sparkline(points(1, 9, 1, 1), span, span, 2)?.line).toBe('█▁')
  })

  test('has the range of all values, also of those that share a column with a higher one', () => {
    expect(sparkline(points(0, 9, 1, 1), span, span, 2)).toMatchObject({ min: 0, max: 9 })
  })

  test('is as long as what is known, and the alarm', () => {
    const wanted = { since: -7200, until: 7200 }
    const known = (...values: number[]) => spanOfKnown(points(...values), wanted, { since: 20, until: 60 })
    expect(known(1, 2, 3, 4, 5)).toEqual({ since: 0, until: 100 })
    expect(known(1)).toEqual({ since: 0, until: 60 })
    expect(known()).toEqual(wanted)
    expect(spanOfKnown(points(1, 2), { since: 10, until: 40 }, span)).toEqual({ since: 10, until: 40 })
  })

  test('of lists shows how long they are', () => {
    const values = [{ ports: [] }, { ports: [1, 2] }]
    const drawn = sparkline(
      values.map((value, index) => ({ at: index * 50, value })),
      span,
      span,
      2,
    )
    expect(drawn).toMatchObject({ line: '▁█', max: 2 })
  })
})
