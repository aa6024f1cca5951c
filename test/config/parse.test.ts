import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baselinePack } from '../../src/config/baseline-pack.ts'
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
      SecurityProfiles: { a: deep, b: { behaviors: deep } },
    })
    expect(result.ok ? 0 : result.faults.length).toBe(5)
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
  outboxMaxBytes: 8_388_608,
  outboxMaxAgeHours: 168,
  healthIntervalSeconds: 3600,
  localSampleIntervalSeconds: 15,
  securityProfiles: [],
  processAttribution: false,
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
      input: { SampleIntervalSeconds: '0.01', PublishRetryCount: 72, MaxReportBytes: '128000' },
      gives: { sampleIntervalSeconds: 0.01, publishRetryCount: 72, maxReportBytes: 128_000 },
    },
    {
      name: 'what is kept on disk',
      input: { StateDirectory: '/state', OutboxMaxBytes: '65536', OutboxMaxAgeHours: '0.5' },
      gives: { stateDirectory: '/state', outboxMaxBytes: 65_536, outboxMaxAgeHours: 0.5 },
    },
    {
      name: 'health never, and a socket of the longest path',
      input: { HealthIntervalSeconds: '0', StatusSocket: `/${'s'.repeat(106)}` },
      gives: { healthIntervalSeconds: 0, statusSocket: `/${'s'.repeat(106)}` },
    },
    { name: 'health often', input: { HealthIntervalSeconds: 0.01 }, gives: { healthIntervalSeconds: 0.01 } },
    { name: 'no paths', input: { StateDirectory: null, StatusSocket: '' }, gives: {} },
    {
      name: 'local samples, and whose they are',
      input: { LocalSampleIntervalSeconds: 3600, ProcessAttribution: 'true' },
      gives: { localSampleIntervalSeconds: 3600, processAttribution: true },
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
        agent_outbox_entries: 'true',
        agent_starts: false,
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
      agent_outbox_entries: { kind: 'health', metric: 'agent_outbox_entries' },
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

const behavior = (name: string, comparisonOperator: string, count: unknown) => ({
  name,
  metric: 'aws:all-bytes-out',
  criteria: { comparisonOperator, value: { count }, durationSeconds: 300 },
})

describe('security profiles', () => {
  const judged = (input: unknown) => accepted(input).config.securityProfiles

  test('get their name from the map, and may have it too', () => {
    const behaviors = [behavior('b', 'less-than', 5)]
    expect(
      judged({ SecurityProfiles: { a: { behaviors }, b: { securityProfileName: 'b', behaviors } } }),
    ).toEqual([
      { securityProfileName: 'a', behaviors },
      { securityProfileName: 'b', behaviors },
    ])
  })

  test('are taken with numbers and flags as text', () => {
    const spelled = {
      ...behavior('b', 'less-than', '5'),
      criteria: { comparisonOperator: 'less-than', value: { count: '5' }, durationSeconds: '300' },
      suppressAlerts: 'false',
    }
    expect(judged({ SecurityProfiles: { a: { behaviors: [spelled] } } })[0]?.behaviors).toEqual([
      { ...behavior('b', 'less-than', 5), suppressAlerts: false },
    ])
  })

  test('may be about custom metrics of any type that fits', () => {
    const about = (metric: string, criteria: unknown) => ({ name: metric, metric, criteria })
    const behaviors = [
      about('load_1m', { comparisonOperator: 'less-than', value: { number: 8 } }),
      about('agent_dropped', { comparisonOperator: 'less-than-equals', value: { number: 0 } }),
      about('units', { comparisonOperator: 'not-in-set', value: { strings: ['ssh'] } }),
      about('of-another-component', { comparisonOperator: 'in-set', value: { numbers: [1] } }),
    ]
    const CustomMetrics = {
      load_1m: true,
      agent_dropped: true,
      units: { Type: 'string-list', File: '/run/units' },
    }
    expect(judged({ CustomMetrics, SecurityProfiles: { a: { behaviors } } })[0]?.behaviors).toEqual(behaviors)
  })

  test('of the pack come after those of the configuration', () => {
    const profiles = judged({
      SecurityProfiles: { own: { behaviors: [] } },
      BaselineProfiles: ['exfiltration', 'connections'],
    })
    expect(profiles.map(({ securityProfileName }) => securityProfileName)).toEqual([
      'own',
      'baseline-exfiltration',
      'baseline-connections',
    ])
  })

  test('the pack is what the folder holds, by the names of the files', () => {
    const folder = new URL('../../component/profiles/', import.meta.url)
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
    const content = files.map((file): [string, unknown] => [
      file.replace('.json', ''),
      JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
    ])
    expect(baselinePack).toEqual(Object.fromEntries(content))
    expect(judged({ BaselineProfiles: Object.keys(baselinePack) })).toHaveLength(files.length)
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
    {
      name: 'a profile that says what is abnormal',
      input: {
        SecurityProfiles: { 'a:b': { behaviors: [behavior('B', 'greater-than', 5)] } },
      },
      note: /^SecurityProfiles\.a:b\.behaviors\[0\]\.criteria\.comparisonOperator: criteria say what is normal.*less-than-equals/,
    },
    {
      name: 'the profiles of the pack',
      input: { BaselineProfiles: Object.keys(baselinePack) },
      note: undefined,
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
    'SecurityProfiles',
    'BaselineProfiles',
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
        expect(result.config.sampleIntervalSeconds).toBeGreaterThanOrEqual(0.01)
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
