import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileProfile } from '../../src/detect/compile.ts'
import { profileWarnings } from '../../src/detect/lint.ts'
import { formatProfileFaults } from '../../src/detect/reader.ts'
import {
  checkProfileSet,
  type ParseOptions,
  parseSecurityProfile,
} from '../../src/detect/security-profile.ts'

const published = JSON.parse(
  readFileSync(new URL('../fixtures/profiles/published/DataExfiltrationCheck.json', import.meta.url), 'utf8'),
)

const messages = (input: unknown, options: ParseOptions = {}) => {
  const parsed = parseSecurityProfile(input, options)
  return parsed.ok ? 'ok' : formatProfileFaults(parsed.faults)
}
const behavior = (members: object) => ({
  securityProfileName: 'p',
  behaviors: [{ name: 'b', metric: 'load', ...members }],
})

describe('messages name the path, the value and what would do', () => {
  const cases: { name: string; input: unknown; options?: ParseOptions; says: string }[] = [
    { name: 'no object', input: [], says: '(profile): []: must be an object' },
    { name: 'nothing', input: undefined, says: '(profile): must be an object' },
    { name: 'null', input: null, says: '(profile): null: must be an object' },
    {
      name: 'a misspelt key',
      input: { securityProfileName: 'p', behaviours: [] },
      says: 'behaviours: is not known here; did you mean "behaviors"?',
    },
    {
      name: 'a key from nowhere',
      input: { securityProfileName: 'p', zzz: 1 },
      says: 'zzz: is not known here',
    },
    {
      name: 'keys that every object has',
      input: { securityProfileName: 'p', constructor: 1, ...JSON.parse('{"__proto__": {"behaviors": []}}') },
      says: 'constructor: is not known here\n__proto__: is not known here',
    },
    {
      name: 'a duration',
      input: behavior({
        metric: 'aws:all-bytes-out',
        criteria: { comparisonOperator: 'less-than', value: { count: 1 }, durationSeconds: 60 },
      }),
      says: 'behaviors[0].criteria.durationSeconds: 60: must be 300, 600, 900, 1800 or 3600',
    },
    {
      name: 'the singular of the documentation',
      input: behavior({ metric: 'aws:destination-ip-address' }),
      says: 'behaviors[0].metric: "aws:destination-ip-address": is no metric of Device Defender; did you mean "aws:destination-ip-addresses"?',
    },
    {
      name: 'a number as text',
      input: behavior({ criteria: { comparisonOperator: 'less-than', value: { number: '5' } } }),
      says: 'behaviors[0].criteria.value.number: "5": must be a number',
    },
    {
      name: 'text that is no number, leniently',
      options: { lenientNumbers: true },
      input: behavior({
        criteria: { comparisonOperator: 'less-than', value: { number: '5 MB' } },
        suppressAlerts: 'yes',
      }),
      says: 'behaviors[0].criteria.value.number: "5 MB": must be a number\nbehaviors[0].suppressAlerts: "yes": must be true or false',
    },
    {
      name: 'a long value is cut',
      input: behavior({ name: 'x '.repeat(100) }),
      says: `behaviors[0].name: "${'x '.repeat(100).slice(0, 59)}...: must be a name of 1 to 128 letters, digits, ":", "_" and "-"`,
    },
    {
      name: 'no kind of value',
      input: behavior({ criteria: { comparisonOperator: 'less-than', value: { count: 1 } } }),
      says: 'behaviors[0].criteria.value: "load" takes exactly one of the kind number, numbers, strings or cidrs, given is count',
    },
    {
      name: 'two profiles in one criteria',
      input: behavior({
        criteria: {
          comparisonOperator: 'less-than',
          value: { number: 1 },
          mlDetectionConfig: { confidenceLevel: 'LOW' },
        },
      }),
      says: 'behaviors[0].criteria: must have exactly one of value, statisticalThreshold or mlDetectionConfig, has value, mlDetectionConfig',
    },
  ]
  test.each(cases)('$name', ({ input, options, says }) => {
    expect(messages(input, options)).toBe(says)
  })
})

test('any JSON gives a profile or faults, never an exception', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (input, lenientNumbers) => {
      const parsed = parseSecurityProfile(input, { lenientNumbers })
      expect(parsed.ok || parsed.faults.length > 0).toBe(true)
    }),
  )
})

test('any damage to a good profile gives a profile or faults, never an exception', () => {
  const text = JSON.stringify(published)
  fc.assert(
    fc.property(
      fc.nat(text.length),
      fc.constantFrom('null', '[]', '{}', '"x"', '-1', 'true'),
      (from, instead) => {
        // Puts another value in the place of the one that begins next.
        const damaged = text.replace(/:("[^"]*"|\d+|\{|\[)/g, (match, _group, offset) =>
          offset >= from && offset < from + 40 && !match.endsWith('{') && !match.endsWith('[')
            ? `:${instead}`
            : match,
        )
        expect(() => parseSecurityProfile(JSON.parse(damaged))).not.toThrow()
      },
    ),
  )
})

describe('numbers and booleans delivered as text', () => {
  const asText = {
    securityProfileName: 'p',
    behaviors: [
      {
        metric: 'aws:listening-tcp-ports',
        name: 'ports',
        suppressAlerts: 'true',
        criteria: {
          value: { ports: ['22', '8883'] },
          consecutiveDatapointsToAlarm: '2',
          comparisonOperator: 'in-port-set',
        },
      },
      {
        name: 'bytes',
        metric: 'aws:all-bytes-out',
        criteria: { comparisonOperator: 'less-than', value: { count: '1e6' }, durationSeconds: '300' },
      },
      {
        name: 'words',
        metric: 'words',
        criteria: { comparisonOperator: 'in-set', value: { strings: ['300', 'true'] } },
      },
    ],
  }
  test('are taken where asked for, and only where a number or boolean belongs', () => {
    const parsed = parseSecurityProfile(asText, { lenientNumbers: true })
    expect(parsed.ok && parsed.profile.behaviors).toEqual([
      {
        metric: 'aws:listening-tcp-ports',
        name: 'ports',
        suppressAlerts: true,
        criteria: {
          value: { ports: [22, 8883] },
          consecutiveDatapointsToAlarm: 2,
          comparisonOperator: 'in-port-set',
        },
      },
      {
        name: 'bytes',
        metric: 'aws:all-bytes-out',
        criteria: { comparisonOperator: 'less-than', value: { count: 1_000_000 }, durationSeconds: 300 },
      },
      {
        name: 'words',
        metric: 'words',
        criteria: { comparisonOperator: 'in-set', value: { strings: ['300', 'true'] } },
      },
    ])
  })
  test('are faults otherwise', () => {
    expect(messages(asText).split('\n')).toHaveLength(6)
  })
  test('members keep the order in which they were written', () => {
    const parsed = parseSecurityProfile(asText, { lenientNumbers: true })
    expect(parsed.ok && Object.keys(parsed.profile.behaviors?.[0] ?? {})).toEqual([
      'metric',
      'name',
      'suppressAlerts',
      'criteria',
    ])
  })
})

describe('the published DataExfiltrationCheck', () => {
  const parsed = parseSecurityProfile(published)
  if (!parsed.ok) throw new Error(formatProfileFaults(parsed.faults))

  test('is taken unchanged', () => {
    expect(parsed.profile).toEqual(published)
    expect(JSON.stringify(parsed.profile)).toBe(JSON.stringify(published))
    expect(parsed.profile.additionalMetricsToRetain).toHaveLength(6)
  })
  test('is judged on the device', () => {
    const { judged, notJudged } = compileProfile(parsed.profile)
    expect(judged.map((each) => each.behavior.name)).toEqual(['PacketExfiltration'])
    expect(notJudged).toEqual([])
  })
  test('is warned about, with the fix', () => {
    expect(profileWarnings(parsed.profile)).toEqual([
      {
        code: 'statistic-turned-round',
        path: 'behaviors[0].criteria.comparisonOperator',
        reason:
          'criteria say what is normal: "greater-than" p99.99 takes about 99.99 % of all datapoints for violations',
        fix: '"comparisonOperator": "less-than-equals"',
      },
    ])
  })
})

test('a target takes five profiles, each with a name of its own', () => {
  const named = (securityProfileName: string) => ({ securityProfileName })
  expect(checkProfileSet(['a', 'b', 'c', 'd', 'e'].map(named))).toEqual([])
  expect(formatProfileFaults(checkProfileSet(['a', 'b', 'c', 'd', 'e', 'a'].map(named)))).toBe(
    '(profile): 6 security profiles, a target takes 5\n[5].securityProfileName: "a": must be unique, it is also at [0].securityProfileName',
  )
})
