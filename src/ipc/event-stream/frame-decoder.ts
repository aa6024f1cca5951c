/**
 * Frames out of a byte stream, however the socket cut or joined them.
 *
 * A frame that lies whole in one chunk is decoded where it lies. One that does not is gathered in a buffer of its
 * announced length, so that every byte is copied once and no more than one frame is ever held.
 */
import { decodeFrame, type Frame, PRELUDE_BYTES, readTotalLength } from './frame.ts'

/**
 * Gives a function that takes the chunks as they come and calls `onFrame` for each complete frame, in order.
 * It throws the `CrtError` of the first bad frame, after the good ones before it were handed over, and from then on:
 * behind a bad frame nobody knows where the next one starts.
 */
export function createFrameDecoder(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  const prelude = Buffer.alloc(PRELUDE_BYTES)
  /** The incomplete frame: its prelude until that is complete, then all of it. */
  let gathered = prelude
  let gatheredLength = 0
  let failure: unknown

  /** Moves bytes from `chunk` into `gathered` until one of them is exhausted; says how many. */
  const gather = (chunk: Buffer): number => {
    const copied = chunk.copy(gathered, gatheredLength)
    gatheredLength += copied
    return copied
  }

  const startFrame = (total: number) => {
    gathered = Buffer.allocUnsafe(total)
    gatheredLength = 0
  }

  const finishFrame = () => {
    const frame = gathered
    gathered = prelude
    gatheredLength = 0
    onFrame(decodeFrame(frame))
  }

  const takeAll = (chunk: Buffer) => {
    let rest = chunk
    while (rest.length > 0) {
      if (gatheredLength === 0 && rest.length >= PRELUDE_BYTES) {
        const total = readTotalLength(rest)
        if (rest.length >= total) {
          const frame = rest.subarray(0, total)
          rest = rest.subarray(total)
          onFrame(decodeFrame(frame))
          continue
        }
        startFrame(total)
      }
      rest = rest.subarray(gather(rest))
      if (gatheredLength < gathered.length) return
      if (gathered === prelude) {
        startFrame(readTotalLength(prelude))
        gather(prelude)
      } else {
        finishFrame()
      }
    }
  }

  return (chunk) => {
    if (failure !== undefined) throw failure
    try {
      takeAll(chunk)
    } catch (error) {
      failure = error
      throw error
    }
  }
}
