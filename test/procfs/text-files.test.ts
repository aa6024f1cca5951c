/** The short files: each parser as a table of text and what comes of it, and all of them on any text at all. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBootId } from '../../src/procfs/boot-id.ts'
import { parseFibTrie } from '../../src/procfs/fib-trie.ts'
import { parseIfInet6 } from '../../src/procfs/if-inet6.ts'
import { parseLoadAvg } from '../../src/procfs/loadavg.ts'
import { parseMemInfo } from '../../src/procfs/meminfo.ts'
import { parseNetDev } from '../../src/procfs/net-dev.ts'
import { parseNetIgmp } from '../../src/procfs/net-igmp.ts'
import { parseNetRoute } from '../../src/procfs/net-route.ts'
import { ProcParseError } from '../../src/procfs/parse-error.ts'
import { parseStat } from '../../src/procfs/stat.ts'
import { parseUptime } from '../../src/procfs/uptime.ts'

const devHeader = 'Inter-|   Receive\n face |bytes\n'
const columns = '1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0'
const counters = (name: string) => ({ name, bytesIn: 1n, packetsIn: 2n, bytesOut: 3n, packetsOut: 4n })

describe('net/dev', () => {
  test.each([
    { name: 'no colon', line: 'eth0 1 2 3', fails: 'line 3: name' },
    { name: 'no name', line: ': 1 2 3', fails: 'line 3: name' },
    { name: 'too few columns', line: 'eth0: 1 2 3', fails: 'line 3: columns' },
    { name: 'too many columns', line: `eth0: ${columns} 5`, fails: 'line 3: columns' },
    { name: 'a negative counter', line: `eth0: -${columns}`, fails: 'line 3: counter' },
    {
      name: 'a counter of 21 digits',
      line: `eth0: 1${'0'.repeat(20)}${columns.slice(1)}`,
      fails: 'line 3: counter',
    },
  ])('$name', ({ line, fails }) => {
    const { interfaces, faults } = parseNetDev(`${devHeader}${line}\n  lo: ${columns}\n`)
    expect(interfaces).toEqual([counters('lo')])
    expect(faults?.first).toContain(`net/dev ${fails}: expected`)
  })

  test.each([
    { name: 'no blank behind the colon', line: `eth0:${columns}`, gives: counters('eth0') },
    { name: 'an alias', line: `eth0:1: ${columns}`, gives: counters('eth0:1') },
    {
      name: 'the largest 64-bit counter',
      line: `eth0: 18446744073709551615${columns.slice(1)}`,
      gives: { ...counters('eth0'), bytesIn: 2n ** 64n - 1n },
    },
  ])('$name', ({ line, gives }) => {
    expect(parseNetDev(`${devHeader}${line}\n`)).toEqual({ interfaces: [gives] })
  })
})

describe('net/if_inet6', () => {
  test('addresses, and a faulty line that costs itself', () => {
    const text =
      '00000000000000000000000000000001 01 80 10 80       lo\nnonsense\nfd000000000000000000000000000002 04 40 00 80     eth0\n'
    expect(parseIfInet6(text)).toMatchObject({
      addresses: [
        { address: '::1', interface: 'lo', interfaceIndex: 1 },
        { address: 'fd00::2', interface: 'eth0', interfaceIndex: 4 },
      ],
      faults: { count: 1, first: expect.stringContaining('net/if_inet6 line 2') },
    })
  })
})

describe('net/route', () => {
  test('connected and default routes in network order', () => {
    const text =
      'Iface\tDestination\n' +
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0   \n' +
      'eth0\t000200C0\t00000000\t0001\t0\t0\t-1\t00FFFFFF\t0\t0\t0   \nbroken\t\n'
    expect(parseNetRoute(text)).toMatchObject({
      routes: [
        { interface: 'eth0', destination: 0, mask: 0, gateway: 0xc0000201 },
        { interface: 'eth0', destination: 0xc0000200, mask: 0xffffff00, gateway: 0 },
      ],
      faults: { count: 1 },
    })
  })
})

test('net/fib_trie: local host addresses only, each once', () => {
  const leaf = '           |-- 192.0.2.2\n              /32 host LOCAL\n'
  const text = `Main:\n${leaf}        |-- 192.0.2.255\n           /32 link BROADCAST\n           |-- 127.0.0.0\n              /8 host LOCAL\nLocal:\n${leaf}`
  expect([...parseFibTrie(text)]).toEqual(['192.0.2.2'])
})

test('net/igmp: index by name', () => {
  const text =
    'Idx\tDevice    : Count Querier\n1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:0\t\t0\n12\teth0      :     2      V3\n'
  expect(parseNetIgmp(text)).toEqual(
    new Map([
      ['lo', 1],
      ['eth0', 12],
    ]),
  )
})

describe('single values', () => {
  const memory = (lines: string) => () => parseMemInfo(lines)
  test.each([
    {
      name: 'stat',
      parse: () => parseStat('cpu  10 1 20 300 40 5 6 7 90 9\ncpu0 1\n'),
      gives: { total: 389, idle: 340 },
    },
    { name: 'stat of an old kernel', parse: () => parseStat('cpu 1 2 3 4\n'), gives: { total: 10, idle: 4 } },
    {
      name: 'meminfo',
      parse: memory('MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable:  60 kB\n'),
      gives: { totalKiB: 100, availableKiB: 60 },
    },
    {
      name: 'meminfo before Linux 3.14',
      parse: memory('MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 15 kB\n'),
      gives: { totalKiB: 100, availableKiB: 30 },
    },
    { name: 'uptime', parse: () => parseUptime('2297.41 2268.71\n'), gives: 2297.41 },
    { name: 'loadavg', parse: () => parseLoadAvg('0.20 0.18 0.12 1/80 11206\n'), gives: 0.2 },
    {
      name: 'boot_id',
      parse: () => parseBootId('5a1f6d9e-0b43-4c1c-9d53-9e1f4f0a2b11\n'),
      gives: '5a1f6d9e-0b43-4c1c-9d53-9e1f4f0a2b11',
    },
  ])('$name', ({ parse, gives }) => {
    expect(parse()).toEqual(gives)
  })

  test.each([
    { name: 'stat without numbers', parse: () => parseStat('cpu a b c d\n'), fails: 'stat line 1: cpu' },
    { name: 'stat that is empty', parse: () => parseStat(''), fails: 'stat line 1: cpu' },
    { name: 'meminfo without a total', parse: memory('MemFree: 10 kB\n'), fails: 'meminfo line 1: MemTotal' },
    {
      name: 'meminfo with a total of 0',
      parse: memory('MemTotal: 0 kB\nMemAvailable: 0 kB\n'),
      fails: 'MemTotal',
    },
    {
      name: 'meminfo with more available than there is',
      parse: memory('MemTotal: 5 kB\nMemAvailable: 6 kB\n'),
      fails: 'MemAvailable',
    },
    { name: 'uptime cut', parse: () => parseUptime('229'), fails: 'uptime line 1: uptime' },
    { name: 'loadavg of words', parse: () => parseLoadAvg('a b c'), fails: 'loadavg line 1: load' },
    { name: 'boot_id cut', parse: () => parseBootId('5a1f6d9e-0b43'), fails: 'boot_id line 1: boot_id' },
  ])('$name', ({ parse, fails }) => {
    expect(parse).toThrow(ProcParseError)
    expect(parse).toThrow(fails)
  })
})

test('any text: a value, faults or a ProcParseError, and nothing else', () => {
  const parsers = [
    parseBootId,
    parseFibTrie,
    parseIfInet6,
    parseLoadAvg,
    parseMemInfo,
    parseNetDev,
    parseNetIgmp,
    parseNetRoute,
    parseStat,
    parseUptime,
  ]
  const wordsOfFormats = fc.constantFrom(
    'cpu',
    'eth0:',
    ' ',
    '\t',
    '\n',
    '0',
    '17',
    'ff',
    '|--',
    '/32 host LOCAL',
    '192.0.2.2',
    ' kB',
  )
  const anyText = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(wordsOfFormats, { maxLength: 60 }).map((words) => words.join('')),
  )
  fc.assert(
    fc.property(anyText, (text) => {
      for (const parse of parsers) {
        try {
          parse(text)
        } catch (error) {
          expect(error).toBeInstanceOf(ProcParseError)
        }
      }
    }),
  )
})
