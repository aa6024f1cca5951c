/** What is proposed for a false positive really silences it, and only it: tried by `defender test` itself. */
import { statSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runTests } from '../../../scripts/commands/test.ts'
import type { Violation } from '../../../scripts/violations/model.ts'
import { proposalFor } from '../../../scripts/violations/verify/files.ts'
import { silenceOf } from '../../../scripts/violations/verify/silence.ts'
import type { Behavior } from '../../../src/detect/security-profile.ts'
import type { MetricValue } from '../../../src/metrics/datapoint.ts'
import { type Bench, bytesOut, event, idOf, NOW, openBench, telnet } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = openBench()
})
afterEach(() => bench.close())

const count = (comparisonOperator: string, bound: number, rest: object = {}): Behavior =>
  ({
    name: 'b',
    metric: 'aws:num-established-tcp-connections',
    criteria: { comparisonOperator, value: { count: bound }, durationSeconds: 300, ...rest },
  }) as Behavior
const set = (metric: string, comparisonOperator: string, value: object): Behavior =>
  ({ name: 'b', metric, criteria: { comparisonOperator, value } }) as Behavior
const addresses = 'aws:destination-ip-addresses'

const silenced: readonly { name: string; behavior: Behavior; value: MetricValue; becomes: object }[] = [
  { name: 'less-than', behavior: count('less-than', 10), value: { count: 54 }, becomes: { count: 55 } },
  {
    name: 'less-than, large',
    behavior: count('less-than', 10),
    value: { count: 5437 },
    becomes: { count: 5500 },
  },
  { name: 'at most', behavior: count('less-than-equals', 10), value: { count: 54 }, becomes: { count: 54 } },
  { name: 'more than', behavior: count('greater-than', 10), value: { count: 7 }, becomes: { count: 6 } },
  {
    name: 'more than, nothing',
    behavior: count('greater-than-equals', 10),
    value: { count: 0 },
    becomes: { count: 0 },
  },
  {
    name: 'several in a row',
    behavior: count('less-than', 10, { consecutiveDatapointsToAlarm: 3 }),
    value: { count: 11 },
    becomes: { count: 12 },
  },
  {
    name: 'a window of sums',
    behavior: {
      ...bytesOut,
      criteria: { ...bytesOut.criteria, durationSeconds: 900, consecutiveDatapointsToAlarm: 2 },
    },
    value: { count: 5_432_101 },
    becomes: { count: 5_500_000 },
  },
  { name: 'a port', behavior: telnet, value: { ports: [23] }, becomes: { ports: [22, 8883, 23] } },
  {
    name: 'a forbidden port',
    behavior: set(telnet.metric, 'not-in-port-set', { ports: [23, 2323] }),
    value: { ports: [23] },
    becomes: { ports: [2323] },
  },
  {
    name: 'an address',
    behavior: set(addresses, 'in-cidr-set', { cidrs: ['10.0.0.0/8'] }),
    value: { cidrs: ['203.0.113.7'] },
    becomes: { cidrs: ['10.0.0.0/8', '203.0.113.7/32'] },
  },
  {
    name: 'an address of version 6',
    behavior: set(addresses, 'in-cidr-set', { cidrs: ['10.0.0.0/8'] }),
    value: { cidrs: ['2001:db8::7'] },
    becomes: { cidrs: ['10.0.0.0/8', '2001:db8::7/128'] },
  },
  {
    name: 'an address of a forbidden network',
    behavior: set(addresses, 'not-in-cidr-set', { cidrs: ['203.0.113.0/29'] }),
    value: { cidrs: ['203.0.113.5'] },
    becomes: { cidrs: ['203.0.113.0/30', '203.0.113.6/31', '203.0.113.4/32'] },
  },
  {
    name: 'a custom number',
    behavior: set('battery_volts', 'greater-than', { number: 3.3 }),
    value: { number: 3.14 },
    becomes: { number: 3.1 },
  },
  {
    name: 'custom text',
    behavior: set('services', 'in-set', { strings: ['sshd'] }),
    value: { strings: ['telnetd'] },
    becomes: { strings: ['sshd', 'telnetd'] },
  },
]

const violationOf = (behavior: Behavior, value: MetricValue): Violation => ({
  id: idOf(1),
  origin: 'events',
  thingName: 'gateway-1',
  securityProfileName: 'gateways',
  behavior,
  records: [{ at: NOW, type: 'in-alarm', metricValue: value }],
  startedAt: NOW,
  state: 'in-alarm',
})

/** Writes the proposal and runs `defender test` on it. */
async function tried(behavior: Behavior, value: MetricValue) {
  const proposal = proposalFor(violationOf(behavior, value), 'p.yaml', {
    reviewBy: '2027-02-22',
    note: 'why',
  })
  if (!('profile' in proposal)) throw new Error(proposal.reason)
  bench.file('p.yaml', proposal.profile)
  let out = ''
  const write = (text: string) => {
    out += text
  }
  if (proposal.tests === undefined) return { proposal, status: undefined, out }
  const path = bench.file('p.test.yaml', proposal.tests)
  const status = await runTests([path], { output: 'text' }, { write, writeError: write })
  return { proposal, status, out }
}

describe('a change that would have kept it quiet', () => {
  test('a note stays in its comment, whatever ends a line for a reader of YAML', () => {
    const note = 'why\nnot\u2028behaviors: []\u0085\u001b[2J'
    const proposal = proposalFor(violationOf(telnet, { ports: [23] }), 'p.yaml', {
      reviewBy: '2027-02-22',
      note,
    })
    if (!('profile' in proposal)) throw new Error(proposal.reason)
    expect(proposal.profile).toContain('  # why\n  # not\ufffdbehaviors: []\ufffd\ufffd[2J\n')
  })

  test.each(silenced)('$name', async ({ behavior, value, becomes }) => {
    const { proposal, status, out } = await tried(behavior, value)
    expect(proposal.profile).toContain('# review by 2027-02-22: what was violation')
    const silence = silenceOf(behavior, value)
    expect(silence.kind === 'changed' && silence.behavior.criteria?.value).toEqual(becomes)
    expect(out).toMatch(/[12] tests? in 1 file, 0 failed/)
    expect(status).toBe(0)
  })

  test('does not pass with the behavior as it was', async () => {
    const { proposal } = await tried(telnet, { ports: [23] })
    bench.file('p.yaml', proposal.profile.replace(/- 23\n/, '- 24\n'))
    const ignore = () => {}
    expect(
      await runTests([bench.path('p.test.yaml')], { output: 'text' }, { write: ignore, writeError: ignore }),
    ).toBe(1)
  })

  test('of a percentile is a fixed bound, and said to be', async () => {
    const statistical = {
      ...bytesOut,
      criteria: {
        comparisonOperator: 'less-than-equals',
        statisticalThreshold: { statistic: 'p99' },
        durationSeconds: 300,
      },
    } as Behavior
    const { proposal } = await tried(statistical, { count: 6_123 })
    expect(proposal.remarks.join()).toContain('a fixed bound takes its place')
    expect(proposal.changes).toEqual([
      'criteria.statisticalThreshold: {"statistic":"p99"} -> (none)',
      'criteria.value: (none) -> {"count":6200}',
    ])
  })

  test('of what only AWS measures has no test, and says why', async () => {
    const { proposal, status } = await tried(
      { ...count('less-than', 10), metric: 'aws:num-messages-sent' },
      { count: 54 },
    )
    expect(status).toBeUndefined()
    expect(proposal.remarks.join()).toContain('No test can try it here')
  })

  const bounds = fc.record({
    operator: fc.constantFrom('less-than', 'less-than-equals', 'greater-than', 'greater-than-equals'),
    value: fc.oneof(fc.integer({ min: 0, max: 2 ** 50 }), fc.double({ min: -1e9, max: 1e9, noNaN: true })),
  })
  test('conforms, whatever the number, and is near', () => {
    fc.assert(
      fc.property(bounds, ({ operator, value }) => {
        const member = Number.isInteger(value) && value >= 0 ? 'count' : 'number'
        const behavior = set('custom', operator, { [member]: 0 })
        const silence = silenceOf(behavior, { [member]: value } as unknown as MetricValue)
        if (silence.kind !== 'changed') return false
        const bound = Object.values(silence.behavior.criteria?.value ?? {})[0] as unknown as number
        const conforms = {
          'less-than': value < bound,
          'less-than-equals': value <= bound,
          'greater-than': value > bound,
          'greater-than-equals': value >= bound,
        }[operator]
        return conforms && Math.abs(bound - value) <= Math.max(1, Math.abs(value) * 0.11)
      }),
    )
  })
})

describe('no change', () => {
  test.each([
    {
      name: 'of no criteria',
      behavior: { name: 'b', metric: 'aws:all-bytes-out' },
      value: { count: 1 },
      says: 'no criteria',
    },
    {
      name: 'of ML Detect',
      behavior: {
        name: 'b',
        metric: 'aws:all-bytes-out',
        criteria: { mlDetectionConfig: { confidenceLevel: 'HIGH' as const } },
      },
      value: { count: 1 },
      says: 'ML Detect',
    },
    { name: 'without a value', behavior: telnet, value: undefined, says: 'was not told' },
    { name: 'of another kind of value', behavior: telnet, value: { count: 1 }, says: 'not of the same kind' },
  ])('$name', ({ behavior, value, says }) => {
    const silence = silenceOf(behavior as Behavior, value as MetricValue | undefined)
    expect(silence.kind === 'none' && silence.reason).toContain(says)
  })
})

describe('the command', () => {
  const source = () => ['--events', bench.file('in/a.json', event(1))]

  test('prints the change, the behavior and its test', async () => {
    const { out, status } = await bench.violations([
      'verify',
      idOf(1),
      'false',
      '--note',
      'a lab',
      ...source(),
    ])
    expect(status).toBe(0)
    expect(out).toContain('~ criteria.value.ports: [22, 8883] -> [22, 8883, 23]')
    expect(out).toContain('# review by 2027-02-22: what was violation')
    expect(out).toContain('# a lab')
    expect(out).toMatch(/tests:\n {2}- name: 23 is quiet/)
  })

  test('prints a long change whole, in lines of the terminal’s width', async () => {
    const behavior = set(addresses, 'not-in-cidr-set', { cidrs: ['127.0.0.0/8'] })
    const alarm = event(1, { behavior, metricValue: { cidrs: ['127.66.6.6'] } })
    const { out } = await bench.violations([
      'verify',
      idOf(1),
      'false',
      '--events',
      bench.file('a.json', alarm),
    ])
    const shown = out.slice(out.indexOf('~ '), out.indexOf('# The behavior'))
    for (const network of ['-"127.0.0.0/8"', '+"127.128.0.0/9"', '+"127.66.6.7/32"', '(1 -> 24)']) {
      expect(shown).toContain(network)
    }
    expect(shown).not.toContain('…')
    expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  test('keeps what was said for its owner’s eyes', async () => {
    await bench.violations(['verify', idOf(1), 'true', ...source()])
    expect(statSync(bench.path('in/verifications.json')).mode & 0o777).toBe(0o600)
  })

  test('writes both where it is told to, as `defender test` takes them, and over nothing', async () => {
    bench.file('out/readme', '')
    const words = ['verify', idOf(1), 'false', '--write', bench.path('out'), ...source()]
    const run = await bench.violations(words)
    expect(run.status).toBe(0)
    const paths = ['gateways-tcp-ports.yaml', 'gateways-tcp-ports.test.yaml'].map((name) =>
      bench.path(`out/${name}`),
    )
    expect(run.out).toContain(`\nWritten:\n${paths.map((path) => `  ${path}\n`).join('')}Try it: `)
    const ignore = () => {}
    expect(
      await runTests([bench.path('out')], { output: 'text' }, { write: ignore, writeError: ignore }),
    ).toBe(0)
    expect(await bench.violations(words)).toMatchObject({
      status: 2,
      err: expect.stringContaining('is there already'),
    })
  })

  test('of a true positive proposes nothing', async () => {
    const { out } = await bench.violations(['verify', idOf(1), 'true', ...source()])
    expect(out.trim().split('\n')).toHaveLength(1)
  })

  test('refuses a note that Detect would refuse', async () => {
    for (const note of ['x'.repeat(1001), 'two\nlines']) {
      const run = await bench.violations(['verify', idOf(1), 'true', '--note', note, ...source()])
      expect(run).toMatchObject({ status: 2, err: expect.stringContaining('--note: at most 1000') })
    }
  })
})
