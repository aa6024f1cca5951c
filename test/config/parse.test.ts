import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatFaults, parseConfig } from '../../src/config/parse.ts'
import type { Config } from '../../src/config/settings.ts'

const FIXTURES = new URL('../fixtures/config/', import.meta.url)
const fixture = (name: string) => readFileSync(new URL(name, FIXTURES), 'utf8')

describe('a bad configuration is refused with every fault', () => {
  const names = readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.bad.json'))
    .map((name) => name.slice(0, -'.json'.length))

  test.each(names)('%s', (name) => {
    const result = parseConfig(JSON.parse(fixture(`${name}.json`)))
    expect(result.ok).toBe(false)
    if (!result.ok) expect(`${formatFaults(result.faults)}\n`).toBe(fixture(`${name}.txt`))
  })

  test('each fault names the parameter, the value and the bound by itself', () => {
    expect(parseConfig({ Interfaces: { Allow: ['eth0', 7] } })).toEqual({
      ok: false,
      faults: [
        {
          path: 'Interfaces.Allow[1]',
          given: '7',
          problem: 'is not a name of an interface, with * and ? as wildcards',
        },
      ],
    })
  })

  test('nesting without end is refused like anything else', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    const result = parseConfig({
      SampleIntervalSeconds: deep,
      Interfaces: { Allow: deep },
      CustomMetrics: { a: deep },
    })
    expect(result.ok ? 0 : result.faults.length).toBe(3)
  })

  test('a list of faults ends', () => {
    const input = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`Parameter${index}`, true]))
    const result = parseConfig(input)
    if (result.ok) throw new Error('taken')
    const lines = formatFaults(result.faults).split('\n')
    expect(lines).toHaveLength(51)
    expect(lines.at(-1)).toBe('and 10 more')
  })
})

const DEFAULTS: Config = {
  sampleIntervalSeconds: 300,
  deviceDefender: true,
  reportFormat: 'json',
  fieldNames: 'long',
  maxReportBytes: 'auto',
  publishRetryCount: 5,
  procPath: '/proc',
  includeLoopback: false,
  interfaces: { allow: [], deny: [] },
  customMetrics: new Map(),
  logLevel: 'info',
  useInstaller: false,
}

function accepted(input: unknown): { config: Config; notes: readonly string[] } {
  const result = parseConfig(input)
  if (!result.ok) throw new Error(formatFaults(result.faults))
  return result
}

describe('a good configuration is complete', () => {
  const cases: { name: string; input: unknown; gives: Partial<Config> }[] = [
    { name: 'nothing given', input: {}, gives: {} },
    { name: "the nucleus's own entry", input: { accessControl: { a: { b: 1 } } }, gives: {} },
    {
      name: 'a number as text',
      input: { SampleIntervalSeconds: '600' },
      gives: { sampleIntervalSeconds: 600 },
    },
    {
      name: 'a float as text',
      input: { SampleIntervalSeconds: '600.0' },
      gives: { sampleIntervalSeconds: 600 },
    },
    {
      name: 'a float',
      input: JSON.parse('{"SampleIntervalSeconds":600.0}'),
      gives: { sampleIntervalSeconds: 600 },
    },
    {
      name: 'both ends of the bounds',
      input: { SampleIntervalSeconds: 1, PublishRetryCount: 72, MaxReportBytes: '128000' },
      gives: { sampleIntervalSeconds: 1, publishRetryCount: 72, maxReportBytes: 128_000 },
    },
    {
      name: 'booleans as text',
      input: { IncludeLoopback: 'true', DeviceDefender: 'false', ReportCopyTopic: 'a' },
      gives: { includeLoopback: true, deviceDefender: false, reportCopyTopic: 'a' },
    },
    { name: 'nothing as null', input: { Schedule: null, ReportCopyTopic: null }, gives: {} },
    { name: 'nothing as text', input: { Schedule: 'null', ReportCopyTopic: '' }, gives: {} },
    {
      name: 'a schedule',
      input: { Schedule: '0 */5 * * * mon-fri' },
      gives: { schedule: '0 */5 * * * mon-fri' },
    },
    {
      name: 'a topic of Basic Ingest, whose first levels do not count',
      input: { ReportCopyTopic: '$aws/rules/all_reports/a/b/c/d/e/f/g/{thingName}' },
      gives: { reportCopyTopic: '$aws/rules/all_reports/a/b/c/d/e/f/g/{thingName}' },
    },
    {
      name: 'one list of patterns',
      input: { Interfaces: { Deny: ['veth*', 'br-????'] } },
      gives: { interfaces: { allow: [], deny: ['veth*', 'br-????'] } },
    },
    {
      name: 'the Docker variant',
      input: {
        HostProcPath: '/proc',
        ContainerProcPath: '/host/proc',
        DockerNetwork: 'none',
        DockerImage: '',
        ProcPath: '/host/proc',
      },
      gives: { procPath: '/host/proc' },
    },
  ]
  test.each(cases)('$name', ({ input, gives }) => {
    expect(accepted(input).config).toEqual({ ...DEFAULTS, ...gives })
  })

  test('custom metrics', () => {
    const { config } = accepted({
      CustomMetrics: {
        cpu_usage: 'true',
        load_1m: true,
        memory_usage: false,
        none: 'false',
        volts: { Type: 'number', File: '/run/battery.json', JsonPointer: '/volts/0' },
        whole: { Type: 'number', File: '/run/number', JsonPointer: null },
        units: { Type: 'string-list', Program: ['/bin/units', '--failed'] },
        slow: {
          Type: 'ip-address-list',
          Program: ['/bin/slow'],
          TimeoutSeconds: '0.1',
          OutputBytesMax: '100',
        },
        load_5m: { Type: 'number', Program: ['/bin/load'], JsonPointer: '/a~1b' },
      },
    })
    expect(Object.fromEntries(config.customMetrics)).toEqual({
      cpu_usage: { kind: 'built-in', metric: 'cpu_usage' },
      load_1m: { kind: 'built-in', metric: 'load_1m' },
      volts: { kind: 'file', type: 'number', path: '/run/battery.json', jsonPointer: '/volts/0' },
      whole: { kind: 'file', type: 'number', path: '/run/number' },
      units: program('string-list', ['/bin/units', '--failed']),
      slow: { ...program('ip-address-list', ['/bin/slow']), timeoutMs: 100, outputBytesMax: 100 },
      load_5m: { ...program('number', ['/bin/load']), jsonPointer: '/a~1b' },
    })
  })

  const program = (type: string, argv: string[]) => ({
    kind: 'program',
    type,
    argv,
    timeoutMs: 5000,
    outputBytesMax: 65_536,
  })
})

describe('what may not be meant is noted', () => {
  const cases: { name: string; input: unknown; note: RegExp | undefined }[] = [
    { name: 'the defaults', input: {}, note: undefined },
    { name: 'the installer', input: { UseInstaller: true }, note: /UseInstaller is needless/ },
    {
      name: 'a short interval',
      input: { SampleIntervalSeconds: 299 },
      note: /299 is below 300: AWS throttles/,
    },
    {
      name: 'a short interval that AWS does not see',
      input: { SampleIntervalSeconds: 10, DeviceDefender: false, ReportCopyTopic: 'a' },
      note: undefined,
    },
    {
      name: 'an interval beside a schedule',
      input: { SampleIntervalSeconds: 600, Schedule: '0 * * * *' },
      note: /600 has no effect/,
    },
    { name: 'reports for nobody', input: { DeviceDefender: false }, note: /go nowhere/ },
  ]
  test.each(cases)('$name', ({ input, note }) => {
    const { notes } = accepted(input)
    expect(notes).toHaveLength(note === undefined ? 0 : 1)
    if (note !== undefined) expect(notes[0]).toMatch(note)
  })
})

test('any JSON is either taken whole or refused with faults that are short and have a path', () => {
  const names = fc.constantFrom(
    'SampleIntervalSeconds',
    'Schedule',
    'Interfaces',
    'CustomMetrics',
    'MaxReportBytes',
    'x',
  )
  const metric = fc.record(
    { Type: fc.jsonValue(), File: fc.jsonValue(), Program: fc.jsonValue() },
    { requiredKeys: [] },
  )
  const value = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), metric)))
  fc.assert(
    fc.property(fc.dictionary(names, value), (input) => {
      const result = parseConfig(input)
      if (result.ok) {
        expect(result.config.sampleIntervalSeconds).toBeGreaterThanOrEqual(1)
        return
      }
      expect(result.faults.length).toBeGreaterThan(0)
      for (const { path, given, problem } of result.faults) {
        expect(path).not.toBe('')
        expect(given?.length ?? 0).toBeLessThanOrEqual(60)
        expect(problem).not.toMatch(/Invalid input/)
      }
    }),
  )
})
