/** `defender doctor`: is everything there that publishing and deploying need? What is looked at stands in `doctor/`. */
import type { Command } from 'commander'
import { accountCommand, finish, type OperatorIo, operatorIo } from '../aws/operator-io.ts'

const HELP = `
Looks at the credentials, the bucket of the artifacts and the role with which
devices read it; with --thing also at that device: its state, its nucleus, its
policies and its group. Nothing is changed. What may not be asked is marked with
a dash, and named the permission that would allow it.

Examples:
  npx defender doctor
  npx defender doctor --thing gateway-7 --thing-group gateways
  npx defender doctor --bucket my-artifacts --role-alias MyAlias --output json

Exit status: 0 if nothing is wrong; 1 if something is; 2 if the options or
files are faulty.`

export const doctorCommand = (io: OperatorIo = operatorIo('doctor', 'stop')): Command =>
  accountCommand('doctor')
    .summary('check an account before publishing and deploying')
    .description('Checks what is usually missing before a component can be published and deployed.')
    .option('--bucket <name>', 'of the artifacts, in full')
    .option('--thing <name>', 'a core device to look at too')
    .option('--thing-group <name>', 'that it should be in')
    .option('--role-alias <name>', 'of the token exchange role')
    .option('--directory <dir>', 'of the checkout, for gdk-config.json', '.')
    .addHelpText('after', HELP)
    .action(async (options) => finish(io, async () => (await import('../doctor/run.ts')).doctor(options, io)))
