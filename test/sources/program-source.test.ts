import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { type Program, runProgramSource } from '../../src/sources/program-source.ts'

const directory = mkdtempSync(join(tmpdir(), 'program-source-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** The shell is only the test's way to have a program that misbehaves; the product itself never starts one. */
const shell = (script: string, bounds: Partial<Program> = {}): Program =>
  program(['/bin/sh', '-c', script, 'test'], bounds)

function program(argv: readonly [string, ...string[]], bounds: Partial<Program> = {}): Program {
  return { argv, timeoutMs: 10_000, outputBytesMax: 1_000, ...bounds }
}

/** Process ids that a script wrote to a file, one a line. */
function pidsIn(path: string): number[] {
  return readFileSync(path, 'utf8').trim().split('\n').map(Number)
}

/** Also false for a zombie, which has ended and only waits for its parent to notice. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('failures', () => {
  const cases: { name: string; run: Program; code: string; says: RegExp }[] = [
    {
      name: 'no such program',
      run: program(['/no/such']),
      code: 'not-started',
      says: /^\/no\/such: .*ENOENT/,
    },
    {
      name: 'no such program on the path',
      run: program(['no-such-program']),
      code: 'not-started',
      says: /ENOENT/,
    },
    { name: 'not executable', run: program(['/etc/passwd']), code: 'not-started', says: /EACCES/ },
    { name: 'a directory', run: program(['/']), code: 'not-started', says: /EACCES/ },
    { name: 'an empty name', run: program(['']), code: 'not-started', says: /""/ },
    {
      name: 'a NUL in an argument',
      run: program(['/bin/echo', 'a\0b']),
      code: 'not-started',
      says: /null bytes/,
    },
    { name: 'an exit code', run: shell('exit 3'), code: 'failed', says: /sh: exit code 3$/ },
    {
      name: 'an exit code, with the first line of its complaint',
      run: shell('echo; echo "no sensor" >&2; echo "at line 7" >&2; exit 1'),
      code: 'failed',
      says: /exit code 1: no sensor$/,
    },
    {
      name: 'a long complaint',
      run: shell('printf %0999d 7 >&2; exit 1'),
      code: 'failed',
      says: /: 0{200}$/,
    },
    { name: 'a signal', run: shell('kill -TERM $$'), code: 'failed', says: /killed by SIGTERM$/ },
    { name: 'not UTF-8', run: shell('printf "\\377"'), code: 'value', says: /not UTF-8/ },
    {
      name: 'one byte too many',
      run: shell('printf %01001d 7'),
      code: 'too-large',
      says: /more than 1000 bytes/,
    },
    { name: 'output without end', run: program(['yes']), code: 'too-large', says: /more than 1000 bytes/ },
    {
      name: 'a complaint without end',
      run: shell('yes >&2'),
      code: 'too-large',
      says: /more than 1000 bytes/,
    },
    {
      name: 'late',
      run: program(['sleep', '60'], { timeoutMs: 50 }),
      code: 'timeout',
      says: /not ended after 50 ms/,
    },
    {
      name: 'late and deaf to SIGTERM',
      run: shell('trap "" TERM INT HUP; while :; do sleep 60; done', { timeoutMs: 50 }),
      code: 'timeout',
      says: /not ended/,
    },
  ]
  it.each(cases)('$name: $code', async ({ run, code, says }) => {
    const error = { name: 'SourceError', code, message: expect.stringMatching(says) }
    await expect(runProgramSource(run)).rejects.toMatchObject(error)
  })

  it('when the agent is stopping, before and during', async () => {
    const before = runProgramSource(program(['sleep', '60']), AbortSignal.abort())
    await expect(before).rejects.toMatchObject({ code: 'aborted' })
    const controller = new AbortController()
    const during = runProgramSource(program(['sleep', '60']), controller.signal)
    controller.abort()
    await expect(during).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('output', () => {
  it.each([
    { name: 'as printed', run: program(['/bin/echo', '-n', '42']), text: '42' },
    { name: 'found on the path', run: program(['echo', '42']), text: '42\n' },
    {
      name: "arguments are not a shell's",
      run: program(['/bin/echo', '$HOME', '*', '; exit 1']),
      text: '$HOME * ; exit 1\n',
    },
    { name: 'nothing', run: program(['true']), text: '' },
    { name: 'as much as the bound', run: shell('printf %01000d 0'), text: '0'.repeat(1_000) },
    { name: 'a complaint beside it', run: shell('echo careful >&2; echo 42'), text: '42\n' },
    { name: 'no input to wait for', run: program(['cat']), text: '' },
    { name: 'run in the root directory', run: program(['pwd']), text: '/\n' },
  ])('$name', async ({ run, text }) => {
    expect(await runProgramSource(run)).toBe(text)
  })

  it('in pieces that cut a character', async () => {
    const text = await runProgramSource(shell('printf "\\303"; sleep 0.05; printf "\\251"'))
    expect(text).toBe('é')
  })
})

describe('environment', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it('has the path, the language and the root directory as home, and no secret', async () => {
    vi.stubEnv('SVCUID', 'token')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'key')
    vi.stubEnv('LD_PRELOAD', '')
    vi.stubEnv('LANG', 'de_DE.UTF-8')
    const lines = (await runProgramSource(program(['/usr/bin/env'], { outputBytesMax: 10_000 })))
      .trim()
      .split('\n')
    expect(lines.sort()).toEqual(['HOME=/', 'LANG=de_DE.UTF-8', `PATH=${process.env.PATH}`])
  })
})

describe.skipIf(process.platform !== 'linux')('nothing stays behind', () => {
  const fork = (pids: string) => `sleep 60 & echo $! >>"${pids}"; echo $$ >>"${pids}"`
  const cases: { name: string; after: string; bounds: Partial<Program>; end: 'value' | 'error' }[] = [
    { name: 'of a program that ended', after: 'echo 42', bounds: {}, end: 'value' },
    { name: 'of one that failed', after: 'exit 1', bounds: {}, end: 'error' },
    { name: 'of one that was late', after: 'wait', bounds: { timeoutMs: 1_000 }, end: 'error' },
    { name: 'of one that printed too much', after: 'yes', bounds: {}, end: 'error' },
  ]
  it.each(cases)('$name', async ({ name, after, bounds, end }) => {
    const pids = join(realpathSync(directory), name.replaceAll(' ', '-'))
    // What is left running has its output open: waiting for the end of the output would be waiting for a minute.
    const result = await runProgramSource(shell(`${fork(pids)}; ${after}`, bounds)).catch(() => 'error')
    expect(result).toBe(end === 'value' ? '42\n' : 'error')
    const started = pidsIn(pids)
    expect(started).toHaveLength(2)
    await vi.waitFor(() => expect(started.filter(isRunning)).toEqual([]), { timeout: 2_000, interval: 5 })
  })

  it('a process that left the group does not hold up the answer for longer than the time-out', async () => {
    const pids = join(directory, 'escaped')
    const run = shell(`setsid sh -c 'echo $$ >"${pids}"; exec sleep 60' & sleep 0.1; echo 42`, {
      timeoutMs: 400,
    })
    await expect(runProgramSource(run)).rejects.toMatchObject({ code: 'timeout' })
    for (const pid of pidsIn(pids)) process.kill(pid, 'SIGKILL')
  })

  it('no open file, after many runs of every kind', async () => {
    const openFiles = () =>
      process.getActiveResourcesInfo().filter((kind) => kind.includes('Pipe') || kind.includes('Process'))
    const before = openFiles().length
    const runs = [program(['true']), program(['/no/such']), program(['yes']), shell('exit 1')]
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(runs.map((run) => runProgramSource(run).catch(() => undefined)))
    }
    await vi.waitFor(() => expect(openFiles().length).toBeLessThanOrEqual(before), {
      timeout: 2_000,
      interval: 5,
    })
  })
})
