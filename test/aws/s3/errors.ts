/** Errors of Amazon S3. Source: S3 API reference, "Error responses". */
import { AwsError, statusOf } from '../error.ts'
import type { ServiceAnswer } from '../service.ts'
import { document, type Xml } from '../xml.ts'

const statuses: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  BucketAlreadyExists: 409,
  BucketAlreadyOwnedByYou: 409,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchBucketPolicy: 404,
  NoSuchKey: 404,
  NoSuchPublicAccessBlockConfiguration: 404,
  NoSuchTagSet: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  OwnershipControlsNotFoundError: 404,
  PermanentRedirect: 301,
  PreconditionFailed: 412,
  ServerSideEncryptionConfigurationNotFoundError: 404,
  ServiceUnavailable: 503,
  SlowDown: 503,
}

/** What S3 calls the errors that all services have. */
const ownNames: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  ExpiredTokenException: 'ExpiredToken',
  InternalFailureException: 'InternalError',
  InvalidSignatureException: 'AuthorizationHeaderMalformed',
  MissingAuthenticationTokenException: 'AccessDenied',
  ServiceUnavailableException: 'ServiceUnavailable',
  ThrottlingException: 'SlowDown',
  UnrecognizedClientException: 'InvalidAccessKeyId',
}

/** Error of S3, with the members its document has beside code and message. */
export const s3Error = (code: string, message: string, members: Readonly<Record<string, string>> = {}) =>
  new AwsError(code, message, members)

export function refuse(error: AwsError): ServiceAnswer {
  const code = ownNames[error.code] ?? error.code
  const content = {
    Code: code,
    Message: error.message,
    ...(error.members as { readonly [name: string]: Xml }),
  }
  const { Region: region } = error.members
  return {
    status: statusOf(s3Error(code, ''), statuses),
    headers: {
      'content-type': 'application/xml',
      ...(region === undefined ? {} : { 'x-amz-bucket-region': String(region) }),
    },
    body: document('Error', content),
  }
}
