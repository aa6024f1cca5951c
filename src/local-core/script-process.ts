/**
 * One lifecycle script as a process: /bin/sh in a process group of its own, so that a signal reaches all it started.
 * Whatever is left of the group when the script ends is killed, as systemd does with a unit's processes.
 */
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { within } from './waiting.ts'

export interface ScriptOptions {
  readonly script: string
  readonly workDirectory: string
  readonly environment: Readonly<Record<string, string>>
  onLine(stream: 'stdout' | 'stderr', line: string): void
}

export interface Exit {
  /** As a shell counts: 128 and the signal's number when a signal ended it. */
  readonly code: number
  readonly signal: NodeJS.Signals | null
}

export interface ScriptProcess {
  readonly pid: number | undefined
  /** Settles when the script has ended and its output has been handed over. Never rejects. */
  readonly exited: Promise<Exit>
  /** To the whole group; nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void
}

/** A line that does not end is handed over in pieces of this size, rather than kept. */
const LINE_CHARACTERS_MAX = 64 * 1024
/** How long to wait for the rest of the output once the script has ended: a daemon may hold the pipe for ever. */
const DRAIN_MS = 200
/** What a shell says when it cannot start a command. */
const NOT_STARTED = 127

export function runScript({ script, workDirectory, environment, onLine }: ScriptOptions): ScriptProcess {
  const child = spawn('/bin/sh', ['-c', script], {
    cwd: workDirectory,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = (signal: NodeJS.Signals) => killGroup(child.pid, signal)
  // The core's own process may end without having stopped the component.
  const killAtExit = () => kill('SIGKILL')
  process.once('exit', killAtExit)
  forwardLines(child.stdout, (line) => onLine('stdout', line))
  forwardLines(child.stderr, (line) => onLine('stderr', line))
  const exited = new Promise<Exit>((resolve) => {
    const closed = new Promise<void>((drained) => child.once('close', () => drained()))
    const end = async (exit: Exit) => {
      process.off('exit', killAtExit)
      kill('SIGKILL')
      await within(closed, DRAIN_MS)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve(exit)
    }
    child.once('error', () => void end({ code: NOT_STARTED, signal: null }))
    child.once('exit', (code, signal) => void end({ code: code ?? 128 + signalNumber(signal), signal }))
  })
  return { pid: child.pid, exited, kill }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Numbers of signal(7) that end components; any other counts as 0. */
function signalNumber(signal: NodeJS.Signals | null): number {
  const numbers: Partial<Record<NodeJS.Signals, number>> = {
    SIGHUP: 1,
    SIGINT: 2,
    SIGQUIT: 3,
    SIGABRT: 6,
    SIGKILL: 9,
    SIGSEGV: 11,
    SIGTERM: 15,
  }
  return (signal && numbers[signal]) ?? 0
}

function forwardLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
    for (; rest.length > LINE_CHARACTERS_MAX; rest = rest.slice(LINE_CHARACTERS_MAX)) {
      onLine(rest.slice(0, LINE_CHARACTERS_MAX))
    }
  })
  stream.on('close', () => {
    if (rest !== '') onLine(rest)
    rest = ''
  })
  stream.on('error', () => {}) // 'close' follows
}
