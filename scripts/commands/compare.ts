/** `defender compare`: the device's alarms beside Detect's. Here are the options; see `violations/compare/`. */
import type { Command } from 'commander'
import { accountCommand, finish } from '../aws/operator-io.ts'
import { numberOption } from '../render/options.ts'
import { filterOptions, sourceOptions, type ViolationsIo, violationsIo } from '../violations/io.ts'

const HELP = `
Without --history and --events the agent's history on this device is compared.
Alarms of one behavior on one thing are the same if they begin within the
tolerance, or were in force at the same time. Where it can be told why only one
side raised one, it is said.

Examples:
  npx defender compare --since 1w --region eu-west-1
  npx defender compare --history copies/ --thing gateway-1 --output json

Exit status: 0 if both raised the same alarms; 1 if not, or if not all could be
read; 2 if it could not be found out.`

/** Two report intervals: the one in which something happened, and that in which the other noticed. */
const TOLERANCE_SECONDS_DEFAULT = 600

export const compareCommand = (io: ViolationsIo = violationsIo('compare')): Command =>
  filterOptions(sourceOptions(accountCommand('compare'), { local: true }), () => io.clock.wallMs(), {
    // The same alarm may have ended here and last there.
    verdicts: false,
  })
    .summary("the device's alarms beside those of Detect")
    .description('Compares the alarms that the device raised with those of Device Defender Detect.')
    .option(
      '--tolerance-seconds <seconds>',
      'how far apart the same alarm may begin',
      numberOption({ min: 0, max: 86_400 }),
      TOLERANCE_SECONDS_DEFAULT,
    )
    .addHelpText('after', HELP)
    .action(async (flags) =>
      finish(io, async () => (await import('../violations/compare/run.ts')).compare(flags, io)),
    )
