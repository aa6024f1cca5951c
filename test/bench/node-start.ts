/**
 * How Node is started on a device: the recipe's own script is run by a shell, as the nucleus would, with a program in
 * Node's place that says what it was given. So flags and variables are measured as they are deployed, whichever way the
 * recipe sets them.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { interpolate } from '../../src/local-core/interpolation.ts'
import { architectureName, readRecipe } from '../../src/local-core/recipe.ts'

export interface NodeStart {
  /** Before the name of the program. */
  readonly flags: readonly string[]
  /** Besides what the nucleus sets. */
  readonly environment: Readonly<Record<string, string>>
}

export const plainStart: NodeStart = { flags: [], environment: {} }

/** Recipes ask Node for its version first: some options are of some lines only. */
const STAND_IN = `#!/bin/sh
if [ "$*" = --version ]; then echo ${process.version}; exit; fi
for argument in "$@"; do printf '%s\\0' "$argument"; done
printf '\\0'
exec env -0
`

const MODE = 'classic'

/** `scratch` is for files of its own. Throws when the recipe's script does not start Node. */
export function recipeStart(recipeText: string, scratch: string): NodeStart {
  const { lifecycle, defaultConfiguration } = readRecipe(MODE, recipeText, architectureName(process.arch))
  const step = lifecycle.startup ?? lifecycle.run
  if (step === undefined) throw new Error('the recipe has neither startup nor run')
  const variables = {
    configuration: defaultConfiguration,
    artifactsPath: join(scratch, 'artifacts'),
    decompressedPath: join(scratch, 'unpacked'),
    workPath: scratch,
    rootPath: scratch,
    thingName: 'bench',
  }
  const filled = (text: string) => interpolate(MODE, text, variables)
  const setenv = Object.fromEntries(
    Object.entries(step.setenv).map(([name, value]) => [name, filled(String(value))]),
  )
  return startOf(filled(step.script), setenv, scratch)
}

function startOf(script: string, setenv: Readonly<Record<string, string>>, scratch: string): NodeStart {
  const folder = join(scratch, 'stand-in')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'node'), STAND_IN)
  chmodSync(join(folder, 'node'), 0o755)
  const given: Record<string, string> = { PATH: `${folder}:${process.env.PATH ?? '/usr/bin:/bin'}` }
  const { stdout, stderr, status } = spawnSync('/bin/sh', ['-c', script], {
    cwd: scratch,
    env: { ...given, ...setenv },
    encoding: 'utf8',
  })
  const end = stdout.indexOf('\0\0')
  const words = stdout.slice(0, Math.max(0, end)).split('\0')
  const program = words.findIndex((word) => word.endsWith('main.js'))
  if (status !== 0 || program < 0) {
    throw new Error(`the recipe's script did not start node with main.js: ${stderr || stdout || status}`)
  }
  return { flags: words.slice(0, program), environment: additions(stdout.slice(end + 2), given) }
}

/** Not what a shell sets by itself, nor what it was given. */
function additions(environment: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const ofShell = new Set(['PWD', 'OLDPWD', 'SHLVL', '_', ...Object.keys(given)])
  const pairs = environment
    .split('\0')
    .filter((pair) => pair.includes('='))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
  return Object.fromEntries(pairs.filter(([name]) => !ofShell.has(name)))
}
