#!/usr/bin/env node
/**
 * Makes a checkout ready: installs what package-lock.json says when that has not been done, and builds `dist/` when a
 * source has changed. Runs before `npm start`, `npm test` and the like; silent and instant when there is nothing to do.
 * Plain JavaScript on purpose: it runs before anything is installed.
 *
 * Two at once (npm start beside npm test): the second waits for the first. Stopped half-way: the next run begins again,
 * since npm writes node_modules/.package-lock.json last.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockPath = join(root, '.setup.lock')
const NODE_MIN = [20, 19]
/** An installation on a slow network; a lock older than that was left behind by a machine that lost power. */
const LOCK_MS_MAX = 15 * 60 * 1000
const POLL_MS = 200
let holdsLock = false

main()

function main() {
  checkNode()
  if (isInstalled() && isBuilt()) return
  takeLock()
  try {
    if (!isInstalled()) install()
    if (!isBuilt()) build()
  } finally {
    releaseLock()
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return
  fail(`Node ${NODE_MIN.join('.')} or newer is needed, this is ${process.versions.node}`)
}

function isInstalled() {
  const installed = modifiedMs(join(root, 'node_modules', '.package-lock.json'))
  return installed !== undefined && installed >= (modifiedMs(join(root, 'package-lock.json')) ?? 0)
}

function install() {
  say('installing dependencies (npm ci)')
  // Development dependencies also under NODE_ENV=production: the build needs them. No package needs its install script.
  run('npm', ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  linkCommand()
}

/** `npx defender` finds the command in the checkout without asking the registry. */
function linkCommand() {
  const link = join(root, 'node_modules', '.bin', 'defender')
  mkdirSync(dirname(link), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync(join('..', '..', 'dist', 'scripts', 'defender.js'), link)
}

function isBuilt() {
  return run('node', [join(root, 'scripts', 'build.mjs'), '--check'], { quiet: true, mayFail: true }) === 0
}

function build() {
  say('building')
  run('node', [join(root, 'scripts', 'build.mjs')])
  chmodSync(join(root, 'dist', 'scripts', 'defender.js'), 0o755)
  if (modifiedMs(join(root, 'node_modules', '.bin', 'defender')) === undefined) linkCommand()
}

function takeLock() {
  let hasSaid = false
  for (;;) {
    try {
      writeFileSync(lockPath, String(process.pid), { flag: 'wx' })
      holdsLock = true
      return
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`${lockPath}: ${error.message}`)
    }
    if (isLockStale()) {
      rmSync(lockPath, { force: true })
      continue
    }
    if (!hasSaid) say('waiting for another set-up of this checkout')
    hasSaid = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
  }
}

/** Another's lock stays. */
function releaseLock() {
  if (holdsLock) rmSync(lockPath, { force: true })
}

/** Left behind: its process is gone, or it is older than any set-up. */
function isLockStale() {
  const since = modifiedMs(lockPath)
  if (since === undefined) return false
  if (Date.now() - since > LOCK_MS_MAX) return true
  const pid = Number(readIfThere(lockPath))
  // Created but not yet written to.
  if (!(pid > 0)) return Date.now() - since > 5_000
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function run(command, args, { quiet = false, mayFail = false } = {}) {
  const { status, error, signal } = spawnSync(command, args, {
    cwd: root,
    // Standard output belongs to the command that follows.
    stdio: quiet ? 'ignore' : ['ignore', 2, 2],
  })
  if (mayFail) return status
  if (error !== undefined && error !== null) fail(`${command}: ${error.message}`)
  if (status !== 0) fail(`${command} ${args.join(' ')} ended with ${signal ?? status}`)
  return status
}

/** The other set-up may end between two looks at its lock. */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`)
}

function fail(text) {
  releaseLock()
  say(text)
  process.exit(1)
}
