/** Why a custom metric has no value this time. It costs that metric, never the report. */

export type SourceErrorCode =
  | 'unreadable' // no such file, no permission, or the device behind it failed
  | 'not-regular' // a directory, pipe, socket or device: reading could wait for ever or have effects
  | 'too-large' // more bytes than the bound; a part of a value would be a wrong value
  | 'not-started' // no such program, or not executable
  | 'failed' // the program ended with another exit code than 0, or by a signal
  | 'timeout' // the program had not ended in time
  | 'aborted' // the agent is stopping
  | 'value' // there is a text, but not of the metric's type

export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly code: SourceErrorCode

  constructor(code: SourceErrorCode, detail: string, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** Of a failed system call (`ENOENT: no such file or directory, open '/x'`), or of anything else that was thrown. */
export function causeText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
