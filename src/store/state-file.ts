/**
 * The agent's small state (last report id, counter baseline, alarm states) in one JSON file that is always whole:
 * written to a temporary file beside it, synced, renamed over it, and the directory synced (rename(2) is atomic).
 *
 * A file that cannot be used, whether damaged or of another version, is set aside under a new name and the caller starts
 * afresh. Nothing here throws for what a disk can do: a full or read-only disk is a result, and the agent goes on from
 * memory.
 *
 * Cost: two syncs for each write. At one write per report, every 300 s, that is 576 small syncs a day.
 */
import { basename, dirname, join } from 'node:path'
import { crc32 } from '../crc32.ts'
import { errorCode, nodeFiles, type StoreFile, type StoreFiles } from './files.ts'
import { setAside } from './set-aside.ts'

/** How a state's owner describes it. */
export interface StateFormat<T> {
  /** Goes up when the shape changes. A file with a higher one is set aside, never guessed at. */
  readonly version: number
  /** `unknown` in, a state out; throws when it will not do. Given the file's version, so that it may convert an older one. */
  readonly parse: (state: unknown, version: number) => T
}

export type StateRead<T> =
  | { readonly kind: 'found'; readonly state: T }
  | { readonly kind: 'absent' } // no file: the first start
  | { readonly kind: 'set-aside'; readonly reason: string; readonly renamedTo: string | undefined } // unusable, renamed
  | { readonly kind: 'unreadable'; readonly code: string; readonly reason: string } // the disk refused; the file is kept

export type StateWritten =
  | { readonly kind: 'written'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string } // the former state is still there

interface StateReadOptions {
  /** For another process than the owner, an operator's command: nothing is renamed or cleaned up. */
  readonly readOnly?: boolean
  readonly files?: StoreFiles
}

/** Far above any real state (a few kB); more than that is not ours. */
const STATE_BYTES_MAX = 16 * 1024 * 1024

export async function readState<T>(
  path: string,
  format: StateFormat<T>,
  options: StateReadOptions = {},
): Promise<StateRead<T>> {
  const { files = nodeFiles, readOnly = false } = options
  if (!readOnly) await removeLeftovers(files, path)
  let text: string
  try {
    text = (await files.read(path, STATE_BYTES_MAX)).toString('utf8')
  } catch (error) {
    const code = errorCode(error)
    return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unreadable', code, reason: reasonOf(error) }
  }
  try {
    return { kind: 'found', state: parseStateFile(text, format) }
  } catch (error) {
    const renamedTo = readOnly ? undefined : await setAside(files, path)
    return { kind: 'set-aside', reason: reasonOf(error), renamedTo }
  }
}

/** One writer at a time for each path; the owner's loop awaits it. */
export async function writeState<T>(
  path: string,
  format: Pick<StateFormat<T>, 'version'>,
  state: T,
  files: StoreFiles = nodeFiles,
): Promise<StateWritten> {
  const bytes = Buffer.from(stateFileText(format.version, state))
  const temporary = temporaryPath(path)
  try {
    await files.makeDirectory(dirname(path))
    const file = await files.openForWriting(temporary)
    await closing(file, async () => {
      await file.truncate(0)
      await file.write(bytes, 0)
      await file.sync()
    })
    await files.rename(temporary, path)
    await files.syncDirectory(dirname(path))
    return { kind: 'written', bytes: bytes.length }
  } catch (error) {
    // A temporary file left behind holds space on a disk that may be full.
    await files.remove(temporary).catch(() => undefined)
    return { kind: 'failed', code: errorCode(error), reason: reasonOf(error) }
  }
}

/** The checksum is of the state's text: JSON alone would take a flipped digit for the truth. */
function stateFileText(version: number, state: unknown): string {
  const text = JSON.stringify(state)
  return `{"version":${version},"crc32":${crc32(text)},"state":${text}}\n`
}

function parseStateFile<T>(text: string, format: StateFormat<T>): T {
  const file: unknown = JSON.parse(text)
  if (typeof file !== 'object' || file === null || !('version' in file) || !('state' in file)) {
    throw new Error('not a state file: no version or no state')
  }
  const { version, state } = file
  if (typeof version !== 'number' || !Number.isInteger(version))
    throw new Error('version: not a whole number')
  if (version > format.version) throw new Error(`version: ${version} is newer than ${format.version}`)
  // Parsing and printing JSON that was printed by JSON.stringify gives the same text back.
  if (!('crc32' in file) || file.crc32 !== crc32(JSON.stringify(state)))
    throw new Error('crc32: does not match')
  return format.parse(state, version)
}

const temporaryPrefix = (path: string) => `.${basename(path)}.tmp-`
const temporaryPath = (path: string) => join(dirname(path), `${temporaryPrefix(path)}${process.pid}`)

/** Temporary files of a process that was killed while writing. */
async function removeLeftovers(files: StoreFiles, path: string): Promise<void> {
  try {
    for (const name of await files.list(dirname(path))) {
      if (name.startsWith(temporaryPrefix(path))) await files.remove(join(dirname(path), name))
    }
  } catch {
    // No directory yet, or one that cannot be changed: the leftovers harm nobody.
  }
}

async function closing(file: StoreFile, use: () => Promise<void>): Promise<void> {
  try {
    await use()
  } finally {
    await file.close()
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
