/**
 * `defender status`: how the agent on this device is, from its socket (`StatusSocket`) or from the file status.json that
 * it writes into its work folder.
 *
 * Exit status 0 when it is healthy, 1 when not, 2 when nobody can tell. An alarm does not make the agent unhealthy: to
 * raise it is its work.
 */
import { connect } from 'node:net'
import { Command, Option } from 'commander'
import type { Health } from '../../src/report/health.ts'
import { nodeFiles } from '../../src/store/files.ts'
import { numberOption } from '../render/options.ts'
import { renderStatus } from '../render/status.ts'
import { loadTable } from '../render/table.ts'
import { type TerminalStyle, terminalStyle } from '../render/terminal.ts'
import { findInWorkFolders } from '../work-folders.ts'

export interface StatusOptions {
  readonly socket?: string
  readonly file?: string
  /** Seconds. */
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

Examples:
  sudo npx defender status
  npx defender status --socket /run/greengrass-defender/status.socket
  sudo npx defender status --max-age 900 --output json | jq .problems

Exit status: 0 healthy, 1 not healthy, 2 the state cannot be read.`

/** Ten years: an age that nobody means to check. */
const MAX_AGE_SECONDS_MAX = 315_360_000

export function statusCommand(): Command {
  return new Command('status')
    .summary('say how the agent on this device is')
    .description('Says how the agent on this device is. Needs neither AWS nor the network.')
    .addOption(new Option('--socket <path>', "the agent's StatusSocket: its state now").conflicts('file'))
    .option('--file <path>', 'status.json, which it writes from time to time')
    .addOption(
      new Option('--max-age <seconds>', 'not healthy if the state is older').argParser(
        numberOption({ min: 1, max: MAX_AGE_SECONDS_MAX }),
      ),
    )
    .addOption(
      new Option('--output <format>', 'what to print').choices(['text', 'json']).default('text', 'text'),
    )
    .addHelpText('after', HELP)
    .action(async (options: StatusOptions) => {
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
    health = parseHealth(await readStatus(options, io))
  } catch (error) {
    io.writeError(error instanceof Error ? error.message : String(error))
    return 2
  }
  const now = io.now()
  const problems = problemsOf(health, now, options.maxAge)
  io.write(
    options.output === 'json'
      ? `${JSON.stringify({ ...health, isHealthy: problems.length === 0, problems }, null, 2)}\n`
      : `${renderStatus(health, problems, now, io.style, await loadTable(io.style))}\n`,
  )
  return problems.length === 0 ? 0 : 1
}

/** What keeps the agent from doing its work as it should. */
function problemsOf(health: Health, now: number, maxAgeSeconds: number | undefined): string[] {
  const { at, isConnected, nucleus, outbox, parts } = health
  const failing = parts.filter(({ error }) => error !== undefined)
  const ageSeconds = Math.floor((now - at) / 1000)
  return [
    ...(maxAgeSeconds !== undefined && ageSeconds > maxAgeSeconds
      ? [`the state is ${ageSeconds} s old: does the agent still run?`]
      : []),
    ...(isConnected ? [] : [`not connected to the nucleus (${nucleus})`]),
    ...(outbox.state === 'degraded' ? [`the outbox is in memory only: ${outbox.fault ?? 'disk fault'}`] : []),
    ...failing.map(({ part, error }) => `${part} fails: ${error}`),
  ]
}

/** Some hundred behaviors make 50 kB. */
const STATUS_BYTES_MAX = 4 * 1024 * 1024
const ANSWER_MS_MAX = 5_000

async function readStatus({ socket, file }: StatusOptions, io: StatusIo): Promise<string> {
  if (socket !== undefined) return readSocket(socket)
  const path = file ?? (await io.findFile())
  return nodeFiles.read(path, STATUS_BYTES_MAX).then(
    (bytes) => bytes.toString('utf8'),
    (error: NodeJS.ErrnoException) => {
      throw new Error(`${path}: cannot be read (${error.code})`)
    },
  )
}

/** The agent answers with one document and closes. */
function readSocket(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let bytes = 0
    const socket = connect(path)
    const fail = (reason: string) => {
      socket.destroy()
      reject(new Error(`${path}: ${reason}`))
    }
    socket.setTimeout(ANSWER_MS_MAX, () => fail(`no answer within ${ANSWER_MS_MAX / 1000} s`))
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      bytes += piece.length
      if (bytes > STATUS_BYTES_MAX) fail(`answers with more than ${STATUS_BYTES_MAX} bytes`)
    })
    socket.on('end', () => resolve(Buffer.concat(pieces).toString('utf8')))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      fail(SOCKET_REASONS[error.code ?? ''] ?? error.message),
    )
  })
}

const SOCKET_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; is StatusSocket set, and does the agent run?',
  ECONNREFUSED: 'nobody answers there: the agent does not run',
  EACCES: "only root and the agent's own user may ask: try with sudo",
}

const VERSION = 1

/** Numbers that are printed; what else is missing is not mentioned. */
const NUMBERS = [
  ['at'],
  ['uptimeSeconds'],
  ['starts'],
  ['residentBytes'],
  ['reports', 'handedOver'],
  ['reports', 'accepted'],
  ['reports', 'rejected'],
  ['outbox', 'entries'],
  ['outbox', 'bytes'],
] as const

function parseHealth(text: string): Health {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(text === '' ? 'the agent has no state yet' : 'not the state of an agent: it is not JSON')
  }
  const version = memberAt(value, ['healthVersion'])
  if (version !== VERSION) {
    const what = typeof version === 'number' ? `has version ${version} of it` : 'has no version of it'
    throw new Error(
      `the state ${what}, this command knows ${VERSION}: use the command of the agent's version`,
    )
  }
  const broken = NUMBERS.find((path) => typeof memberAt(value, path) !== 'number')
  if (broken !== undefined) throw new Error(`not the state of an agent: ${broken.join('.')} is no number`)
  for (const name of ['parts', 'behaviors'] as const) {
    const list = memberAt(value, [name])
    if (!Array.isArray(list) || !list.every((each) => typeof each === 'object' && each !== null)) {
      throw new Error(`not the state of an agent: ${name} is no list`)
    }
  }
  return value as Health
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined,
    value,
  )
}
