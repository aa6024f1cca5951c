/**
 * The Greengrass IPC client of `aws-iot-device-sdk-v2` with the operations that the agent calls, and no others. The SDK
 * describes 37 operations in one generated file of 200 kB, which would be a quarter of the artifact and of its memory.
 *
 * What is left is the SDK's own text: rows of its tables and methods of its client are left out, and esbuild drops the
 * functions that nothing names any more. The files are recognized by the form in which they are generated; where they
 * have another, the build fails.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Plugin } from 'esbuild'

/** As the methods of the SDK's client are named; all that `src/ipc/greengrass.ts` calls. */
export const OPERATIONS = [
  'deferComponentUpdate',
  'getConfiguration',
  'publishToIoTCore',
  'publishToTopic',
  'sendConfigurationValidityReport',
  'subscribeToComponentUpdates',
  'subscribeToConfigurationUpdate',
  'subscribeToIoTCore',
  'subscribeToValidateConfigurationUpdates',
  'updateState',
] as const

const require = createRequire(import.meta.url)
const SDK = 'aws-iot-device-sdk-v2/dist'

interface Operation {
  readonly requestShape: string
  readonly responseShape: string
  readonly outboundMessageShape?: string
  readonly inboundMessageShape?: string
  readonly errorShapes: ReadonlySet<string>
}

export function leanSdk(): Plugin {
  return {
    name: 'lean-sdk',
    setup(build) {
      const load = (filter: RegExp, reduce: (text: string) => string) =>
        build.onLoad({ filter }, async ({ path }) => ({
          contents: reduce(await readFile(path, 'utf8')),
          loader: 'js',
        }))
      load(/greengrasscoreipc\/model_utils\.js$/, reduceModel)
      load(/greengrasscoreipc\/client\.js$/, reduceClient)
    },
  }
}

/** The tables with the rows of our operations and their shapes, as an ES module, so that what is unused can be seen. */
export function reduceModel(text: string): string {
  const { operations } = require(`${SDK}/greengrasscoreipc/model_utils.js`).makeServiceModel() as {
    operations: ReadonlyMap<string, Operation>
  }
  const names = OPERATIONS.map(fullName)
  const kept = new Set([...names, ...names.flatMap((name) => shapesOf(name, operations.get(name)))])
  const [, body] = splitOnce(text, '/* This file is generated */')
  const rows = body.replaceAll(
    /^ {8}\["(aws\.greengrass#\w+)", (?:\w+|\{\n(?: {12,}.*\n)+? {12}\})\],?\n/gm,
    (row, name: string) => (kept.has(name) ? row : ''),
  )
  const module = rows
    .replace(/^const (\w+) = __importStar\(require\("([^"]+)"\)\);$/gm, "import * as $1 from '$2';")
    .replace(/^const (\w+) = require\("([^"]+)"\);$/gm, "import * as $1 from '$2';")
    .replace(/^exports\.\w+ = \w+;$/gm, '')
  if (/\b(require|exports)\b/.test(module)) throw new Error(`${SDK}: the model is not generated as it was`)
  return `${withoutMap(module)}\nexport { makeServiceModel };\n`
}

/** The class without the methods of other operations. */
export function reduceClient(text: string): string {
  const names = new Set<string>(OPERATIONS)
  const found = new Set<string>()
  const reduced = text.replaceAll(
    /^ {4}(\w+)\(request, options\) \{\n(?: {8,}.*\n)+? {4}\}\n/gm,
    (method, name: string) => {
      found.add(name)
      return names.has(name) ? method : ''
    },
  )
  const missing = OPERATIONS.filter((name) => !found.has(name))
  if (missing.length > 0) throw new Error(`${SDK}: its client has no ${missing.join(', ')}`)
  return withoutMap(reduced)
}

/** The SDK's own source map is of the whole text. */
const withoutMap = (text: string) => text.replace(/^\/\/# sourceMappingURL=.*$/m, '')

function shapesOf(name: string, operation: Operation | undefined): string[] {
  if (operation === undefined) throw new Error(`${SDK}: its model has no ${name}`)
  const { requestShape, responseShape, outboundMessageShape, inboundMessageShape, errorShapes } = operation
  return [requestShape, responseShape, outboundMessageShape, inboundMessageShape, ...errorShapes].filter(
    (shape) => shape !== undefined,
  )
}

const fullName = (method: string) => `aws.greengrass#${method.charAt(0).toUpperCase()}${method.slice(1)}`

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  if (at < 0) throw new Error(`${SDK}: no ${JSON.stringify(mark)}`)
  return [text.slice(0, at), text.slice(at + mark.length)]
}
