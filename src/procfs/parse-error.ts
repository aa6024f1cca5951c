/** Errors of this folder: a file that cannot be read, and text that is not what the kernel documents. */

/** The longest piece of offending text that an error quotes: a socket line is 150 bytes. */
const QUOTED_TEXT_MAX = 200

/** A file below `/proc` that could not be read at all. */
export class ProcReadError extends Error {
  override readonly name = 'ProcReadError'
  /** Path relative to the mount point, e.g. `net/tcp`. */
  readonly file: string

  constructor(file: string, reason: string, cause?: unknown) {
    super(`${file}: ${reason}`, cause === undefined ? undefined : { cause })
    this.file = file
  }

  /** The kernel does not have the file (no IPv6, say), as opposed to not letting us read it. */
  get isMissing(): boolean {
    return this.cause instanceof Error && 'code' in this.cause && this.cause.code === 'ENOENT'
  }
}

/** Text in a file below `/proc` that is not in the kernel's format. */
export class ProcParseError extends Error {
  override readonly name = 'ProcParseError'

  constructor(file: string, line: number, field: string, expected: string, got: string) {
    super(`${file} line ${line}: ${field}: expected ${expected}, got ${quoteText(got)}`)
  }
}

/** Text as it may stand in a log line: bounded, control characters escaped. */
export function quoteText(text: string): string {
  const shown = text.length > QUOTED_TEXT_MAX ? `${text.slice(0, QUOTED_TEXT_MAX)}…` : text
  return JSON.stringify(shown)
}

/**
 * What was wrong with the lines of one file in one reading. A malformed line costs that line only, so that one odd entry
 * cannot hide all others; the first is kept to be logged.
 */
export interface LineFaults {
  readonly file: string
  readonly count: number
  readonly first: string
}

/** Collects faulty lines of one reading of one file. */
export class LineFaultCounter {
  readonly #file: string
  #count = 0
  #first = ''

  constructor(file: string) {
    this.#file = file
  }

  add(line: number, field: string, expected: string, got: string): void {
    this.#count += 1
    if (this.#count === 1) this.#first = new ProcParseError(this.#file, line, field, expected, got).message
  }

  get faults(): LineFaults | undefined {
    return this.#count === 0 ? undefined : { file: this.#file, count: this.#count, first: this.#first }
  }
}
