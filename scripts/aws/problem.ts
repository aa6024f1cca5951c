/**
 * What went wrong at AWS, in words that say what to do. The codes are of the API reference ("Common errors" and each
 * action's own), of Amazon S3's and IAM's, and of the SDK for JavaScript's credential and network layers.
 */
import { type AwsService, iamAction } from './actions.ts'

export type AwsProblemCode =
  | 'no-credentials'
  | 'expired-credentials'
  | 'wrong-credentials'
  | 'access-denied'
  | 'no-region'
  | 'unreachable'
  | 'throttled'
  | 'not-found'
  | 'already-exists'
  | 'version-conflict'
  | 'in-progress'
  | 'elsewhere'
  | 'interrupted'
  | 'limit'
  | 'invalid'
  | 'closed'
  | 'unavailable'
  | 'other'

export class AwsProblem extends Error {
  override readonly name = 'AwsProblem'
  readonly code: AwsProblemCode
  /** As IAM policies name it: `iot:CreateSecurityProfile`. */
  readonly action: string
  /** The request may have been carried out all the same: its answer is what went missing. */
  readonly isOutcomeUnknown: boolean

  constructor(code: AwsProblemCode, action: string, message: string, options: ProblemOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.action = action
    this.isOutcomeUnknown = options.isOutcomeUnknown ?? false
  }
}

/** Whether what failed may be there all the same: the answer was lost, or somebody was faster. */
export const mayBeDone = (error: unknown): boolean =>
  error instanceof AwsProblem && (error.isOutcomeUnknown || error.code === 'already-exists')

interface ProblemOptions {
  readonly cause?: unknown
  readonly isOutcomeUnknown?: boolean
}

export interface CallContext {
  readonly service: AwsService
  /** As in `CreateSecurityProfile`. */
  readonly operation: string
  readonly region: string
  /** Where the request went, if not to the region's own endpoint. */
  readonly endpoint?: string
  /** The named profile of the shared configuration files. */
  readonly profile?: string
}

/** What the SDK's exceptions have in common. */
interface SdkError {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  /** Of a ValidationException of Greengrass. */
  readonly fields?: readonly { readonly name?: string; readonly message?: string }[]
}

export function toAwsProblem(error: unknown, context: CallContext): AwsProblem {
  if (error instanceof AwsProblem) return error
  const given = (typeof error === 'object' && error !== null ? error : {}) as SdkError
  const { code, text, isOutcomeUnknown } = explain(given, context)
  return new AwsProblem(code, iamAction(context.service, context.operation), text, {
    cause: error,
    isOutcomeUnknown,
  })
}

/** Operations of Device Defender Detect; AWS IoT's others are open to every account. */
const DETECT = /SecurityProfile|Violation|Mitigation|CustomMetric|Dimension|MetricValues/

interface Explanation {
  readonly code: AwsProblemCode
  readonly text: string
  readonly isOutcomeUnknown: boolean
}

const networkCodes = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
])
/** Of these the request was never sent. */
const neverSent = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'])

function explain(error: SdkError, context: CallContext): Explanation {
  const { service, operation, region, endpoint, profile } = context
  const { name = '', message = '' } = error
  const action = iamAction(service, operation)
  const as = profile === undefined ? '' : ` of the profile "${profile}"`
  const known = (code: AwsProblemCode, text: string): Explanation => ({ code, text, isOutcomeUnknown: false })
  // AWS has not said what such an account is answered; its pages speak of new customers in these words.
  if (
    service === 'iot' &&
    DETECT.test(operation) &&
    /(no longer|not) (available|open)( to new)?|new customers/i.test(message) &&
    error.$metadata
  ) {
    return known(
      'closed',
      `AWS IoT Device Defender Detect is not open to this account (closed to new customers since 31 August 2026): ${message} The same profiles can be judged on the device: add --to edge.`,
    )
  }
  switch (name) {
    case 'CredentialsProviderError':
    case 'CredentialsError':
      return known(
        'no-credentials',
        `no AWS credentials${as}: ${firstLine(message)} ${credentialsAdvice(profile)}`,
      )
    case 'MissingAuthenticationToken':
    case 'MissingAuthenticationTokenException':
      return known('no-credentials', `${action} came to AWS without credentials: ${message}`)
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'RequestExpired':
    case 'TokenProviderError':
      return known(
        'expired-credentials',
        `the AWS credentials${as} have expired: sign in again ("aws sso login", or get a new session token)`,
      )
    case 'UnrecognizedClientException':
    case 'InvalidAccessKeyId':
    case 'InvalidClientTokenId':
    case 'InvalidSignatureException':
    case 'RequestTimeTooSkewed':
    case 'SignatureDoesNotMatch':
      return known(
        'wrong-credentials',
        `AWS does not take the credentials${as} in ${region}: ${message} Check the keys, the region and this machine's clock.`,
      )
    case 'AccessDenied':
    case 'AccessDeniedException':
    case 'AllAccessDisabled':
    case 'Forbidden':
    case 'ForbiddenException':
    case 'UnauthorizedException':
      return known('access-denied', deniedText(action, message))
    case 'SlowDown':
    case 'Throttling':
    case 'ThrottlingException':
    case 'TooManyRequestsException':
      return known('throttled', `AWS throttles ${action} (${message}): wait a minute and try again`)
    case 'LimitExceeded':
    case 'LimitExceededException':
    case 'ServiceQuotaExceededException':
    case 'TooManyBuckets':
      return known(
        'limit',
        `${action}: a quota of the account is reached: ${message} Ask for more in the Service Quotas console, or remove what is no longer used.`,
      )
    case 'NoSuchBucket':
      return known(
        'not-found',
        `${action}: the bucket does not exist: give another with --bucket, or create it with "npx defender setup"`,
      )
    case 'NoSuchEntity':
    case 'NoSuchEntityException':
    case 'NoSuchKey':
    case 'NoSuchUpload':
    case 'NotFound':
    case 'ResourceNotFoundException':
      return known('not-found', `${action}: ${message}`)
    case 'BucketAlreadyExists':
      return known(
        'already-exists',
        `${action}: the bucket's name is taken by another account (names are shared by all of AWS): choose another`,
      )
    case 'BucketAlreadyOwnedByYou':
    case 'ConflictException':
    case 'EntityAlreadyExists':
    case 'EntityAlreadyExistsException':
    case 'PreconditionFailed':
    case 'ResourceAlreadyExistsException':
      return known('already-exists', `${action}: ${message}`)
    case 'PermanentRedirect':
    case 'IllegalLocationConstraintException':
    case 'AuthorizationHeaderMalformed':
      return known('elsewhere', `${action}: the bucket is in another region than ${region}: ${message}`)
    case 'VersionConflictException':
      return known('version-conflict', `${action}: somebody else changed it in the meantime: ${message}`)
    case 'ConditionalRequestConflict':
    case 'ConflictingResourceUpdateException':
    case 'OperationAborted':
    case 'RequestAlreadyInProgressException':
      return {
        code: 'in-progress',
        text: `${action}: AWS is still at work on the same request (${message}): wait a minute and run the command again`,
        isOutcomeUnknown: true,
      }
    case 'InvalidRequestException':
    case 'ValidationException':
      return known('invalid', `${action} was refused: ${[message, ...fieldTexts(error)].join('; ')}`)
    case 'AbortError':
      return { code: 'interrupted', text: `${action}: interrupted`, isOutcomeUnknown: true }
    case 'TimeoutError':
      return {
        code: 'unreachable',
        text: `${action}: no answer from ${endpoint ?? `AWS in ${region}`} in time (${firstLine(message)})`,
        isOutcomeUnknown: true,
      }
  }
  if (/region is missing/i.test(message)) {
    return known('no-region', 'no AWS region: give --region, or set AWS_REGION')
  }
  if (networkCodes.has(error.code ?? '') || /socket hang up/.test(message)) {
    return {
      code: 'unreachable',
      text: `${action}: ${endpoint ?? `${titles[service]} in "${region}"`} cannot be reached (${firstLine(message)}): check the network${endpoint === undefined ? ' and --region' : ' and --endpoint-url'}`,
      isOutcomeUnknown: !neverSent.has(error.code ?? ''),
    }
  }
  const status = error.$metadata?.httpStatusCode ?? 0
  // Answers to HEAD requests have no body that could name the error.
  if (status === 403) return known('access-denied', deniedText(action, message))
  if (status === 404) return known('not-found', `${action}: there is no such thing`)
  if (status === 301)
    return known('elsewhere', `${action}: what is asked for is in another region than ${region}`)
  if (status >= 500) {
    return {
      code: 'unavailable',
      text: `${action}: AWS failed with ${name} (${status}) ${message}: try again later`,
      isOutcomeUnknown: true,
    }
  }
  return { code: 'other', text: `${action}: ${name} ${firstLine(message)}`, isOutcomeUnknown: status === 0 }
}

const titles: Readonly<Record<AwsService, string>> = {
  greengrass: 'AWS IoT Greengrass',
  iam: 'AWS IAM',
  iot: 'AWS IoT',
  s3: 'Amazon S3',
  sts: 'AWS STS',
}

function deniedText(action: string, message: string): string {
  // What the SDK says when it was told nothing.
  const reason = /^(UnknownError|Unknown)?$/.test(message) ? 'no more than "403 Forbidden".' : message
  return `${action} is not allowed: allow it in the IAM policy of whoever runs this command. AWS says: ${reason}`
}

const fieldTexts = ({ fields }: SdkError): string[] =>
  (fields ?? []).map(({ name = '?', message = '' }) => `${name}: ${message}`)

const credentialsAdvice = (profile: string | undefined) =>
  profile === undefined
    ? 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile of ~/.aws/config with --profile, or sign in with "aws sso login".'
    : `Look whether ~/.aws/config or ~/.aws/credentials has it, or sign in with "aws sso login --profile ${profile}".`

/** One sentence: the SDK's own advice beneath is for programmers. */
function firstLine(message: string): string {
  const [line = ''] = message.split('\n')
  return /[.!?]$/.test(line) ? line : `${line}.`
}
