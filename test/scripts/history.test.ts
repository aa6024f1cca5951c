import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeFirst } from 'cborg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OperatorProblem } from '../../scripts/aws/operator-io.ts'
import { type HistoryOptions, history, historyCommand } from '../../scripts/commands/history.ts'
import { instantOption } from '../../scripts/render/options.ts'
import { terminalStyle } from '../../scripts/render/terminal.ts'
import { findInWorkFolders } from '../../scripts/work-folders.ts'
import { loadCbor } from '../../src/store/cbor.ts'
import { frame } from '../../src/store/frames.ts'
import { openHistory } from '../../src/store/history.ts'

const T0 = Date.UTC(2026, 10, 24, 10)
const MINUTE = 60_000

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'history-'))
})
afterEach(() => rm(folder, { recursive: true }))

const EVENT = {
  violationEventTime: T0 + 1000,
  thingName: 'gateway-1',
  violationEventType: 'in-alarm',
  violationId: '0123456789abcdef0123456789abcdef',
  securityProfileName: 'demo',
  behavior: { name: 'BackdoorPort', metric: 'aws:listening-tcp-ports' },
  metricValue: { ports: [4444, 31_337] },
  evidence: { kind: 'list' },
}

/** Five minutes of a device, and one alarm of it. */
async function fill(): Promise<void> {
  const kept = await openHistory(folder)
  for (let minute = 0; minute < 5; minute += 1) {
    await kept.appendDatapoints(T0 + minute * MINUTE, [
      { metric: 'aws:all-bytes-out', value: { count: 1000 * minute } },
      { metric: 'aws:listening-tcp-ports', value: { ports: [22, 4444].slice(0, 1 + (minute % 2)) } },
      { metric: 'units', value: { strings: ['a', 'b,"c"'] } },
    ])
  }
  await kept.appendViolation(T0 + 1000, EVENT)
  await kept.appendViolation(T0 + 2000, { ...EVENT, violationEventType: 'alarm-cleared' })
  await kept.appendViolation(T0 + 3000, 'not an event')
  await kept.close()
}

interface Printed {
  readonly status: number
  readonly out: Buffer
  readonly text: string
  readonly lines: string[]
  readonly errors: string[]
  readonly writes: number
}

async function print(options: Partial<HistoryOptions> = {}, columns = 80): Promise<Printed> {
  const pieces: Uint8Array[] = []
  const errors: string[] = []
  const status = await history(
    { directory: folder, kind: 'datapoints', output: 'json', ...options },
    {
      style: { ...terminalStyle({}, {}), width: columns },
      write: async (piece) => void pieces.push(Buffer.from(piece)),
      writeError: (line) => errors.push(line),
      findDirectory: () => Promise.reject(new Error('nothing is at the usual places')),
    },
  )
  const out = Buffer.concat(pieces)
  const text = out.toString('utf8')
  return { status, out, text, lines: text.split('\n').slice(0, -1), errors, writes: pieces.length }
}

describe('what cannot be printed', () => {
  it('is a folder that is not there', async () => {
    await expect(print({ directory: join(folder, 'no') })).rejects.toThrow(
      `--directory ${folder}/no: cannot be read (ENOENT)`,
    )
  })

  it('is a file', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(print({ directory: join(folder, 'file') })).rejects.toThrow('is not a folder')
  })

  it('is a range that ends before it begins', async () => {
    await expect(print({ since: T0, until: T0 - 1 })).rejects.toThrow('--since is later than --until')
  })

  it('is nothing at the usual places', async () => {
    const { directory: _, ...options } = { directory: '', kind: 'datapoints', output: 'json' } as const
    const io = {
      style: terminalStyle({}, {}),
      write: async () => undefined,
      writeError: () => undefined,
      findDirectory: () => findInWorkFolders('history', '--directory', ['/no/classic', '/no/lite']),
    }
    await expect(history(options, io)).rejects.toThrow(
      'nothing is at the usual places:\n  /no/classic/history\n  /no/lite/history\nGive the right one with --directory.',
    )
  })

  it.each(['history', 'outbox'])('is a folder without history, with an empty %s', async (below) => {
    await mkdir(join(folder, below))
    await expect(print()).rejects.toThrow(new OperatorProblem(`${folder}: no history of the agent is in it`))
  })

  it('is told, and the rest is printed', async () => {
    await fill()
    const [name = ''] = (await readdir(folder)).filter((each) => each.startsWith('datapoints'))
    const bytes = await readFile(join(folder, name))
    bytes.set([0xff, 0xff, 0xff], 200)
    await writeFile(join(folder, name), bytes)
    const { status, lines, errors } = await print()
    expect(status).toBe(1)
    expect(lines.length).toBeGreaterThan(5)
    expect(errors).toEqual([`${join(folder, name)}: is damaged; what could be read of it is there`])
  })

  it('is a history of another version, which is told', async () => {
    const path = join(folder, 'datapoints-2026-11-24.cborseq')
    const { encode } = await loadCbor()
    await writeFile(path, frame(encode(['history', 99, 'datapoints'])))
    const { status, errors, lines } = await print()
    expect({ status, lines }).toEqual({ status: 1, lines: [] })
    expect(errors).toEqual([
      `${path}: was written by another version of the agent`,
      `no such datapoints in ${folder}`,
    ])
  })
})

describe('datapoints', () => {
  beforeEach(fill)

  it('as JSON, one object a line, oldest first', async () => {
    const { status, lines } = await print()
    expect(status).toBe(0)
    expect(lines).toHaveLength(15)
    expect(lines[0]).toBe(
      `{"at":${T0},"time":"2026-11-24T10:00:00.000Z","metric":"aws:all-bytes-out","value":{"count":0}}`,
    )
    const times = lines.map((line) => JSON.parse(line).at)
    expect(times).toEqual(times.toSorted((a: number, b: number) => a - b))
  })

  it("in the agent's state directory", async () => {
    const state = await mkdtemp(join(tmpdir(), 'state-'))
    try {
      await cp(folder, join(state, 'history'), { recursive: true })
      await writeFile(join(state, 'state.json'), '{}')
      expect((await print({ directory: state })).text).toBe((await print()).text)
    } finally {
      await rm(state, { recursive: true })
    }
  })

  it('of one metric and a time, both ends included', async () => {
    const range = { since: T0 + MINUTE, until: T0 + 3 * MINUTE }
    const { lines } = await print({ metric: 'aws:all-bytes-out', ...range })
    expect(lines.map((line) => JSON.parse(line).value.count)).toEqual([1000, 2000, 3000])
  })

  it('as CSV, quoted as RFC 4180 says', async () => {
    const { text } = await print({ output: 'csv', until: T0 })
    expect(text).toBe(
      [
        'time,metric,type,value',
        '2026-11-24T10:00:00.000Z,aws:all-bytes-out,count,0',
        '2026-11-24T10:00:00.000Z,aws:listening-tcp-ports,ports,22',
        '2026-11-24T10:00:00.000Z,units,strings,"a b,""c"""',
        '',
      ].join('\n'),
    )
  })

  it('as a CBOR sequence', async () => {
    let { out } = await print({ output: 'cbor', metric: 'units' })
    const records: unknown[] = []
    while (out.length > 0) {
      const [record, rest] = decodeFirst(out)
      records.push(record)
      out = Buffer.from(rest)
    }
    expect(records).toHaveLength(5)
    expect(records[0]).toEqual({
      at: T0,
      time: '2026-11-24T10:00:00.000Z',
      metric: 'units',
      value: { strings: ['a', 'b,"c"'] },
    })
  })

  it('as a table that fits into the terminal', async () => {
    const { lines } = await print({ output: 'table', until: T0 + MINUTE })
    expect(lines.slice(0, 3)).toEqual([
      'Time (UTC)           Metric                               Value',
      '2026-11-24 10:00:00  aws:all-bytes-out                    0 B',
      '2026-11-24 10:00:00  aws:listening-tcp-ports              22',
    ])
  })

  it('as a table for people, with units', async () => {
    const { text } = await print({ output: 'table', metric: 'aws:all-bytes-out', since: T0 + 4 * MINUTE })
    expect(text).toMatch(/aws:all-bytes-out +4\.0 kB\n/)
  })

  it('says that there are none, and prints no more than the heading', async () => {
    const { status, lines, errors } = await print({ output: 'table', metric: 'other' })
    expect({ status, lines: lines.length }).toEqual({ status: 0, lines: 1 })
    expect(errors).toEqual([`no such datapoints in ${folder}`])
  })
})

describe('violations', () => {
  beforeEach(fill)

  it('as JSON, each event as it was published', async () => {
    const { lines } = await print({ kind: 'violations' })
    expect(lines.map((line) => JSON.parse(line).event)).toEqual([
      EVENT,
      { ...EVENT, violationEventType: 'alarm-cleared' },
      'not an event',
    ])
  })

  it('about one metric', async () => {
    expect((await print({ kind: 'violations', metric: 'aws:listening-tcp-ports' })).lines).toHaveLength(2)
    expect((await print({ kind: 'violations', metric: 'aws:all-bytes-out' })).lines).toHaveLength(0)
  })

  it('as CSV', async () => {
    const { lines } = await print({ kind: 'violations', output: 'csv' })
    expect(lines).toEqual([
      'time,event,securityProfileName,behaviorName,metric,value,violationId',
      `2026-11-24T10:00:01.000Z,in-alarm,demo,BackdoorPort,aws:listening-tcp-ports,4444 31337,${EVENT.violationId}`,
      `2026-11-24T10:00:02.000Z,alarm-cleared,demo,BackdoorPort,aws:listening-tcp-ports,4444 31337,${EVENT.violationId}`,
      '2026-11-24T10:00:03.000Z,,,,,,',
    ])
  })

  it('as a table', async () => {
    const { lines } = await print({ kind: 'violations', output: 'table' })
    expect(lines.slice(0, 2)).toEqual([
      'Time (UTC)           Event              Profile / behavior          Value',
      '2026-11-24 10:00:01  in-alarm           demo / BackdoorPort         4444 31337',
    ])
  })
})

describe('a long history', () => {
  beforeEach(async () => {
    const kept = await openHistory(folder)
    const strings = Array.from({ length: 40 }, (_, index) => `unit-${index}\u001b[31m`)
    for (let index = 0; index < 1000; index += 1) {
      await kept.appendDatapoints(T0 + index, [{ metric: 'x'.repeat(128), value: { strings } }])
    }
    await kept.close()
  })

  it('is written in large pieces, one after the other', async () => {
    const { lines, writes, out } = await print()
    expect(lines).toHaveLength(1000)
    expect(writes).toBeGreaterThan(5)
    expect(writes).toBeLessThanOrEqual(out.length / 64_000 + 1)
  })

  it.each([80, 120, 40])('fits into %s columns, without control characters', async (columns) => {
    const { lines } = await print({ output: 'table' }, columns)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(columns, 68))
    expect(lines.some((line) => line.includes('\u001b'))).toBe(false)
  })
})

describe('a time', () => {
  const NOW = Date.UTC(2026, 10, 24, 12)
  const instant = instantOption(() => NOW)

  it.each([
    ['2026-11-24', Date.UTC(2026, 10, 24)],
    ['2026-11-24T10:30', Date.UTC(2026, 10, 24, 10, 30)],
    ['2026-11-24T10:30:15', Date.UTC(2026, 10, 24, 10, 30, 15)],
    ['2026-11-24T10:30:15.250Z', Date.UTC(2026, 10, 24, 10, 30, 15, 250)],
    ['2026-11-24T10:30:00+01:00', Date.UTC(2026, 10, 24, 9, 30)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['90s', NOW - 90_000],
    ['30min', NOW - 30 * MINUTE],
    ['1.5h', NOW - 90 * MINUTE],
    ['3d', NOW - 3 * 24 * 60 * MINUTE],
    ['1w', NOW - 7 * 24 * 60 * MINUTE],
  ])('%s', (text, expected) => {
    expect(instant(text)).toBe(expected)
  })

  it.each([
    '',
    'yesterday',
    '2h ago',
    '-2h',
    '2 h',
    '2m',
    '1764000000',
    '2026-02-30',
    '2026-13-01',
    '2026-11-24T25:00',
    '24.11.2026',
  ])('is not %j', (text) => {
    expect(() => instant(text)).toThrow(/UTC if no zone is given/)
  })
})

describe('the usual places', () => {
  it('give the first that is there', async () => {
    await mkdir(join(folder, 'b', 'history'), { recursive: true })
    await mkdir(join(folder, 'c', 'history'), { recursive: true })
    const folders = ['a', 'b', 'c'].map((name) => join(folder, name))
    expect(await findInWorkFolders('history', '--directory', folders)).toBe(join(folder, 'b', 'history'))
  })
})

describe('the command', () => {
  it('has help that fits into 80 columns', () => {
    let help = ''
    historyCommand()
      .configureOutput({ getOutHelpWidth: () => 80, writeOut: (text) => (help += text) })
      .outputHelp()
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(help).toContain('/greengrass/v2/work/community.greengrass.DeviceDefender/history')
  })

  it.each([
    ['--since', 'soon'],
    ['--output', 'xml'],
    ['--kind', 'alarms'],
  ])('refuses %s %s', (option, value) => {
    const command = historyCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
    expect(() => command.parse([option, value], { from: 'user' })).toThrow(/invalid/)
  })
})
