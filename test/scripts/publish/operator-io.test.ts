/** What becomes of a command whose output nobody reads any longer, and how commands end. */
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { finish, OperatorProblem, operatorIo } from '../../../scripts/aws/operator-io.ts'
import { AwsProblem } from '../../../scripts/aws/problem.ts'

/** A stream like standard output, of which every write fails with a code, if one is given. */
class Output extends Writable {
  readonly code: string | undefined
  readonly texts: string[] = []

  constructor(code?: string) {
    super({ autoDestroy: false })
    this.code = code
  }

  override _write(chunk: Buffer, _: string, done: (error?: Error) => void): void {
    this.texts.push(String(chunk))
    if (this.code === undefined) done()
    else done(Object.assign(new Error(`write ${this.code}`), { code: this.code }))
  }
}

let ends: (number | string | null | undefined)[]
beforeEach(() => {
  ends = []
  vi.spyOn(process, 'exit').mockImplementation((status) => {
    ends.push(status)
    return undefined as never
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

function replaceOutputs(stdoutCode: string, stderrCode?: string) {
  const [stdout, stderr] = [new Output(stdoutCode), new Output(stderrCode)]
  vi.spyOn(process, 'stdout', 'get').mockReturnValue(stdout as never)
  vi.spyOn(process, 'stderr', 'get').mockReturnValue(stderr as never)
  return { stdout, stderr }
}

/** The handlers of the process's end that were added since. */
function endHandlers(before: readonly unknown[]) {
  return process.listeners('exit').filter((each) => !before.includes(each)) as (() => void)[]
}

describe.each([
  { name: 'a pipe that was closed', code: 'EPIPE' },
  { name: 'a terminal that hung up', code: 'EIO' },
])('$name', ({ code }) => {
  test('a command that changes something goes on, without a word', async () => {
    const before = process.listeners('exit')
    const { stdout, stderr } = replaceOutputs(code, code)
    const io = operatorIo('rollout')
    for (const line of ['ring 1\n', 'ring 2\n']) {
      io.write(line)
      // Without a listener the stream's error would end the process here.
      await setImmediate()
    }
    io.writeError('note: slow')
    await setImmediate()
    expect(stdout.texts[0]).toBe('ring 1\n')
    expect(stderr.texts).toEqual(['defender rollout: note: slow\n'])
    expect(ends).toEqual([])
    expect(endHandlers(before)).toEqual([])
  })

  test('a command that only reads ends as one that SIGPIPE ended', async () => {
    const { stdout } = replaceOutputs(code, code)
    operatorIo('policies', 'stop').write('{}')
    await once(stdout, 'error')
    expect(ends[0]).toBe(141)
  })
})

describe('a disk that is full', () => {
  test('a command that changes something goes on, and fails at its end, once', async () => {
    const before = process.listeners('exit')
    const { stderr } = replaceOutputs('ENOSPC')
    const io = operatorIo('publish')
    for (const line of ['a', 'b']) {
      io.write(line)
      await setImmediate()
    }
    const handlers = endHandlers(before)
    expect({ ends, handlers }).toEqual({ ends: [], handlers: [expect.any(Function)] })
    process.exitCode = 0
    handlers[0]?.()
    expect(process.exitCode).toBe(1)
    expect(stderr.texts).toEqual(['defender: not all of the output could be written\n'])
    process.off('exit', handlers[0] as () => void)
  })

  test('a command that only reads fails at once', async () => {
    const { stdout } = replaceOutputs('ENOSPC')
    operatorIo('doctor', 'stop').write('a')
    await once(stdout, 'error')
    expect({ ends, code: process.exitCode }).toEqual({ ends: [1], code: 1 })
  })
})

describe('an interruption', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('by %s, until it is no longer listened for', (name) => {
    const before = process.listenerCount(name)
    const { signal, stop } = operatorIo('rollout').interruption()
    expect(signal.aborted).toBe(false)
    process.listeners(name).at(-1)?.(name)
    expect(signal.aborted).toBe(true)
    stop()
    expect(process.listenerCount(name)).toBe(before)
  })
})

describe('the end of a command', () => {
  const cases = [
    { name: 'its own status', work: async () => 1 as const, status: 1, says: [] },
    {
      name: 'a fault of AWS',
      work: async () => {
        throw new AwsProblem('throttled', 'sts:GetCallerIdentity', 'AWS throttles')
      },
      status: 2,
      says: ['AWS throttles'],
    },
    {
      name: 'a fault of the files',
      work: async () => {
        throw new OperatorProblem('no bucket')
      },
      status: 2,
      says: ['no bucket'],
    },
  ]
  test.each(cases)('$name', async ({ work, status, says }) => {
    const lines: string[] = []
    let given: number | undefined
    const exit = (code: number) => {
      given = code
    }
    await finish({ writeError: (line) => lines.push(line), exit }, work)
    expect({ given, lines }).toEqual({ given: status, lines: says })
  })

  test('a fault of ours goes on', async () => {
    const work = async () => {
      throw new TypeError('ours')
    }
    await expect(finish({ writeError: () => {}, exit: () => {} }, work)).rejects.toThrow('ours')
  })
})
