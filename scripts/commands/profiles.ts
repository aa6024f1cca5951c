/**
 * `defender profiles`: security profiles as files. This half needs no AWS: it checks files and writes proposals; what
 * reads and changes an account is in `profiles-aws.ts`.
 *
 * Exit status of every command here: 0 clean, 1 something was found, 2 a file could not be read or written.
 */
import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { OperatorProblem } from '../aws/operator-io.ts'
import { type FileFault, faultyFileCount, formatFault } from '../profiles/fault.ts'
import { type ProfileFile, readProfileFiles } from '../profiles/file.ts'
import { fixFiles, lintFiles, type PlacedFinding } from '../profiles/lint/lint.ts'
import { profileSchemaText } from '../profiles/schema.ts'
import { readTestFiles, type TestFile, testPathOf } from '../profiles/test-file.ts'
import { plural } from '../render/numbers.ts'
import { printable } from '../render/terminal.ts'
import { awsCommands } from './profiles-aws.ts'
import { suggestCommand } from './suggest.ts'

export interface ProfilesIo {
  readonly write: (text: string) => void
  readonly writeError: (line: string) => void
}

export type ExitStatus = 0 | 1 | 2

interface OutputOption {
  readonly output: 'text' | 'json'
}

export function profilesCommand(): Command {
  const group = new Command('profiles')
    .summary('check, propose, plan and apply security profiles')
    .description(
      'Security profiles as files: what `aws iot create-security-profile` takes, in\n' +
        'JSON or YAML, with the targets and whatever else belongs to a profile.',
    )
    .addHelpText(
      'after',
      `
Start with:
  npx defender profiles lint component/profiles
  npx defender test component/profiles --mutate
  npx defender profiles plan gateway.yaml`,
    )
  for (const command of [...offlineCommands(), ...awsCommands()]) group.addCommand(command)
  return group
}

function offlineCommands(): Command[] {
  return [validateCommand(), lintCommand(), schemaCommand(), suggestCommand()]
}

const outputOption = () =>
  new Option('--output <format>', 'how to print').choices(['text', 'json']).default('text', 'text')

const systemIo: ProfilesIo = {
  write: (text) => process.stdout.write(text),
  writeError: (line) => process.stderr.write(`${line}\n`),
}

const EXIT_HELP = '\nExit status: 0 clean, 1 something was found, 2 a file could not be read or\nwritten.'

function validateCommand(): Command {
  return new Command('validate')
    .summary('check files against what AWS takes')
    .description(
      'Checks profile files, offline, against everything that AWS documents: names,\n' +
        'operators for each metric, windows, quotas. Names every fault at once.',
    )
    .argument('<paths...>', 'files, or folders of .json, .yaml and .yml files')
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Examples:
  npx defender profiles validate gateway.yaml
  npx defender profiles validate component/profiles --output json
${EXIT_HELP}`,
    )
    .action(async (paths: string[], { output }: OutputOption) => {
      process.exitCode = await validate(paths, output, systemIo)
    })
}

export async function validate(
  paths: readonly string[],
  output: OutputOption['output'],
  io: ProfilesIo,
): Promise<ExitStatus> {
  const { files, faults } = await readProfileFiles(paths)
  if (output === 'json') {
    const profiles = files.map(({ path, profile }) => ({
      path,
      securityProfileName: profile.securityProfileName,
    }))
    io.write(`${JSON.stringify({ profiles, faults }, null, 2)}\n`)
  } else {
    for (const file of files) io.write(`${described(file)}\n`)
    writeFaults(faults, io)
  }
  return statusOf(faults)
}

function described({ path, profile, targets }: ProfileFile): string {
  const behaviors = plural(profile.behaviors?.length ?? 0, 'behavior')
  const where = targets.length === 0 ? '' : ` on ${targets.join(', ')}`
  return printable(`${path}: ${profile.securityProfileName}, ${behaviors}${where}: valid`)
}

function writeFaults(faults: readonly FileFault[], io: ProfilesIo): void {
  for (const fault of faults) io.writeError(printable(formatFault(fault)))
  if (faults.length > 1) io.writeError(plural(faults.length, 'fault'))
}

const statusOf = (faults: readonly FileFault[]): ExitStatus =>
  faults.some(({ kind }) => kind === 'unreadable') ? 2 : faults.length > 0 ? 1 : 0

interface LintOptions extends OutputOption {
  readonly fix?: boolean
  readonly strict?: boolean
}

function lintCommand(): Command {
  return new Command('lint')
    .summary('find what is legal but unlikely to be meant')
    .description(
      'Looks for criteria that say what is abnormal where AWS asks for what is normal,\n' +
        'thresholds that always or never fire, behaviors that another one makes\n' +
        'superfluous, metrics that nobody sends, and behaviors without a test.',
    )
    .argument('<paths...>', 'files, or folders of .json, .yaml and .yml files')
    .option('--fix', 'mend what is safe: polarity against a percentile, host bits, repetitions, windows')
    .option('--strict', 'let notes decide the exit status too')
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
--fix changes only the characters concerned: comments, order and indentation
stay. What it mends is printed; look at the difference before you commit it.

Examples:
  npx defender profiles lint rule.json
  npx defender profiles lint profiles/ --fix && git diff profiles/
${EXIT_HELP}
Notes alone leave it at 0.`,
    )
    .action(async (paths: string[], options: LintOptions) => {
      process.exitCode = await lint(paths, options, systemIo)
    })
}

export async function lint(
  paths: readonly string[],
  { output, fix = false, strict = false }: LintOptions,
  io: ProfilesIo,
): Promise<ExitStatus> {
  let read = await readProfileFiles(paths)
  const fixed = fix ? fixFiles(read) : []
  for (const { path, text } of fixed) {
    // In place, so that its owner and mode stay.
    await writeFile(path, text).catch((error: NodeJS.ErrnoException) => {
      throw new OperatorProblem(`${path}: cannot be written (${error.code})`)
    })
  }
  if (fixed.length > 0) read = await readProfileFiles(paths)
  const tests = await testsBeside(read.files)
  const findings = lintFiles(read, tests.byProfile)
  const faults = [...read.faults, ...tests.faults]
  if (output === 'json') {
    const plain = findings.map(({ edits, ...finding }) => ({ ...finding, isFixable: edits !== undefined }))
    const mended = fixed.map((each) => ({ path: each.path, fixed: each.fixed }))
    io.write(`${JSON.stringify({ findings: plain, fixed: mended, faults }, null, 2)}\n`)
  } else {
    for (const { path, fixed: what } of fixed)
      for (const each of what) io.write(`${printable(`${path}: mended ${each}`)}\n`)
    for (const finding of findings) io.write(`${formatFinding(finding)}\n`)
    writeFaults(faults, io)
    io.write(summaryOf(findings, read.files.length, faultyFileCount(faults)))
  }
  const found = findings.some(({ severity }) => severity === 'warning' || strict)
  return statusOf(faults) || (found ? 1 : 0)
}

/** Two lines: what is wrong and where, and what to do about it. */
function formatFinding({ path, position, severity, code, at, reason, fix, edits }: PlacedFinding): string {
  const where = `${path}:${position.line}:${position.column}`
  const hint = edits === undefined ? '' : ' (--fix does it)'
  return `${printable(`${where}: ${severity} ${code}: ${at}: ${reason}`)}\n${printable(`    fix: ${fix}${hint}`)}`
}

/** Nothing where no file could be looked at: that is no success. */
function summaryOf(findings: readonly PlacedFinding[], fileCount: number, faultyCount: number): string {
  if (fileCount === 0 && faultyCount > 0) return ''
  const warnings = findings.filter(({ severity }) => severity === 'warning').length
  const files = plural(fileCount, 'file')
  const found =
    findings.length === 0
      ? 'nothing found'
      : `${plural(warnings, 'warning')}, ${plural(findings.length - warnings, 'note')}`
  const rest = faultyCount === 0 ? '' : `; ${plural(faultyCount, 'file')} with faults`
  return `${files}: ${found}${rest}\n`
}

/** A profile without a test file is a finding, not a fault; a test file with mistakes is one. */
async function testsBeside(
  files: readonly ProfileFile[],
): Promise<{ byProfile: Map<string, TestFile>; faults: FileFault[] }> {
  const byProfile = new Map<string, TestFile>()
  const faults: FileFault[] = []
  for (const { path } of files) {
    const read = await readTestFiles([testPathOf(path)])
    const [tests] = read.files
    if (tests !== undefined) byProfile.set(path, tests)
    faults.push(...read.faults.filter(({ kind }) => kind === 'invalid'))
  }
  return { byProfile, faults }
}

function schemaCommand(): Command {
  return new Command('schema')
    .summary('print the JSON Schema of profile files')
    .description('Prints the JSON Schema of profile files, for editors that complete and check.')
    .addHelpText(
      'after',
      `
In a YAML file, for the YAML language server:
  # yaml-language-server: $schema=./profile.schema.json
In a JSON file:
  "$schema": "./profile.schema.json"

Example:
  npx defender profiles schema > profile.schema.json`,
    )
    .action(() => systemIo.write(profileSchemaText()))
}
