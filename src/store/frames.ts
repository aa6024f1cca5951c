/**
 * Records that show whether they are whole: the format of the outbox and history files.
 *
 * A file is a CBOR sequence (RFC 8742), so that any CBOR tool can read it. Each item is an array of two:
 *
 *     82                 array(2)
 *     1a <4 bytes>       unsigned: CRC-32 of all that follows in this item
 *     d8 18              tag 24, "encoded CBOR data item" (RFC 8949 section 3.4.5.1)
 *     5a <4 bytes> ...   byte string: the record, itself one CBOR item
 *
 * Plain CBOR items would not do: the first half of an item cut off by a power loss, followed by the next item, often
 * decodes to something. The heads have a fixed width, which CBOR allows, so that a reader that meets damage can look for
 * the next head, check its CRC, and go on. The price is 13 bytes a record.
 */
import { crc32 } from '../crc32.ts'

const CRC_AT = 2
const CHECKED_FROM = 6
const LENGTH_AT = 9
export const FRAME_HEAD_BYTES = 13
/** Eight times the largest message AWS IoT Core takes; a longer length in a head is damage, and nobody allocates for it. */
export const RECORD_BYTES_MAX = 8 * 128 * 1024

/** The bytes of a head that never change, and where they are. */
const headPattern: readonly (readonly [offset: number, byte: number])[] = [
  [0, 0x82],
  [1, 0x1a],
  [6, 0xd8],
  [7, 0x18],
  [8, 0x5a],
]
const headStart = Buffer.from([0x82, 0x1a])

export function frame(record: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + record.length)
  for (const [offset, byte] of headPattern) bytes[offset] = byte
  bytes.writeUInt32BE(record.length, LENGTH_AT)
  bytes.set(record, FRAME_HEAD_BYTES)
  bytes.writeUInt32BE(crc32(bytes.subarray(CHECKED_FROM)), CRC_AT)
  return bytes
}

export interface Frame {
  readonly start: number
  readonly end: number
  /** A view of the bytes given to `readFrames`, not a copy. */
  readonly record: Buffer
}

export interface FramesRead {
  readonly frames: readonly Frame[]
  /** Stretches that are no frames, with more frames or unexplained bytes behind: the medium or another program did that. */
  readonly damagedCount: number
  /** The last frame is unfinished: whoever wrote it was stopped. Expected after a kill or power loss. */
  readonly torn: boolean
  /** Where the next frame is to be written. */
  readonly end: number
}

/** Reads all whole frames, stepping over what is damaged. Never throws. */
export function readFrames(bytes: Buffer): FramesRead {
  const frames: Frame[] = []
  let damagedCount = 0
  let at = 0
  while (at < bytes.length) {
    const end = frameEnd(bytes, at)
    if (end !== undefined) {
      frames.push({ start: at, end, record: bytes.subarray(at + FRAME_HEAD_BYTES, end) })
      at = end
      continue
    }
    const next = nextFrame(bytes, at + 1)
    if (next === undefined) {
      const torn = isUnfinished(bytes.subarray(at))
      return { frames, damagedCount: damagedCount + (torn ? 0 : 1), torn, end: at }
    }
    damagedCount += 1
    at = next
  }
  return { frames, damagedCount, torn: false, end: at }
}

/** Where the whole and true frame that starts at `at` ends; undefined if there is none. */
function frameEnd(bytes: Buffer, at: number): number | undefined {
  if (at + FRAME_HEAD_BYTES > bytes.length) return undefined
  if (!headPattern.every(([offset, byte]) => bytes[at + offset] === byte)) return undefined
  const length = bytes.readUInt32BE(at + LENGTH_AT)
  const end = at + FRAME_HEAD_BYTES + length
  if (length > RECORD_BYTES_MAX || end > bytes.length) return undefined
  return crc32(bytes.subarray(at + CHECKED_FROM, end)) === bytes.readUInt32BE(at + CRC_AT) ? end : undefined
}

function nextFrame(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(headStart, from); at >= 0; at = bytes.indexOf(headStart, at + 1)) {
    if (frameEnd(bytes, at) !== undefined) return at
  }
  return undefined
}

/** The beginning of a frame and no more; or zeros, which a file system leaves where a length was saved but the data was not. */
function isUnfinished(tail: Buffer): boolean {
  if (tail.every((byte) => byte === 0)) return true
  const headLike = headPattern.every(([offset, byte]) => offset >= tail.length || tail[offset] === byte)
  if (!headLike || tail.length < FRAME_HEAD_BYTES) return headLike
  const length = tail.readUInt32BE(LENGTH_AT)
  return length <= RECORD_BYTES_MAX && FRAME_HEAD_BYTES + length > tail.length
}
