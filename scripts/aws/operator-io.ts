/**
 * What the commands that ask AWS need of the world besides, the options they have in common, and how they end: in a
 * sentence and an exit status.
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { Command, Option } from 'commander'
import { type Clock, systemClock } from '../../src/schedule/clock.ts'
import type { AccountOptions, ExitStatus } from '../plan/io.ts'
import { type TerminalStyle, terminalStyle } from '../render/terminal.ts'
import type { AwsOptions } from './client.ts'
import { AwsProblem } from './problem.ts'

export interface OperatorIo {
  readonly style: TerminalStyle
  readonly clock: Clock
  readonly write: (text: string) => void
  readonly writeError: (line: string) => void
  readonly exit: (status: ExitStatus) => void
  /** Asks yes or no; absent where nobody is there to answer. */
  readonly confirm?: (question: string) => Promise<boolean>
  /** Shows one line in place of the last; an empty one takes it away. Absent where there is no terminal. */
  readonly progress?: (line: string) => void
  /** A signal that comes when the operator interrupts; `stop` ends the listening. */
  readonly interruption: () => { readonly signal: AbortSignal; readonly stop: () => void }
}

export interface ChangeOptions extends AccountOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
  /** Of the plan that was reviewed. */
  readonly fingerprint?: string
}

/** Something that the operator has to put right before AWS is asked: files, options. */
export class OperatorProblem extends Error {
  override readonly name = 'OperatorProblem'
}

export const accountCommand = (name: string): Command =>
  new Command(name)
    .option('--profile <name>', 'of ~/.aws/config, as for the AWS CLI')
    .option('--region <region>', "as eu-west-1; otherwise the environment's")
    .option('--endpoint-url <url>', "instead of the services' own endpoints")
    .addOption(outputOption())

export const changingCommand = (name: string): Command =>
  accountCommand(name)
    .option('--yes', 'do not ask')
    .option('--fingerprint <plan>', 'carry out this plan and no other; do not ask')
    .option('--dry-run', 'show the plan and change nothing')

export const outputOption = () =>
  new Option('--output <format>', 'how').choices(['text', 'json']).default('text', 'text')

export const awsOptionsOf = ({ profile, region, endpointUrl }: AccountOptions): AwsOptions => ({
  ...(profile === undefined ? {} : { profile }),
  ...(region === undefined ? {} : { region }),
  ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
})

/** Faults of AWS and of the files are sentences for the operator; anything else is a fault of ours and goes on. */
export async function finish<Status extends number>(
  io: { readonly writeError: (line: string) => void; readonly exit: (status: NoInfer<Status> | 2) => void },
  work: () => Promise<Status>,
): Promise<void> {
  try {
    io.exit(await work())
  } catch (error) {
    if (!(error instanceof AwsProblem) && !(error instanceof OperatorProblem)) throw error
    io.writeError(error.message)
    io.exit(2)
  }
}

/**
 * What becomes of a command when nobody reads its output any longer, as after `| head` or when a terminal has hung up. One
 * that changes an account goes on, without a word: half a rollout is worse than one that nobody watched to its end.
 * One that only reads has nothing left to do.
 */
export type WithoutReader = 'go on' | 'stop'

/** @param name of the command, before what it says on standard error */
export function operatorIo(name: string, withoutReader: WithoutReader = 'go on'): OperatorIo {
  const { stdin, stdout, stderr, env } = process
  const write = (stream: NodeJS.WriteStream, text: string) => {
    // Only now: each command has an io, and only the one that runs may decide.
    const listener = listeners[withoutReader]
    if (!stream.listeners('error').includes(listener)) stream.on('error', listener)
    stream.write(text)
  }
  return {
    style: terminalStyle(stdout, env),
    clock: systemClock,
    write: (text) => write(stdout, text),
    writeError: (line) => write(stderr, `defender ${name}: ${line}\n`),
    exit: (status) => {
      process.exitCode = status
    },
    // Questions and progress go to standard error: standard output may be a file.
    ...(stdin.isTTY && stderr.isTTY ? { confirm: askOnTerminal } : {}),
    // ECMA-48, erase in line.
    ...(stderr.isTTY ? { progress: (line: string) => write(stderr, `\r\u001b[K${line}`) } : {}),
    interruption: () => {
      const controller = new AbortController()
      const abort = () => controller.abort()
      for (const each of INTERRUPTIONS) process.once(each, abort)
      const stop = () => {
        for (const each of INTERRUPTIONS) process.off(each, abort)
      }
      return { signal: controller.signal, stop }
    },
  }
}

/** Ctrl-C and kill. Not SIGHUP: to listen for it would undo what nohup(1) did, and a rollout is to survive there. */
const INTERRUPTIONS = ['SIGINT', 'SIGTERM'] as const

/** What shells say of a program that a closed pipe ended: 128 and the number of SIGPIPE, signal(7). */
const CLOSED_PIPE_STATUS = 141

const listeners: Readonly<Record<WithoutReader, (error: NodeJS.ErrnoException) => void>> = {
  'go on': (error) => {
    // A full disk is another matter: what was asked for is not all there.
    if (isReaderGone(error) || process.listeners('exit').includes(sayIncomplete)) return
    process.once('exit', sayIncomplete)
  },
  stop: (error) => {
    if (!isReaderGone(error)) sayIncomplete()
    process.exit(isReaderGone(error) ? CLOSED_PIPE_STATUS : 1)
  },
}

/** write(2): EPIPE of a pipe, EIO of a terminal that hung up. */
const isReaderGone = ({ code }: NodeJS.ErrnoException) => code === 'EPIPE' || code === 'EIO'

function sayIncomplete(): void {
  process.exitCode ||= 1
  process.stderr.write('defender: not all of the output could be written\n')
}

async function askOnTerminal(question: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // Ctrl-D or Ctrl-C is no answer, and no is what that means.
    const noAnswer = once(prompt, 'close').then(() => '')
    const answer = await Promise.race([prompt.question(`${question} [y/N] `), noAnswer])
    return /^(y|yes)$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}
