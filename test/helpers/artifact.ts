/**
 * The agent that end-to-end tests run, and the Node that runs it: the component's zip as a device has it, unpacked into a
 * folder of its own by `artifact-setup.ts`, once a test run. Where no test runner has set that up (`npm run soak`), it is
 * what `npm run setup` leaves in `dist/`.
 */
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of the checkout. Looked for, since a bundle of this file lies elsewhere in it. */
const root = folderAbove(fileURLToPath(import.meta.url), 'gdk-config.json')

/** A component's artifacts, unpacked: what the recipe calls `{artifacts:decompressedPath}`. */
export const artifactFolder = process.env.DEFENDER_E2E_ARTIFACT ?? join(root, 'dist', 'artifact')

/** The program within, for tests that start it by themselves. */
export const agentProgram = join(artifactFolder, 'greengrass-defender', 'main.js')

/** A file with the name `node`: the one that runs this, or another line of Node's or another CPU's (`npm run e2e`). */
export const agentNode = process.env.DEFENDER_E2E_NODE ?? process.execPath

/** The recipe's scripts look for `node` here. */
export const agentPath = `${dirname(agentNode)}${delimiter}${process.env.PATH}`

/** So many times longer than natively, where the CPU is an emulated one: waits and time-outs are multiplied by it. */
export const slowness = Number(process.env.DEFENDER_E2E_SLOWNESS ?? 1)

export const recipePath =
  process.env.DEFENDER_E2E_RECIPE ?? join(root, 'recipes', 'community.greengrass.DeviceDefender.yaml')

/** Throws where there is none. */
export function checkArtifact(): void {
  const failure = process.env.DEFENDER_E2E_FAILURE
  if (failure !== undefined) throw new Error(`the component was not built: ${failure}`)
  if (existsSync(agentProgram)) return
  throw new Error(`${agentProgram} is missing: \`npm run setup\` builds it, as \`npm test\` does by itself`)
}

function folderAbove(path: string, holding: string): string {
  const folder = dirname(path)
  if (folder === path) throw new Error(`no ${holding} above ${fileURLToPath(import.meta.url)}`)
  return existsSync(join(folder, holding)) ? folder : folderAbove(folder, holding)
}
