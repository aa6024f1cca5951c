/** Readers over bytes in memory, as the kernel would hand them over. */
import type { ReadInto } from '../../src/procfs/proc-fs.ts'

/** Hands the bytes over in pieces of the given lengths, over and over; 0 at the end as read(2) does. */
export function readerOf(bytes: string | Uint8Array, pieces: readonly number[] = [4096]): ReadInto {
  const source = Buffer.from(bytes)
  let at = 0
  let turn = 0
  return (buffer, offset, length) => {
    const piece = Math.max(1, pieces[turn++ % pieces.length] ?? 1)
    const count = Math.min(piece, length, source.length - at)
    buffer.set(source.subarray(at, at + count), offset)
    at += count
    return count
  }
}

/** `total` bytes of one value and nothing else, without holding them in memory. */
export function endlessReader(value: number, total: number): ReadInto {
  let left = total
  return (buffer, offset, length) => {
    const count = Math.min(length, left)
    buffer.fill(value, offset, offset + count)
    left -= count
    return count
  }
}
