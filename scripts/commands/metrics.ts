/**
 * `defender metrics`: the agent's state in Prometheus's text format, on standard output or into a file for the textfile
 * collector of node_exporter. It opens no port: who already runs node_exporter needs none.
 *
 * Exit status 0, or 2 when the state cannot be read or the file not be written; a file that is there then stays as it was.
 */
import { Command, Option } from 'commander'
import { readHealth } from '../health-source.ts'
import { exposition } from '../metrics/exposition.ts'
import { writeWholeFile } from '../whole-file.ts'
import { findInWorkFolders } from '../work-folders.ts'

export interface MetricsOptions {
  readonly socket?: string
  readonly file?: string
  /** Where to write instead of standard output. */
  readonly output?: string
}

export interface MetricsIo {
  readonly now: () => number
  readonly write: (text: string) => void
  readonly writeError: (line: string) => void
  readonly findFile: () => Promise<string>
}

const HELP = `
Without --socket or --file the file status.json of the usual work folders is
read, as in /greengrass/v2/work/community.greengrass.DeviceDefender.

Examples:
  sudo npx defender metrics
  npx defender metrics --socket /run/greengrass-defender/status.socket
  sudo npx defender metrics --output /var/lib/node_exporter/defender.prom

component/grafana has a dashboard and alert rules for what is printed.

Exit status: 0, or 2 if the state cannot be read or the file not be written.`

export function metricsCommand(): Command {
  return new Command('metrics')
    .summary("print the agent's state for Prometheus")
    .description("Prints the agent's state in Prometheus's text format. Reads only.")
    .addOption(new Option('--socket <path>', "the agent's StatusSocket: its state now").conflicts('file'))
    .option('--file <path>', 'status.json, which it writes from time to time')
    .option(
      '--output <file>',
      'write there, whole or not at all, for the textfile\ncollector of node_exporter',
    )
    .addHelpText('after', HELP)
    .action(async (options: MetricsOptions) => {
      process.exitCode = await metrics(options, {
        now: () => Date.now(),
        write: (text) => process.stdout.write(text),
        writeError: (line) => process.stderr.write(`defender metrics: ${line}\n`),
        findFile: () => findInWorkFolders('status.json', '--file or --socket'),
      })
    })
}

/** Prints or writes, and answers the exit status. */
export async function metrics(options: MetricsOptions, io: MetricsIo): Promise<0 | 2> {
  try {
    const text = exposition(await readHealth(options, io.findFile), io.now())
    if (options.output === undefined) io.write(text)
    // The collector may read at any moment (node_exporter, "Textfile Collector"), as another user.
    else await writeWholeFile(options.output, text, { mode: 0o644 })
    return 0
  } catch (error) {
    io.writeError(error instanceof Error ? error.message : String(error))
    return 2
  }
}
