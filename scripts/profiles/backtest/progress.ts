/** A bar on standard error that overwrites itself; nothing where that is no terminal. */
import { formatBytes } from '../../render/numbers.ts'

export interface Progress {
  advance(bytes: number): void
  /** Removes the bar. */
  end(): void
}

interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const BAR_CHARACTERS = 30
/** Faster than the eye would only slow the work down. */
const REDRAW_MS = 100

export function progressBar(stream: ProgressStream, total: number, nowMs: () => number): Progress {
  if (stream.isTTY !== true || total <= 0) return { advance: () => undefined, end: () => undefined }
  let done = 0
  let drawnMs = Number.NEGATIVE_INFINITY
  return {
    advance: (bytes) => {
      done += bytes
      const at = nowMs()
      if (at - drawnMs < REDRAW_MS) return
      drawnMs = at
      const share = Math.min(1, done / total)
      const filled = Math.round(share * BAR_CHARACTERS)
      const bar = '#'.repeat(filled).padEnd(BAR_CHARACTERS, '.')
      stream.write(`\r[${bar}] ${Math.floor(share * 100)} % of ${formatBytes(total)} `)
    },
    end: () => stream.write('\r\x1b[K'),
  }
}
