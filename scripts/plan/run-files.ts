/** `plan`, `apply` and `drift`: from profile files to an account, or to a component's configuration. */
import { writeFile } from 'node:fs/promises'
import { formatFault } from '../profiles/fault.ts'
import { type ReadProfiles, readProfileFiles } from '../profiles/file.ts'
import { planFor } from './account-plan.ts'
import { desiredOf } from './desired.ts'
import { edgeConfiguration } from './edge.ts'
import { type AccountOptions, type ExitStatus, type ProfilesIo, withControlPlane } from './io.ts'
import { type ApplyCommandOptions, runPlan } from './run-apply.ts'
import { planJson, showObstacles, showPlan } from './show.ts'
import type { Scope } from './target.ts'

interface FileOptions {
  readonly prune?: boolean
  readonly to?: 'aws' | 'edge'
  /** With `--to edge`. */
  readonly write?: string
}

export async function plan(
  paths: readonly string[],
  options: AccountOptions & FileOptions,
  io: ProfilesIo,
): Promise<ExitStatus> {
  const read = await readOrTell(paths, io)
  if (read === undefined) return 2
  if (options.to === 'edge') return toEdge(read, options, io)
  return withControlPlane(options, io, async (plane) => {
    const found = await planFor(plane, desiredBy(read), { prune: options.prune === true })
    if (options.output === 'json') {
      io.write(`${JSON.stringify(planJson(found), null, 2)}\n`)
      showObstacles(found, io)
    } else {
      showPlan(found, io)
      if (found.excess !== undefined) io.writeError(`note: ${found.excess}`)
      if (found.changes.length > 0 && found.problems.length === 0) {
        io.write(`Apply with: --fingerprint ${found.fingerprint}\n`)
      }
    }
    return found.problems.length > 0 ? 1 : 0
  })
}

export async function apply(
  paths: readonly string[],
  options: ApplyCommandOptions & FileOptions,
  io: ProfilesIo,
): Promise<ExitStatus> {
  const read = await readOrTell(paths, io)
  if (read === undefined) return 2
  if (options.to === 'edge') return toEdge(read, options, io)
  return withControlPlane(options, io, (plane) =>
    runPlan(plane, () => planFor(plane, desiredBy(read), { prune: options.prune === true }), options, io),
  )
}

export async function drift(
  paths: readonly string[],
  options: AccountOptions & FileOptions,
  io: ProfilesIo,
): Promise<ExitStatus> {
  const read = await readOrTell(paths, io)
  if (read === undefined) return 2
  return withControlPlane(options, io, async (plane) => {
    const found = await planFor(plane, desiredBy(read), { prune: options.prune === true })
    const isDrift = found.changes.length > 0 || found.problems.length > 0
    if (options.output === 'json') {
      io.write(`${JSON.stringify({ drift: isDrift, ...planJson(found) }, null, 2)}\n`)
      showObstacles(found, io)
    } else {
      if (isDrift) io.write('The account is not as the files say. To make it so:\n')
      showPlan(found, io)
    }
    return isDrift ? 1 : 0
  })
}

const desiredBy = (read: ReadProfiles) => (scope: Scope | undefined) => desiredOf(read.files, scope)

async function readOrTell(paths: readonly string[], io: ProfilesIo): Promise<ReadProfiles | undefined> {
  const read = await readProfileFiles(paths)
  for (const fault of read.faults) io.writeError(formatFault(fault))
  if (read.faults.length > 0) return undefined
  return read
}

async function toEdge(read: ReadProfiles, { write }: FileOptions, io: ProfilesIo): Promise<ExitStatus> {
  const { merge, notes, problems } = edgeConfiguration(
    read.files.map(({ profile }) => profile),
    read.customMetricTypes,
  )
  for (const note of notes) io.writeError(`note: ${note}`)
  for (const problem of problems) io.writeError(problem)
  if (problems.length > 0) return 1
  const text = `${JSON.stringify(merge, null, 2)}\n`
  if (write === undefined) io.write(text)
  else await writeFile(write, text)
  return 0
}
