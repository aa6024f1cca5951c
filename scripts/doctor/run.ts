/** `defender doctor`: asks everything there is to ask, and shows what was found. */
import { resolve } from 'node:path'
import { awsOptionsOf, type OperatorIo, OperatorProblem } from '../aws/operator-io.ts'
import { type Caller, callerIdentity } from '../aws/sts.ts'
import { COMPONENT_NAME } from '../component-name.ts'
import type { AccountOptions, ExitStatus } from '../plan/io.ts'
import { bucketName, readPublishConfig } from '../publish/gdk-config.ts'
import { printable } from '../render/terminal.ts'
import { type Check, type Result, runChecks } from './check.ts'
import { callerCheck, componentCheck } from './checks/account.ts'
import { bucketCheck, publicAccessCheck } from './checks/bucket.ts'
import { lookAtRole, USUAL_ROLE_ALIASES } from './checks/role.ts'
import { askThing, roleAliasesIn, thingChecks } from './checks/thing.ts'

export interface DoctorOptions extends AccountOptions {
  readonly directory: string
  readonly bucket?: string
  readonly thing?: string
  readonly thingGroup?: string
  readonly roleAlias?: string
}

export async function doctor(options: DoctorOptions, io: OperatorIo): Promise<ExitStatus> {
  if (options.thingGroup !== undefined && options.thing === undefined) {
    throw new OperatorProblem('--thing-group asks whether a thing is in the group: give --thing too')
  }
  const aws = awsOptionsOf(options)
  let caller: Caller | undefined
  const first = await runChecks([
    callerCheck(async () => {
      caller = await callerIdentity(aws)
      return caller
    }),
  ])
  const rest = caller === undefined ? [] : await runChecks(checksFor(options, caller, io))
  const results = [...first, ...rest]
  const isWell = results.every(({ kind }) => kind !== 'fault')
  if (options.output === 'json') io.write(`${JSON.stringify({ isWell, checks: results }, null, 2)}\n`)
  else show(results, caller !== undefined, io)
  // What could not even be asked is no sign of health.
  return caller === undefined || !isWell ? 1 : 0
}

function checksFor(options: DoctorOptions, caller: Caller, io: OperatorIo): Check[] {
  const aws = awsOptionsOf(options)
  const { thing, thingGroup, roleAlias } = options
  const answers = askThing(thing ?? '', caller, aws)
  const aliases = async (): Promise<readonly string[]> => {
    if (roleAlias !== undefined) return [roleAlias]
    // Where the thing's policies may not be read, the usual names are tried.
    const found = thing === undefined ? undefined : await answers.policies().catch(() => undefined)
    return found === undefined ? USUAL_ROLE_ALIASES : roleAliasesIn(found)
  }
  return [
    componentCheck(COMPONENT_NAME, caller, aws),
    ...bucketChecks(options, caller, aliases),
    ...(thing === undefined
      ? []
      : thingChecks(
          {
            thingName: thing,
            nowMs: io.clock.wallMs(),
            ...(thingGroup === undefined ? {} : { thingGroup }),
            ...(roleAlias === undefined ? {} : { roleAlias }),
          },
          answers,
          caller,
          aws,
        )),
  ]
}

function bucketChecks(
  options: DoctorOptions,
  caller: Caller,
  aliases: () => Promise<readonly string[]>,
): Check[] {
  const aws = awsOptionsOf(options)
  const config = readPublishConfig(resolve(options.directory))
  if (options.bucket === undefined && config.bucket === undefined) {
    const detail = 'not asked: gdk-config.json names no bucket'
    return [{ name: 'bucket', look: async () => ({ kind: 'unknown', detail, advice: 'Give it: --bucket.' }) }]
  }
  const bucket = bucketName(options.bucket, config, caller)
  return [
    bucketCheck(bucket, caller, aws),
    publicAccessCheck(bucket, caller, aws),
    {
      name: 'token exchange role',
      look: async () => lookAtRole({ roleAliases: await aliases(), bucket }, caller, aws),
    },
  ]
}

const NAME_WIDTH = 20

function show(results: readonly Result[], wasAsked: boolean, { write, style }: OperatorIo): void {
  const { green, red, yellow } = style.colors
  const signs = { ok: green('✓'), fault: red('✗'), unknown: yellow('–') }
  for (const result of results) {
    write(`${signs[result.kind]} ${result.name.padEnd(NAME_WIDTH)}  ${printable(result.detail)}\n`)
    if ('advice' in result && result.advice !== undefined) {
      write(`  ${' '.repeat(NAME_WIDTH)}  ${printable(result.advice)}\n`)
    }
  }
  const faults = results.filter(({ kind }) => kind === 'fault').length
  const unknown = results.filter(({ kind }) => kind === 'unknown').length
  if (!wasAsked) write('Nothing else was asked.\n')
  else write(`${faults} to put right, ${unknown} not known, ${results.length - faults - unknown} well.\n`)
}
