/** `import`: writes the account's profiles as files, and makes sure that a plan with them finds nothing to change. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatFault } from '../profiles/fault.ts'
import { readProfileFiles } from '../profiles/file.ts'
import { planChanges } from './changes.ts'
import { desiredOf } from './desired.ts'
import { type AccountOptions, type ExitStatus, type ProfilesIo, withControlPlane } from './io.ts'
import { profileYaml } from './profile-yaml.ts'
import { type ReadActual, readActual } from './read-actual.ts'
import { onlyNames } from './resources.ts'
import { changeLines } from './text.ts'

export interface ImportOptions extends AccountOptions {
  readonly directory: string
  /** Write over files that are there. */
  readonly force?: boolean
  readonly dryRun?: boolean
}

export const importProfiles = (
  names: readonly string[],
  options: ImportOptions,
  io: ProfilesIo,
): Promise<ExitStatus> =>
  withControlPlane(options, io, async (plane) => {
    const found = await readActual(plane, () => onlyNames(names), {
      everything: names.length === 0,
      allTags: true,
    })
    const { actual } = found
    const missing = names.filter((name) => !actual.profiles.has(name))
    for (const name of missing) io.writeError(`there is no security profile "${name}" in ${plane.region}`)
    if (missing.length > 0) return 1
    if (actual.profiles.size === 0) {
      io.writeError(`there is no security profile in ${plane.region}`)
      return 1
    }
    const files = [...actual.profiles]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, profile]) => ({
        path: join(options.directory, fileNameOf(name)),
        text: profileYaml(profile, actual),
      }))
    if (options.dryRun !== true) {
      const written = await writeAll(files, options, io)
      if (!written) return 1
    }
    if (options.output === 'json') io.write(`${JSON.stringify({ files }, null, 2)}\n`)
    else if (options.dryRun === true) for (const { path, text } of files) io.write(`# ${path}\n${text}\n`)
    else for (const { path } of files) io.write(`${path}\n`)
    return options.dryRun === true ? 0 : checkWritten(files, found, io)
  })

/** Names of profiles have a character that file systems elsewhere do not take. */
const fileNameOf = (profileName: string) => `${profileName.replaceAll(':', '%3A')}.yaml`

interface WrittenFile {
  readonly path: string
  readonly text: string
}

async function writeAll(
  files: readonly WrittenFile[],
  { directory, force }: ImportOptions,
  io: ProfilesIo,
): Promise<boolean> {
  await mkdir(directory, { recursive: true })
  for (const { path, text } of files) {
    try {
      await writeFile(path, text, { flag: force === true ? 'w' : 'wx' })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const reason =
        code === 'EEXIST' ? 'is there already: add --force to write over it' : `cannot be written (${code})`
      io.writeError(`${path}: ${reason}`)
      return false
    }
  }
  return true
}

/** Profiles made by other means may say what the files' own checks refuse: then the operator should know. */
async function checkWritten(
  files: readonly WrittenFile[],
  { actual, scope }: ReadActual,
  io: ProfilesIo,
): Promise<ExitStatus> {
  const read = await readProfileFiles(files.map(({ path }) => path))
  for (const fault of read.faults) io.writeError(formatFault(fault))
  const left = planChanges(desiredOf(read.files, scope), actual, { prune: false })
  for (const change of left) {
    io.writeError(`a plan with the file would change: ${changeLines(change, io.style).join('\n').trim()}`)
  }
  return read.faults.length + left.length > 0 ? 1 : 0
}
