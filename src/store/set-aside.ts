/**
 * What to do with a file that cannot be used: give it a new name, so that an operator can look at it and the agent
 * starts afresh. Only the newest few are kept, for a faulty card could make one a minute.
 */
import { basename, dirname, join } from 'node:path'
import type { StoreFiles } from './files.ts'

const SET_ASIDE_FILES_MAX = 4
const setAsideName = /\.set-aside-(\d+)$/

/** The new path; undefined if the file could not be renamed (a read-only disk), in which case it is left where it is. */
export async function setAside(
  files: StoreFiles,
  path: string,
  bytesMax = Number.POSITIVE_INFINITY,
): Promise<string | undefined> {
  const directory = dirname(path)
  try {
    const former = (await files.list(directory)).map(setAsideNumber).filter((number) => number !== undefined)
    const renamed = join(directory, `${basename(path)}.set-aside-${Math.max(0, ...former) + 1}`)
    await files.rename(path, renamed)
    await removeOldest(files, directory, bytesMax)
    return renamed
  } catch {
    return undefined
  }
}

function setAsideNumber(name: string): number | undefined {
  const number = setAsideName.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}

async function removeOldest(files: StoreFiles, directory: string, bytesMax: number): Promise<void> {
  const names = (await files.list(directory))
    .filter((name) => setAsideNumber(name) !== undefined)
    .sort((a, b) => (setAsideNumber(b) ?? 0) - (setAsideNumber(a) ?? 0))
  let bytes = 0
  for (const [rank, name] of names.entries()) {
    bytes += await files.size(join(directory, name))
    if (rank >= SET_ASIDE_FILES_MAX || bytes > bytesMax) await files.remove(join(directory, name))
  }
}
