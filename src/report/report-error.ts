/** Why a report, or the topic for it, cannot be made. */

export type ReportErrorCode =
  | 'empty' // neither metrics nor custom metrics: Device Defender wants at least one of the two
  | 'too-large' // the budget does not hold even the header, the totals and one value
  | 'thing-name' // a thing name that AWS IoT would not take

export class ReportError extends Error {
  override readonly name = 'ReportError'
  readonly code: ReportErrorCode

  constructor(code: ReportErrorCode, detail: string) {
    super(detail)
    this.code = code
  }
}
