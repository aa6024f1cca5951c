/**
 * Builds `dist/`: the command line and the build tools as bundles that take their packages from node_modules, and the
 * component as the artifact that a core device gets. `--check` only says, by its exit status, whether that is needed.
 * Plain JavaScript on purpose: it makes the TypeScript runnable.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'dist', '.built')
const SOURCES = [
  'component',
  'recipes',
  'scripts',
  'src',
  'test/bench',
  'test/helpers',
  'test/pictures',
  'package.json',
  'package-lock.json',
  'LICENSE',
]
const ENTRIES = {
  defender: 'scripts/defender.ts',
  component: 'scripts/build/component.ts',
  bundle: 'scripts/build/bundle.ts',
  trace: 'scripts/build/trace.ts',
  'report-client': 'scripts/build/report-client.ts',
  generate: 'scripts/generate.ts',
  bench: 'test/bench/main.ts',
  soak: 'test/bench/soak.ts',
  screenshots: 'test/pictures/main.ts',
}

const fingerprint = fingerprintOf(SOURCES)
if (process.argv.includes('--check')) process.exit(isFresh() ? 0 : 1)
if (!isFresh()) await build()

function isFresh() {
  try {
    return readFileSync(stamp, 'utf8') === fingerprint
  } catch {
    return false
  }
}

async function build() {
  rmSync(stamp, { force: true })
  const esbuild = await import('esbuild')
  rmSync(join(root, 'dist', 'scripts'), { recursive: true, force: true })
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: 'dist/scripts',
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'linked',
    logLevel: 'warning',
  })
  const { writeReportClient } = await import(join(root, 'dist', 'scripts', 'report-client.js'))
  await writeReportClient(root)
  const { bundle } = await import(join(root, 'dist', 'scripts', 'bundle.js'))
  await bundle({
    root,
    entry: 'component/main.ts',
    outputFolder: join(root, 'dist', 'artifact', 'greengrass-defender'),
    mapFolder: join(root, 'dist', 'source-maps'),
  })
  // Last, so that a build that was stopped is done again.
  writeFileSync(stamp, fingerprint)
}

/** Changes when a file is added, removed or changed. */
function fingerprintOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths) addTo(hash, path)
  return hash.digest('hex')
}

function addTo(hash, path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false })
  if (stats === undefined) return
  if (stats.isDirectory()) {
    for (const name of readdirSync(join(root, path)).sort()) addTo(hash, `${path}/${name}`)
  } else {
    hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\n`)
  }
}
