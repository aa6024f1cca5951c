/**
 * `defender status`: how the agent on this device is, from its socket (`StatusSocket`) or from the file status.json that
 * it writes into its work folder. With `--thing-group` or `--thing` it is about devices as AWS sees them: `fleet-status.ts`.
 *
 * Exit status 0 when it is healthy, 1 when not, 2 when nobody can tell. An alarm does not make the agent unhealthy: to
 * raise it is its work. A file stays as it was when the agent ends, so one that is too old for its reports is not healthy;
 * who answers on the socket runs.
 */
import { Command, Option } from 'commander'
import type { Health } from '../../src/report/health.ts'
import { finish } from '../aws/operator-io.ts'
import { readHealth, staleAfterSeconds } from '../health-source.ts'
import { numberOption } from '../render/options.ts'
import { renderStatus } from '../render/status.ts'
import { loadTable } from '../render/table.ts'
import { type TerminalStyle, terminalStyle } from '../render/terminal.ts'
import { type RolloutIo, rolloutIo } from '../rollout/io.ts'
import { componentOption } from '../rollout/options.ts'
import { findInWorkFolders } from '../work-folders.ts'
import type { FleetStatusOptions } from './fleet-status.ts'

export interface StatusOptions {
  readonly socket?: string
  readonly file?: string
  /** Seconds; of a file three times its own beat where it is not given, of a socket none. */
  readonly maxAge?: number
  readonly output: 'text' | 'json'
}

export interface StatusIo {
  readonly now: () => number
  readonly style: TerminalStyle
  readonly write: (text: string) => void
  readonly writeError: (line: string) => void
  /** The status file of this device, or an error that says where it was looked for. */
  readonly findFile: () => Promise<string>
}

const HELP = `
Without --socket or --file the file status.json of the usual work folders is
read, as in /greengrass/v2/work/community.greengrass.DeviceDefender.

Not healthy is also an agent that has ended, and a file that is older than
--max-age; without it three times the time in which it is written again, as a
rule that between reports, but a minute.

Examples:
  sudo npx defender status
  npx defender status --socket /run/greengrass-defender/status.socket
  sudo npx defender status --max-age 900 --output json | jq .problems

With --thing-group or --thing AWS is asked how the devices took their
deployment; these options are for that only: --component, --component-version,
--watch, --all, --health-from, --profile, --region, --endpoint-url.

Examples:
  npx defender status --thing-group canary
  npx defender status --thing-group everyone --watch 30
  npx defender status --thing core-7 --output json | jq '.statuses[].drift'

Exit status: 0 healthy, or all as wanted; 1 not; 2 the state cannot be read.`

/** Ten years: an age that nobody means to check. */
const MAX_AGE_SECONDS_MAX = 315_360_000

/**
 * A look takes two calls for each device that is not as wanted yet, some ten a second: with a large fleet the first takes
 * longer than this, and the next begins so long after it.
 */
const WATCH_SECONDS = { min: 5, max: 86_400 }

type FleetFlags = Omit<FleetStatusOptions, 'target' | 'output'> & {
  readonly thingGroup?: string
  readonly thing?: string
}

function targetOf({ thingGroup, thing }: FleetFlags): FleetStatusOptions['target'] | undefined {
  if (thingGroup !== undefined) return { kind: 'thing-group', name: thingGroup }
  return thing === undefined ? undefined : { kind: 'thing', name: thing }
}

export function statusCommand(fleetIo: RolloutIo = rolloutIo('status', 'stop')): Command {
  return new Command('status')
    .summary('say how the agent on this device is')
    .description(
      'Says how the agent on this device is, without AWS or a network; or how the devices of a fleet are.',
    )
    .addOption(new Option('--socket <path>', "the agent's StatusSocket: its state now").conflicts('file'))
    .option('--file <path>', 'status.json, which it writes from time to time')
    .addOption(
      new Option('--max-age <seconds>', 'not healthy if the state is older, see below').argParser(
        numberOption({ min: 1, max: MAX_AGE_SECONDS_MAX }),
      ),
    )
    .addOption(
      new Option('--output <format>', 'what to print').choices(['text', 'json']).default('text', 'text'),
    )
    .addOption(
      new Option('--thing-group <name>', 'of core devices').conflicts(['file', 'socket', 'maxAge', 'thing']),
    )
    .addOption(new Option('--thing <name>', 'of one core device').conflicts(['file', 'socket', 'maxAge']))
    .addOption(componentOption())
    .option('--component-version <version>', "wanted, instead of the deployment's")
    .option('--watch <seconds>', 'look again until all is as wanted', numberOption(WATCH_SECONDS))
    .option('--all', 'also the devices that are as wanted')
    .option('--health-from <dir>', "with the agents' health messages, or none", 'none')
    .option('--profile <name>', 'of ~/.aws/config, as for the AWS CLI')
    .option('--region <region>', "as eu-west-1; otherwise the environment's")
    .option('--endpoint-url <url>', "instead of the services' own endpoints")
    .addHelpText('after', HELP)
    .action(async (flags: StatusOptions & FleetFlags) => {
      const target = targetOf(flags)
      if (target !== undefined) {
        await finish(fleetIo, async () =>
          (await import('./fleet-status.ts')).fleetStatus({ ...flags, target }, fleetIo),
        )
        return
      }
      const options: StatusOptions = flags
      const { stdout, stderr, env } = process
      stdout.on('error', (error: NodeJS.ErrnoException) =>
        process.exit(error.code === 'EPIPE' ? undefined : 2),
      )
      process.exitCode = await status(options, {
        now: () => Date.now(),
        style: terminalStyle(stdout, env),
        write: (text) => stdout.write(text),
        writeError: (line) => stderr.write(`defender status: ${line}\n`),
        findFile: () => findInWorkFolders('status.json', '--file or --socket'),
      })
    })
}

/** Prints and answers the exit status. */
export async function status(options: StatusOptions, io: StatusIo): Promise<0 | 1 | 2> {
  let health: Health
  try {
    health = await readHealth(options, io.findFile)
  } catch (error) {
    io.writeError(error instanceof Error ? error.message : String(error))
    return 2
  }
  const now = io.now()
  const maxAge = options.maxAge ?? (options.socket === undefined ? staleAfterSeconds(health) : undefined)
  const absence = absenceOf(health, now, maxAge)
  const problems = [...(absence === undefined ? [] : [absence.problem]), ...problemsOf(health)]
  io.write(
    options.output === 'json'
      ? `${JSON.stringify({ ...health, isHealthy: problems.length === 0, problems }, null, 2)}\n`
      : `${renderStatus(health, { problems, absence: absence?.word }, now, io.style, await loadTable(io.style))}\n`,
  )
  return problems.length === 0 ? 0 : 1
}

/** Why the state is not that of an agent that runs. */
function absenceOf({ at, hasEnded }: Health, now: number, maxAgeSeconds = Number.POSITIVE_INFINITY) {
  if (hasEnded === true)
    return { word: 'ended', problem: 'the agent was stopped, and has not been started again' }
  const ageSeconds = Math.floor((now - at) / 1000)
  if (ageSeconds <= maxAgeSeconds) return undefined
  const problem = `the state is ${ageSeconds} s old, more than ${Math.round(maxAgeSeconds)} s: does the agent still run?`
  return { word: 'not seen since', problem }
}

/** What keeps the agent from doing its work as it should. */
function problemsOf({ isConnected, nucleus, outbox, parts }: Health): string[] {
  const failing = parts.filter(({ error }) => error !== undefined)
  return [
    ...(isConnected ? [] : [`not connected to the nucleus (${nucleus})`]),
    ...(outbox.state === 'degraded' ? [`the outbox is in memory only: ${outbox.fault ?? 'disk fault'}`] : []),
    ...failing.map(({ part, error }) => `${part} fails: ${error}`),
  ]
}
