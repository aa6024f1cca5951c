import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { TopicUse } from '../../scripts/recipe/access-control.ts'
import { resourceMatches } from '../../scripts/recipe/access-control.ts'
import { checkRecipe } from '../../scripts/recipe/check.ts'
import { formatRecipeFaults } from '../../scripts/recipe/nodes.ts'
import { topicsUsed } from '../../scripts/recipe/topics-used.ts'
import { dockerSettings } from '../../src/config/docker-settings.ts'
import { settings } from '../../src/config/settings.ts'

const GOOD = `RecipeFormatVersion: "2020-01-25"
ComponentName: com.example.Agent
ComponentVersion: "1.2.3"
ComponentConfiguration:
  DefaultConfiguration:
    Mode: a
    Nested:
      Deep: b
    accessControl:
      aws.greengrass.ipc.mqttproxy:
        com.example.Agent:mqtt:1:
          policyDescription: Reports.
          operations:
            - aws.greengrass#PublishToIoTCore
          resources:
            - agent/*/reports
      aws.greengrass.ipc.pubsub:
        com.example.Agent:pubsub:1:
          policyDescription: News.
          operations:
            - aws.greengrass#SubscribeToTopic
          resources:
            - news/+/all
ComponentDependencies:
  aws.greengrass.Nucleus:
    VersionRequirement: ">=2.6.0"
    DependencyType: SOFT
Manifests:
  - Platform:
      os: linux
      runtime: aws_nucleus_lite
    Lifecycle:
      install: echo {configuration:/Nested/Deep}
      run:
        Script: exec node {artifacts:decompressedPath}/agent/main.js $HOME
        Setenv:
          MODE: "{configuration:/Mode}"
    Artifacts:
      - Uri: s3://bucket/agent.zip
        Unarchive: ZIP
        Permission:
          Read: ALL
  - Platform:
      os: linux
    Lifecycle:
      startup:
        Script: exec node {artifacts:path}/main.js
        RequiresPrivilege: true
        Timeout: 300
    Artifacts:
      - Uri: s3://bucket/main.js
`

const USED: TopicUse[] = [
  {
    service: 'aws.greengrass.ipc.mqttproxy',
    operation: 'aws.greengrass#PublishToIoTCore',
    topic: 'agent/t/reports',
  },
  { service: 'aws.greengrass.ipc.pubsub', operation: 'aws.greengrass#SubscribeToTopic', topic: 'news/t/all' },
]

const check = (text: string, topics: readonly TopicUse[] = USED) =>
  checkRecipe(text, { file: 'recipe.yaml', topicsUsed: topics })

describe('a bad recipe', () => {
  const cases: {
    name: string
    replace: [string | RegExp, string]
    /** What stands at the line and column of the fault. */
    at: string
    says: RegExp
    warns?: true
  }[] = [
    { name: 'not YAML', replace: ['Nested:', 'Nested: ]'], at: ']', says: /error/ },
    { name: 'a key twice', replace: ['Mode: a', 'Mode: a\n    Mode: b'], at: 'Mode: b', says: /unique/ },
    {
      name: 'no format version',
      replace: ['RecipeFormatVersion', '#'],
      at: '#: "2020-01-25"',
      says: /no RecipeFormatVersion/,
    },
    {
      name: 'another format version',
      replace: ['2020-01-25', '2020-01-26'],
      at: '"2020-01-26"',
      says: /is not 2020-01-25/,
    },
    {
      name: 'an unknown key',
      replace: ['ComponentDependencies', 'ComponentDependancies'],
      at: 'ComponentDependancies:',
      says: /did you mean ComponentDependencies/,
    },
    {
      name: 'a key in other case',
      replace: ['Manifests', 'manifests'],
      at: 'manifests:',
      says: /did you mean Manifests/,
    },
    {
      name: 'a name in the namespace of AWS',
      replace: ['com.example.Agent\n', 'aws.greengrass.Agent\n'],
      at: 'aws.greengrass.Agent',
      says: /take the place/,
    },
    {
      name: 'a name with a blank',
      replace: ['com.example.Agent\n', 'com example\n'],
      at: 'com example',
      says: /letters, digits/,
    },
    {
      name: 'a version with a wildcard',
      replace: ['1.2.3', '1.x'],
      at: '"1.x"',
      says: /"1.x" is not a semantic version/,
    },
    {
      name: 'a version of two parts',
      replace: ['1.2.3', '1.2'],
      at: '"1.2"',
      says: /not a semantic version/,
    },
    {
      name: 'a version with a leading zero',
      replace: ['1.2.3', '1.02.3'],
      at: '"1.02.3"',
      says: /not a semantic version/,
    },
    {
      name: 'a version that is a number',
      replace: ['"1.2.3"', '1.0'],
      at: '1.0',
      says: /not a string; put 1 in quotes/,
    },
    {
      name: 'another component type',
      replace: ['ComponentConfiguration:', 'ComponentType: aws.greengrass.lambda\nComponentConfiguration:'],
      at: 'aws.greengrass.lambda',
      says: /ComponentType/,
    },
    { name: 'an unknown kind of dependency', replace: ['SOFT', 'WEAK'], at: 'WEAK', says: /HARD or SOFT/ },
    {
      name: 'a dependency on no version',
      replace: ['VersionRequirement: ">=2.6.0"', '#'],
      at: 'DependencyType: SOFT',
      says: /no VersionRequirement/,
    },
    {
      name: 'no platform',
      replace: ['  - Platform:\n      os: linux\n    Life', '  - Life'],
      at: 'Lifecycle:',
      says: /no Platform/,
    },
    {
      name: 'no os',
      replace: ['os: linux\n      runtime', 'runtime'],
      at: 'runtime: aws_nucleus_lit',
      says: /no os/,
    },
    {
      name: 'a regular expression',
      replace: [
        '      os: linux\n      runtime',
        '      os: linux\n      architecture: /amd64|arm/\n      runtime',
      ],
      at: '/amd64|arm/',
      says: /regular expressions/,
    },
    {
      name: 'a runtime that there is not',
      replace: ['aws_nucleus_lite', 'lite'],
      at: 'lite',
      says: /aws_nucleus_lite or \*/,
    },
    {
      name: 'nothing for lite',
      replace: ['      runtime: aws_nucleus_lite\n', ''],
      at: '- Platform:',
      says: /nucleus lite passes over all/,
    },
    {
      name: 'nothing for classic',
      replace: [/linux\n {4}Lifecycle/, 'linux\n      runtime: aws_nucleus_lite\n    Lifecycle'],
      at: '- Platform:',
      says: /none is for the classic nucleus/,
    },
    {
      name: 'no lifecycle',
      replace: [/ {4}Lifecycle:\n {6}startup:\n(.*\n){3}/, ''],
      at: 'Platform:',
      says: /no Lifecycle/,
    },
    {
      name: 'an unknown phase',
      replace: ['      run:', '      runn:'],
      at: 'runn:',
      says: /did you mean run\?/,
    },
    {
      name: 'a phase in other case',
      replace: ['      run:', '      Run:'],
      at: 'Run:',
      says: /did you mean run\?/,
    },
    {
      name: 'run and startup',
      replace: ['      startup:', '      run: a\n      startup:'],
      at: 'startup:',
      says: /both run and startup/,
    },
    { name: 'startup on lite', replace: ['      run:', '      startup:'], at: 'startup:', says: /systemd/ },
    {
      name: 'shutdown on lite',
      replace: ['      run:', '      shutdown: a\n      run:'],
      at: 'shutdown: a',
      says: /passed over/,
      warns: true,
    },
    {
      name: 'bootstrap on lite',
      replace: ['      run:', '      bootstrap: a\n      run:'],
      at: 'bootstrap: a',
      says: /restart the device/,
      warns: true,
    },
    {
      name: 'script in other case',
      replace: ['Script: exec node {artifacts:path}', 'script: exec node {artifacts:path}'],
      at: 'script: exec node {artif',
      says: /did you mean Script/,
    },
    {
      name: 'no script',
      replace: ['Script: exec node {artifacts:path}/main.js', '#'],
      at: 'RequiresPrivilege: true',
      says: /startup has no Script/,
    },
    {
      name: 'an empty script',
      replace: ['exec node {artifacts:path}/main.js', '""'],
      at: '""',
      says: /is empty/,
    },
    {
      name: 'skipping on lite',
      replace: ['        Setenv:', '        Skipif: onpath node\n        Setenv:'],
      at: 'Skipif: onpath node',
      says: /Skipif/,
      warns: true,
    },
    { name: 'a time-out with a unit', replace: ['300', '300s'], at: '300s', says: /whole number of seconds/ },
    {
      name: 'a time-out from the configuration',
      replace: ['300', '"{configuration:/Mode}"'],
      at: '"{configuration:/Mode}"',
      says: /whole number of seconds/,
    },
    {
      name: 'privilege as a word',
      replace: ['RequiresPrivilege: true', 'RequiresPrivilege: yes'],
      at: 'yes',
      says: /true or false/,
    },
    {
      name: "a shell's braces",
      replace: ['$HOME', '$' + '{HOME}'],
      at: 'exec node {artifacts:dec',
      says: /cuts it at "\$\{HOME\}"/,
    },
    {
      name: 'other braces',
      replace: ['$HOME', "| awk '{print}'"],
      at: 'exec node {artifacts:dec',
      says: /cuts it at "\{print\}"/,
    },
    {
      name: 'a brace by itself',
      replace: ['$HOME', '{'],
      at: 'exec node {artifacts:dec',
      says: /cuts it at "\{"/,
    },
    {
      name: 'a variable of a dependency',
      replace: ['$HOME', '{aws.x:artifacts:path}'],
      at: 'exec node {artifacts:dec',
      says: /not a recipe variable/,
    },
    {
      name: 'configuration that there is not',
      replace: ['/Nested/Deep}', '/Nested/Shallow}'],
      at: 'echo {configuration:/Nes',
      says: /DefaultConfiguration does not have/,
    },
    {
      name: 'an artifact that there is not',
      replace: ['/agent/main.js', '/agents/main.js'],
      at: 'exec node {artifacts:dec',
      says: /no artifact agents.zip/,
    },
    {
      name: 'an artifact that is not unpacked',
      replace: ['Unarchive: ZIP', 'Unarchive: NONE'],
      at: 'exec node {artifacts:dec',
      says: /no artifact agent.zip/,
    },
    {
      name: 'a number in the environment',
      replace: ['"{configuration:/Mode}"', '5'],
      at: '5',
      says: /put 5 in quotes/,
    },
    {
      name: 'braces in the environment',
      replace: ['"{configuration:/Mode}"', '"{x}"'],
      at: '"{x}"',
      says: /cuts it at "\{x\}"/,
    },
    {
      name: 'a bad name in the environment',
      replace: ['MODE:', 'MO-DE:'],
      at: 'MO-DE: "{configuration:/',
      says: /name for a variable/,
    },
    {
      name: 'uri in other case',
      replace: ['- Uri: s3://bucket/agent.zip', '- uri: s3://bucket/agent.zip'],
      at: 'uri: s3://bucket/agent.z',
      says: /did you mean Uri/,
    },
    {
      name: 'a scheme that there is not',
      replace: ['s3://bucket/main.js', 'https://host/main.js'],
      at: 'https://host/main.js',
      says: /does not begin with s3/,
    },
    { name: 'another archive', replace: ['ZIP', 'TAR'], at: 'TAR', says: /NONE or ZIP/ },
    {
      name: 'another permission',
      replace: ['Read: ALL', 'Read: EVERYBODY'],
      at: 'EVERYBODY',
      says: /NONE, OWNER or ALL/,
    },
    {
      name: 'a service that there is not',
      replace: ['aws.greengrass.ipc.pubsub', 'aws.greengrass.ipc.pubsup'],
      at: 'aws.greengrass.ipc.pubsu',
      says: /did you mean aws.greengrass.ipc.pubsub/,
    },
    {
      name: 'an operation of another service',
      replace: ['#SubscribeToTopic', '#SubscribeToIoTCore'],
      at: 'aws.greengrass#Subscribe',
      says: /not an operation of aws.greengrass.ipc.pubsub/,
    },
    {
      name: 'a policy without description',
      replace: ['policyDescription: News.', '#'],
      at: 'operations:',
      says: /no policyDescription/,
    },
    {
      name: "another component's policy",
      replace: ['com.example.Agent:pubsub:1', 'com.example.Other:pubsub:1'],
      at: 'com.example.Other:pubsub',
      says: /does not begin with/,
    },
    {
      name: 'a policy id twice',
      replace: ['com.example.Agent:pubsub:1', 'com.example.Agent:mqtt:1'],
      at: 'com.example.Agent:mqtt:1',
      says: /unique on the device/,
    },
    { name: 'every topic', replace: ['news/+/all', '"*"'], at: '"*"', says: /every topic/ },
    {
      name: 'a question mark',
      replace: ['news/+/all', 'news/?/all'],
      at: 'news/?/all',
      says: /refuses deployments/,
    },
    {
      name: 'a variable in a resource',
      replace: ['news/+/all', '"news/{iot:thingName}/all"'],
      at: '"news/{iot:thingName}/al',
      says: /classic nucleus/,
    },
    {
      name: 'permitted and not used',
      replace: ['- news/+/all', '- news/+/all\n            - other/#'],
      at: 'other/#',
      says: /other\/# is permitted, and not used/,
    },
    {
      name: 'used and not permitted',
      replace: ['agent/*/reports', 'agent/*/report'],
      at: 'aws.greengrass.ipc.mqttp',
      says: /agent\/t\/reports is used, and not permitted/,
    },
    {
      name: 'too long for lite',
      replace: ['RecipeFormat', `#${'x'.repeat(8000)}\nRecipeFormat`],
      at: '#xxxxxxxxxxxxxxxxxxxxxxx',
      says: /8000 is the most/,
    },
  ]

  test.each(cases)('$name', ({ replace: [from, to], at, says, warns }) => {
    const text = GOOD.replace(from, to)
    expect(text).not.toBe(GOOD)
    const faults = check(text)
    const found = faults.filter((fault) => says.test(`error: ${fault.message}`))
    expect(found, formatRecipeFaults(faults)).not.toEqual([])
    const { line = 1, column = 1, ...fault } = found[0] ?? {}
    expect(fault).toMatchObject({ file: 'recipe.yaml', severity: warns === true ? 'warning' : 'error' })
    expect(
      text
        .split('\n')
        [line - 1]?.slice(column - 1)
        .startsWith(at),
      `${line}:${column}`,
    ).toBe(true)
  })

  test.each([
    ['empty', ''],
    ['a list', '- a'],
    ['nothing but a word', 'recipe'],
    ['members of the wrong kind', 'Manifests: [1]\nComponentConfiguration: []\nComponentDependencies: 3'],
    ['manifests of the wrong kind', 'Manifests:\n  - Platform: 1\n    Lifecycle: []\n    Artifacts: {}\n'],
    [
      'policies of the wrong kind',
      'ComponentConfiguration: {DefaultConfiguration: {accessControl: {aws.greengrass.ipc.pubsub: [1]}}}',
    ],
  ])('%s', (_, text) => {
    expect(check(text, [])).not.toEqual([])
  })

  test('is told as file, line and column', () => {
    expect(formatRecipeFaults(check(GOOD.replace('1.2.3', '1.x')))).toBe(
      'recipe.yaml:3:19: error: ComponentVersion: "1.x" is not a semantic version, as in 1.2.3',
    )
  })
})

describe('a good recipe', () => {
  test('has no faults', () => {
    expect(check(GOOD)).toEqual([])
  })

  test('may be JSON', () => {
    expect(check(JSON.stringify(parse(GOOD)))).toEqual([])
  })
})

const MAIN = 'community.greengrass.DeviceDefender'
describe.each([MAIN, `${MAIN}.Docker`, `${MAIN}.WithNode`])('%s', (name) => {
  const file = `recipes/${name}.yaml`
  const text = readFileSync(file, 'utf8')
  const defaults = parse(text).ComponentConfiguration.DefaultConfiguration

  test('passes, and permits exactly what is used', () => {
    expect(formatRecipeFaults(checkRecipe(text, { file, topicsUsed: topicsUsed() }))).toBe('')
  })

  test('has the defaults of the table of parameters, as text where nuclei may change them', () => {
    const docker = name.endsWith('.Docker')
    const table = { ...settings, ...(docker ? dockerSettings : {}) }
    const expected = Object.entries(table).map(([key, setting]) => {
      const value = docker && key === 'ProcPath' ? dockerSettings.ContainerProcPath?.default : setting.default
      return [key, ['number', 'boolean'].includes(typeof value) ? String(value) : value]
    })
    const { accessControl, ...parameters } = defaults
    expect(accessControl).toBeDefined()
    expect(parameters).toEqual(Object.fromEntries(expected))
  })
})

// The variant with its own Node has a manifest for each CPU besides; see scripts.test.ts.
test.each([MAIN, `${MAIN}.Docker`])(
  'the artifact and the phases of %s are what each nucleus runs',
  (name) => {
    const [lite, classic] = parse(readFileSync(`recipes/${name}.yaml`, 'utf8')).Manifests
    expect(lite.Platform).toEqual({ os: 'linux', runtime: 'aws_nucleus_lite' })
    expect(classic.Platform).toEqual({ os: 'linux' })
    expect(lite.Lifecycle.install).toEqual(classic.Lifecycle.install)
    expect(lite.Lifecycle.run.Script).toBe(classic.Lifecycle.startup.Script)
    expect(lite.Artifacts).toEqual(classic.Artifacts)
  },
)

describe('a resource', () => {
  test.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/bc', false],
    ['a/*', 'a/b/c', true],
    ['a/*/c', 'a/b/x/c', true],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a/b/x/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['#', 'a/b', true],
    ['$aws/things/*/x.json', '$aws/things/t/x.json', true],
    ['$aws/things/*/x.json', '$aws/things/t/x-json', false],
  ])('%s permits %s: %s', (resource, topic, permitted) => {
    expect(resourceMatches(resource, topic)).toBe(permitted)
  })
})
