/** An error as the service answers it: the code that the SDK makes an exception of, and its HTTP status. */
import { errorStatuses } from './shapes.ts'

/** Answered by the signature check in front of the service, not by its model. */
const gatewayStatuses: Readonly<Record<string, number>> = {
  AccessDeniedException: 403,
  ExpiredTokenException: 403,
  InvalidSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  UnrecognizedClientException: 403,
  ServiceUnavailableException: 503,
}

export class AwsError extends Error {
  readonly code: string
  readonly status: number
  /** Further members of the error's shape. */
  readonly members: Readonly<Record<string, string>>

  constructor(code: string, message: string, members: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.status = errorStatuses[code] ?? gatewayStatuses[code] ?? 400
    this.members = members
  }
}

export const invalid = (message: string) => new AwsError('InvalidRequestException', message)
export const notFound = (what: string) => new AwsError('ResourceNotFoundException', `${what} does not exist.`)
