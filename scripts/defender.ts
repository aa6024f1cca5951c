#!/usr/bin/env node
/** The `defender` command line. One file per command in `commands/`, loaded when it is called for. */
import { Command } from 'commander'
import { version } from '../src/version.ts'
import { OperatorProblem } from './aws/operator-io.ts'
import { attackCommand } from './commands/attack.ts'
import { backtestCommand } from './commands/backtest.ts'
import { compareCommand } from './commands/compare.ts'
import { doctorCommand } from './commands/doctor.ts'
import { historyCommand } from './commands/history.ts'
import { localCommand } from './commands/local.ts'
import { metricsCommand } from './commands/metrics.ts'
import { pageCommand } from './commands/page.ts'
import { policiesCommand } from './commands/policies.ts'
import { profilesCommand } from './commands/profiles.ts'
import { publishCommand } from './commands/publish.ts'
import { rollbackCommand } from './commands/rollback.ts'
import { rolloutCommand } from './commands/rollout.ts'
import { sampleCommand } from './commands/sample.ts'
import { setupCommand } from './commands/setup.ts'
import { statusCommand } from './commands/status.ts'
import { testCommand } from './commands/test.ts'
import { violationsCommand } from './commands/violations.ts'

const program = new Command('defender')
  .description(
    'Device security for AWS IoT Greengrass: Device Defender reports from /proc,\n' +
      'security profiles judged on the device, and profiles as code.',
  )
  .version(version)
  .showHelpAfterError('(add --help for what is possible)')
  // Names only, so that a line of help ends before column 80.
  .configureHelp({ subcommandTerm: (command) => command.name() })
  .addCommand(localCommand())
  .addCommand(attackCommand())
  .addCommand(sampleCommand())
  .addCommand(statusCommand())
  .addCommand(historyCommand())
  .addCommand(metricsCommand())
  .addCommand(pageCommand())
  .addCommand(profilesCommand())
  .addCommand(testCommand())
  .addCommand(backtestCommand())
  .addCommand(violationsCommand())
  .addCommand(compareCommand())
  .addCommand(setupCommand())
  .addCommand(policiesCommand())
  .addCommand(doctorCommand())
  .addCommand(publishCommand())
  .addCommand(rolloutCommand())
  .addCommand(rollbackCommand())
  .addHelpText(
    'after',
    '\nStart here:\n' +
      '  npx defender local     see the agent work on this machine, without AWS\n' +
      '  npx defender attack    raise an alarm there, harmlessly\n' +
      '  npx defender sample    print one report of this machine\n' +
      'On a core device:\n' +
      '  npx defender status    how the agent is\n' +
      '  npx defender history   what it measured and judged\n' +
      '  npx defender page      both as a live page, for this device alone\n' +
      'Security profiles as code:\n' +
      '  npx defender profiles  validate, lint, plan, apply, import, suggest\n' +
      '  npx defender test      the tests beside them, also with mutations\n' +
      '  npx defender backtest  what they would have raised on recorded days\n' +
      'Violations, of a device, of a topic or of Detect:\n' +
      '  npx defender violations list, show, verify, export, report, mitigate\n' +
      '  npx defender compare    the alarms of the device beside those of Detect\n' +
      'Component versions to a fleet:\n' +
      '  npx defender setup     bucket, thing group and rules, after showing a plan\n' +
      '  npx defender doctor    what is missing, and who has to allow what\n' +
      '  npx defender publish   a component version, never over another one\n' +
      '  npx defender rollout   ring after ring, with gates; then rollback, status\n',
  )

/** Commander's own prints the whole help for a name that it does not know, without a word about that. */
function addHelpCommands(group: Command): void {
  for (const command of group.commands) if (command.commands.length > 0) addHelpCommands(command)
  const help = new Command('help')
    .description('display help for command')
    .argument('[command]')
    .action((name: string | undefined) => {
      const found = name === undefined ? group : group.commands.find((command) => command.name() === name)
      if (found === undefined) group.error(`error: unknown command '${name}'`)
      else found.help()
    })
  group.helpCommand(false).addCommand(help)
}

/** As it was called, `profiles suggest`. */
const nameOf = (command: Command): string =>
  command.parent === null || command.parent === program
    ? command.name()
    : `${nameOf(command.parent)} ${command.name()}`

let called = ''
addHelpCommands(program)
program.hook('preAction', (_, command) => {
  called = ` ${nameOf(command)}`
})
try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`defender${called}: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof OperatorProblem ? 2 : 1
}
