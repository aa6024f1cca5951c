/**
 * `defender violations verify`: what an operator finds a violation to be. Detect keeps it for its own; for others it goes
 * into a file beside them. For a false positive the change of the profile that would silence it is shown, with its test.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorProblem } from '../../aws/operator-io.ts'
import type { ExitStatus } from '../../plan/io.ts'
import { printable } from '../../render/terminal.ts'
import { findById } from '../find.ts'
import { openLocal, type SourceFlags, type ViolationsIo, withDetect } from '../io.ts'
import type { VerificationState, Violation } from '../model.ts'
import { writeNote } from '../notes.ts'
import { wrapped } from '../show/wrap.ts'
import { verificationWords } from '../words.ts'
import { type Proposal, proposalFor } from './files.ts'

export interface VerifyFlags extends SourceFlags {
  readonly note?: string
  /** A folder for the changed profile and its test. */
  readonly write?: string
  /** Days until somebody should look at an exception again. */
  readonly reviewIn: number
}

/** iot API reference, VerificationStateDescription; also no control characters. */
const NOTE_CHARACTERS_MAX = 1000
const DAY_MS = 86_400_000
/** Of a change's further lines, below its first one. */
const CHANGE_INDENT = 4

export async function verify(
  id: string,
  state: VerificationState,
  flags: VerifyFlags,
  io: ViolationsIo,
): Promise<ExitStatus> {
  checkNote(flags.note)
  const { violation, where } = flags.detect
    ? await inDetect(id, state, flags, io)
    : await inFile(id, state, flags, io)
  const proposal = state === 'FALSE_POSITIVE' ? await propose(violation, flags, io) : undefined
  if (flags.output === 'json') {
    io.write(`${JSON.stringify({ violationId: violation.id, state, where, ...(proposal ?? {}) }, null, 2)}\n`)
    return 0
  }
  const word = state === 'UNKNOWN' ? 'unknown' : `a ${verificationWords[state]} positive`
  io.write(
    `${printable(violation.behavior.name)} on ${printable(violation.thingName)} is ${word}, as ${printable(where)} says now.\n`,
  )
  if (proposal !== undefined) showProposal(proposal, flags, io)
  return 0
}

function checkNote(note: string | undefined): void {
  if (note === undefined) return
  if (note.length > NOTE_CHARACTERS_MAX || /\p{Cc}/u.test(note)) {
    throw new OperatorProblem(`--note: at most ${NOTE_CHARACTERS_MAX} characters on one line`)
  }
}

interface Verified {
  readonly violation: Violation
  readonly where: string
}

const inDetect = (id: string, state: VerificationState, flags: VerifyFlags, io: ViolationsIo) =>
  withDetect(flags, io, async (source): Promise<Verified> => {
    const violation = findById(await source.violations({}), id, source.description)
    await source.verify(violation.id, state, flags.note)
    return { violation, where: source.description }
  })

async function inFile(
  id: string,
  state: VerificationState,
  flags: VerifyFlags,
  io: ViolationsIo,
): Promise<Verified> {
  const source = await openLocal(flags, io)
  const violation = findById(await source.violations({}), id, source.description)
  const { thingName } = violation
  const { note } = flags
  const entry = { thingName, state, at: io.clock.wallMs(), ...(note === undefined ? {} : { note }) }
  await writeNote(source.notesPath, violation.id, entry)
  return { violation, where: source.notesPath }
}

/** With the paths of the files that it was written to, where that was asked for. */
type Outcome = ReturnType<typeof proposalFor> & { readonly written?: readonly string[] }

async function propose(violation: Violation, flags: VerifyFlags, io: ViolationsIo): Promise<Outcome> {
  const { securityProfileName, behavior } = violation
  const stem = `${securityProfileName}-${behavior.name}`.replaceAll(/[^\w.-]/g, '_')
  const reviewBy = new Date(io.clock.wallMs() + flags.reviewIn * DAY_MS).toISOString().slice(0, 10)
  const review = { reviewBy, ...(flags.note === undefined ? {} : { note: flags.note }) }
  const proposal = proposalFor(violation, `${stem}.yaml`, review)
  if (flags.write === undefined || !('profile' in proposal)) return proposal
  const { profile, tests } = proposal
  const written = [await writeOut(flags.write, `${stem}.yaml`, profile)]
  if (tests !== undefined) written.push(await writeOut(flags.write, `${stem}.test.yaml`, tests))
  return { ...proposal, written }
}

async function writeOut(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name)
  // A file that is there may be somebody's work.
  await writeFile(path, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new OperatorProblem(
      `${path}: ${error.code === 'EEXIST' ? 'is there already' : `cannot be written (${error.code})`}`,
    )
  })
  return path
}

function showProposal(proposal: Outcome, { write }: VerifyFlags, io: ViolationsIo): void {
  if (!('profile' in proposal)) {
    io.write(`No change of the profile is proposed: ${proposal.reason}.\n`)
    return
  }
  const { colors, width } = io.style
  io.write('\nThis change of the behavior would have kept it quiet:\n')
  for (const change of proposal.changes) {
    const [first = '', ...rest] = wrapped(change, width - CHANGE_INDENT)
    io.write(`  ${colors.yellow('~')} ${first}\n`)
    for (const line of rest) io.write(`${' '.repeat(CHANGE_INDENT)}${line}\n`)
  }
  for (const remark of proposal.remarks) io.write(`  ${remark}\n`)
  if (write !== undefined) {
    io.write('\nWritten:\n')
    for (const path of proposal.written ?? []) io.write(`  ${printable(path)}\n`)
    if (proposal.tests !== undefined) io.write(`Try it: npx defender test ${printable(write)}\n`)
    return
  }
  io.write(`\n${sections(proposal, colors.dim)}`)
}

/** Text of others within is shown as text. */
const sections = ({ profile, tests }: Proposal, dim: (text: string) => string) =>
  [
    dim('# The behavior, for the profile file'),
    lines(profile),
    ...(tests === undefined ? [] : [dim('# Its test, for the .test.yaml file beside it'), lines(tests)]),
  ].join('\n')

const lines = (text: string) => text.split('\n').map(printable).join('\n')
