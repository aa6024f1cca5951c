/** `defender violations report`: its options. What is done stands in `run.ts`, loaded when it is called for. */
import { type Command, Option } from 'commander'
import { accountCommand, finish } from '../../aws/operator-io.ts'
import { numberOption } from '../../render/options.ts'
import { filterOptions, SOURCE_HELP, sourceOptions, type ViolationsIo } from '../io.ts'

const HELP = `
The file needs nothing else: it opens from disk, asks for nothing from the
network, and can be mailed or kept with a ticket. It holds the names, addresses
and processes of the devices; it is written for its owner's eyes alone, and who
is given it can read them.

  #/                    all violations, with filters
  #/violation/<id>      one, with its metric's course
  #/thing/<name>        one thing
${SOURCE_HELP}

Events alone have no values to draw: give --history or --detect for charts.

Examples:
  sudo npx defender violations report --html report.html
  npx defender violations report --html week.html --history dumps/ --since 1w
  npx defender violations report --html gateways.html --detect \\
    --security-profile gateways --security-profiles profiles/

Exit status: 0; 1 if only a part of what was named could be read, of which the
report is made and says what is missing; 2 if it could not be made.`

/** A working day's half: enough to see what was usual before. */
const AROUND_HOURS_DEFAULT = 6
/** What the device keeps of datapoints. */
const AROUND_HOURS_MAX = 14 * 24

export const reportCommand = (io: ViolationsIo): Command =>
  filterOptions(sourceOptions(accountCommand('report')), () => io.clock.wallMs())
    .summary('one HTML file with charts, for people')
    .description('Writes violations, and the metrics around them, as one HTML file.')
    .addOption(new Option('--html <file>', 'where to').makeOptionMandatory())
    .option('--title <text>', "the report's name")
    .option(
      '--around <hours>',
      'values before and after each alarm',
      numberOption({ min: 1, max: AROUND_HOURS_MAX }),
      AROUND_HOURS_DEFAULT,
    )
    .addOption(
      new Option('--security-profiles <path>', 'profile files, for their text; may be given again').argParser(
        (path: string, before: readonly string[] | undefined) => [...(before ?? []), path],
      ),
    )
    .addHelpText('after', HELP)
    .action(async (flags) => finish(io, async () => (await import('./run.ts')).report(flags, io)))
