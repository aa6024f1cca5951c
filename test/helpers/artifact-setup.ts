/**
 * Before the first test: builds the component as it is published, and unpacks its zip as a device does, into an empty
 * folder outside of the checkout, from where no package that is installed here can be found. `artifact.ts` tells tests.
 *
 * `DEFENDER_E2E_LINE` names the Node that runs the component (`node-lines.ts`); the tests themselves stay on this one.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unzipSync } from 'fflate'
import { isSeq, parseDocument } from 'yaml'
import { buildComponent } from '../../scripts/build/component-build.ts'
import { obtainNodeLine } from './node-lines.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const COMPONENT = 'community.greengrass.DeviceDefender'
/** Not sources; what another build has left in one of them stays as it is. */
const outputs = new Set(['.git', 'coverage', 'dist', 'greengrass-build'])

let folder = ''

export async function setup(): Promise<void> {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'device-')))
  process.env.DEFENDER_E2E_ARTIFACT = join(folder, 'artifacts')
  try {
    const { path, bytes } = await buildZip(join(folder, 'checkout'))
    unpack(bytes, join(process.env.DEFENDER_E2E_ARTIFACT, basename(path, '.zip')))
  } catch (error) {
    // For the tests that need it to fail with; all others do without.
    process.env.DEFENDER_E2E_FAILURE = error instanceof Error ? error.message : String(error)
  }
  const line = process.env.DEFENDER_E2E_LINE
  if (line !== undefined) await useNodeLine(line)
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true })
}

/** Builds in a folder of links to the sources, which is gone when this resolves. */
async function buildZip(checkout: string): Promise<{ path: string; bytes: Uint8Array }> {
  mkdirSync(checkout)
  try {
    for (const name of readdirSync(root)) {
      if (!outputs.has(name)) symlinkSync(join(root, name), join(checkout, name))
    }
    const built = await buildComponent({ root: checkout })
    const path = built.find(({ componentName }) => componentName === COMPONENT)?.artifactPath
    if (path === undefined) throw new Error(`the build has no ${COMPONENT}`)
    return { path, bytes: readFileSync(path) }
  } finally {
    rmSync(checkout, { recursive: true, force: true })
  }
}

function unpack(zip: Uint8Array, into: string): void {
  for (const [name, bytes] of Object.entries(unzipSync(zip))) {
    const path = join(into, name)
    mkdirSync(dirname(path), { recursive: true })
    if (!name.endsWith('/')) writeFileSync(path, bytes)
  }
}

async function useNodeLine(name: string): Promise<void> {
  const line = await obtainNodeLine(name)
  const emulated = line.slowness > 1 ? ', emulated' : ''
  process.stdout.write(`the component runs under Node ${line.version}${emulated}\n`)
  process.env.DEFENDER_E2E_NODE = line.command
  process.env.DEFENDER_E2E_SLOWNESS = String(line.slowness)
  if (!line.isTakenByRecipe) process.env.DEFENDER_E2E_RECIPE = writeRecipeWithoutInstall()
}

/** The recipe as it would be if the Node came with the component: without the step that asks for a newer one. */
function writeRecipeWithoutInstall(): string {
  const document = parseDocument(readFileSync(join(root, 'recipes', `${COMPONENT}.yaml`), 'utf8'))
  const manifests = document.get('Manifests')
  if (!isSeq(manifests)) throw new Error('the recipe has no Manifests')
  for (const index of manifests.items.keys()) document.deleteIn(['Manifests', index, 'Lifecycle', 'install'])
  const path = join(folder, `${COMPONENT}.yaml`)
  writeFileSync(path, String(document))
  return path
}
