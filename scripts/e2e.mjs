/**
 * `npm run e2e -- --node 20,22,24 --qemu arm`: the end-to-end tests with the component under each of these Nodes in turn, and
 * a line of counts for each. Without options: all of them under the Node that runs this. What follows the options goes to
 * vitest, such as the name of a test file.
 *
 * Emulated, everything takes some fifteen times longer: there it is only starting, stopping and reporting, one file after
 * the other, unless files are named.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const EMULATED_TESTS = ['test/e2e/agent-lifecycle.test.ts', 'test/e2e/agent-reports.test.ts']

const { values, positionals } = parseArgs({
  options: { node: { type: 'string' }, qemu: { type: 'string' } },
  allowPositionals: true,
})
const list = (text) => (text ?? '').split(',').filter((name) => name !== '')
const own = process.versions.node.split('.')[0]
const nodes = values.node === undefined && values.qemu === undefined ? [own] : list(values.node)
const runs = [
  ...nodes.map((line) => ({ line, args: positionals.length > 0 ? positionals : ['test/e2e'] })),
  ...list(values.qemu).map((line) => ({
    line,
    args: ['--maxWorkers=1', ...(positionals.length > 0 ? positionals : EMULATED_TESTS)],
  })),
]

const results = []
for (const { line, args } of runs) {
  const startedAt = performance.now()
  const { exitCode, counts } = await vitest(line, args)
  results.push({ line, exitCode, counts, seconds: Math.round((performance.now() - startedAt) / 1000) })
}
for (const { line, exitCode, counts, seconds } of results) {
  process.stdout.write(`Node ${line}: ${counts}, ${seconds} s${exitCode === 0 ? '' : ', failed'}\n`)
}
process.exitCode = results.every(({ exitCode }) => exitCode === 0) ? 0 : 1

/** Shows what vitest shows, and keeps the line that its summary reporter ends with. */
function vitest(line, args) {
  const env = { ...process.env }
  // Tests run on this Node in any case; `artifact-setup.ts` finds the component another one.
  if (line !== own) env.DEFENDER_E2E_LINE = line
  const child = spawn(join(root, 'node_modules', '.bin', 'vitest'), ['run', ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let counts = 'no result'
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text)
    counts = /^\d+ passed, \d+ failed, \d+ skipped$/m.exec(text)?.[0] ?? counts
  })
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ exitCode, counts })))
}
