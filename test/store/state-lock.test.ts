/** The lock of a state directory, against real processes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { lockState, type StateLock } from '../../src/store/state-lock.ts'

let directory = ''
let path = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lock-'))
  path = join(directory, 'agent.lock')
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
})

/** Looks at once again; `held` are the processes that were waited for, `errors` why there was no lock. */
function lock(isOver = () => false, into = directory) {
  const held: number[] = []
  const errors: unknown[] = []
  const locked = lockState(into, {
    onHeld: (pid) => held.push(pid),
    onImpossible: (error) => errors.push(error),
    sleep: () => sleep(5),
    isOver,
  })
  return { held, errors, locked }
}

function start(command: string, ...args: string[]): ChildProcess & { pid: number } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child as ChildProcess & { pid: number }
}

/** What the lock of a process would say. */
async function identityOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
  return `${pid} ${text.split(') ')[1]?.split(' ')[19]} ${bootId.trim()}`
}

test('is had at once, for its owner alone to read, and given back', async () => {
  const { held, locked } = lock()
  const { release } = (await locked) as StateLock
  expect(await readFile(path, 'utf8')).toBe(await identityOf(process.pid))
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(directory)).toEqual(['agent.lock'])
  await release()
  expect(await readdir(directory)).toEqual([])
  expect(held).toEqual([])
})

test('of a process that runs is waited for until the process is gone', async () => {
  const other = start('sleep', '60')
  await writeFile(path, await identityOf(other.pid))
  const { held, locked } = lock()
  expect(await Promise.race([locked, sleep(100, 'waiting')])).toBe('waiting')
  other.kill('SIGKILL')
  await locked
  expect(held).toEqual([other.pid])
  expect(await readFile(path, 'utf8')).toBe(await identityOf(process.pid))
  expect(await readdir(directory)).toEqual(['agent.lock'])
})

test('is not waited for any longer when it is over', async () => {
  const other = start('sleep', '60')
  const text = await identityOf(other.pid)
  await writeFile(path, text)
  let looks = 0
  const { locked } = lock(() => ++looks > 3)
  expect(await locked).toBeUndefined()
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('of a process whose parent has not asked for its end is nobody’s', async () => {
  // `sleep` never asks after the child that it has from the shell it took the place of.
  const parent = start('sh', '-c', 'sleep 0.1 & echo $!; exec sleep 60')
  const [output] = await once(parent.stdout as NodeJS.ReadableStream, 'data')
  const pid = Number(String(output))
  await writeFile(path, await identityOf(pid))
  const { held, locked } = lock()
  await locked
  expect(held).toEqual([pid])
  expect(await readFile(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ')
})

const old: readonly { name: string; text: () => string }[] = [
  { name: 'of another process with the same id', text: () => `${process.ppid} 1 a-boot` },
  { name: 'of a former process with our own id, as in a container', text: () => `${process.pid} 1 a-boot` },
  { name: 'of no process', text: () => '4194305 1 a-boot' },
  { name: 'without a text', text: () => '' },
  { name: 'of anything', text: () => '-1 ../../etc' },
]
test.each(old)('$name is taken over', async ({ text }) => {
  await writeFile(path, text())
  const { held, locked } = lock()
  expect(await locked).toBeDefined()
  expect(held).toEqual([])
  expect(await readFile(path, 'utf8')).toBe(await identityOf(process.pid))
})

test('of another is not given back', async () => {
  const { locked } = lock()
  const mine = await locked
  await writeFile(path, 'of another')
  await mine?.release()
  expect(await readFile(path, 'utf8')).toBe('of another')
})

test('cannot be had where nothing can be written; that is told, and nothing stops', async () => {
  const { held, errors, locked } = lock(() => false, '/proc/no-state')
  expect(await locked).toBeDefined()
  expect(held).toEqual([])
  expect(errors).toEqual([expect.objectContaining({ code: 'ENOENT' })])
})

test('of a process that runs keeps others out also where nothing can be written any more', async () => {
  const other = start('sleep', '60')
  await writeFile(path, await identityOf(other.pid))
  // As on a full disk: what would be written first cannot be.
  await mkdir(`${path}.${process.pid}.new/in-the-way`, { recursive: true })
  let looks = 0
  const { held, errors, locked } = lock(() => ++looks > 2)
  expect(await locked).toBeUndefined()
  expect({ held, errors }).toEqual({ held: [other.pid], errors: [] })
})

test('leaves nothing of processes that were killed amid the taking of it, and leaves alone what others are about', async () => {
  const other = start('sleep', '60')
  for (const name of ['4194305.new', '4194305.old', `${other.pid}.new`])
    await writeFile(`${path}.${name}`, '')
  await lock().locked
  expect((await readdir(directory)).sort()).toEqual(['agent.lock', `agent.lock.${other.pid}.new`])
})

test('that is old goes to one of many that find it in the same instant', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const program = join(directory, 'contender.mjs')
  await build({
    stdin: {
      contents: `import { lockState } from './src/store/state-lock.ts'
        const wait = { onHeld: () => {}, onImpossible: console.error, isOver: () => false }
        wait.sleep = () => new Promise((resolve) => setTimeout(resolve, 1))
        await lockState(process.argv[2], wait)
        console.log('got it')
        setInterval(() => {}, 1000)`,
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
    logLevel: 'error',
  })
  const state = join(directory, 'state')
  await mkdir(state)
  for (let round = 0; round < 5; round += 1) {
    await writeFile(join(state, 'agent.lock'), '4194305 1 a-boot')
    let winners = 0
    const contenders = Array.from({ length: 6 }, () => start(process.execPath, program, state))
    for (const { stdout } of contenders) stdout?.on('data', () => (winners += 1))
    await vi.waitFor(() => expect(winners).toBeGreaterThan(0), { timeout: 10_000 })
    // All have come by then, and look each millisecond.
    await sleep(300)
    expect(winners).toBe(1)
    for (const contender of contenders) contender.kill('SIGKILL')
    await Promise.all(contenders.map((contender) => once(contender, 'close')))
  }
})
