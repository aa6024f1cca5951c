/**
 * How far the outbox has been emptied: the id of the newest entry that is done with, in a file of its own.
 *
 * Two slots of one disk sector each are overwritten in turn, so that a write cut short leaves the former mark. The file
 * never grows, and overwriting needs no free space (on ext4, xfs and vfat): a full disk can still be emptied without
 * repeating anything after a restart.
 */
import { join } from 'node:path'
import { errorCode, type StoreFile, type StoreFiles } from './files.ts'
import { frame, readFrames } from './frames.ts'

const SLOT_BYTES = 512
const SLOTS = 2
export const MARK_FILE_BYTES = SLOT_BYTES * SLOTS
const MARK_FILE = 'outbox-mark.cborseq'
/** A CBOR unsigned integer of 8 bytes (RFC 8949 section 3.1). */
const UINT64_HEAD = 0x1b

export interface Mark {
  /** Entries up to this id are done with; 0 before the first. */
  readonly id: number
  write(id: number, sync: boolean): Promise<void>
  close(): Promise<void>
}

export async function openMark(files: StoreFiles, directory: string): Promise<Mark> {
  const path = join(directory, MARK_FILE)
  const bytes = await readIfPresent(files, path)
  const file = await files.openForWriting(path)
  try {
    if (bytes.length < MARK_FILE_BYTES) await allocate(files, directory, file, bytes)
  } catch (error) {
    await file.close()
    throw error
  }
  return new MarkFile(file, slotIds(bytes))
}

class MarkFile implements Mark {
  readonly #file: StoreFile
  readonly #slots: number[]

  constructor(file: StoreFile, slots: number[]) {
    this.#file = file
    this.#slots = slots
  }

  get id(): number {
    return Math.max(...this.#slots)
  }

  async write(id: number, sync: boolean): Promise<void> {
    const slot = this.#slots.indexOf(Math.min(...this.#slots))
    await this.#file.write(slotFrame(id), slot * SLOT_BYTES)
    this.#slots[slot] = id
    if (sync) await this.#file.sync()
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

async function readIfPresent(files: StoreFiles, path: string): Promise<Buffer> {
  try {
    return await files.read(path, MARK_FILE_BYTES)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

/** Writes the whole file once, so that its blocks are there when the disk is full. Keeps the slots that were found. */
async function allocate(files: StoreFiles, directory: string, file: StoreFile, found: Buffer): Promise<void> {
  const whole = Buffer.alloc(MARK_FILE_BYTES)
  found.copy(whole)
  await file.write(whole, 0)
  await file.sync()
  await files.syncDirectory(directory)
}

/** 0 for a slot that was never written or is damaged: the other one counts. */
function slotIds(bytes: Buffer): number[] {
  return Array.from({ length: SLOTS }, (_, slot) => {
    const { frames } = readFrames(bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES))
    const record = frames[0]?.record
    if (record?.length !== 9 || record[0] !== UINT64_HEAD) return 0
    return Number(record.readBigUInt64BE(1))
  })
}

function slotFrame(id: number): Buffer {
  const record = Buffer.allocUnsafe(9)
  record[0] = UINT64_HEAD
  record.writeBigUInt64BE(BigInt(id), 1)
  return frame(record)
}
