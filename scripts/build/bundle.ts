/**
 * Bundles the agent into a folder that needs nothing else on a device but Node: what npm would install there is
 * inside, and the native code of the AWS SDK is replaced by our own transport, so that one artifact runs on any CPU.
 *
 * What is imported dynamically (the scheduler, the CBOR codec) becomes files of its own that are loaded when needed.
 * The source maps lie elsewhere: a device has no use for them, and `trace.ts` has.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { build, type LogLevel, type Metafile } from 'esbuild'
import { leanSdk } from './lean-sdk.ts'
import { leanWinston } from './lean-winston.ts'
import { thirdPartyNotices } from './notices.ts'
import { type BundledPackage, bundledPackages } from './packages.ts'
import { billOfMaterials, type Subject } from './sbom.ts'

export interface BundleOptions {
  /** The root of the checkout. */
  readonly root: string
  /** From the root. */
  readonly entry: string
  /** Made anew: what was in it is gone. */
  readonly outputFolder: string
  /** For the source maps; made anew too. */
  readonly mapFolder: string
  /** What esbuild itself writes to standard error; its errors are thrown in any case. */
  readonly logLevel?: LogLevel
}

export interface Bundle {
  readonly subject: Subject
  readonly packages: readonly BundledPackage[]
}

/** From the root; takes the place of the package aws-crt, which the SDK's IPC client stands on. */
const TRANSPORT = 'src/ipc/event-stream/aws-crt.ts'

/** The oldest Node that the component is delivered with, `node-packages.ts`; what devices have themselves is newer. */
const TARGET = 'node20.11'

/** Node shows the whole line of an error that nobody caught; this is as near as esbuild's tokens allow. */
const LINE_CHARACTERS = 200

/** Name of the file, by the convention of CycloneDX. */
export const SBOM = 'sbom.cdx.json'

/** CommonJS packages within an ES module find Node's own modules by a `require`, which such a module lacks. */
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

export async function bundle(options: BundleOptions): Promise<Bundle> {
  const { root, entry, outputFolder, mapFolder, logLevel = 'warning' } = options
  for (const folder of [outputFolder, mapFolder]) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
  }
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
    plugins: [leanSdk(), leanWinston()],
    // Packages that have more to say to developers leave it out.
    define: { 'process.env.NODE_ENV': '"production"' },
    // Native and optional: cbor-x does without it.
    external: ['cbor-extract'],
    minifyWhitespace: true,
    minifySyntax: true,
    // Names stay, so that a stack trace in a log from a device can be read.
    minifyIdentifiers: false,
    lineLimit: LINE_CHARACTERS,
    legalComments: 'none',
    banner: { js: REQUIRE },
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    logLevel,
  })
  checkSelfContained(metafile)
  for (const name of readdirSync(outputFolder).filter((each) => each.endsWith('.map'))) {
    writeFileSync(join(mapFolder, name), mapFromRoot(root, outputFolder, name))
    rmSync(join(outputFolder, name))
  }
  const { name, version, license, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const subject: Subject = { name, version, license }
  const packages = bundledPackages(root, metafile)
  const write = (file: string, text: string) => writeFileSync(join(outputFolder, file), text)
  write('THIRD-PARTY-NOTICES.txt', thirdPartyNotices(root, packages))
  write(SBOM, billOfMaterials(subject, packages))
  // Makes Node take `main.js` for an ES module, and tells people and tools what the folder is.
  const packageFile = { ...subject, engines, type: 'module', main: 'main.js' }
  write('package.json', `${JSON.stringify(packageFile, null, 2)}\n`)
  copyFileSync(join(root, 'LICENSE'), join(outputFolder, 'LICENSE'))
  copyFileSync(join(root, 'component/Dockerfile'), join(outputFolder, 'Dockerfile'))
  return { subject, packages }
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

/** The map, with the paths of the sources from the root instead of from a folder that is there for a moment only. */
function mapFromRoot(root: string, folder: string, name: string): string {
  const map = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { sources: string[] }
  const sources = map.sources.map((path) =>
    /^[\w-]+:/.test(path) ? path : relative(root, resolve(folder, path)),
  )
  return `${JSON.stringify({ ...map, sources })}\n`
}
