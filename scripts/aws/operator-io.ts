/**
 * What the commands that publish, check and set up need of the world outside AWS, the options they have in common, and
 * how they end: in a sentence and an exit status.
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
export async function finish(io: OperatorIo, work: () => Promise<ExitStatus>): Promise<void> {
  try {
    io.exit(await work())
  } catch (error) {
    if (!(error instanceof AwsProblem) && !(error instanceof OperatorProblem)) throw error
    io.writeError(error.message)
    io.exit(2)
  }
}

/** @param name of the command, before what it says on standard error */
export function operatorIo(name: string): OperatorIo {
  const { stdin, stdout, stderr, env } = process
  return {
    style: terminalStyle(stdout, env),
    clock: systemClock,
    write: (text) => stdout.write(text),
    writeError: (line) => stderr.write(`defender ${name}: ${line}\n`),
    exit: (status) => {
      process.exitCode = status
    },
    // Questions and progress go to standard error: standard output may be a file.
    ...(stdin.isTTY && stderr.isTTY ? { confirm: askOnTerminal } : {}),
    // ECMA-48, erase in line.
    ...(stderr.isTTY ? { progress: (line: string) => stderr.write(`\r\u001b[K${line}`) } : {}),
    interruption: () => {
      const controller = new AbortController()
      const abort = () => controller.abort()
      process.once('SIGINT', abort)
      process.once('SIGTERM', abort)
      const stop = () => {
        process.off('SIGINT', abort)
        process.off('SIGTERM', abort)
      }
      return { signal: controller.signal, stop }
    },
  }
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
