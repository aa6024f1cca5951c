/**
 * A disk in memory for the stores' tests: it can refuse any operation, be full, stop the world in the middle of a write,
 * and lose what was not synced.
 */
import { basename, dirname } from 'node:path'
import type { StoreFile, StoreFiles } from '../../src/store/files.ts'

/** One file's content: what a reader sees, and what is on the medium. */
interface Inode {
  data: Buffer
  synced: Buffer
}

type Operation =
  | 'list'
  | 'read'
  | 'open'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'mkdir'
  | 'syncDirectory'

export class DiskError extends Error {
  readonly code: string

  constructor(code: string, operation: string) {
    super(`${code}: ${operation}`)
    this.code = code
  }
}

/** Thrown by every operation once the process "is dead". */
export class Killed extends Error {}

export class MemoryDisk {
  names = new Map<string, Inode>()
  /** Names as they would be after a power loss. */
  #syncedNames = new Map<string, Inode>()
  /** Return an error code to refuse the operation. */
  refuse: ((operation: Operation, path: string) => string | undefined) | undefined
  /** Bytes all files together may hold. */
  capacity = Number.POSITIVE_INFINITY
  /** Bytes, and operations that change names, until the world stops. */
  killAfter = Number.POSITIVE_INFINITY
  /** How much `killAfter` would have been used. */
  spent = 0
  /** The world has stopped: nothing that resolves from now on was promised. */
  dead = false
  readonly counts: Partial<Record<Operation, number>> = {}

  readonly files: StoreFiles = {
    makeDirectory: async (path) => this.#enter('mkdir', path),
    list: async (directory) => {
      this.#enter('list', directory)
      return [...this.names.keys()]
        .filter((path) => dirname(path) === directory)
        .map((path) => basename(path))
    },
    size: async (path) => this.#inode(path).data.length,
    read: async (path, bytesMax) => {
      this.#enter('read', path)
      return Buffer.from(this.#inode(path).data.subarray(0, bytesMax))
    },
    openForWriting: async (path) => {
      this.#enter('open', path)
      const inode = this.names.get(path) ?? { data: Buffer.alloc(0), synced: Buffer.alloc(0) }
      if (!this.names.has(path)) this.#spend(1)
      this.names.set(path, inode)
      return this.#file(path, inode)
    },
    rename: async (from, to) => {
      this.#enter('rename', from)
      const inode = this.#inode(from)
      this.#spend(1)
      this.names.delete(from)
      this.names.set(to, inode)
    },
    remove: async (path) => {
      this.#enter('remove', path)
      this.#inode(path)
      this.#spend(1)
      this.names.delete(path)
    },
    syncDirectory: async (path) => {
      this.#enter('syncDirectory', path)
      this.#syncedNames = new Map(this.names)
    },
  }

  get bytes(): number {
    return [...this.names.values()].reduce((sum, { data }) => sum + data.length, 0)
  }

  /** The same disk after the process was killed: the kernel still has all that was written. */
  afterKill(): MemoryDisk {
    const disk = new MemoryDisk()
    for (const [path, { data }] of this.names) disk.put(path, data)
    return disk
  }

  /**
   * The disk after a power loss: synced names with their synced bytes, and any part of what was appended since.
   * `part` says which, 0 to 1.
   */
  afterPowerLoss(part: () => number): MemoryDisk {
    const disk = new MemoryDisk()
    for (const [path, { data, synced }] of this.#syncedNames) {
      const grown = Math.max(0, data.length - synced.length)
      const kept = Math.floor(part() * (grown + 1))
      const overwritten = part() < 0.5 ? data : synced
      const head = overwritten.subarray(0, Math.min(synced.length, overwritten.length))
      disk.put(path, Buffer.concat([head, data.subarray(synced.length, synced.length + kept)]))
    }
    return disk
  }

  put(path: string, data: Buffer): void {
    const inode = { data: Buffer.from(data), synced: Buffer.from(data) }
    this.names.set(path, inode)
    this.#syncedNames.set(path, inode)
  }

  get(path: string): Buffer {
    return this.#inode(path).data
  }

  #file(path: string, inode: Inode): StoreFile {
    return {
      write: async (bytes, position) => {
        this.#enter('write', path)
        const end = position + bytes.length
        const room = this.capacity - this.bytes + inode.data.length - position
        const fits = Math.min(bytes.length, Math.max(0, room))
        const alive = Math.min(fits, Math.max(0, this.killAfter - this.spent))
        const grown = Buffer.alloc(Math.max(inode.data.length, position + alive))
        inode.data.copy(grown)
        grown.set(bytes.subarray(0, alive), position)
        inode.data = grown
        this.#spend(fits)
        if (fits < bytes.length) throw new DiskError('ENOSPC', `write ${path} to ${end}`)
      },
      truncate: async (length) => {
        this.#enter('truncate', path)
        const resized = Buffer.alloc(length)
        inode.data.copy(resized)
        inode.data = resized
      },
      sync: async () => {
        this.#enter('sync', path)
        inode.synced = Buffer.from(inode.data)
      },
      close: async () => undefined,
    }
  }

  #enter(operation: Operation, path: string): void {
    if (this.spent >= this.killAfter) this.#die()
    this.counts[operation] = (this.counts[operation] ?? 0) + 1
    const code = this.refuse?.(operation, path)
    if (code !== undefined) throw new DiskError(code, `${operation} ${path}`)
  }

  #spend(amount: number): void {
    this.spent += amount
    if (this.spent > this.killAfter) this.#die()
  }

  #die(): never {
    this.dead = true
    throw new Killed()
  }

  #inode(path: string): Inode {
    const inode = this.names.get(path)
    if (inode === undefined) throw new DiskError('ENOENT', path)
    return inode
  }
}
