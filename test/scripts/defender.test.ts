/** The command line as a whole: names that it does not know, and how it ends when a command cannot do its work. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const bundle = join(root, 'node_modules', '.cache', `defender-${process.pid}`)
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defender-'))
  await build({
    entryPoints: [join(root, 'scripts/defender.ts')],
    outdir: bundle,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
  })
})
afterAll(async () => {
  await rm(bundle, { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
})

function defender(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(bundle, 'defender.mjs'), ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const unknown = (name: string) => ({
  status: 1,
  stdout: '',
  stderr: expect.stringMatching(new RegExp(`^error: unknown command '${name}'\n`)),
})

test('help for a command that there is not', () => {
  expect(defender('help', 'nosuch')).toEqual(unknown('nosuch'))
  expect(defender('violations', 'help', 'nosuch')).toEqual(unknown('nosuch'))
})

test('help for one that there is', () => {
  const { status, stdout } = defender('help', 'history')
  expect({ status, stdout }).toEqual({ status: 0, stdout: defender('history', '--help').stdout })
  expect(defender('profiles', 'help', 'lint').stdout).toBe(defender('profiles', 'lint', '--help').stdout)
  expect(defender('help').stdout).toBe(defender('--help').stdout)
})

test("an error is the command's, and what is not the data's fault is status 2", () => {
  expect(defender('history', '--directory', folder)).toEqual({
    status: 2,
    stdout: '',
    stderr: `defender history: ${folder}: no history of the agent is in it\n`,
  })
})
