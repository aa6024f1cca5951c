/**
 * The few file operations the stores use, as an interface, so that a test can fail any one of them (ENOSPC, EIO) or
 * stop the world in the middle of a write. `nodeFiles` is the real thing.
 *
 * Everything is created readable by its owner alone: reports name the device's ports and peers.
 */
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A file open for writing. Positions are given, never implied, so that a failed write can be undone and repeated. */
export interface StoreFile {
  /** All of `bytes`, or an error; after an error any part of them may have been written. */
  write(bytes: Uint8Array, position: number): Promise<void>
  truncate(length: number): Promise<void>
  /** Data and length are on the medium when it resolves: fdatasync(2). */
  sync(): Promise<void>
  close(): Promise<void>
}

export interface StoreFiles {
  makeDirectory(path: string): Promise<void>
  /** Names, not paths, in no particular order. */
  list(directory: string): Promise<string[]>
  size(path: string): Promise<number>
  /** The first `bytesMax` bytes of the file, fewer where it is shorter. */
  read(path: string, bytesMax: number): Promise<Buffer>
  /** Created if absent, kept as it is if present. */
  openForWriting(path: string): Promise<StoreFile>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes creations and renames in the directory durable: fsync(2), "explicit fsync() on a file descriptor for the directory". */
  syncDirectory(directory: string): Promise<void>
}

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700
/** A link planted under the file's name is refused instead of followed. */
const WRITE_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW

export const nodeFiles: StoreFiles = {
  makeDirectory,
  list: (directory) => readdir(directory),
  size: async (path) => (await stat(path)).size,
  read: readUpTo,
  openForWriting,
  rename,
  remove: unlink,
  syncDirectory,
}

/** Node's own `recursive` never returns on Node 20 where the kernel answers ENOENT in a directory that is there (/proc). */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: DIRECTORY_MODE })
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeDirectory(dirname(path))
    await mkdir(path, { mode: DIRECTORY_MODE })
  }
}

async function readUpTo(path: string, bytesMax: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY)
  try {
    const { size } = await file.stat()
    const bytes = Buffer.allocUnsafe(Math.min(size, bytesMax))
    let length = 0
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return bytes.subarray(0, length)
  } finally {
    await file.close()
  }
}

async function openForWriting(path: string): Promise<StoreFile> {
  const file = await open(path, WRITE_FLAGS, FILE_MODE)
  return {
    async write(bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
        done += bytesWritten
      }
    },
    truncate: (length) => file.truncate(length),
    sync: () => file.datasync(),
    close: () => file.close(),
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY)
  try {
    await handle.sync()
  } catch (error) {
    // Some file systems cannot sync a directory and say so; they have no better to offer.
    if (!['EINVAL', 'ENOTSUP'].includes(errorCode(error))) throw error
  } finally {
    await handle.close()
  }
}

/** `ENOSPC` and the like; `unknown` for errors that did not come from the system. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown'
}

/** A disk operation that failed, for health reports and logs. */
export interface DiskFault {
  /** The instant it was seen, epoch milliseconds. */
  readonly at: number
  readonly code: string
  readonly message: string
}

export function diskFault(error: unknown, at: number): DiskFault {
  return { at, code: errorCode(error), message: error instanceof Error ? error.message : String(error) }
}
