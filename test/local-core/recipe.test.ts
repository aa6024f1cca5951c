import { describe, expect, test } from 'vitest'
import { architectureName, readRecipe } from '../../src/local-core/recipe.ts'

const head = 'ComponentName: com.example.Probe\nComponentVersion: 1.0.0\n'
const run = (text: string) => `Lifecycle: { run: ${JSON.stringify(text)} }`
const manifests = (...platforms: string[]) =>
  `${head}Manifests:\n${platforms.map((platform, index) => `  - { ${platform}, ${run(`number ${index}`)} }\n`).join('')}`
const script = (mode: 'classic' | 'lite', text: string, architecture = 'amd64') =>
  readRecipe(mode, text, architecture).lifecycle.run?.script

describe('no manifest', () => {
  test.each([
    { name: 'no name', mode: 'classic', text: 'Manifests: []', fails: 'ComponentName' },
    { name: 'no manifests', mode: 'classic', text: head, fails: 'no manifest is for classic' },
    {
      name: 'another system',
      mode: 'classic',
      text: manifests('Platform: { os: windows }'),
      fails: 'no manifest',
    },
    {
      name: 'lite: no Platform',
      mode: 'lite',
      text: `${head}Manifests: [{ ${run('x')} }]`,
      fails: 'for lite',
    },
    { name: 'lite: no runtime', mode: 'lite', text: manifests('Platform: { os: linux }'), fails: 'for lite' },
    { name: 'lite: no os', mode: 'lite', text: manifests('Platform: { runtime: "*" }'), fails: 'for lite' },
    {
      name: 'lite: a regular expression',
      mode: 'lite',
      text: manifests('Platform: { os: linux, runtime: "*", architecture: /amd64|aarch64/ }'),
      fails: 'for lite',
    },
    {
      name: 'a lifecycle that is for no platform',
      mode: 'classic',
      text: `${head}Lifecycle: { run: x }\nManifests: [{ Platform: { os: linux } }]`,
      fails: 'no lifecycle was found for linux',
    },
    {
      name: 'lite: a lower-case script',
      mode: 'lite',
      text: `${head}Manifests: [{ Platform: { os: linux, runtime: '*' }, Lifecycle: { run: { script: x } } }]`,
      fails: 'run has no Script',
    },
  ] as const)('$name', ({ mode, text, fails }) => {
    expect(() => readRecipe(mode, text, 'amd64')).toThrow(fails)
  })
})

describe('the first manifest that matches', () => {
  const both = manifests('Platform: { os: linux, runtime: aws_nucleus_lite }', 'Platform: { os: linux }')
  test.each([
    { name: 'lite', mode: 'lite', text: both, script: 'number 0' },
    { name: 'classic has no runtime', mode: 'classic', text: both, script: 'number 1' },
    {
      name: 'any runtime, lite',
      mode: 'lite',
      text: manifests('Platform: { os: linux, runtime: "*" }'),
      script: 'number 0',
    },
    {
      name: 'any runtime, classic',
      mode: 'classic',
      text: manifests('Platform: { os: all, runtime: "*" }'),
      script: 'number 0',
    },
    {
      name: 'no platform, classic',
      mode: 'classic',
      text: `${head}Manifests: [{ ${run('x')} }]`,
      script: 'x',
    },
    {
      name: 'an expression, classic',
      mode: 'classic',
      text: manifests(
        'Platform: { os: linux, architecture: /arm|x86/ }',
        'Platform: { architecture: /amd64|arm/ }',
      ),
      script: 'number 1',
    },
    {
      name: 'keys in any case, classic',
      mode: 'classic',
      text: `componentname: n\ncomponentversion: 1.0.0\nmanifests: [{ platform: { OS: linux }, lifecycle: { Run: { SCRIPT: x } } }]`,
      script: 'x',
    },
    {
      name: "the recipe's own lifecycle",
      mode: 'lite',
      text: `${head}Lifecycle: { all: { run: common } }\nManifests: [{ Platform: { os: linux, runtime: '*' } }]`,
      script: 'common',
    },
    {
      name: 'by selection',
      mode: 'classic',
      text: `${head}Lifecycle: { all: { run: common }, special: { run: chosen } }\nManifests: [{ Selections: [special] }]`,
      script: 'chosen',
    },
  ] as const)('$name', ({ mode, text, script: wanted }) => {
    expect(script(mode, text)).toBe(wanted)
  })
})

describe('values', () => {
  const text = `${head}
ComponentConfiguration: { DefaultConfiguration: { Number: 300, Flag: true, Nothing: null, List: [1] } }
Manifests:
  - Platform: { os: linux, runtime: '*' }
    Lifecycle:
      Setenv: { ALL: 1, ONE: a }
      install: { Script: install, Timeout: 5, Skipif: onpath sh, Setenv: { ONE: b } }
      run: { Script: run }
      shutdown: bye
      recover: again
`
  test('classic: typed', () => {
    const { defaultConfiguration, lifecycle } = readRecipe('classic', text, 'amd64')
    expect(defaultConfiguration).toEqual({ Number: 300, Flag: true, Nothing: null, List: [1] })
    expect(lifecycle).toEqual({
      install: { script: 'install', timeoutMs: 5_000, skipIf: 'onpath sh', setenv: { ALL: 1, ONE: 'b' } },
      run: { script: 'run', setenv: { ALL: 1, ONE: 'a' } },
      shutdown: { script: 'bye', setenv: { ALL: 1, ONE: 'a' } },
    })
  })

  test('lite: all are strings, and what it does not know is not there', () => {
    const { defaultConfiguration, lifecycle } = readRecipe('lite', text, 'amd64')
    expect(defaultConfiguration).toEqual({ Number: '300', Flag: 'true', Nothing: 'null', List: ['1'] })
    expect(lifecycle).toEqual({
      install: { script: 'install', timeoutMs: 5_000, setenv: { ALL: '1', ONE: 'b' } },
      run: { script: 'run', setenv: { ALL: '1', ONE: 'a' } },
    })
  })

  test('a JSON recipe keeps its types on lite', () => {
    const json = JSON.stringify({
      ComponentName: 'n',
      ComponentVersion: '1.0.0',
      ComponentConfiguration: { DefaultConfiguration: { Number: 300 } },
      Manifests: [{ Platform: { os: 'linux', runtime: '*' }, Lifecycle: { run: 'x' } }],
    })
    expect(readRecipe('lite', json, 'amd64').defaultConfiguration).toEqual({ Number: 300 })
  })
})

test.each([
  { node: 'x64', aws: 'amd64' },
  { node: 'arm64', aws: 'aarch64' },
  { node: 'arm', aws: 'arm' },
  { node: 'mips', aws: 'unknown' },
])('architecture $node is $aws', ({ node, aws }) => {
  expect(architectureName(node)).toBe(aws)
})
