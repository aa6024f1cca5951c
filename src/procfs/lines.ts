/**
 * Cuts a stream of bytes into lines without making a string or an object for any of them.
 *
 * The kernel hands `/proc` files over in pieces of a page that may cut a line anywhere; what is left of a cut line is
 * moved to the front of the buffer and completed by the next piece.
 */
import type { ReadInto } from './proc-fs.ts'

/**
 * One buffer serves all readings, one after the other. 64 KiB holds 16 of the kernel's pieces, so that few lines are
 * moved; it is also the longest line that is looked at.
 */
const buffer = Buffer.allocUnsafeSlow(64 * 1024)
const NEWLINE = 0x0a

/** Receives the line `bytes[start, end)`, without its newline; valid only during the call. Lines count from 1. */
export type OnLine = (bytes: Buffer, start: number, end: number, line: number) => void

export interface LineScan {
  readonly lines: number
  /** Line number of the first line longer than the buffer, if any; such lines are skipped. */
  readonly firstOverlong?: number
  /** The last line had no newline: the file ended within it. */
  readonly endsWithinLine: boolean
}

/**
 * Calls `onLine` for each complete line. The text after the last newline is cut off by whoever truncated the file and
 * is not handed over, since half a number looks like a number.
 */
export function scanLines(read: ReadInto, onLine: OnLine): LineScan {
  let line = 0
  let filled = 0
  let firstOverlong: number | undefined
  let isSkipping = false

  for (;;) {
    const count = read(buffer, filled, buffer.length - filled)
    if (count === 0) break
    const end = filled + count
    // What was carried over has no newline in it, so the search begins behind it.
    let searchFrom = filled
    let start = 0
    for (;;) {
      const newline = buffer.indexOf(NEWLINE, searchFrom)
      if (newline === -1 || newline >= end) break
      line += 1
      if (isSkipping) isSkipping = false
      else onLine(buffer, start, newline, line)
      start = newline + 1
      searchFrom = start
    }
    filled = end - start
    if (start > 0) buffer.copyWithin(0, start, end)
    else if (filled === buffer.length) {
      if (!isSkipping) firstOverlong ??= line + 1
      isSkipping = true
      filled = 0
    }
  }
  return {
    lines: line,
    ...(firstOverlong === undefined ? {} : { firstOverlong }),
    endsWithinLine: filled > 0 || isSkipping,
  }
}
