/**
 * `defender backtest`: replays recorded days through one or two versions of security profiles and shows the alarms they
 * would have raised, or which of them appear, vanish or move.
 *
 * Exit status: 0 replayed, 1 a part of the history could not be read, 2 a profile or all of the history could not, or the
 * output not be written.
 */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { Command, InvalidArgumentError, Option } from 'commander'
import { backtestHtml } from '../profiles/backtest/html.ts'
import { backtest } from '../profiles/backtest/pool.ts'
import { type Progress, progressBar } from '../profiles/backtest/progress.ts'
import { type BacktestResult, backtestResult } from '../profiles/backtest/result.ts'
import { type BacktestPlan, compilePlan } from '../profiles/backtest/run.ts'
import { backtestText } from '../profiles/backtest/text.ts'
import { parseDuration } from '../profiles/duration.ts'
import { formatFault } from '../profiles/fault.ts'
import { type ReadProfiles, readProfileFiles } from '../profiles/file.ts'
import { findSources } from '../profiles/history/sources.ts'
import { instantOption, numberOption } from '../render/options.ts'
import { printable, type TerminalStyle, terminalStyle } from '../render/terminal.ts'
import { writeWholeFile } from '../whole-file.ts'

export interface BacktestOptions {
  readonly against?: string
  readonly output: 'text' | 'json' | 'html'
  readonly out?: string
  readonly since?: number
  readonly until?: number
  readonly interval?: number
  readonly jobs: number
}

export interface BacktestIo {
  readonly style: TerminalStyle
  readonly write: (text: string) => void
  readonly writeError: (line: string) => void
  readonly progress: (totalBytes: number) => Progress
}

const JOBS_MAX = 64

export function backtestCommand(): Command {
  const instant = instantOption(() => Date.now())
  return new Command('backtest')
    .summary('replay recorded days through one or two versions of a profile')
    .description(
      'Replays recorded datapoints through security profiles and shows the alarms that\n' +
        'they would have raised, a day at a time; with --against, which alarms appear,\n' +
        'vanish or move from one version to the next.',
    )
    .argument('<profile>', 'a profile file, or a folder of them')
    .argument('<history...>', 'what was recorded: files or folders, see below')
    .option('--against <profile>', 'the former version, a file or a folder')
    .addOption(
      new Option('--output <format>', 'how to print')
        .choices(['text', 'json', 'html'])
        .default('text', 'text'),
    )
    .option('--out <file>', 'where to print to, instead of standard output')
    .addOption(new Option('--since <time>', 'nothing older, as in 2026-11-24 or 7d').argParser(instant))
    .addOption(new Option('--until <time>', 'nothing newer').argParser(instant))
    .addOption(
      new Option('--interval <duration>', 'time between reports, as in 5m (default: as recorded)').argParser(
        intervalOption,
      ),
    )
    .addOption(
      new Option('--jobs <count>', 'threads')
        .argParser(numberOption({ min: 1, max: JOBS_MAX, integer: true }))
        .default(availableParallelism(), 'one for each processor'),
    )
    .addHelpText(
      'after',
      `
History is any of:
  the component's StateDirectory, or its folder history
  what \`defender history --output json\` printed
  metrics reports as they were published, one a line or one a file
  files of AWS IoT Device Defender's metrics export
or a folder of such files and folders, one for each device.

Examples:
  npx defender backtest gateway.yaml /greengrass/v2/work/*Defender*
  npx defender backtest new.yaml fleet/ --against old.yaml
  npx defender backtest gateway.yaml fleet/ --output html --out backtest.html

Exit status: 0 replayed, 1 a part of the history could not be read,
2 a profile, or all of the history, could not be read, or --out not be written.`,
    )
    .action(async (profile: string, history: string[], options: BacktestOptions) => {
      const { stdout, stderr, env } = process
      process.exitCode = await runBacktest(profile, history, options, {
        style: terminalStyle(stdout, env),
        write: (text) => stdout.write(text),
        writeError: (line) => stderr.write(`${line}\n`),
        progress: (totalBytes) => progressBar(stderr, totalBytes, () => performance.now()),
      })
    })
}

function intervalOption(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new InvalidArgumentError('It takes a duration as in 30s, 5m or 1h.')
}

/** A damaged fleet could name a problem for each of a million lines. */
const PROBLEMS_MAX = 50

export async function runBacktest(
  profile: string,
  history: readonly string[],
  options: BacktestOptions,
  io: BacktestIo,
): Promise<0 | 1 | 2> {
  const now = await readProfileFiles([profile])
  const before = options.against === undefined ? undefined : await readProfileFiles([options.against])
  const faults = [...now.faults, ...(before?.faults ?? [])]
  for (const fault of faults) io.writeError(printable(formatFault(fault)))
  if (faults.length > 0) return 2
  const { sources, problems: foundProblems } = await findSources(history)
  const problems = [...foundProblems]
  let problemCount = problems.length
  if (sources.length === 0) {
    for (const problem of problems) io.writeError(printable(problem))
    return 2
  }
  const plan = planOf(now, before, options)
  const progress = io.progress(sources.reduce((sum, { bytes }) => sum + bytes, 0))
  const tally = await backtest(sources, plan, {
    jobs: options.jobs,
    onBytes: progress.advance,
    onProblem: (problem) => {
      problemCount++
      if (problems.length < PROBLEMS_MAX) problems.push(problem)
    },
  }).finally(() => progress.end())
  const result = backtestResult(tally, compilePlan(plan), problems)
  const text = rendered(result, options.output, io.style)
  if (options.out === undefined) io.write(text)
  else await writeWholeFile(options.out, text)
  for (const problem of problems) io.writeError(printable(problem))
  if (problemCount > problems.length) io.writeError(`and ${problemCount - problems.length} more problems`)
  return problemCount > 0 ? 1 : 0
}

function planOf(now: ReadProfiles, before: ReadProfiles | undefined, options: BacktestOptions): BacktestPlan {
  const profilesOf = ({ files }: ReadProfiles) => files.map(({ profile }) => profile)
  return {
    now: profilesOf(now),
    ...(before === undefined ? {} : { before: profilesOf(before) }),
    customMetricTypes: new Map([...(before?.customMetricTypes ?? []), ...now.customMetricTypes]),
    ...(options.interval === undefined ? {} : { intervalMs: options.interval }),
    ...(options.since === undefined ? {} : { since: options.since }),
    ...(options.until === undefined ? {} : { until: options.until }),
  }
}

function rendered(result: BacktestResult, output: BacktestOptions['output'], style: TerminalStyle): string {
  if (output === 'json') return `${JSON.stringify(result, null, 2)}\n`
  return output === 'html' ? backtestHtml(result) : backtestText(result, style)
}
