import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { OperatorProblem } from '../../../scripts/aws/operator-io.ts'
import { suggest } from '../../../scripts/commands/suggest.ts'
import { runTests } from '../../../scripts/commands/test.ts'
import { readProfileFiles } from '../../../scripts/profiles/file.ts'
import { createReplay, judgedBehaviors } from '../../../scripts/profiles/replay.ts'
import { Observation } from '../../../scripts/profiles/suggest/observe.ts'
import { nameOf, propose, roundUp } from '../../../scripts/profiles/suggest/propose.ts'
import { rangesOf } from '../../../scripts/profiles/suggest/ranges.ts'
import { suggestedFiles } from '../../../scripts/profiles/suggest/write.ts'
import { compileProfile } from '../../../src/detect/compile.ts'
import { attacks, INTERVAL_MS, quietDay, type Report, writeHistory } from './days.ts'
import { Written } from './helpers.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defender-suggest-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const days = (...numbers: number[]) => numbers.flatMap((day) => quietDay(day))

async function suggested(reports: readonly Report[]) {
  await writeHistory(join(folder, 'gateway-1'), reports)
  const out = join(folder, 'gateway.yaml')
  const io = new Written()
  const status = await suggest([join(folder, 'gateway-1')], { name: 'gateway', out }, io)
  const { files, faults } = await readProfileFiles([out])
  return { status, out, io, files, faults, text: await readFile(out, 'utf8') }
}

/** The behaviors that raise an alarm on these reports, after the days that the profile was made from. */
async function alarmsOn(former: readonly Report[], later: readonly Report[]) {
  const { files, faults } = await suggested(former)
  expect(faults).toEqual([])
  const compiled = files.map(({ profile }) => compileProfile(profile))
  const replay = createReplay(compiled, INTERVAL_MS)
  const names = judgedBehaviors(compiled).map(({ behavior }) => behavior.name)
  for (const { at, datapoints } of former) expect(replay.record(at, datapoints)).toEqual([])
  return later.flatMap(({ at, datapoints }) =>
    replay
      .record(at, datapoints)
      .flatMap(({ type, behavior }) => (type === 'in-alarm' ? [names[behavior]] : [])),
  )
}

describe('from seven quiet days', () => {
  test('the next three are quiet too', async () => {
    expect(await alarmsOn(days(0, 1, 2, 3, 4, 5, 6), days(7, 8, 9))).toEqual([])
  })

  test('each of the five attacks is found', async () => {
    const found = await alarmsOn(days(0, 1, 2, 3, 4, 5, 6), quietDay(7, Object.values(attacks)))
    expect(new Set(found)).toEqual(
      new Set([
        'ListeningTcpPorts',
        'ListeningUdpPorts',
        'DestinationIpAddresses',
        'AllBytesOut',
        'AllBytesOutInAnHour',
        'NumEstablishedTcpConnections',
      ]),
    )
  })

  test('each line has its evidence, and its tests pass and notice changes', async () => {
    const { status, out, text, io, files } = await suggested(days(0, 1, 2, 3, 4, 5, 6))
    expect(status).toBe(0)
    expect(io.text).toContain('tests in ')
    expect(text).toContain('# Proposed from 2,016 reports of 1 device, 2026-10-01 to 2026-10-08 (UTC).')
    expect(text).toContain('  # 22 always, 443 always, 8080 in 42, 8883 always\n  - name: ListeningTcpPorts')
    expect(text).toContain('  # 127.0.0.0/16 had 1, 192.168.1.0/24 had 1, 52.94.0.0/16 had ')
    const behaviors = files[0]?.profile.behaviors ?? []
    expect(text.match(/^ {2}# .*\n {2}- name/gm)?.length).toBe(behaviors.length)
    const tested = new Written()
    expect(await runTests([out], { output: 'json', minScore: 60 }, tested)).toBe(0)
    const [report] = JSON.parse(tested.text).files
    expect(report.coverage.length).toBe(behaviors.length)
    expect(
      report.coverage.every((each: { raised: boolean; cleared: boolean }) => each.raised && each.cleared),
    ).toBe(true)
  })
})

test('files that are there are not written over unasked', async () => {
  const { out } = await suggested(days(0))
  const io = new Written()
  const again = () => suggest([join(folder, 'gateway-1')], { name: 'other', out }, io)
  await expect(again()).rejects.toThrow(/gateway.yaml: is there already: add --force/)
  expect(await readFile(out, 'utf8')).toContain('securityProfileName: gateway')
  expect(await suggest([join(folder, 'gateway-1')], { name: 'other', out, force: true }, io)).toBe(0)
  expect(await readFile(out, 'utf8')).toContain('securityProfileName: other')
})

test('what cannot be written is a sentence', async () => {
  await writeHistory(join(folder, 'gateway-1'), days(0))
  const out = join(folder, 'none', 'gateway.yaml')
  await expect(suggest([join(folder, 'gateway-1')], { name: 'p', out }, new Written())).rejects.toThrow(
    new OperatorProblem(`${out}: cannot be written (ENOENT)`),
  )
})

test('tests that are there already keep the profile from being written, too', async () => {
  await writeHistory(join(folder, 'gateway-1'), days(0))
  const [out, tests] = [join(folder, 'gateway.yaml'), join(folder, 'gateway.test.yaml')]
  await writeFile(tests, 'mine')
  await expect(suggest([join(folder, 'gateway-1')], { name: 'p', out }, new Written())).rejects.toThrow(
    new OperatorProblem(`${tests}: is there already: add --force to write over it`),
  )
  await expect(readFile(out)).rejects.toThrow('ENOENT')
})

test('without datapoints nothing is proposed', async () => {
  const io = new Written()
  expect(await suggest([folder], { name: 'p' }, io)).toBe(2)
  expect(io.text).toBe('')
})

test('custom metrics are declared with their types; what gives no bound is left out with the reason', async () => {
  const reports = Array.from(
    { length: 50 },
    (_, index): Report => ({
      at: Date.UTC(2026, 9, 1) + (index + 1) * INTERVAL_MS,
      datapoints: [
        { metric: 'load', value: { number: index / 10 } },
        { metric: 'balance', value: { number: -index } },
        { metric: 'users', value: { strings: index % 2 === 0 ? ['root'] : ['root', 'ggc_user'] } },
        {
          metric: 'aws:listening-udp-ports',
          value: { ports: Array.from({ length: 10 }, (_, port) => 40_000 + 10 * (index % 10) + port) },
        },
      ],
    }),
  )
  const { text, files, faults } = await suggested(reports)
  expect(faults).toEqual([])
  expect([...(files[0]?.customMetrics ?? [])]).toEqual([
    ['balance', { type: 'number' }],
    ['load', { type: 'number' }],
    ['users', { type: 'string-list' }],
  ])
  expect(text).toContain('#   balance: it had negative values, for which no ceiling is proposed')
  expect(text).toContain('#   aws:listening-udp-ports: 100 different values were seen')
  expect(files[0]?.profile.behaviors?.map(({ name }) => name)).toEqual(['Load', 'Users'])
})

/** Reports each ten seconds: of the traffic, two ports that stay and one that the system chose anew each time. */
const seconds = (count: number): Report[] =>
  Array.from({ length: count }, (_, index) => ({
    at: Date.UTC(2026, 9, 1) + (index + 1) * 10_000,
    datapoints: [
      { metric: 'aws:all-bytes-in', value: { count: 1000 } },
      {
        metric: 'aws:listening-tcp-ports',
        value: { ports: [22, 2024, 40_000 + 2 * index, 40_001 + 2 * index] },
      },
      { metric: 'aws:destination-ip-addresses', value: { cidrs: [`52.94.${index}.7`] } },
    ],
  }))

describe('only what was measured is evidence', () => {
  test('windows that were never whole give no ceiling, and it is said what they would take', async () => {
    const { text, files } = await suggested(seconds(39))
    expect(text).toContain(
      '  # 10 whole windows of 300 s on 1 day: median 30,000, p99 30,000, highest 30,000;',
    )
    expect(files[0]?.profile.behaviors?.map(({ name }) => name)).toEqual([
      'AllBytesIn',
      'DestinationIpAddresses',
      'ListeningTcpPorts',
    ])
    expect(text).toContain(
      '#   aws:all-bytes-in in 3600 s: no such window was whole in 6 min of history; it takes 1 h of reports without a gap\n',
    )
    expect(text).toContain('securityProfileDescription: Proposed from 1 day of history\n')
  })

  test('a gap is in no window', async () => {
    const reports = seconds(60)
    const { text } = await suggested([
      ...reports.slice(0, 20),
      ...reports.slice(40).map((report) => ({ ...report, at: report.at + 3_600_000 })),
    ])
    expect(text).toContain('aws:all-bytes-in in 300 s: no such window was whole')
    expect(text).not.toContain('name: AllBytesIn')
  })

  test('a port of a few reports is named and left out; addresses count by their network', async () => {
    const { text, files } = await suggested(seconds(41))
    const [, addresses, ports] = files[0]?.profile.behaviors ?? []
    expect(ports?.criteria?.value).toEqual({ ports: [22, 2024] })
    expect(addresses?.criteria?.value).toEqual({ cidrs: ['52.94.0.0/16'] })
    expect(text).toContain(`  # what was seen in 41 reports on 1 day:
  # 22 always, 2024 always
  # doubtful and left out, since in fewer than 5 reports and less than a tenth of them:
  # 40000 in 1, 40001 in 1,`)
    expect(text).toContain('\n  # and more: 82 in all\n  - name: ListeningTcpPorts')
  })

  test('an address of one report is, too', async () => {
    const reports = seconds(41)
    const value = { cidrs: ['52.94.3.7', '203.0.113.4'] }
    const { text, files } = await suggested([
      ...reports.slice(0, 40),
      { ...(reports[40] as Report), datapoints: [{ metric: 'aws:destination-ip-addresses', value }] },
    ])
    expect(files[0]?.profile.behaviors?.[1]?.criteria?.value).toEqual({ cidrs: ['52.94.0.0/16'] })
    expect(text).toContain('  # 203.0.113.4 in 1\n  - name: DestinationIpAddresses')
  })

  test('a scan of a network in one report is one sighting of it', async () => {
    const scan = Array.from({ length: 20 }, (_, index) => `10.66.6.${index + 1}`)
    const value = { cidrs: ['52.94.3.7', ...scan] }
    const { text, files } = await suggested([
      ...seconds(100),
      { at: Date.UTC(2026, 9, 2), datapoints: [{ metric: 'aws:destination-ip-addresses', value }] },
    ])
    const addresses = files[0]?.profile.behaviors?.find(({ name }) => name === 'DestinationIpAddresses')
    expect(addresses?.criteria?.value).toEqual({ cidrs: ['52.94.0.0/16'] })
    expect(text).toContain('  # 10.66.6.1 in 1, 10.66.6.2 in 1, ')
  })

  test('a network whose addresses change from one report to the next is no scan', async () => {
    const reports = seconds(100).map((report, index) => ({
      ...report,
      datapoints: [
        {
          metric: 'aws:destination-ip-addresses',
          value: { cidrs: ['192.168.1.1', ...(index < 5 ? [`10.66.6.${index + 1}`] : [])] },
        },
      ],
    }))
    const { files } = await suggested(reports)
    expect(files[0]?.profile.behaviors?.[0]?.criteria?.value).toEqual({
      cidrs: ['10.66.6.0/24', '192.168.1.0/24'],
    })
  })

  test('what one report names many times was in one report', async () => {
    const { text, files } = await suggested(
      seconds(100).map((report, index) => ({
        ...report,
        datapoints: [
          {
            metric: 'aws:listening-tcp-ports',
            value: { ports: index === 7 ? [22, ...Array(9).fill(4444)] : [22] },
          },
        ],
      })),
    )
    expect(files[0]?.profile.behaviors?.[0]?.criteria?.value).toEqual({ ports: [22] })
    expect(text).toContain('  # 4444 in 1\n')
  })

  test('a file of one metric after the other, some minutes of each at a time, has whole hours', async () => {
    const reports = Array.from({ length: 120 }, (_, index) => Date.UTC(2026, 9, 1) + (index + 1) * 60_000)
    const lines = Array.from({ length: 12 }, (_, batch) =>
      reports.slice(batch * 10, batch * 10 + 10),
    ).flatMap((batch) =>
      ['aws:all-bytes-in', 'aws:all-bytes-out'].flatMap((metric) =>
        batch.map((at) => JSON.stringify({ at, metric, value: { count: 100 } })),
      ),
    )
    const path = join(folder, 'gateway-1.jsonl')
    await writeFile(path, `${lines.join('\n')}\n`)
    const io = new Written()
    expect(await suggest([path], { name: 'p' }, io)).toBe(0)
    expect(io.text).toContain(
      '  # 61 whole windows of 3600 s on 1 day: median 6,000, p99 6,000, highest 6,000;',
    )
    expect(io.text).not.toContain('no such window was whole')
  })

  test('where all of it is doubtful there is no behavior', async () => {
    const { text, files } = await suggested(
      seconds(41).map((report, index) => ({
        ...report,
        datapoints: [{ metric: 'aws:listening-tcp-ports', value: { ports: index === 7 ? [4444] : [] } }],
      })),
    )
    expect(files[0]?.profile.behaviors).toEqual([])
    expect(text).toContain('#   aws:listening-tcp-ports: what it held was in fewer than 5 reports')
  })
})

const rangeCases: { name: string; addresses: string[]; gives: string[] }[] = [
  { name: 'a local network', addresses: ['192.168.1.4', '192.168.1.9'], gives: ['192.168.1.0/24'] },
  {
    name: 'loopback, near and far',
    addresses: ['127.0.0.53', '127.66.6.6'],
    gives: ['127.0.0.0/16', '127.66.0.0/16'],
  },
  {
    name: 'the Internet',
    addresses: ['52.94.1.2', '52.94.200.2', '8.8.8.8'],
    gives: ['52.94.0.0/16', '8.8.0.0/16'],
  },
  {
    name: 'IPv6',
    addresses: ['::1', 'fe80::1', '2600:1f18::7'],
    gives: ['::1/128', 'fe80::/64', '2600:1f18::/32'],
  },
  {
    name: 'too many networks are joined',
    addresses: Array.from({ length: 100 }, (_, index) => `10.0.${index}.1`),
    gives: ['10.0.0.0/16'],
  },
  { name: 'no address', addresses: ['localhost'], gives: [] },
]
test.each(rangeCases)('ranges: $name', ({ addresses, gives }) => {
  expect(rangesOf(addresses).map(({ cidr }) => cidr)).toEqual(gives)
})

test('ceilings are round, names are words', () => {
  expect([7, 99.2, 101, 8_137_442].map(roundUp)).toEqual([7, 100, 110, 8_200_000])
  expect(['aws:num-listening-tcp-ports', 'cpu_usage'].map(nameOf)).toEqual([
    'NumListeningTcpPorts',
    'CpuUsage',
  ])
})

describe('text of a device', () => {
  const INJECTED = 'x\nsecurityProfileDescription: injected\nbehaviors: []'
  /** What ends a line for somebody, steers a terminal, means something in YAML, or may not stand in it. */
  const nasty = [
    '\n',
    '\r',
    '\t',
    '\u0000',
    '\u001b[2J',
    '\u007f',
    '\u0085',
    '\u009b',
    '\u2028',
    '\u2029',
    '\u202e',
    '\ufeff',
    '\ufffe',
    '\ud800',
    '#',
    ': ',
    '- ',
    '"',
    "'",
    '\\',
    ',',
    '[',
    ']',
    '{',
    '%',
    '*',
    '!',
    '|',
  ]
  const anyText = fc.oneof(
    fc
      .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary' })), { maxLength: 6 })
      .map((parts) => parts.join('')),
    fc.constantFrom(INJECTED, 'null', '123', ':::', '---', '-', 'a:', '~', 'true', '1e3'),
  )

  function proposedOf(always: readonly string[], once: readonly string[], metrics: readonly string[]) {
    const observation = new Observation()
    for (let report = 0; report < 60; report++) {
      const strings = report === 30 ? [...always, ...once] : always
      const zoned = strings.map((text) => `fe80::${report === 30 ? 'bad:0:0:1' : '1'}%${text}`)
      const datapoints = [
        { metric: 'users', value: { strings } },
        { metric: 'aws:destination-ip-addresses', value: { cidrs: [...zoned, ...strings] } },
        ...metrics.map((metric) => ({ metric, value: { number: report } })),
      ]
      observation.add({ device: 'gateway-1', at: Date.UTC(2026, 9, 1) + report * INTERVAL_MS, datapoints })
    }
    const observed = observation.result()
    const proposal = propose(observed)
    return { proposal, ...suggestedFiles('p', 'p.yaml', observed, proposal) }
  }

  test('stays in its comment or its value, and steers no terminal', () => {
    const lists = fc.uniqueArray(anyText, { maxLength: 4 })
    fc.assert(
      fc.property(lists, lists, anyText, (always, once, metric) => {
        const { proposal, profile, tests } = proposedOf(always, once, [metric])
        expect(parse(profile)).toEqual({
          securityProfileName: 'p',
          securityProfileDescription: 'Proposed from 1 day of history',
          customMetrics: Object.fromEntries(
            [...proposal.customMetrics].map(([name, type]) => [name, { type }]),
          ),
          behaviors: proposal.behaviors.map(({ behavior }) => behavior),
        })
        expect(parse(tests)).toMatchObject({ profile: 'p.yaml', interval: '5m' })
        expect(`${profile}${tests}`).not.toMatch(
          /[^\P{Cc}\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe]/u,
        )
      }),
      { numRuns: 300 },
    )
  })

  test('that a comment would end is shown as it cannot end it', () => {
    const { profile } = proposedOf(['root'], [INJECTED], ['load', INJECTED])
    expect(profile).toContain('  # x\ufffdsecurityProfileDescription: injected\ufffdbehaviors: [] in 1\n')
    expect(profile).toContain(
      '#   x\ufffdsecurityProfileDescription: injected\ufffdbehaviors: []: no profile can hold a metric of that name\n',
    )
  })

  test.each(['null', '123', ':::', '---', '-', 'a:'])('a metric may be called %s', (metric) => {
    const { profile, tests } = proposedOf(['root'], [], [metric])
    expect(parse(profile).customMetrics[metric]).toEqual({ type: 'number' })
    const alarms = parse(tests).tests.flatMap(({ alarms }: { alarms: { behavior: string }[] }) => alarms)
    const name = parse(profile).behaviors.find((each: { metric: string }) => each.metric === metric).name
    expect(alarms.map(({ behavior }: { behavior: string }) => behavior)).toContain(name)
  })
})
