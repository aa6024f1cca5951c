/** `defender rollback`: the former version and configuration of the component. Here are the options; see `rollout/`. */
import { type Command, Option } from 'commander'
import { changingCommand, finish } from '../aws/operator-io.ts'
import { type RolloutIo, rolloutIo } from '../rollout/io.ts'
import {
  componentOption,
  type GateFlags,
  gateOptions,
  gatesOf,
  ringsOf,
  type TargetFlags,
  targetOptions,
} from '../rollout/options.ts'
import type { RollbackOptions } from '../rollout/run-rollback.ts'

const HELP = `
Writes a new revision with this component as it was in an older one, its
configuration too: what newer revisions merged is reset, and what devices had
before is merged again. Policies and job configuration that a rollout has set
go back with it. All else of the deployment stays as it is now. Without --to-version or --deployment-id it is the
last revision that had another version or configuration of the component.

Examples:
  npx defender rollback --ring everyone --dry-run
  npx defender rollback --ring canary --ring everyone --yes
  npx defender rollback --ring everyone --to-version 1.0.0

Running it twice does not go back further; name the version for that.

Exit status: 0 if every target has the older version and passed its gates; 1 if
it was refused or interrupted, a gate failed, or somebody else was faster; 2 if
AWS could not be asked.`

export const rollbackCommand = (io: RolloutIo = rolloutIo('rollback')): Command => {
  const command = changingCommand('rollback')
    .summary('bring the former version back')
    .description('Brings the former version and configuration of the component back.')
  targetOptions(command)
  return gateOptions(command)
    .addOption(componentOption())
    .addOption(
      new Option('--to-version <version>', 'the last revision that had it').conflicts('deploymentId'),
    )
    .option('--deployment-id <id>', 'as it was in this deployment')
    .addHelpText('after', HELP)
    .action(async (flags: Omit<RollbackOptions, 'rings' | 'gates'> & GateFlags & TargetFlags) =>
      finish(io, async () => {
        const { rollback } = await import('../rollout/run-rollback.ts')
        return rollback({ ...flags, rings: ringsOf(flags), gates: gatesOf(flags) }, io)
      }),
    )
}
