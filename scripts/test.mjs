/**
 * `npm test`: everything that CI runs. Format and lint, types, unused code, generated files, then the tests with coverage.
 * Each check runs even when a former one failed, so that one run tells all; the exit status is 0 only if all passed.
 * Arguments go to vitest and leave the other checks out: `npm test -- test/report`.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const chosen = process.argv.slice(2)
const bin = (name) => join(root, 'node_modules', '.bin', name)

const checks = [
  ['format and lint', bin('biome'), ['ci', '--colors=off', '.']],
  ['types', bin('tsc'), ['-p', '.']],
  ["the page's types", bin('tsc'), ['-p', 'src/local-core/page/static']],
  ["the report's types", bin('tsc'), ['-p', 'scripts/violations/report/client']],
  ['unused code', bin('knip'), ['--no-progress']],
  ['generated files', process.execPath, ['dist/scripts/generate.js', '--check']],
]
const tests = ['tests', bin('vitest'), ['run', ...(chosen.length > 0 ? chosen : ['--coverage'])]]

const failed = (chosen.length > 0 ? [tests] : [...checks, tests]).filter(([what, command, args]) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.stderr.write(`npm test: ${what}: failed\n`)
  return status !== 0
})
if (failed.length > 0) process.stderr.write(`npm test: failed: ${failed.map(([what]) => what).join(', ')}\n`)
process.exitCode = failed.length > 0 ? 1 : 0
