/** `defender rollout`: a component version to thing groups, ring after ring. Here are the options; see `rollout/`. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { changingCommand, finish } from '../aws/operator-io.ts'
import { numberOption } from '../render/options.ts'
import { type RolloutIo, rolloutIo } from '../rollout/io.ts'
import {
  collect,
  componentOption,
  type GateFlags,
  gateOptions,
  gatesOf,
  ringsOf,
  type TargetFlags,
  targetOptions,
} from '../rollout/options.ts'
import type { RolloutOptions } from '../rollout/run-rollout.ts'

const HELP = `
A deployment in AWS IoT Greengrass replaces the former one of its target whole.
This command reads the deployment in force, changes this component in it, and
hands everything else on: other components and their configuration, policies,
job configuration, parent, name and tags.

Each --ring is a thing group, and gets the version when the one before has
passed its gates. When a gate fails, what this rollout has written is taken
back on all rings, the configuration too. A gate that has observed nothing is
passed by and told at the end; with --require-observed it fails.

Examples:
  npx defender rollout --ring canary --component-version 1.1.0 --dry-run
  npx defender rollout --ring canary --ring ten-percent --ring everyone \\
    --component-version 1.1.0 --config config.yaml --bake 30min --yes
  npx defender rollout --thing bench-7 --component-version 1.1.0 \\
    --set SampleIntervalSeconds=600 --reset /Interfaces
  npx defender rollout --ring canary --component-version 1.1.0 \\
    --health-from messages/ --output json --yes | jq .

Killed or interrupted, the same command goes on where it stopped.

Exit status: 0 if every ring has the version and passed its gates; 1 if it was
refused or interrupted, or somebody else was faster; 2 if a file is faulty or
AWS could not be asked; 3 if a gate failed and all was taken back; 4 if a gate
failed and not all could be taken back, or nothing was of this rollout.`

const PER_MINUTE = { min: 1, max: 1000, integer: true }

export const rolloutCommand = (io: RolloutIo = rolloutIo('rollout')): Command => {
  const command = changingCommand('rollout')
    .summary('roll a version out, ring after ring')
    .description('Rolls a version of the component and its configuration out to thing groups.')
    .requiredOption('--component-version <version>', 'as published, 1.1.0', versionOption)
  targetOptions(command)
  return gateOptions(command)
    .addOption(componentOption())
    .option('--config <file>', 'JSON or YAML that is merged into the configuration')
    .option('--set <key=value>', 'one parameter of it; may be repeated', collect)
    .option('--reset <pointer>', 'back to the default first, as /Interfaces; may be repeated', collect)
    .option('--profiles <path>', 'security profiles for the device; may be repeated', collect)
    .option('--rate <devices>', 'told in a minute at first', numberOption(PER_MINUTE))
    .option('--max-rate <devices>', 'told in a minute at most', numberOption(PER_MINUTE))
    .option(
      '--abort-percent <percent>',
      'of failures at which AWS cancels',
      numberOption({ min: 1, max: 100 }),
    )
    .option(
      '--device-timeout <minutes>',
      'for one device',
      numberOption({ min: 1, max: 10_080, integer: true }),
    )
    .addOption(
      new Option('--failure-handling <how>', 'of a device that fails').choices(['ROLLBACK', 'DO_NOTHING']),
    )
    .option('--require-observed', 'a gate that has observed nothing fails')
    .option('--again', 'even if this was taken back before')
    .addHelpText('after', HELP)
    .action(async (flags: RolloutFlags) =>
      finish(io, async () => {
        const { rollout } = await import('../rollout/run-rollout.ts')
        return rollout(optionsOf(flags), io)
      }),
    )
}

interface RolloutFlags
  extends Omit<
      RolloutOptions,
      'rings' | 'gates' | 'again' | 'ratePerMinute' | 'maxPerMinute' | 'deviceTimeoutMinutes'
    >,
    GateFlags,
    TargetFlags {
  readonly rate?: number
  readonly maxRate?: number
  readonly deviceTimeout?: number
  readonly again?: boolean
  readonly requireObserved?: boolean
}

function optionsOf(flags: RolloutFlags): RolloutOptions {
  const { rate, maxRate, deviceTimeout, again, requireObserved, ...others } = flags
  return {
    ...others,
    rings: ringsOf(flags),
    gates: { ...gatesOf(flags), requireObserved: requireObserved === true },
    again: again === true,
    ...(rate === undefined ? {} : { ratePerMinute: rate }),
    ...(maxRate === undefined ? {} : { maxPerMinute: maxRate }),
    ...(deviceTimeout === undefined ? {} : { deviceTimeoutMinutes: deviceTimeout }),
  }
}

/** Greengrass V2 developer guide, "Component recipe reference", ComponentVersion: semantic versions. */
function versionOption(text: string): string {
  if (/^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/.test(text)) return text
  throw new InvalidArgumentError('It takes a whole version as in 1.1.0.')
}
