import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { recipeStart } from './node-start.ts'

let scratch: string
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'node-start-'))
})
afterEach(() => rmSync(scratch, { recursive: true }))

const MAIN = '"{artifacts:decompressedPath}/greengrass-defender/main.js"'

const recipe = (script: string, setenv: Readonly<Record<string, string>> = {}) =>
  JSON.stringify({
    ComponentName: 'c',
    ComponentVersion: '1.0.0',
    ComponentConfiguration: { DefaultConfiguration: { Semi: '2' } },
    Manifests: [{ Platform: { os: 'linux' }, Lifecycle: { Setenv: setenv, startup: { Script: script } } }],
  })

describe('a script that does not start the program', () => {
  test.each([
    { name: 'fails', script: 'echo no node here >&2; exit 1', says: 'no node here' },
    { name: 'starts nothing', script: 'true', says: 'did not start node' },
    { name: 'starts something else', script: 'exec node -e 0', says: 'did not start node' },
  ])('$name', ({ script, says }) => {
    expect(() => recipeStart(recipe(script), scratch)).toThrow(says)
  })

  test('is missing', () => {
    const text = JSON.stringify({
      ComponentName: 'c',
      ComponentVersion: '1.0.0',
      Manifests: [{ Platform: { os: 'linux' }, Lifecycle: { install: 'true' } }],
    })
    expect(() => recipeStart(text, scratch)).toThrow('neither startup nor run')
  })
})

describe('what Node is given', () => {
  test.each([
    { name: 'nothing', script: `exec node ${MAIN}`, flags: [], environment: {} },
    {
      name: 'flags by the version of Node',
      script: `case $(node --version) in v*) flag=--of-this-line ;; esac\nexec node $flag ${MAIN}`,
      flags: ['--of-this-line'],
      environment: {},
    },
    {
      name: 'flags, one from the configuration',
      script: `exec node --lite-mode "--max-semi-space-size={configuration:/Semi}" ${MAIN}`,
      flags: ['--lite-mode', '--max-semi-space-size=2'],
      environment: {},
    },
    {
      name: 'variables by env',
      script: `exec env MALLOC_ARENA_MAX=1 node ${MAIN}`,
      flags: [],
      environment: { MALLOC_ARENA_MAX: '1' },
    },
    {
      name: 'variables by export, with a blank and a sign of equality',
      script: `export NODE_OPTIONS="--a=b --c"\nexec node --d ${MAIN}`,
      flags: ['--d'],
      environment: { NODE_OPTIONS: '--a=b --c' },
    },
    {
      name: 'variables by Setenv',
      script: `exec node ${MAIN}`,
      setenv: { UV_THREADPOOL_SIZE: '1', SEMI: '{configuration:/Semi}' },
      flags: [],
      environment: { UV_THREADPOOL_SIZE: '1', SEMI: '2' },
    },
  ])('$name', ({ script, setenv, flags, environment }) => {
    expect(recipeStart(recipe(script, setenv), scratch)).toEqual({ flags, environment })
  })
})

test('the delivered recipe starts the program', () => {
  const text = readFileSync('recipes/community.greengrass.DeviceDefender.yaml', 'utf8')
  expect(recipeStart(text, scratch).flags.every((flag) => flag.startsWith('--'))).toBe(true)
})
