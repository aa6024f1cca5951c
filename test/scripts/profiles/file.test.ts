import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { formatFault } from '../../../scripts/profiles/fault.ts'
import { readProfileFiles } from '../../../scripts/profiles/file.ts'
import { readTexts, readWhole } from './helpers.ts'

const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))

describe('what a file may be', () => {
  test("the tutorial's rule.json, as it is", async () => {
    const { files, faults } = await readProfileFiles([
      path('test/fixtures/profiles/published/DataExfiltrationCheck.json'),
    ])
    expect(faults).toEqual([])
    expect(files.map(({ profile, targets }) => [profile.securityProfileName, targets])).toEqual([
      ['DataExfiltrationCheck', []],
    ])
  })

  test('a list of behaviors gets the name of the file', () => {
    const text = '[{ "name": "b", "metric": "aws:all-bytes-out" }]'
    const { files } = readWhole({ 'profiles/gateway.json': text })
    expect(files[0]?.profile).toEqual({
      securityProfileName: 'gateway',
      behaviors: [{ name: 'b', metric: 'aws:all-bytes-out' }],
    })
  })

  test('a folder gives its profiles, without tests and schemas', async () => {
    const { files, faults } = await readProfileFiles([path('component/profiles')])
    expect(faults).toEqual([])
    expect(files.length).toBe(5)
  })

  test('YAML with anchors and merge keys, and all that belongs to a profile', () => {
    const { files, customMetricTypes } = readWhole({
      'gateway.yaml': `
securityProfileName: gateway
targets: [all/things, gateways]
customMetrics:
  users: { type: string-list, displayName: Users }
dimensions:
  topics: { stringValues: ["a/#"] }
mitigationActions:
  quarantine:
    roleArn: arn:aws:iam::123456789012:role/r
    actionParams: { addThingsToThingGroupParams: { thingGroupNames: [quarantine] } }
behaviors:
  - name: Users
    metric: users
    criteria: &set { comparisonOperator: in-set, value: { strings: [root] } }
  - name: MoreUsers
    metric: users
    criteria: { <<: *set, consecutiveDatapointsToAlarm: 3 }
`,
    })
    const [file] = files
    expect(file?.targets).toEqual(['all/things', 'gateways'])
    expect(file?.dimensions.get('topics')).toEqual({ type: 'TOPIC_FILTER', stringValues: ['a/#'] })
    expect([...(file?.mitigationActions.keys() ?? [])]).toEqual(['quarantine'])
    expect(file?.profile.behaviors?.[1]?.criteria).toEqual({
      comparisonOperator: 'in-set',
      value: { strings: ['root'] },
      consecutiveDatapointsToAlarm: 3,
    })
    expect(file?.profile).not.toHaveProperty('targets')
    expect(customMetricTypes).toEqual(new Map([['users', 'string-list']]))
  })
})

describe('what files may not say together', () => {
  const profile = (name: string, more = '') => `securityProfileName: ${name}\n${more}`
  const cases: { name: string; texts: Record<string, string>; says: string[] }[] = [
    {
      name: 'the same profile twice',
      texts: { 'a.yaml': profile('p'), 'b.yaml': profile('p') },
      says: ['b.yaml:1:1: securityProfileName: "p" is in a.yaml too'],
    },
    {
      name: 'a name with a colon for a mitigation action, which AWS does not take',
      texts: {
        'a.yaml': profile(
          'p',
          'mitigationActions: { "a:b": { roleArn: arn:aws:iam::123456789012:role/r, actionParams: { addThingsToThingGroupParams: { thingGroupNames: [q] } } } }',
        ),
      },
      says: ['a.yaml:2:22: mitigationActions.a:b: the name must be 1 to 128 letters, digits, "_" and "-"'],
    },
    {
      name: 'two types for one custom metric',
      texts: {
        'a.yaml': profile('p', 'customMetrics: { load: { type: number } }'),
        'b.yaml': profile('q', 'customMetrics: { load: { type: string-list } }'),
      },
      says: ['b.yaml:2:18: customMetrics.load: is declared otherwise in a.yaml'],
    },
    {
      name: 'six profiles on one target',
      texts: Object.fromEntries(
        ['a', 'b', 'c', 'd', 'e', 'f'].map((each) => [
          `${each}.yaml`,
          profile(each, 'targets: [all/things]'),
        ]),
      ),
      says: ['f.yaml:2:11: targets[0]: "all/things" gets 6 security profiles, it takes 5'],
    },
  ]
  test.each(cases)('$name', ({ texts, says }) => {
    expect(readTexts(texts).faults.map(formatFault)).toEqual(says)
  })

  test('a metric declared in one file is known in the other', () => {
    const { faults } = readTexts({
      'a.yaml': profile('p', 'customMetrics: { users: { type: string-list } }'),
      'b.yaml': profile(
        'q',
        'behaviors: [{ name: b, metric: users, criteria: { comparisonOperator: less-than, value: { number: 1 } } }]',
      ),
    })
    expect(faults.map(formatFault)).toEqual([
      'b.yaml:2:71: behaviors[0].criteria.comparisonOperator: "less-than": "users" takes in-set or not-in-set',
      'b.yaml:2:82: behaviors[0].criteria.value: "users" takes exactly one of the kind strings, given is number',
    ])
  })
})

test('what cannot be read is told apart from what is wrong', async () => {
  const { faults } = await readProfileFiles([path('no-such-file.yaml'), path('test/fixtures/profiles')])
  expect(faults.map(({ kind, problem }) => [kind, problem])).toEqual([
    ['unreadable', 'there is no such file or folder'],
    ['unreadable', 'holds no .json, .yaml or .yml file'],
  ])
})
