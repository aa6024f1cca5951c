/**
 * `defender test`: plays the series of `*.test.yaml` files through the engine that the component runs, and compares the
 * alarms with those expected. With `--mutate` the tests are tested: by profiles that are changed a little.
 *
 * Exit status: 0 all passed, 1 something failed, 2 a file could not be read.
 */
import { performance } from 'node:perf_hooks'
import { Command, Option } from 'commander'
import { faultyFileCount, formatFault } from '../profiles/fault.ts'
import { mutate, mutationScore } from '../profiles/mutate.ts'
import { readTestFiles } from '../profiles/test-file.ts'
import { jsonReport, junitReport, percent, type TestReport, textReport } from '../profiles/test-report.ts'
import { runTestFile } from '../profiles/test-run.ts'
import { numberOption } from '../render/options.ts'
import { printable } from '../render/terminal.ts'

export interface TestOptions {
  readonly output: 'text' | 'junit' | 'json'
  readonly mutate?: boolean
  /** Percent; with it there are mutations too. */
  readonly minScore?: number
}

export interface TestIo {
  readonly write: (text: string) => void
  readonly writeError: (line: string) => void
}

const reports: Readonly<Record<TestOptions['output'], (report: TestReport) => string>> = {
  text: textReport,
  junit: junitReport,
  json: jsonReport,
}

export function testCommand(): Command {
  return new Command('test')
    .summary('play datapoints through profiles and compare the alarms')
    .description(
      'Plays the series of *.test.yaml files through the engine that runs on the\n' +
        'device, and compares the alarms with those expected.',
    )
    .argument('<paths...>', 'test files, profile files with tests beside them, or folders')
    .addOption(
      new Option('--output <format>', 'how to print')
        .choices(['text', 'junit', 'json'])
        .default('text', 'text'),
    )
    .option(
      '--mutate',
      'change each threshold, operator, window and counter a little, and name the changes that no test notices',
    )
    .addOption(
      new Option(
        '--min-score <percent>',
        'as --mutate, and fail below this share of noticed changes',
      ).argParser(numberOption({ min: 0, max: 100 })),
    )
    .addHelpText(
      'after',
      `
A test file, gateway.test.yaml beside gateway.yaml:

  interval: 5m                # time between reports
  tests:
    - name: telnet opens and closes
      series:                 # one token a report; 10x40 repeats, _ is no data,
                              # (1 2 3) are samples within one report interval
        aws:listening-tcp-ports: "[22]x2 [22,23]x2 [22]"
      alarms:                 # exactly these
        - { at: 15m, behavior: Telnet, event: in-alarm, value: { ports: [23] } }
        - { at: 25m, behavior: Telnet, event: alarm-cleared }

Examples:
  npx defender test component/profiles
  npx defender test gateway.yaml --min-score 90
  npx defender test profiles/ --output junit > junit.xml

Exit status: 0 all passed, 1 something failed, 2 a file could not be read.`,
    )
    .action(async (paths: string[], options: TestOptions) => {
      process.exitCode = await runTests(paths, options, {
        write: (text) => process.stdout.write(text),
        writeError: (line) => process.stderr.write(`${line}\n`),
      })
    })
}

export async function runTests(
  paths: readonly string[],
  options: TestOptions,
  io: TestIo,
): Promise<0 | 1 | 2> {
  const { files, faults } = await readTestFiles(paths)
  const outcomes = files.map((file) => runTestFile(file, () => performance.now()))
  const passed = outcomes.every(({ tests }) => tests.every((test) => test.passed))
  // Tests that fail already would "notice" every change.
  const sound = files.filter((_, index) => outcomes[index]?.tests.every((test) => test.passed))
  const isMutating = options.mutate === true || options.minScore !== undefined
  const mutations = isMutating ? sound.map(mutate) : undefined
  const report = { outcomes, faultyFiles: faultyFileCount(faults), ...(mutations && { mutations }) }
  io.write(reports[options.output](report))
  for (const fault of faults) io.writeError(printable(formatFault(fault)))
  const score = mutationScore(mutations ?? [])
  const isWeak = options.minScore !== undefined && score * 100 < options.minScore
  if (isWeak) io.writeError(`the mutation score is ${percent(score)}, less than ${options.minScore} %`)
  if (faults.some(({ kind }) => kind === 'unreadable')) return 2
  return passed && faults.length === 0 && !isWeak ? 0 : 1
}
