/** `defender policies`: the least that has to be allowed to operators and devices. */
import { type Command, InvalidArgumentError } from 'commander'
import { accountCommand, finish, type OperatorIo, operatorIo } from '../aws/operator-io.ts'

const HELP = `
NAMES are setup, publish, rollout, read, profiles, violations (for operators),
token-exchange-role (for the role of the devices) and thing (for their
certificates). One alone is printed as a document for the AWS CLI.

With --account and --region AWS is not asked.

Examples:
  npx defender policies
  npx defender policies publish > publish.json
  npx defender policies thing --account 123456789012 --region eu-west-1
  npx defender policies --output json

Exit status: 0; 2 if the options are faulty or AWS could not be asked.`

export const policiesCommand = (io: OperatorIo = operatorIo('policies', 'stop')): Command =>
  accountCommand('policies')
    .summary('print the least policies that are needed')
    .description('Prints IAM and AWS IoT policies, filled in for an account, as JSON.')
    .argument('[names...]')
    .option('--account <id>', 'otherwise that of the credentials', accountId)
    .option('--bucket <name>', 'of the artifacts, in full')
    .option('--role-alias <name>', 'of the token exchange role', 'GreengrassCoreTokenExchangeRoleAlias')
    .option('--directory <dir>', 'of the checkout, for gdk-config.json', '.')
    .addHelpText('after', HELP)
    .action(async (names, options) =>
      finish(io, async () => (await import('../doctor/policies/run.ts')).policies(names, options, io)),
    )

function accountId(text: string): string {
  if (/^\d{12}$/.test(text)) return text
  throw new InvalidArgumentError('It takes the 12 digits of an account.')
}
