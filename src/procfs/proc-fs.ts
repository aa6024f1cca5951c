/**
 * The one door from this folder to the disk: a mounted `/proc`, read with bounds and without ever waiting for a writer.
 *
 * Reads are synchronous: the kernel makes these files up while we read, in pieces of one page, so that a hop to a thread
 * and back for each piece would cost more than the reading (about 1,900 pieces for 50,000 sockets).
 *
 * Source: proc(5), proc_pid_net(5); network_namespaces(7) for what `<pid>/net` shows.
 */
import {
  closeSync,
  constants,
  fstatSync,
  opendirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs'
import { endianness, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { ProcReadError } from './parse-error.ts'

/** Fills `buffer` from `offset` with at most `length` bytes; answers how many, 0 at the end of the file. */
export type ReadInto = (buffer: Uint8Array, offset: number, length: number) => number

export interface ProcFs {
  /** Mount point, `/proc` or where the host's `/proc` is mounted in a container. */
  readonly procPath: string
  /** Set when the network files are not of the namespace that one would expect; to be logged once. */
  readonly warning?: string
  /** Byte order of the machine that wrote the files: the socket tables show addresses in it. */
  readonly isLittleEndian: boolean
  /** A short file as text. `path` is relative to the mount point; `net/…` is looked up in the right namespace. */
  readText(path: string): string
  /** Hands a reader of the file to `use` and closes the file afterwards, whatever happens. */
  read<T>(path: string, use: (read: ReadInto) => T): T
  /** Names of the entries of the mount point itself. */
  list(): string[]
  /** Names of at most `max` entries of a folder below the mount point, in no particular order. */
  listFolder(path: string, max: number): string[]
  /** Where a symbolic link below the mount point leads, as it stands there. */
  readLink(path: string): string
  /**
   * Interface by bare local address, asked of the kernel directly (getifaddrs). Only where this process is in the same
   * network namespace as the files; otherwise undefined. Interfaces without carrier are not listed.
   */
  ownAddresses(): ReadonlyMap<string, string> | undefined
}

/** `meminfo` and `stat` of a board with 256 CPUs are below 100 KiB; `net/dev` of 4,000 interfaces 500 KiB. */
const TEXT_BYTES_MAX = 1024 * 1024
/** 1.7 million sockets of 150 bytes. Beyond it the file is given up, so that one reading always ends. */
const TABLE_BYTES_MAX = 256 * 1024 * 1024

/** Opens the mount at `procPath`. Never throws: what cannot be read is said when it is read. */
export function openProcFs(procPath = '/proc'): ProcFs {
  const { netDirectory, warning, isOwnNamespace } = findNetDirectory(procPath)
  const pathOf = (path: string) =>
    path.startsWith('net/') ? join(netDirectory, path.slice('net/'.length)) : join(procPath, path)

  function read<T>(path: string, use: (read: ReadInto) => T): T {
    let fd: number
    try {
      // O_NONBLOCK: opening a pipe that someone put in place of a file must not wait for its writer.
      fd = openSync(pathOf(path), constants.O_RDONLY | constants.O_NONBLOCK)
    } catch (error) {
      throw new ProcReadError(path, reasonOf(error), error)
    }
    try {
      if (!fstatSync(fd).isFile()) throw new ProcReadError(path, 'is not a regular file')
      let left = TABLE_BYTES_MAX
      return use((buffer, offset, length) => {
        if (left <= 0) throw new ProcReadError(path, `is longer than ${TABLE_BYTES_MAX} bytes`)
        const count = readPiece(path, fd, buffer, offset, length)
        left -= count
        return count
      })
    } finally {
      closeSync(fd)
    }
  }

  function listFolder(path: string, max: number): string[] {
    try {
      const folder = opendirSync(pathOf(path))
      try {
        const names: string[] = []
        while (names.length < max) {
          const entry = folder.readSync()
          if (entry === null) break
          names.push(entry.name)
        }
        return names
      } finally {
        folder.closeSync()
      }
    } catch (error) {
      throw new ProcReadError(path, reasonOf(error), error)
    }
  }

  return {
    procPath,
    isLittleEndian: endianness() === 'LE',
    ...(warning === undefined ? {} : { warning }),
    read,
    readText: (path) => read(path, (readInto) => readAll(path, readInto)),
    list: () => {
      try {
        return readdirSync(procPath)
      } catch (error) {
        throw new ProcReadError('.', reasonOf(error), error)
      }
    },
    listFolder,
    readLink: (path) => {
      try {
        return readlinkSync(pathOf(path))
      } catch (error) {
        throw new ProcReadError(path, reasonOf(error), error)
      }
    },
    ownAddresses: () => (isOwnNamespace ? interfaceByAddress() : undefined),
  }
}

/**
 * Which directory holds the network files, and whose namespace that is.
 * `/proc/net` is the reader's own namespace. Of another mount (the host's `/proc` in a container) `net` would still be
 * the reader's, so the one of process 1 is taken: the host's.
 */
function findNetDirectory(procPath: string): {
  netDirectory: string
  isOwnNamespace: boolean
  warning?: string
} {
  if (procPath === '/proc') return { netDirectory: '/proc/net', isOwnNamespace: true }
  const ofInit = join(procPath, '1', 'net')
  const ofReader = join(procPath, 'net')
  try {
    statSync(join(ofInit, 'dev'))
    return { netDirectory: ofInit, isOwnNamespace: isSameNamespace(procPath) }
  } catch (error) {
    return {
      netDirectory: ofReader,
      isOwnNamespace: false,
      warning:
        `${ofInit} cannot be read (${reasonOf(error)}); reading ${ofReader} instead, which on a mounted /proc is the ` +
        "network namespace of this process, not the host's",
    }
  }
}

/** Whether process 1 of that mount shares our network namespace; false when we may not know. */
function isSameNamespace(procPath: string): boolean {
  try {
    return readlinkSync(join(procPath, '1', 'ns', 'net')) === readlinkSync('/proc/self/ns/net')
  } catch {
    return false
  }
}

/** In place of a name: interfaces with the same hardware address have the same link-local address. */
export const SEVERAL = ''

function interfaceByAddress(): Map<string, string> {
  const byAddress = new Map<string, string>()
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    // An alias label (eth0:1) is another name of the same interface.
    const interfaceName = name.split(':', 1)[0] ?? name
    for (const { address } of addresses ?? []) {
      const known = byAddress.get(address)
      byAddress.set(address, known === undefined || known === interfaceName ? interfaceName : SEVERAL)
    }
  }
  return byAddress
}

function readPiece(path: string, fd: number, buffer: Uint8Array, offset: number, length: number): number {
  try {
    return readSync(fd, buffer, offset, length, null)
  } catch (error) {
    throw new ProcReadError(path, reasonOf(error), error)
  }
}

function readAll(path: string, readInto: ReadInto): string {
  const pieces: Buffer[] = []
  let total = 0
  for (;;) {
    const piece = Buffer.allocUnsafe(4096)
    const count = readInto(piece, 0, piece.length)
    if (count === 0) return Buffer.concat(pieces, total).toString('latin1')
    total += count
    if (total > TEXT_BYTES_MAX) throw new ProcReadError(path, `is longer than ${TEXT_BYTES_MAX} bytes`)
    pieces.push(piece.subarray(0, count))
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.message : String(error)
}
