/** `defender setup`: what publishing and deploying need in an account. What is made stands in `publish/setup/`. */
import { type Command, InvalidArgumentError } from 'commander'
import { changingCommand, finish, type OperatorIo, operatorIo } from '../aws/operator-io.ts'

const HELP = `
Shows a plan, asks, and makes what is missing: the bucket of the artifacts
(closed to the public, encrypted, versioned), and with the options below a thing
group, the right of the devices' role to read the artifacts, and a topic rule
that hands violations found on devices to an SNS topic in the shape of Device
Defender's own messages. What is as it should be is left alone. To a policy or
a rule of these names that is there what it lacks is added, and the rest of it
kept. A role of --create-role that others than AWS IoT may assume is refused.
Nothing is ever deleted.

Examples:
  npx defender setup --dry-run
  npx defender setup --thing-group canary --yes
  npx defender setup --token-exchange-role GreengrassV2TokenExchangeRole
  npx defender setup --create-role defender-alerts \\
    --alerts-to-sns arn:aws:sns:eu-west-1:123456789012:detect

Exit status: 0 if all is there; 1 if something was refused, failed or was
interrupted; 2 if AWS could not be asked.`

export const setupCommand = (io: OperatorIo = operatorIo('setup')): Command =>
  changingCommand('setup')
    .summary('create the bucket, a thing group and the like')
    .description('Creates what publishing and deploying need in an account.')
    .option('--bucket <name>', 'of the artifacts, in full')
    .option('--thing-group <name>', 'to deploy to')
    .option('--token-exchange-role <name>', 'role of the devices, to read the artifacts')
    .option('--alerts-to-sns <arn>', 'topic that violations are to go to', arnOf('sns'))
    .option('--role-arn <arn>', 'role with which AWS IoT publishes there', arnOf('iam'))
    .option('--create-role <name>', 'or the name of one to make for it', roleName)
    .option('--directory <dir>', 'of the checkout, for gdk-config.json', '.')
    .addHelpText('after', HELP)
    .action(async (options) =>
      finish(io, async () => (await import('../publish/setup/run.ts')).setUp(options, io)),
    )

/** AWS General Reference, "Amazon Resource Names". */
const arnOf = (service: string) => (text: string) => {
  if (new RegExp(`^arn:aws[\\w-]*:${service}:[\\w-]*:\\d{12}:[^\\s]+$`).test(text)) return text
  throw new InvalidArgumentError(`It takes an ARN, as in arn:aws:${service}:...:123456789012:...`)
}

/** IAM API reference, CreateRole. */
function roleName(text: string): string {
  if (/^[\w+=,.@-]{1,64}$/.test(text)) return text
  throw new InvalidArgumentError('It takes 1 to 64 letters, digits and _+=,.@-')
}
