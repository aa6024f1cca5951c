/**
 * `defender history`: the datapoints and violations that the agent has kept on this device, oldest first, on standard
 * output. It reads the files of `store/history.ts` and changes nothing, so it may be used beside the running agent.
 *
 * Exit status 1 when a file, or a part of one, could not be read; the rest is printed all the same. 2 when there is no
 * history.
 */
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { loadCbor } from '../../src/store/cbor.ts'
import { nodeFiles } from '../../src/store/files.ts'
import { listDayFiles } from '../../src/store/history-files.ts'
import {
  type HistoryProblem,
  type HistoryReadOptions,
  readDatapoints,
  readViolations,
} from '../../src/store/history-read.ts'
import { OperatorProblem } from '../aws/operator-io.ts'
import { type HistoryFormat, historyRenderer, metricOf } from '../render/history.ts'
import { instantOption } from '../render/options.ts'
import { type TerminalStyle, terminalStyle } from '../render/terminal.ts'
import { findInWorkFolders } from '../work-folders.ts'

export interface HistoryOptions {
  readonly directory?: string
  /** Epoch milliseconds, both included. */
  readonly since?: number
  readonly until?: number
  readonly metric?: string
  readonly kind: 'datapoints' | 'violations'
  readonly output: HistoryFormat
}

export interface HistoryIo {
  readonly style: TerminalStyle
  /** Resolves when more can be taken. */
  readonly write: (piece: string | Uint8Array) => Promise<void>
  readonly writeError: (line: string) => void
  /** The folder of a device's own history, or an error that says where it was looked for. */
  readonly findDirectory: () => Promise<string>
}

const HELP = `
TIME is as in 2026-11-24, 2026-11-24T10:30 or 2026-11-24T10:30:00+01:00, in UTC
if it names no zone; or a time ago: 90s, 30min, 2h, 3d, 1w.

Without --directory the usual work folders are looked at:
  /greengrass/v2/work/community.greengrass.DeviceDefender/history
  /var/lib/greengrass/work/community.greengrass.DeviceDefender/history
and the same of the Docker variant.

Examples:
  sudo npx defender history --since 2h
  sudo npx defender history --metric aws:all-bytes-out --output csv > out.csv
  sudo npx defender history --kind violations --output json | jq .event.evidence

Exit status: 0; 1 if something could not be read; 2 if there is no history.`

export function historyCommand(): Command {
  const instant = instantOption(() => Date.now())
  return new Command('history')
    .summary('print what the agent measured and judged on this device')
    .description(
      'Prints the datapoints of the last 14 days, or the violations of the last 30,\n' +
        'as the agent has kept them on this device. Reads only.',
    )
    .option('--directory <dir>', "the agent's StateDirectory, or its folder history")
    .addOption(new Option('--since <time>', 'nothing older').argParser(instant))
    .addOption(new Option('--until <time>', 'nothing newer').argParser(instant))
    .option('--metric <name>', 'this metric only, as in aws:all-bytes-out')
    .addOption(
      new Option('--kind <kind>', 'what to print')
        .choices(['datapoints', 'violations'])
        .default('datapoints', 'datapoints'),
    )
    .addOption(
      new Option('--output <format>', 'how; json is one object a line')
        .choices(['table', 'json', 'csv', 'cbor'])
        .default('table', 'table'),
    )
    .addHelpText('after', HELP)
    .action(async (options: HistoryOptions) => {
      const { stdout, stderr, env } = process
      // A reader that has seen enough (`| head`) is no error.
      stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
      process.exitCode = await history(options, {
        style: terminalStyle(stdout, env),
        write: async (piece) => {
          if (!stdout.write(piece)) await once(stdout, 'drain')
        },
        writeError: (line) => stderr.write(`defender history: ${line}\n`),
        findDirectory: () => findInWorkFolders('history', '--directory'),
      })
    })
}

/** Prints and answers the exit status. */
export async function history(options: HistoryOptions, io: HistoryIo): Promise<0 | 1> {
  const { since, until, metric, kind, output } = options
  if (since !== undefined && until !== undefined && since > until) {
    throw new Error('--since is later than --until')
  }
  const directory = await directoryOf(options, io)
  const { encode } = await loadCbor()
  const render = historyRenderer(output, kind, io.style, encode)
  const problems: HistoryProblem[] = []
  const range: HistoryReadOptions = {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    onProblem: (problem) => problems.push(problem),
  }
  const batch = new Batch(io.write)
  await batch.add(render.head)
  let count = 0
  if (kind === 'datapoints') {
    for await (const datapoint of readDatapoints(directory, { ...range, ...(metric && { metric }) })) {
      await batch.add(render.datapoint(datapoint))
      count += 1
    }
  } else {
    for await (const violation of readViolations(directory, range)) {
      if (metric !== undefined && metricOf(violation) !== metric) continue
      await batch.add(render.violation(violation))
      count += 1
    }
  }
  await batch.flush()
  for (const { path, problem } of problems) io.writeError(`${path}: ${PROBLEMS[problem]}`)
  if (count === 0) io.writeError(`no such ${kind} in ${directory}`)
  return problems.length === 0 ? 0 : 1
}

const PROBLEMS: Readonly<Record<HistoryProblem['problem'], string>> = {
  unreadable: 'cannot be read',
  'other version': 'was written by another version of the agent',
  damaged: 'is damaged; what could be read of it is there',
}

/** Nothing there would look like a device on which nothing happened. */
async function directoryOf({ directory }: HistoryOptions, io: HistoryIo): Promise<string> {
  if (directory === undefined) {
    const own = await io.findDirectory().catch((error: Error) => {
      throw new OperatorProblem(error.message)
    })
    return historyIn(own)
  }
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => {
    throw new OperatorProblem(`--directory ${directory}: cannot be read (${error.code})`)
  })
  if (!found.isDirectory()) throw new OperatorProblem(`--directory ${directory}: is not a folder`)
  return historyIn(directory)
}

async function historyIn(directory: string): Promise<string> {
  for (const each of [directory, join(directory, 'history')]) if (await holdsHistory(each)) return each
  throw new OperatorProblem(`${directory}: no history of the agent is in it`)
}

async function holdsHistory(directory: string): Promise<boolean> {
  try {
    for (const kind of ['datapoints', 'violations'] as const) {
      if ((await listDayFiles(nodeFiles, directory, kind)).length > 0) return true
    }
    return false
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw new OperatorProblem(`${directory}: cannot be read (${code})`)
  }
}

/** A write for each of a million lines would take longer than all the reading. */
const BATCH_BYTES = 64 * 1024

class Batch {
  readonly #write: (piece: Uint8Array) => Promise<void>
  #pieces: Uint8Array[] = []
  #bytes = 0

  constructor(write: (piece: Uint8Array) => Promise<void>) {
    this.#write = write
  }

  async add(piece: string | Uint8Array): Promise<void> {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    this.#pieces.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= BATCH_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    const whole = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#bytes = 0
    if (whole.length > 0) await this.#write(whole)
  }
}
