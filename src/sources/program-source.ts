/**
 * Runs the program that prints a custom metric: its argument vector as it is, never through a shell, in a process group
 * of its own with an environment of its own, and with an end in any case. When it ends, is late or prints too much, all
 * of its group is killed, so that nothing that it started stays behind.
 *
 * A process that moves itself into another group (setsid(2)) escapes the kill but holds up nothing: the time-out ends
 * the wait for it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { causeText, SourceError } from './source-error.ts'
import { utf8Text } from './utf8.ts'

export interface Program {
  readonly argv: readonly [string, ...string[]]
  readonly timeoutMs: number
  /** Of each, standard output and standard error. */
  readonly outputBytesMax: number
}

/** Of standard error's first line, in the error of a program that failed. */
const COMPLAINT_MAX = 200

/** Where the agent has no PATH itself: the directories of the Filesystem Hierarchy Standard. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

type Child = ChildProcessByStdio<null, Readable, Readable>

/** What the program printed. Throws a SourceError, `aborted` when `signal` ended it. */
export async function runProgramSource(program: Program, signal?: AbortSignal): Promise<string> {
  const [command] = program.argv
  if (signal?.aborted) throw new SourceError('aborted', `${command}: not started, the agent is stopping`)
  const child = start(program)
  const output = collect(child.stdout, program.outputBytesMax)
  const complaint = collect(child.stderr, program.outputBytesMax)
  try {
    const end = await firstEnd(child, program, [output, complaint], signal)
    if (end.exitCode === 0) return utf8Text(Buffer.concat(output.chunks), command)
    const how = end.exitCode === null ? `killed by ${end.signalName}` : `exit code ${end.exitCode}`
    throw new SourceError('failed', `${command}: ${how}${firstLine(complaint.chunks)}`)
  } finally {
    if (child.exitCode === null && child.signalCode === null) killGroup(child)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

function start({ argv: [command, ...args] }: Program): Child {
  try {
    return spawn(command, args, {
      shell: false,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // setsid(2): the group can then be killed as a whole
      cwd: '/',
      env: environment(),
    })
  } catch (error) {
    throw new SourceError('not-started', `${JSON.stringify(command)}: ${causeText(error)}`, error)
  }
}

/** Nothing else is handed on: the agent's own has the token of its Greengrass connection and may have AWS credentials. */
function environment(): Record<string, string> {
  const { PATH = DEFAULT_PATH, LANG = 'C.UTF-8' } = process.env
  return { PATH, LANG, HOME: '/' }
}

interface Collected {
  readonly chunks: Buffer[]
  /** Called once, when there is more than the bound; what came before that stays. */
  onOverflow: () => void
}

function collect(stream: Readable, bytesMax: number): Collected {
  const collected: Collected = { chunks: [], onOverflow: () => {} }
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= bytesMax) collected.chunks.push(chunk)
    else collected.onOverflow()
  })
  return collected
}

interface End {
  readonly exitCode: number | null
  readonly signalName: NodeJS.Signals | null
}

/** Whichever comes first: its end with all of its output, a failure to start, too much output, the time-out, an abort. */
async function firstEnd(
  child: Child,
  program: Program,
  outputs: readonly Collected[],
  signal?: AbortSignal,
): Promise<End> {
  const [command] = program.argv
  const { promise, resolve, reject } = withResolvers<End>()
  const fail = (code: ConstructorParameters<typeof SourceError>[0], detail: string, cause?: unknown) =>
    reject(new SourceError(code, `${command}: ${detail}`, cause))

  child.on('error', (error) => fail('not-started', causeText(error), error))
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('error', (error) => fail('failed', causeText(error), error))
  }
  // What it left running holds its output open, and "close" would not come.
  child.on('exit', () => killGroup(child))
  child.on('close', (exitCode, signalName) => resolve({ exitCode, signalName }))
  for (const output of outputs) {
    output.onOverflow = () => fail('too-large', `printed more than ${program.outputBytesMax} bytes`)
  }
  const timer = setTimeout(
    () => fail('timeout', `not ended after ${program.timeoutMs} ms`),
    program.timeoutMs,
  )
  const onAbort = () => fail('aborted', 'ended, the agent is stopping')
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Promise.withResolvers of ES2024, which Node 20 does not have. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: Error) => void = () => {}
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/**
 * kill(2) with a negative number is for the group. It fails when the program never started, when all have ended, and
 * for a set-user-id program that is another user's now: then the wait ends all the same, and there is no more to do.
 */
function killGroup(child: Child): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {}
}

function firstLine(chunks: readonly Buffer[]): string {
  const line = Buffer.concat(chunks).toString().trimStart().split('\n', 1)[0]?.trimEnd() ?? ''
  return line === '' ? '' : `: ${line.slice(0, COMPLAINT_MAX)}`
}
