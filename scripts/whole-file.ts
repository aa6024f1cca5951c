/**
 * Files that are there whole or stay as they were: written beside and renamed (rename(2)), whoever reads meanwhile. What
 * a link points to is written, not the link; a device or a pipe is written to, since nothing can take its place.
 */
import type { Stats } from 'node:fs'
import {
  constants,
  copyFile,
  type FileHandle,
  link,
  open,
  readlink,
  realpath,
  rename,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { OperatorProblem } from './aws/operator-io.ts'

export interface WholeFileOptions {
  /** Of a new file, less the umask; one that is there keeps its own, which an operator may have chosen. */
  readonly mode?: number
  /** Also after a power loss it is the old one or the new one. */
  readonly sync?: boolean
  /** Refuses to take the place of what is there, also of what came a moment ago. */
  readonly isNew?: boolean
}

export async function writeWholeFile(
  path: string,
  text: string,
  options: WholeFileOptions = {},
): Promise<void> {
  try {
    const former = options.isNew ? undefined : await formerAt(path)
    if (former !== undefined && !former.isFile()) await writeFile(path, text, { flag: constants.O_WRONLY })
    else await replace(options.isNew ? path : await targetOf(path), text, former, options)
  } catch (error) {
    if (error instanceof OperatorProblem) throw error
    throw new OperatorProblem(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** What a link points to, if it is one; `undefined` where there is nothing yet. */
async function formerAt(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Where the bytes belong: at the end of the links, even if nothing is there yet. A circle of them fails in `formerAt`. */
async function targetOf(path: string): Promise<string> {
  const pointsTo = await readlink(path).catch(() => undefined)
  if (pointsTo === undefined) return path
  return targetOf(resolve(await realpath(dirname(path)), pointsTo))
}

async function replace(
  path: string,
  text: string,
  former: Stats | undefined,
  { mode, sync = false, isNew = false }: WholeFileOptions,
): Promise<void> {
  const next = `${path}.${process.pid}.tmp`
  // Left by a process that was killed, or a link that somebody laid there: `wx` follows none.
  await unlink(next).catch(() => undefined)
  const file = await open(next, 'wx', former === undefined ? mode : 0o600)
  try {
    try {
      if (former !== undefined) await keepAccess(file, former)
      await file.writeFile(text)
      if (sync) await file.sync()
    } finally {
      await file.close()
    }
    if (isNew) await place(next, path)
    else await rename(next, path)
  } catch (error) {
    await unlink(next).catch(() => undefined)
    throw error
  }
}

/** Who is neither root nor the owner cannot give a file away: the group alone may do, or nothing. */
async function keepAccess(file: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  await file
    .chown(uid, gid)
    .catch(() => file.chown(-1, gid))
    .catch(() => undefined)
  await file.chmod(mode & 0o777)
}

/** As rename(2), but never over what is there. File systems without hard links (FAT) take a copy. */
async function place(next: string, path: string): Promise<void> {
  try {
    await link(next, path).catch(() => copyFile(next, path, constants.COPYFILE_EXCL))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new OperatorProblem(`${path}: is there already: add --force to write over it`)
  }
  await unlink(next)
}
