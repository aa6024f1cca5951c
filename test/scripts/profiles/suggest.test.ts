import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { suggest } from '../../../scripts/commands/suggest.ts'
import { runTests } from '../../../scripts/commands/test.ts'
import { readProfileFiles } from '../../../scripts/profiles/file.ts'
import { createReplay, judgedBehaviors } from '../../../scripts/profiles/replay.ts'
import { nameOf, roundUp } from '../../../scripts/profiles/suggest/propose.ts'
import { rangesOf } from '../../../scripts/profiles/suggest/ranges.ts'
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
    expect(text).toContain('# Proposed from 2016 reports of 1 device, 2026-10-01 to 2026-10-08 (UTC).')
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
  await expect(again()).rejects.toThrow(/is there already; --force/)
  expect(await readFile(out, 'utf8')).toContain('securityProfileName: gateway')
  expect(await suggest([join(folder, 'gateway-1')], { name: 'other', out, force: true }, io)).toBe(0)
  expect(await readFile(out, 'utf8')).toContain('securityProfileName: other')
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
        { metric: 'aws:listening-udp-ports', value: { ports: [40_000 + 2 * index, 40_001 + 2 * index] } },
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
