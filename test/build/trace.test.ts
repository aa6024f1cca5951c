/** A stack trace of the built program, and the same with the places in our sources. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle } from '../../scripts/build/bundle.ts'
import { type Checkout, createCheckout } from './checkout.ts'

const PROGRAM = `import { openProcFs } from '../src/procfs/proc-fs.ts'
import { readNetDev } from '../src/procfs/net-dev.ts'

function readNowhere(): unknown {
  return readNetDev(openProcFs('/nowhere'))
}

readNowhere()
`

let checkout: Checkout
let folder: string
beforeAll(async () => {
  checkout = createCheckout(PROGRAM)
  folder = mkdtempSync(join(tmpdir(), 'trace-'))
  mkdirSync(join(folder, 'maps'))
  await bundle({
    root: checkout.root,
    entry: 'component/main.ts',
    outputFolder: join(folder, 'artifact'),
    mapFolder: join(folder, 'maps'),
  })
  await build({
    entryPoints: [resolve('scripts/build/trace.ts')],
    outfile: join(folder, 'trace.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
  })
})
afterAll(() => {
  checkout.remove()
  rmSync(folder, { recursive: true, force: true })
})

const node = (args: readonly string[], input = '') =>
  spawnSync(process.execPath, args, { cwd: folder, input, encoding: 'utf8' })

test('a trace names functions on the device, and places with the maps', () => {
  const { stderr } = node(['artifact/main.js'])
  expect(stderr).toMatch(/at readNowhere \(.*artifact\/main\.js:\d+:\d+\)/)
  // As the log has it: JSON, in one line.
  const line = `${JSON.stringify({ level: 'error', error: { stack: stderr } })}\n`
  const { status, stdout } = node(['trace.mjs', 'maps'], `${stderr}${line}`)
  expect(status).toBe(0)
  expect(stdout.match(/at readNowhere \(component\/main\.ts:5:10\)/g)).toHaveLength(2)
  expect(stdout).toMatch(/at readNetDev \(\S*src\/procfs\/net-dev\.ts:\d+:\d+\)/)
})

test('what is not of the bundle stays as it is', () => {
  const text = 'node:internal/process:1:2 other.js:1:1 main.js:999999:1 words\n'
  expect(node(['trace.mjs', 'maps'], text).stdout).toContain('node:internal/process:1:2 other.js:1:1')
})

test('says that there are no maps', () => {
  writeFileSync(join(folder, 'file'), '')
  const { status, stderr } = node(['trace.mjs', 'artifact'])
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'trace: artifact has no main.js.map\n' })
})
