/**
 * `defender profiles plan|apply|drift|import|attach|detach|delete`: security profiles between files and AWS IoT Device
 * Defender Detect. Here are the options; what is done stands in `plan/run-*.ts`.
 */
import { type Command, Option } from 'commander'
import { accountCommand, changingCommand, finish, operatorIo } from '../aws/operator-io.ts'
import type { ProfilesIo } from '../plan/io.ts'

const PLAN_HELP = `
FILES are profile files (JSON or YAML) or folders of them. What they say of
targets and tags is made so; what they are silent about is left as it is.

Examples:
  npx defender profiles plan profiles/
  npx defender profiles plan profiles/ --output json | jq .changes
  npx defender profiles plan profiles/ --to edge > merge.json

With --to edge no account is asked: printed is the value of a configuration
merge for the component. A merge cannot take a profile away: where one is gone,
let the deployment also reset /SecurityProfiles.

Exit status: 0; 1 if the plan cannot be carried out; 2 if there is none because
a file is faulty or AWS could not be asked.`

const APPLY_HELP = `
Shows the plan, asks, and makes the changes one after the other. If one fails,
those before it stay, and the next plan shows the rest.

Examples:
  npx defender profiles apply profiles/
  npx defender profiles apply profiles/ --fingerprint 5f1c9a0b7d3e
  npx defender profiles apply profiles/ --prune --dry-run

Exit status: 0 if all is as the files say; 1 if a change failed or was refused;
2 if a file is faulty or AWS could not be asked.`

const DRIFT_HELP = `
Example, in a nightly job:
  npx defender profiles drift profiles/ --prune || echo "look at the account"

Exit status: 0 if all is as the files say; 1 if not; 2 if it is not known.`

const IMPORT_HELP = `
Without NAMES all profiles are taken, each with its targets, tags, and the
custom metrics and dimensions that it speaks of.

Examples:
  npx defender profiles import --directory profiles
  npx defender profiles import gateways cameras --dry-run`

const TARGET_HELP = `
TARGET is the name or the ARN of a thing group, or all/things,
all/registered-things or all/unregistered-things.

Example:
  npx defender profiles`

export function awsCommands(io: ProfilesIo = processIo()): Command[] {
  return [
    accountCommand('plan')
      .summary('show what would change in the account')
      .description('Compares profile files with the account and shows what apply would change.')
      .argument('<files...>')
      .option('--prune', 'also delete what no file speaks of')
      .addOption(toOption())
      .option('--write <file>', 'with --to edge: write the merge to a file')
      .addHelpText('after', PLAN_HELP)
      .action(async (files, options) =>
        finish(io, async () => (await fileCommands()).plan(files, options, io)),
      ),

    changingCommand('apply')
      .summary('make the account as the files say')
      .description('Makes the security profiles of the account as the files say.')
      .argument('<files...>')
      .option('--prune', 'also delete what no file speaks of')
      .option('--force', 'even if more than a third would be deleted')
      .addOption(toOption())
      .option('--write <file>', 'with --to edge: write the merge to a file')
      .addHelpText('after', APPLY_HELP)
      .action(async (files, options) =>
        finish(io, async () => (await fileCommands()).apply(files, options, io)),
      ),

    accountCommand('drift')
      .summary('say whether the account is still as the files say')
      .description('Looks for changes that were made in the account and not in the files.')
      .argument('<files...>')
      .option('--prune', 'what no file speaks of is drift too')
      .addHelpText('after', DRIFT_HELP)
      .action(async (files, options) =>
        finish(io, async () => (await fileCommands()).drift(files, options, io)),
      ),

    accountCommand('import')
      .summary('write files from the profiles of the account')
      .description('Writes a YAML file for each security profile of the account.')
      .argument('[names...]')
      .option('--directory <dir>', 'where the files go', '.')
      .option('--force', 'write over files that are there')
      .option('--dry-run', 'print them instead')
      .addHelpText('after', IMPORT_HELP)
      .action(async (names, options) =>
        finish(io, async () => (await import('../plan/run-import.ts')).importProfiles(names, options, io)),
      ),

    changingCommand('attach')
      .summary('attach a profile to thing groups')
      .description('Attaches a security profile of the account to more targets.')
      .argument('<name>')
      .argument('<target...>')
      .addHelpText('after', `${TARGET_HELP} attach gateways all/registered-things`)
      .action(async (name, targets, options) =>
        finish(io, async () => (await handCommands()).attach(name, targets, options, io)),
      ),

    changingCommand('detach')
      .summary('detach a profile from thing groups')
      .description('Detaches a security profile of the account from targets.')
      .argument('<name>')
      .argument('<target...>')
      .addHelpText('after', `${TARGET_HELP} detach gateways all/registered-things`)
      .action(async (name, targets, options) =>
        finish(io, async () => (await handCommands()).detach(name, targets, options, io)),
      ),

    changingCommand('delete')
      .summary('detach and delete profiles of the account')
      .description('Detaches security profiles from all their targets and deletes them.')
      .argument('<names...>')
      .addHelpText('after', '\nExample:\n  npx defender profiles delete old-gateways --dry-run')
      .action(async (names, options) =>
        finish(io, async () => (await handCommands()).deleteProfiles(names, options, io)),
      ),
  ]
}

/** What these need is loaded when they are called for. */
const fileCommands = () => import('../plan/run-files.ts')
const handCommands = () => import('../plan/run-attachments.ts')

const toOption = () => new Option('--to <where>', 'for whom').choices(['aws', 'edge']).default('aws', 'aws')

const processIo = (): ProfilesIo => ({
  ...operatorIo('profiles'),
  open: async (options) => (await import('../aws/iot.ts')).openDetectControlPlane(options),
})
