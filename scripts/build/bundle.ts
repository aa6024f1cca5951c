/**
 * Bundles the agent into a folder that needs nothing else on a device but Node: what npm would install there is
 * inside, and the native code of the AWS SDK is replaced by our own transport, so that one artifact runs on any CPU.
 *
 * What is imported dynamically (the scheduler, the CBOR codec) becomes files of its own that are loaded when needed.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build, type LogLevel, type Metafile } from 'esbuild'
import { thirdPartyNotices } from './notices.ts'

export interface BundleOptions {
  /** The root of the checkout. */
  readonly root: string
  /** From the root. */
  readonly entry: string
  /** Made anew: what was in it is gone. */
  readonly outputFolder: string
  /** What esbuild itself writes to standard error; its errors are thrown in any case. */
  readonly logLevel?: LogLevel
}

/** From the root; takes the place of the package aws-crt, which the SDK's IPC client stands on. */
const TRANSPORT = 'src/ipc/event-stream/aws-crt.ts'

/** The oldest Node that the component runs on, as in package.json. */
const TARGET = 'node20.19'

/** CommonJS packages within an ES module find Node's own modules by a `require`, which such a module lacks. */
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

export async function bundle({
  root,
  entry,
  outputFolder,
  logLevel = 'warning',
}: BundleOptions): Promise<void> {
  rmSync(outputFolder, { recursive: true, force: true })
  mkdirSync(outputFolder, { recursive: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    outdir: outputFolder,
    bundle: true,
    splitting: true,
    chunkNames: '[name]-[hash]',
    platform: 'node',
    format: 'esm',
    target: TARGET,
    alias: { 'aws-crt': join(root, TRANSPORT) },
    // Native and optional: cbor-x does without it.
    external: ['cbor-extract'],
    minifyWhitespace: true,
    minifySyntax: true,
    // Names stay, so that a stack trace in a log from a device can be read.
    minifyIdentifiers: false,
    legalComments: 'none',
    banner: { js: REQUIRE },
    metafile: true,
    logLevel,
  })
  checkSelfContained(metafile)
  writeFileSync(
    join(outputFolder, 'THIRD-PARTY-NOTICES.txt'),
    thirdPartyNotices(root, Object.keys(metafile.inputs)),
  )
  writeFileSync(join(outputFolder, 'package.json'), packageFile(root))
  copyFileSync(join(root, 'LICENSE'), join(outputFolder, 'LICENSE'))
  copyFileSync(join(root, 'component/Dockerfile'), join(outputFolder, 'Dockerfile'))
  copyProfiles(join(root, 'component/profiles'), join(outputFolder, 'profiles'))
}

/** An import that was left for the device to resolve would fail there, maybe only on the day that it is needed. */
function checkSelfContained({ outputs }: Metafile): void {
  for (const [file, { imports }] of Object.entries(outputs)) {
    for (const { path, external } of imports) {
      if (external === true && path !== 'cbor-extract' && !isBuiltin(path)) {
        throw new Error(`${file} imports ${path}, which is not in the bundle and would not be on the device`)
      }
    }
  }
}

/** Makes Node take `main.js` for an ES module, and tells people and tools what the folder is. */
function packageFile(root: string): string {
  const { name, version, license, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return `${JSON.stringify({ name, version, license, engines, type: 'module', main: 'main.js' }, null, 2)}\n`
}

/** The baseline security profiles; the tests beside them stay here. */
function copyProfiles(from: string, to: string): void {
  const profiles = existsSync(from) ? readdirSync(from).filter((name) => name.endsWith('.json')) : []
  if (profiles.length > 0) mkdirSync(to)
  for (const name of profiles) copyFileSync(join(from, name), join(to, name))
}
