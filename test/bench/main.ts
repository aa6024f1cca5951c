/**
 * `npm run bench`: what the agent costs: time, memory, bytes. Prints tables, with the committed last run beside them, and
 * writes all figures as JSON. Passes or fails on nothing but a benchmark that could not be made: machines differ, and are
 * noisy, so that ratios within one run are what counts.
 */
import { Command } from 'commander'
import { numberOption } from '../../scripts/render/options.ts'
import { groupNames, groupsOption } from './groups.ts'
import { type BenchOptions, runBench } from './run.ts'

const LINES_MAX = 50_000

const program = new Command('bench')
  .description('Measures the agent on this machine. Takes some minutes; do nothing else meanwhile.')
  .option('--only <groups>', `only these, with commas between: ${groupNames}`, groupsOption)
  .option(
    '--rest <seconds>',
    'how long the agent is watched at rest',
    numberOption({ min: 12, max: 86_400, integer: true }),
    60,
  )
  .option(
    '--aws-lines <lines>',
    "sockets up to which AWS's way is measured; 50,000 take it minutes",
    numberOption({ min: 0, max: LINES_MAX, integer: true }),
    10_000,
  )
  .option('--json <file>', 'where all figures go', 'dist/bench.json')
  .option('--save', 'make this run the one to compare with (test/bench/last.json, to be committed)', false)
  .showHelpAfterError('(add --help for what is possible)')
  .action(async (options: BenchOptions) => {
    process.exitCode = await runBench(process.cwd(), options)
  })

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
