/** `scripts/setup.mjs` and `scripts/test.mjs` in checkouts of their own, with an npm and checks that only write down their calls. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Cleanup } from '../helpers/agent.ts'

const NPM_CI = 'npm ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error'

/** Writes its call down, waits as long as it is told to, and installs: the hidden lock file comes last. */
const fakeNpm = `#!/bin/sh
echo "npm $*" >> calls
echo "output of npm"
sleep "\${NPM_SECONDS:-0}"
if [ -n "$NPM_FAILS" ]; then exit 7; fi
mkdir -p node_modules && echo '{}' > node_modules/.package-lock.json
`

/** In the place of `node scripts/build.mjs`, to spare Node's start; with --check it only answers what is to be done. */
const fakeNode = `#!/bin/sh
case "$1" in */scripts/build.mjs) ;; *) exit 99 ;; esac
if [ "$2" = --check ]; then test -e dist/.built; exit; fi
echo build >> calls
if [ -n "$BUILD_FAILS" ]; then exit 9; fi
mkdir -p dist/scripts && : > dist/scripts/defender.js && : > dist/.built
`

interface End {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Checkout {
  readonly path: (name: string) => string
  readonly calls: () => string[]
  readonly start: (environment?: Record<string, string>) => ChildProcess
  readonly run: (environment?: Record<string, string>) => Promise<End>
}

function newCheckout(cleanup: Cleanup): Checkout {
  const root = mkdtempSync(join(tmpdir(), 'setup-'))
  cleanup.onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const path = (name: string) => join(root, name)
  const write = (name: string, text: string) => {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), text)
    chmodSync(path(name), 0o755)
  }
  write('package.json', '{ "name": "tiny", "version": "1.0.0" }')
  write('package-lock.json', '{ "lockfileVersion": 3 }')
  write('bin/node', fakeNode)
  write('bin/npm', fakeNpm)
  cpSync('scripts/setup.mjs', path('scripts/setup.mjs'))
  const start = (environment: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [path('scripts/setup.mjs')], {
      cwd: tmpdir(), // it must not matter
      env: { PATH: `${path('bin')}:/usr/bin:/bin`, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    cleanup.onTestFinished(() => killGroup(child))
    return child
  }
  return {
    path,
    calls: () => (existsSync(path('calls')) ? readFileSync(path('calls'), 'utf8').trimEnd().split('\n') : []),
    start,
    run: (environment) => ended(start(environment)),
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {} // it has ended
}

async function ended(child: ChildProcess): Promise<End> {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk) => {
      texts[name] += chunk
    })
  }
  const [exitCode] = await once(child, 'close')
  return { exitCode, ...texts }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}

const deadPid = () => String(spawnSync('true').pid)
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

describe.concurrent('set-up', () => {
  test('of a fresh clone: installs, builds, and links the command', async (context) => {
    const { run, calls, path } = newCheckout(context)
    const { exitCode, stdout, stderr } = await run()
    expect(exitCode).toBe(0)
    expect(calls()).toEqual([NPM_CI, 'build'])
    // Standard output is the command's that follows.
    expect(stdout).toBe('')
    expect(stderr).toBe('setup: installing dependencies (npm ci)\noutput of npm\nsetup: building\n')
    expect(readlinkSync(path('node_modules/.bin/defender'))).toBe('../../dist/scripts/defender.js')
    expect(existsSync(path('node_modules/.bin/defender'))).toBe(true)
    expect(existsSync(path('.setup.lock'))).toBe(false)
  })

  test('with nothing to do: no output, no call', async (context) => {
    const { run, calls } = newCheckout(context)
    await run()
    expect(await run()).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect(calls()).toEqual([NPM_CI, 'build'])
  })

  test('after the lock file has changed: installs again', async (context) => {
    const { run, calls, path } = newCheckout(context)
    await run()
    utimesSync(path('node_modules/.package-lock.json'), minutesAgo(2), minutesAgo(2))
    utimesSync(path('package-lock.json'), minutesAgo(1), minutesAgo(1))
    expect((await run()).exitCode).toBe(0)
    expect(calls()).toEqual([NPM_CI, 'build', NPM_CI])
  })

  test('after a source has changed: only builds', async (context) => {
    const { run, calls, path } = newCheckout(context)
    await run()
    rmSync(path('dist/.built'))
    expect(await run()).toEqual({ exitCode: 0, stdout: '', stderr: 'setup: building\n' })
    expect(calls()).toEqual([NPM_CI, 'build', 'build'])
  })

  test('under NODE_ENV=production: development dependencies too', async (context) => {
    const { run, calls } = newCheckout(context)
    expect((await run({ NODE_ENV: 'production' })).exitCode).toBe(0)
    expect(calls()).toEqual([NPM_CI, 'build'])
  })
})

describe.concurrent('two at once', () => {
  test('the second waits for the first and then has nothing to do', async (context) => {
    const { start, calls } = newCheckout(context)
    const first = start({ NPM_SECONDS: '0.5' })
    const firstEnd = ended(first)
    await until(() => calls().length > 0)
    const second = await ended(start())
    expect(second).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'setup: waiting for another set-up of this checkout\n',
    })
    expect((await firstEnd).exitCode).toBe(0)
    expect(calls()).toEqual([NPM_CI, 'build'])
  })

  test.for([
    { name: 'of a process that is gone', pid: deadPid, age: 0 },
    {
      name: 'that is older than any set-up, whoever has that number now',
      pid: () => String(process.pid),
      age: 16,
    },
    { name: 'that was never written to', pid: () => '', age: 1 },
    { name: 'with something else in it', pid: () => 'no number', age: 1 },
  ])('a lock $name does not hold it up', async ({ pid, age }, context) => {
    const { run, calls, path } = newCheckout(context)
    writeFileSync(path('.setup.lock'), pid())
    utimesSync(path('.setup.lock'), minutesAgo(age), minutesAgo(age))
    expect((await run()).exitCode).toBe(0)
    expect(calls()).toEqual([NPM_CI, 'build'])
    expect(existsSync(path('.setup.lock'))).toBe(false)
  })
})

describe.concurrent('stopped half-way', () => {
  test('killed: the next run begins again', async (context) => {
    const { start, run, calls, path } = newCheckout(context)
    const first = start({ NPM_SECONDS: '60' })
    await until(() => calls().length > 0)
    killGroup(first)
    await once(first, 'close')
    expect(existsSync(path('.setup.lock'))).toBe(true)
    expect((await run()).exitCode).toBe(0)
    expect(calls()).toEqual([NPM_CI, NPM_CI, 'build'])
  })

  test('npm fails: exit status 1, what failed, and the next run begins again', async (context) => {
    const { run, calls } = newCheckout(context)
    const { exitCode, stderr } = await run({ NPM_FAILS: '1' })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^setup: npm ci .* ended with 7$/m)
    expect((await run()).exitCode).toBe(0)
    expect(calls()).toEqual([NPM_CI, NPM_CI, 'build'])
  })

  test('the build fails: exit status 1, and only the build is done again', async (context) => {
    const { run, calls } = newCheckout(context)
    const { exitCode, stderr } = await run({ BUILD_FAILS: '1' })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^setup: node .*build\.mjs ended with 9$/m)
    expect((await run()).exitCode).toBe(0)
    expect(calls()).toEqual([NPM_CI, 'build', 'build'])
  })

  test('no npm: exit status 1, and that it is missing', async (context) => {
    const { run, path } = newCheckout(context)
    mkdirSync(path('only-node'))
    symlinkSync(path('bin/node'), path('only-node/node'))
    const { exitCode, stderr } = await run({ PATH: path('only-node') })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^setup: npm: .*ENOENT/m)
    expect(existsSync(path('.setup.lock'))).toBe(false)
  })
})

describe('npm test', () => {
  /** Checks that only write down their calls; those that are named fail. */
  function testRun(args: readonly string[], failing: readonly string[]): End & { readonly calls: string[] } {
    const root = mkdtempSync(join(tmpdir(), 'test-run-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    const path = (name: string) => join(root, name)
    for (const folder of ['scripts', 'node_modules/.bin', 'dist/scripts'])
      mkdirSync(path(folder), { recursive: true })
    cpSync('scripts/test.mjs', path('scripts/test.mjs'))
    const status = (name: string) => (failing.includes(name) ? 1 : 0)
    for (const name of ['biome', 'tsc', 'knip', 'vitest']) {
      const program = `#!/bin/sh\necho "${name} $*" >> calls\nexit ${status(name)}\n`
      writeFileSync(path(`node_modules/.bin/${name}`), program, { mode: 0o755 })
    }
    writeFileSync(
      path('dist/scripts/generate.js'),
      `require('node:fs').appendFileSync('calls', 'generate ' + process.argv.slice(2) + '\\n'); process.exit(${status('generate')})`,
    )
    const {
      status: exitCode,
      stdout,
      stderr,
    } = spawnSync(process.execPath, [path('scripts/test.mjs'), ...args], {
      encoding: 'utf8',
    })
    return { exitCode, stdout, stderr, calls: readFileSync(path('calls'), 'utf8').trimEnd().split('\n') }
  }
  const programs = (calls: readonly string[]) => calls.map((call) => call.split(' ', 1)[0])
  const all = ['biome', 'tsc', 'tsc', 'tsc', 'knip', 'generate', 'vitest']

  test('runs every check and then the tests, with coverage', () => {
    const { exitCode, calls, stderr } = testRun([], [])
    expect(exitCode).toBe(0)
    expect(programs(calls)).toEqual(all)
    expect(calls.at(-1)).toBe('vitest run --coverage')
    expect(calls).toContain('generate --check')
    expect(stderr).toBe('')
  })

  test.each(['knip', 'vitest'])('%s fails: all else runs all the same, exit status 1', (name) => {
    const { exitCode, calls, stderr } = testRun([], [name])
    expect(exitCode).toBe(1)
    expect(programs(calls)).toEqual(all)
    expect(stderr).toMatch(/^npm test: failed: ./m)
  })

  test('with arguments: only those tests', () => {
    const { exitCode, calls } = testRun(['test/report', '-t', 'golden'], ['biome'])
    expect(exitCode).toBe(0)
    expect(calls).toEqual(['vitest run test/report -t golden'])
  })
})
