/**
 * `defender violations list|show|verify|export|report|mitigate`: what was found, by the device or by Detect, and what is done
 * about it. Here are the options; what is done stands in `violations/`, loaded when it is called for.
 */
import { Command, Option } from 'commander'
import { accountCommand, changingCommand, finish } from '../aws/operator-io.ts'
import { instantOption, numberOption } from '../render/options.ts'
import { FORMATS } from '../violations/export/formats.ts'
import { SEVERITIES } from '../violations/export/severity.ts'
import {
  filterOptions,
  SOURCE_HELP,
  sourceOptions,
  type ViolationsIo,
  verificationOf,
  violationsIo,
} from '../violations/io.ts'
import { reportCommand } from '../violations/report/command.ts'

const STATUS_HELP = `Exit status: 0; 1 if only a part of what was named could be read, which is then
given; 2 if nothing of it could, or it could not be found out.`

const LIST_HELP = `${SOURCE_HELP}

Examples:
  sudo npx defender violations list
  npx defender violations list --events deliveries/ --since 1w --state in-alarm
  npx defender violations list --detect --security-profile gateways --limit 20

${STATUS_HELP}`

const SHOW_HELP = `
ID is that of the list, or its beginning.
${SOURCE_HELP}

Example:
  sudo npx defender violations show 37e18651

${STATUS_HELP}`

const VERIFY_HELP = `
true     it is what the behavior was written for
false    it was normal, and the behavior is wrong: the change that would have
         kept it quiet is printed, with a test for "defender test"
benign   it was not normal, and no harm
unknown  takes back what was said

Detect keeps this for its own violations. For others it goes into the file
verifications.json in the folder that they are read from, or beside the file; a
device's history is not touched otherwise. --notes names another file.
${SOURCE_HELP}

Examples:
  npx defender violations verify 37e18651 true --detect --note "ticket 81"
  npx defender violations verify 37e18651 false --events deliveries/ \\
    --write exceptions/
  npx defender test exceptions/`

const EXPORT_HELP = `
json    a list of violations
csv     one line a violation, safe to open in a spreadsheet
ocsf    Open Cybersecurity Schema Framework 1.3.0, Detection Finding, one a line
asff    AWS Security Hub, a request of BatchImportFindings a line; what is over
        is archived, and exporting again updates
splunk  lines for Splunk's HTTP Event Collector, one for each event
${SOURCE_HELP}

Examples:
  npx defender violations export --format csv --events deliveries/ > out.csv
  npx defender violations export --format asff --detect --write findings.jsonl
  while read -r batch; do
    aws securityhub batch-import-findings --cli-input-json "$batch"
  done < findings.jsonl

${STATUS_HELP}`

const START_HELP = `
Shows which things would go into which groups, asks, and starts a mitigation
task of Detect. IDS are of violations, at most 25; without them all violations
of a security profile are meant.

Examples:
  npx defender violations mitigate start 37e18651 --action quarantine
  npx defender violations mitigate start --security-profile gateways \\
    --behavior tcp-ports --only-active --action quarantine --dry-run

Exit status: 0; 1 if it was refused; 2 if AWS could not be asked.`

const THINGS_HELP = `
For violations that Detect knows nothing of: puts their things into a thing
group, one call for each. What was put there is kept in a file, and --undo
takes out those things and no others.
${SOURCE_HELP}

Examples:
  npx defender violations mitigate things 37e18651 --events deliveries/ \\
    --group quarantine
  npx defender violations mitigate things --group quarantine --undo

Exit status: 0; 1 if it was refused or a call failed; 2 if AWS could not be
asked.`

export function violationsCommand(io: ViolationsIo = violationsIo('violations')): Command {
  return new Command('violations')
    .summary('see, verify, export and answer violations')
    .description('Violations of security profiles: what was found, and what is done about it.')
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(verifyCommand(io))
    .addCommand(exportCommand(io))
    .addCommand(reportCommand(io))
    .addCommand(mitigateCommand(io))
}

/** The options of whatever reads violations. */
const reading = (name: string) => sourceOptions(accountCommand(name))
const filtering = (name: string, io: ViolationsIo) => filterOptions(reading(name), () => io.clock.wallMs())

const listCommand = (io: ViolationsIo): Command =>
  filtering('list', io)
    .summary('one line a violation, newest first')
    .description('Lists violations, newest first.')
    .option(
      '--limit <count>',
      'lines at most (default: 100; with json, all)',
      numberOption({ min: 1, max: 1_000_000, integer: true }),
    )
    .addHelpText('after', LIST_HELP)
    .action(async (flags) => finish(io, async () => (await import('../violations/list.ts')).list(flags, io)))

const showCommand = (io: ViolationsIo): Command =>
  reading('show')
    .summary('the whole story of one')
    .description('Tells what is known of one violation, and what came before and after it.')
    .argument('<id>', 'of the violation, as the list has it, or its beginning')
    .addHelpText('after', SHOW_HELP)
    .action(async (id, flags) =>
      finish(io, async () => (await import('../violations/show/run.ts')).show(id, flags, io)),
    )

/** A season: long enough for the reason to pass, short enough to be remembered. */
const REVIEW_DAYS_DEFAULT = 90

const verifyCommand = (io: ViolationsIo): Command =>
  reading('verify')
    .summary('say whether it was true, false or benign')
    .description('Says what a violation was found to be.')
    .argument('<id>', 'of the violation, as the list has it, or its beginning')
    .argument('<verdict>', 'true, false, benign or unknown', verificationOf)
    .option('--note <text>', 'why; one line')
    .option('--write <dir>', 'write the changed behavior and its test there')
    .option(
      '--review-in <days>',
      'when somebody should look at the exception again',
      numberOption({ min: 1, max: 3650, integer: true }),
      REVIEW_DAYS_DEFAULT,
    )
    .addHelpText('after', VERIFY_HELP)
    .action(async (id, verdict, flags) =>
      finish(io, async () => (await import('../violations/verify/run.ts')).verify(id, verdict, flags, io)),
    )

const exportCommand = (io: ViolationsIo): Command =>
  filtering('export', io)
    .summary('for other tools: CSV, OCSF, Security Hub, Splunk')
    .description('Writes violations in the formats of other tools.')
    .addOption(new Option('--format <format>', 'what to write').choices(FORMATS).makeOptionMandatory())
    .addOption(
      new Option('--severity <label>', 'of a violation that nobody has found harmless')
        .choices(SEVERITIES)
        .default('MEDIUM', 'MEDIUM'),
    )
    .option('--account <id>', 'of asff, if not that of the credentials; needs --region')
    .option('--write <file>', 'instead of standard output')
    .addHelpText('after', EXPORT_HELP)
    .action(async (flags) =>
      finish(io, async () => (await import('../violations/export/run.ts')).exportViolations(flags, io)),
    )

function mitigateCommand(io: ViolationsIo): Command {
  const tasks = () => import('../violations/mitigate/tasks.ts')
  const instant = instantOption(() => io.clock.wallMs())
  return new Command('mitigate')
    .summary('put their things into a group')
    .description('Answers violations: their things go into a thing group, with other rights.')
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addCommand(
      changingCommand('start')
        .summary("start one of Detect's mitigation tasks")
        .description("Starts a mitigation task of Detect for some violations, or a profile's.")
        .argument('[ids...]', 'of violations, or their beginnings')
        .addOption(
          new Option('--action <name>', 'a mitigation action; may be given again')
            .argParser((name: string, before: readonly string[] | undefined) => [...(before ?? []), name])
            .makeOptionMandatory(),
        )
        .option('--security-profile <name>', 'the violations of this profile')
        .option('--behavior <name>', 'of this behavior of the profile only')
        .addOption(new Option('--since <time>', 'raised then or later').argParser(instant))
        .addOption(new Option('--until <time>', 'raised then or earlier').argParser(instant))
        .option('--only-active', 'none that is over')
        .option('--suppressed', 'those of muted behaviors too')
        .addHelpText('after', START_HELP)
        .action(async (ids, flags) =>
          finish(io, async () => (await import('../violations/mitigate/start.ts')).start(ids, flags, io)),
        ),
    )
    .addCommand(
      accountCommand('describe')
        .summary('how a task of Detect goes')
        .description('Tells how a mitigation task goes, thing by thing. Exit status 1 if it failed.')
        .argument('<task>', 'the id of a task, as the list has it')
        .action(async (task, flags) => finish(io, async () => (await tasks()).describe(task, flags, io))),
    )
    .addCommand(
      accountCommand('cancel')
        .summary('end a task of Detect')
        .description('Ends a mitigation task; what was done stays done.')
        .argument('<task>', 'the id of a task, as the list has it')
        .action(async (task, flags) => finish(io, async () => (await tasks()).cancel(task, flags, io))),
    )
    .addCommand(
      accountCommand('list')
        .summary("Detect's tasks of the last 90 days")
        .description('Lists the mitigation tasks that Detect still knows of.')
        .action(async (flags) => finish(io, async () => (await tasks()).listTasks(flags, io))),
    )
    .addCommand(
      filterOptions(sourceOptions(changingCommand('things')), () => io.clock.wallMs())
        .summary('put things into a group without Detect, or back')
        .description('Puts the things of violations into a thing group, and takes them out again.')
        .argument('[ids...]', 'of violations, or their beginnings')
        .requiredOption('--group <name>', 'the thing group')
        .option('--undo', 'take out those that were put there')
        .option('--record <file>', 'where it is kept what was put where', 'mitigations.json')
        .addHelpText('after', THINGS_HELP)
        .action(async (ids, flags) =>
          finish(io, async () =>
            (await import('../violations/mitigate/things.ts')).mitigateThings(ids, flags, io),
          ),
        ),
    )
}
