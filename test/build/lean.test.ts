/** What the build leaves out of packages: what is left does the same, and a package of another form stops the build. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leanSdk, OPERATIONS, reduceClient, reduceModel } from '../../scripts/build/lean-sdk.ts'
import { leanWinston } from '../../scripts/build/lean-winston.ts'

const require = createRequire(import.meta.url)
const SDK = 'aws-iot-device-sdk-v2/dist/greengrasscoreipc'
const file = (name: string) => require.resolve(`${SDK}/${name}.js`)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lean-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The path of a file that needs nothing but Node. */
async function bundleOf(name: string, contents: string, plugins: readonly Plugin[]): Promise<string> {
  const outfile = join(folder, `${name}.mjs`)
  await build({
    stdin: { contents, resolveDir: resolve('.'), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: { 'aws-crt': resolve('src/ipc/event-stream/aws-crt.ts') },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: [...plugins],
    outfile,
    logLevel: 'silent',
  })
  return outfile
}

type Convert = (value: unknown) => unknown
interface Model {
  readonly operations: ReadonlyMap<string, { readonly errorShapes: ReadonlySet<string> }>
  readonly validators: ReadonlyMap<string, Convert>
  readonly serializers: ReadonlyMap<string, Convert>
  readonly deserializers: ReadonlyMap<string, Convert>
}

describe('the SDK', () => {
  let lean: Model
  let whole: Model
  beforeAll(async () => {
    const contents = `import { makeServiceModel } from '${SDK}/model_utils.js'; export const model = makeServiceModel()`
    lean = (await import(pathToFileURL(await bundleOf('model', contents, [leanSdk()])).href)).model
    whole = require(`${SDK}/model_utils.js`).makeServiceModel()
  })

  test('has the operations that the agent calls, as they were, and no others', () => {
    expect(lean.operations.size).toBe(OPERATIONS.length)
    for (const [name, operation] of lean.operations) expect(operation).toEqual(whole.operations.get(name))
    expect(lean.deserializers.size).toBeLessThan(whole.deserializers.size / 2)
  })

  test('src/ipc/greengrass.ts calls these operations and no others', () => {
    const calls = readFileSync('src/ipc/greengrass.ts', 'utf8').matchAll(/client\.(\w+)\(/g)
    const called = [...new Set([...calls].map(([, name]) => name))]
    const ofTheClient = ['close', 'connect', 'on']
    expect(called.filter((name) => !ofTheClient.includes(String(name))).toSorted()).toEqual([...OPERATIONS])
  })

  const request = fc.object({
    key: fc.constantFrom(
      'topic',
      'topicName',
      'qos',
      'payload',
      'keyPath',
      'state',
      'publishMessage',
      'jsonMessage',
    ),
    values: [
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(['a', 'b']),
      fc.constant(new ArrayBuffer(3)),
    ],
  })
  const outcome = (convert: Convert | undefined, value: unknown) => {
    try {
      return { value: convert?.(value) }
    } catch (error) {
      return { error: String((error as { description?: string }).description ?? error) }
    }
  }

  test('writes each request as the whole SDK does, and refuses the same', () => {
    fc.assert(
      fc.property(request, fc.nat(), (value, pick) => {
        const names = [...lean.serializers.keys()]
        const name = String(names[pick % names.length])
        for (const table of ['serializers', 'validators'] as const) {
          expect(outcome(lean[table].get(name), value)).toEqual(outcome(whole[table].get(name), value))
        }
      }),
    )
  })

  test('reads each reply, event and error as the whole SDK does', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (payload, pick) => {
        const names = [...lean.deserializers.keys()]
        const name = String(names[pick % names.length])
        const message = { type: 0, headers: [], payload: Buffer.from(payload) }
        expect(outcome(lean.deserializers.get(name), message)).toEqual(
          outcome(whole.deserializers.get(name), message),
        )
      }),
    )
  })

  test('every shape that an operation of ours can answer with is there', () => {
    for (const { errorShapes } of lean.operations.values()) {
      for (const shape of errorShapes) expect(lean.deserializers.has(shape), shape).toBe(true)
    }
  })

  const model = readFileSync(file('model_utils'), 'utf8')
  const client = readFileSync(file('client'), 'utf8')
  const refused: { name: string; run: () => unknown; says: RegExp }[] = [
    {
      name: 'a client without one of the operations',
      run: () => reduceClient(client.replaceAll('updateState(', 'changeState(')),
      says: /has no updateState/,
    },
    {
      name: 'a model that asks for something more',
      run: () => reduceModel(`${model}\nconst more = require('more').more;`),
      says: /not generated as it was/,
    },
    {
      name: 'a model without the mark',
      run: () => reduceModel(model.replace('/* This file is generated */', '')),
      says: /no "\/\* This file is generated/,
    },
  ]
  test.each(refused)('$name stops the build', ({ run, says }) => {
    expect(run).toThrow(says)
  })
})

describe('winston', () => {
  test('writes the same lines as the whole of it', async () => {
    const contents = `
      import { createLogger } from './src/log/logger.ts'
      const log = createLogger('info')
      log.info('started', { level: 'x', count: 1n, nested: { list: [1, 'a'] } })
      log.debug('not shown')
      log.error('failed', { error: Object.assign(new Error('reason'), { code: 'E' }) })
      log.setLevel('debug')
      log.debug('shown', { key: undefined })`
    const linesOf = (path: string) => {
      const { stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' })
      return `${stdout}${stderr}`
        .trim()
        .replaceAll(/"timestamp":"[\dT:.-]+Z"/g, '"timestamp":""')
        .split('\n')
    }
    const lean = linesOf(await bundleOf('lean-log', contents, [leanWinston()]))
    const whole = linesOf(await bundleOf('whole-log', contents, []))
    expect(lean).toHaveLength(3)
    expect(lean).toEqual(whole)
  })

  test('of another form stops the build', async () => {
    const contents =
      "import { format } from 'winston'; import 'winston/lib/winston/transports/console.js'; export { format }"
    const changed: Plugin = {
      name: 'changed',
      setup: ({ onLoad }) =>
        onLoad({ filter: /winston-transport[\\/]modern\.js$/ }, () => ({
          contents: 'module.exports = class {}',
        })),
    }
    await expect(bundleOf('changed', contents, [changed, leanWinston()])).rejects.toThrow(
      /winston does not ask for .*_stream_writable.* any more/,
    )
  })
})
