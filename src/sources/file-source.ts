/**
 * Reads the file that holds a custom metric, such as a sensor's below /sys or one that another program keeps up to date.
 * Symbolic links are followed (below /sys/class all are links). Only regular files are read, which those of /proc and
 * /sys are: opening a pipe would wait for its writer, and reading a device could have effects, see open(2).
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { causeText, SourceError } from './source-error.ts'
import { utf8Text } from './utf8.ts'

/** Far more than the 1,000 values of a list need, and little enough for a small board. */
export const FILE_BYTES_MAX = 64 * 1024

/** With O_NONBLOCK a pipe opens at once, to be refused; with O_NOCTTY a terminal does not become the agent's own. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/** The whole text of a file of at most `FILE_BYTES_MAX` bytes. Throws a SourceError, `aborted` when `signal` says so. */
export async function readFileSource(
  source: { readonly path: string },
  signal?: AbortSignal,
): Promise<string> {
  const reading = readRegularFile(source.path)
  return signal === undefined ? reading : unlessAborted(reading, signal, source.path)
}

async function readRegularFile(path: string): Promise<string> {
  const file = await open(path, FLAGS).catch((error: unknown) => {
    throw new SourceError('unreadable', causeText(error), error)
  })
  try {
    if (!(await file.stat()).isFile()) throw new SourceError('not-regular', `${path}: not a regular file`)
    return utf8Text(await readAll(file, path), path)
  } finally {
    await file.close()
  }
}

/** By reading to the end: the files of /proc and /sys say that they have 0 or 4096 bytes, whatever they hold. */
async function readAll(file: FileHandle, path: string): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(FILE_BYTES_MAX + 1)
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length).catch((error: unknown) => {
      throw new SourceError('unreadable', `${path}: ${causeText(error)}`, error)
    })
    if (bytesRead === 0) return buffer.subarray(0, length)
    length += bytesRead
  }
  throw new SourceError('too-large', `${path}: more than ${FILE_BYTES_MAX} bytes`)
}

/** A read that hangs in a driver or a lost network mount cannot be stopped, only left behind; it closes its file itself. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, path: string): Promise<T> {
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new SourceError('aborted', `${path}: reading was given up`))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([aborted, work])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
