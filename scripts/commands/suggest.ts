/**
 * `defender profiles suggest`: a security profile proposed from recorded days, to be read and changed by a person, and
 * its tests.
 *
 * Exit status: 0 proposed, 1 a part of the history could not be read, 2 nothing could, or a file not be written.
 */
import { lstat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { NAME_MAX, namePattern } from '../../src/detect/profile-limits.ts'
import { OperatorProblem } from '../aws/operator-io.ts'
import { readRecords } from '../profiles/history/records.ts'
import { findSources } from '../profiles/history/sources.ts'
import { Observation } from '../profiles/suggest/observe.ts'
import { propose } from '../profiles/suggest/propose.ts'
import { suggestedFiles } from '../profiles/suggest/write.ts'
import { testPathOf } from '../profiles/test-file.ts'
import { plural } from '../render/numbers.ts'
import { instantOption } from '../render/options.ts'
import { printable } from '../render/terminal.ts'
import { writeWholeFile } from '../whole-file.ts'

export interface SuggestOptions {
  readonly name: string
  readonly out?: string
  readonly since?: number
  readonly until?: number
  readonly force?: boolean
}

export interface SuggestIo {
  readonly write: (text: string) => void
  readonly writeError: (line: string) => void
}

export function suggestCommand(): Command {
  const instant = instantOption(() => Date.now())
  return new Command('suggest')
    .summary('propose a profile from recorded days')
    .description(
      'Proposes a security profile from what devices did on recorded days: ports and\n' +
        'address ranges that were seen, ceilings above the highest values. Each line has\n' +
        'the evidence that it rests on in a comment; read it before you believe it.',
    )
    .argument('<history...>', 'as for `defender backtest`')
    .addOption(
      new Option('--name <name>', 'of the profile').argParser(profileName).default('suggested', 'suggested'),
    )
    .option('--out <file>', 'write the profile there, and its tests beside it')
    .addOption(new Option('--since <time>', 'nothing older, as in 2026-11-24 or 7d').argParser(instant))
    .addOption(new Option('--until <time>', 'nothing newer').argParser(instant))
    .option('--force', 'write over files that are there')
    .addHelpText(
      'after',
      `
Days on which nothing was wrong make the best evidence; seven of them know a
week's habits.

Examples:
  npx defender profiles suggest /greengrass/v2/work/*Defender* --since 7d
  npx defender profiles suggest fleet/ --name gateways --out gateways.yaml
  npx defender test gateways.yaml

Exit status: 0 proposed, 1 a part of the history could not be read, 2 nothing
could, or a file not be written.`,
    )
    .action(async (history: string[], options: SuggestOptions) => {
      process.exitCode = await suggest(history, options, {
        write: (text) => process.stdout.write(text),
        writeError: (line) => process.stderr.write(`${line}\n`),
      })
    })
}

function profileName(text: string): string {
  if (namePattern.test(text) && text.length <= NAME_MAX) return text
  throw new InvalidArgumentError(`It takes 1 to ${NAME_MAX} letters, digits, ":", "_" and "-".`)
}

export async function suggest(
  history: readonly string[],
  { name, out, since, until, force = false }: SuggestOptions,
  io: SuggestIo,
): Promise<0 | 1 | 2> {
  const found = await findSources(history)
  const problems = [...found.problems]
  const observation = new Observation()
  for (const source of found.sources) {
    const range = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }
    for await (const batch of readRecords(source, {
      ...range,
      onProblem: (problem) => problems.push(problem),
    })) {
      for (const record of batch) observation.add(record)
    }
  }
  for (const problem of problems) io.writeError(printable(problem))
  const observed = observation.result()
  if (observed.reports === 0) {
    io.writeError('no datapoints: nothing can be proposed')
    return 2
  }
  const proposal = propose(observed)
  const fileName = out === undefined ? `${name}.yaml` : basename(out)
  const { profile, tests } = suggestedFiles(name, fileName, observed, proposal)
  if (out === undefined) {
    io.write(profile)
    return problems.length > 0 ? 1 : 0
  }
  const testsPath = join(dirname(out), basename(testPathOf(out)))
  if (!force) for (const path of [out, testsPath]) await refuseExisting(path)
  await writeWholeFile(out, profile, { isNew: !force })
  try {
    await writeWholeFile(testsPath, tests, { isNew: !force })
  } catch (error) {
    // The next call would find its own profile in the way.
    if (!force) await unlink(out).catch(() => undefined)
    throw error
  }
  io.write(`${out}: ${plural(proposal.behaviors.length, 'behavior')} proposed; tests in ${testsPath}\n`)
  return problems.length > 0 ? 1 : 0
}

/** Before anything is written: not the profile without its tests. A link that points nowhere is there, too. */
async function refuseExisting(path: string): Promise<void> {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  )
  if (isThere) throw new OperatorProblem(`${path}: is there already: add --force to write over it`)
}
