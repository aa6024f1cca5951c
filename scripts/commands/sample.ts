/**
 * `defender sample`: what the agent would report about this machine (or a recorded `/proc` tree), on standard output.
 * Reads only; needs no nucleus and no privileges. JSON reports are one a line, CBOR reports follow each other.
 *
 * Exit status 1 when a part of a report could not be read; the rest is printed all the same.
 */
import { Command, Option } from 'commander'
import { Collector, type Snapshot, toMetrics } from '../../src/metrics/collector.ts'
import { type CounterReading, trafficSince } from '../../src/metrics/counters.ts'
import { interfaceFilter } from '../../src/metrics/interfaces.ts'
import type { Metrics } from '../../src/metrics/snapshot.ts'
import { openProcFs } from '../../src/procfs/proc-fs.ts'
import { type Codec, loadCodec, type ReportFormat } from '../../src/report/codec.ts'
import type { Spelling } from '../../src/report/field-names.ts'
import { entriesMax, REPORT_BYTES_MAX } from '../../src/report/limits.ts'
import { type Omitted, shrinkReport } from '../../src/report/shrink.ts'
import { type Clock, systemClock } from '../../src/schedule/clock.ts'
import { numberOption } from '../render/options.ts'

export interface SampleOptions {
  readonly procPath: string
  readonly format: ReportFormat
  readonly names: Spelling
  readonly maxBytes: number
  readonly count: number
  readonly every: number
  readonly loopback: boolean
}

export interface SampleIo {
  readonly clock: Clock
  readonly writeOut: (bytes: Uint8Array) => void
  readonly writeError: (line: string) => void
}

/** The least that a report with all totals and no entries needs, in the longer spelling. */
const REPORT_BYTES_MIN = 400

export function sampleCommand(): Command {
  return new Command('sample')
    .summary("print reports of this machine's sockets and traffic")
    .description(
      'Prints the report that the agent would send, without sending it.\n' +
        'Traffic (network_stats) counts from one report to the next, so the first\n' +
        'one has none.',
    )
    .option('--proc-path <path>', 'where /proc is mounted, or a recorded tree', '/proc')
    .addOption(new Option('--format <format>', 'encoding').choices(['json', 'cbor']).default('json'))
    .addOption(new Option('--names <names>', 'field names').choices(['long', 'short']).default('long'))
    .addOption(
      new Option('--max-bytes <bytes>', 'shrink the report to this size')
        .argParser(numberOption({ min: REPORT_BYTES_MIN, max: REPORT_BYTES_MAX, integer: true }))
        .default(REPORT_BYTES_MAX),
    )
    .addOption(
      new Option('--count <reports>', 'how many')
        .argParser(numberOption({ min: 1, max: 1_000_000, integer: true }))
        .default(1),
    )
    .addOption(
      new Option('--every <seconds>', 'time from one to the next')
        .argParser(numberOption({ min: 0.1, max: 86_400 }))
        .default(1),
    )
    .option('--loopback', 'count loopback traffic and connections too', false)
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  npx defender sample | python3 -m json.tool\n' +
        '  npx defender sample --count 3 --every 5 --names short\n' +
        '  npx defender sample --format cbor --max-bytes 7300 > report.cbor\n',
    )
    .action(async (options: SampleOptions) => {
      // A reader that has seen enough (`| head`) is no error.
      process.stdout.on('error', (error: NodeJS.ErrnoException) =>
        process.exit(error.code === 'EPIPE' ? 0 : 1),
      )
      process.exitCode = await sample(options, {
        clock: systemClock,
        writeOut: (bytes) => process.stdout.write(bytes),
        writeError: (line) => process.stderr.write(`defender sample: ${line}\n`),
      })
    })
}

/** Prints the reports and answers the exit status. */
export async function sample(options: SampleOptions, io: SampleIo): Promise<number> {
  const { clock, writeError } = io
  const proc = openProcFs(options.procPath)
  if (proc.warning !== undefined) writeError(proc.warning)
  const codec = await loadCodec(options.format)
  const collector = new Collector(proc, {
    includeLoopback: options.loopback,
    builtInMetrics: [],
    connectionsMax: entriesMax(options.maxBytes, options.format, options.names),
    seed: 0,
    monotonicMs: () => clock.monotonicMs(),
  })
  let baseline: CounterReading | undefined
  let lastReportId = 0
  let exitCode = 0
  for (let index = 0; index < options.count; index += 1) {
    if (index > 0) await clock.sleep(options.every * 1000)
    const snapshot = collector.collect()
    if (!sayFaults(snapshot, writeError)) exitCode = 1
    lastReportId = Math.max(clock.wallMs(), lastReportId + 1)
    try {
      io.writeOut(encode(options, codec, lastReportId, metricsOf(options, snapshot, baseline), writeError))
    } catch (error) {
      writeError(error instanceof Error ? error.message : String(error))
      exitCode = 1
    }
    baseline = snapshot.counters ?? baseline
  }
  return exitCode
}

function metricsOf(
  { loopback }: SampleOptions,
  snapshot: Snapshot,
  baseline: CounterReading | undefined,
): Metrics {
  const { counters } = snapshot
  const networkStats =
    counters && trafficSince(baseline, counters, interfaceFilter({ allow: [], deny: [] }, loopback))
  return toMetrics(snapshot, networkStats, new Map())
}

function encode(
  { format, names, maxBytes }: SampleOptions,
  codec: Codec,
  reportId: number,
  metrics: Metrics,
  writeError: (line: string) => void,
): Uint8Array {
  const { payload, omitted } = shrinkReport(
    { reportId, metrics },
    { format, names, maxBytes, encode: codec.encode },
  )
  const left = omittedText(omitted)
  if (left !== '') writeError(`does not fit into ${maxBytes} bytes and was left out: ${left}`)
  return format === 'json' ? Buffer.concat([payload, Buffer.from('\n')]) : payload
}

function omittedText({ listeningTcpPorts, listeningUdpPorts, establishedConnections }: Omitted): string {
  const lists = [
    [listeningTcpPorts, 'listening TCP ports'],
    [listeningUdpPorts, 'listening UDP ports'],
    [establishedConnections, 'established connections'],
  ] as const
  return lists
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ')
}

/** Says what could not be read; answers whether every part is there. */
function sayFaults(snapshot: Snapshot, writeError: (line: string) => void): boolean {
  let isComplete = true
  for (const { error, lineFaults, warnings } of snapshot.parts) {
    if (error !== undefined) {
      isComplete = false
      writeError(`left out: ${error instanceof Error ? error.message : error}`)
    }
    for (const { count, first } of lineFaults)
      writeError(`malformed lines left out: ${count}, the first: ${first}`)
    for (const warning of warnings) writeError(`${warning instanceof Error ? warning.message : warning}`)
  }
  return isComplete
}
