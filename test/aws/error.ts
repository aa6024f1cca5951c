/** An error as a service answers it: the code that the SDK makes an exception of, and further members of its shape. */
export class AwsError extends Error {
  readonly code: string
  readonly members: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, members: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.members = members
  }
}

/** Answered by the signature check in front of the services, not by their models. */
const gatewayStatuses: Readonly<Record<string, number>> = {
  AccessDeniedException: 403,
  ExpiredTokenException: 403,
  InvalidSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  UnrecognizedClientException: 403,
  ServiceUnavailableException: 503,
}

/** @param statuses of the errors in the service's model; the same code has not the same status in all of them */
export const statusOf = ({ code }: AwsError, statuses: Readonly<Record<string, number>>): number =>
  statuses[code] ?? gatewayStatuses[code] ?? 400

export const invalid = (message: string) => new AwsError('InvalidRequestException', message)
export const notFound = (what: string) => new AwsError('ResourceNotFoundException', `${what} does not exist.`)
