/** What the commands about violations need of the world, and the options that say where violations are read from. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AwsOptions } from '../aws/client.ts'
import { type DetectMitigations, openDetectMitigations } from '../aws/detect-mitigations.ts'
import { awsOptionsOf, type OperatorIo, OperatorProblem, operatorIo } from '../aws/operator-io.ts'
import { type Caller, callerIdentity } from '../aws/sts.ts'
import type { AccountOptions, ExitStatus } from '../plan/io.ts'
import { instantOption } from '../render/options.ts'
import { printable } from '../render/terminal.ts'
import { findInWorkFolders } from '../work-folders.ts'
import { VERIFICATION_STATES } from './event.ts'
import type { VerificationState, Violation, ViolationFilter, ViolationSource } from './model.ts'
import { type DetectSource, type DetectSourceOptions, openDetect } from './sources/detect.ts'
import { type LocalSource, openDeviceHistory } from './sources/device-history.ts'
import { openEventFolder } from './sources/event-folder.ts'

export interface ViolationsIo extends OperatorIo {
  readonly openDetect: (options: DetectSourceOptions) => Promise<DetectSource>
  readonly openMitigations: (options: AwsOptions) => Promise<DetectMitigations>
  readonly callerIdentity: (options: AwsOptions) => Promise<Caller>
  /** The folder of this device's own history, or an error that says where it was looked for. */
  readonly findHistory: () => Promise<string>
}

export const violationsIo = (name: string): ViolationsIo => ({
  ...operatorIo(name),
  openDetect,
  openMitigations: openDetectMitigations,
  callerIdentity,
  findHistory: () => findInWorkFolders('history', '--history'),
})

export interface SourceFlags extends AccountOptions {
  readonly history?: readonly string[]
  readonly events?: string
  readonly detect?: boolean
  readonly notes?: string
}

export interface FilterFlags {
  readonly thing?: string
  readonly securityProfile?: string
  readonly behavior?: string
  readonly state?: Violation['state']
  readonly verification?: VerificationState
  readonly since?: number
  readonly until?: number
}

export const SOURCE_HELP = `
Violations are read from one of
  --history DIR     the agent's own history: a device's folder, a copy of it, or
                    a folder with those of many devices; NAME=DIR names one
  --events PATH     violation events as a topic or an SNS subscription delivered
                    them: a folder of .json, .jsonl and .ndjson files, or a file
  --detect          AWS IoT Device Defender Detect
and without any of them from the agent's history on this device.

TIME is as in 2026-11-24 or 2026-11-24T10:30 (UTC if no zone is given), or a
time ago: 90s, 30min, 2h, 3d, 1w.`

/** @param local only what the operator has in files, where Detect is the other side */
export function sourceOptions(command: Command, { local = false } = {}): Command {
  command
    .addOption(
      new Option('--history <dir>', 'a history of the agent; may be given again')
        .argParser((path: string, before: readonly string[] | undefined) => [...(before ?? []), path])
        .conflicts(['events', 'detect']),
    )
    .addOption(new Option('--events <path>', 'violation events in files').conflicts(['detect']))
  if (!local) command.option('--detect', 'AWS IoT Device Defender Detect')
  return command.option('--notes <file>', 'what was said of them, if not beside them')
}

/** @param verdicts whether they can be chosen by how they ended and what was found of them */
export function filterOptions(command: Command, nowMs: () => number, { verdicts = true } = {}): Command {
  const instant = instantOption(nowMs)
  command
    .option('--thing <name>', 'of this thing')
    .option('--security-profile <name>', 'of this security profile')
    .option('--behavior <name>', 'of this behavior')
  if (verdicts) {
    command
      .addOption(
        new Option('--state <state>', 'in this state').choices(['in-alarm', 'cleared', 'invalidated']),
      )
      .addOption(
        new Option('--verification <state>', 'true, false, benign or unknown; see verify').argParser(
          verificationOf,
        ),
      )
  }
  return command
    .addOption(new Option('--since <time>', 'in alarm then or later').argParser(instant))
    .addOption(new Option('--until <time>', 'in alarm then or earlier').argParser(instant))
}

/** `false` is easier to type than `FALSE_POSITIVE`; both are taken. */
export function verificationOf(text: string): VerificationState {
  const wanted = text.toUpperCase()
  const found = VERIFICATION_STATES.find((each) => each === wanted || each === `${wanted}_POSITIVE`)
  if (found === undefined) throw new InvalidArgumentError('It is one of true, false, benign and unknown.')
  return found
}

export function filterOf(flags: FilterFlags): ViolationFilter {
  const { thing, securityProfile, behavior, state, verification, since, until } = flags
  if (since !== undefined && until !== undefined && since > until) {
    throw new OperatorProblem('--since is later than --until')
  }
  return {
    ...(thing === undefined ? {} : { thingName: thing }),
    ...(securityProfile === undefined ? {} : { securityProfileName: securityProfile }),
    ...(behavior === undefined ? {} : { behaviorName: behavior }),
    ...(state === undefined ? {} : { state }),
    ...(verification === undefined ? {} : { verification }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
}

/** @param work given the list of what could not be read, which grows while it reads */
export async function withSource<T>(
  flags: SourceFlags,
  io: ViolationsIo,
  work: (source: ViolationSource, missing: readonly string[]) => Promise<T>,
): Promise<T> {
  const missing: string[] = []
  if (flags.detect === true) return withDetect(flags, io, (source) => work(source, missing), missing)
  const source = await openLocal(flags, io, missing)
  try {
    return await work(source, missing)
  } finally {
    source.close()
  }
}

/** As `defender history` has it: what was read is given, and the status says that it is not all. */
export const statusOf = (missing: readonly string[]): ExitStatus => (missing.length === 0 ? 0 : 1)

const problemTo = (io: ViolationsIo, missing: string[]) => (problem: string) => {
  missing.push(problem)
  io.writeError(`note: ${printable(problem)}`)
}

/** What the operator's own files hold: the device's history, or events. */
export async function openLocal(
  flags: SourceFlags,
  io: ViolationsIo,
  missing: string[] = [],
): Promise<LocalSource> {
  const options = {
    ...(flags.notes === undefined ? {} : { notes: flags.notes }),
    onProblem: problemTo(io, missing),
  }
  if (flags.events !== undefined) return openEventFolder(flags.events, options)
  if (flags.history !== undefined) return openDeviceHistory(flags.history, options)
  const found = await io.findHistory().catch((error: unknown) => {
    throw new OperatorProblem(`${(error as Error).message}\nOr choose another source: --events, --detect.`)
  })
  return openDeviceHistory([found], options)
}

export async function withDetect<T>(
  flags: AccountOptions,
  io: ViolationsIo,
  work: (source: DetectSource) => Promise<T>,
  missing: string[] = [],
): Promise<T> {
  const { signal, stop } = io.interruption()
  const source = await io.openDetect({
    ...awsOptionsOf(flags),
    clock: io.clock,
    signal,
    onProblem: problemTo(io, missing),
    ...(io.progress === undefined
      ? {}
      : { onProgress: (count: number) => io.progress?.(`${count} events so far`) }),
  })
  try {
    return await work(source)
  } catch (error) {
    if (!signal.aborted) throw error
    throw new OperatorProblem('interrupted')
  } finally {
    io.progress?.('')
    source.close()
    stop()
  }
}
