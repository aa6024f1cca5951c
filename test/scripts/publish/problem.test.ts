/** Errors of the services, in words that name the permission and say what to do. */
import { describe, expect, test } from 'vitest'
import { type AwsProblemCode, toAwsProblem } from '../../../scripts/aws/problem.ts'

interface Case {
  readonly service: 'greengrass' | 's3' | 'iam' | 'iot' | 'sts'
  readonly operation: string
  /** As the SDK throws it. */
  readonly error: object
  readonly code: AwsProblemCode
  readonly says: RegExp
  readonly isOutcomeUnknown?: boolean
}

const cases: Case[] = [
  {
    service: 'greengrass',
    operation: 'CreateComponentVersion',
    error: { name: 'ConflictException', message: 'Component [a : 1.0.0] already exists' },
    code: 'already-exists',
    says: /^greengrass:CreateComponentVersion: Component \[a : 1\.0\.0\] already exists$/,
  },
  {
    service: 'greengrass',
    operation: 'CreateComponentVersion',
    error: {
      name: 'ValidationException',
      message: 'The recipe is not valid',
      fields: [{ name: 'Manifests', message: 'is missing' }],
    },
    code: 'invalid',
    says: /was refused: The recipe is not valid; Manifests: is missing$/,
  },
  {
    service: 'greengrass',
    operation: 'CreateDeployment',
    error: { name: 'RequestAlreadyInProgressException', message: 'busy' },
    code: 'in-progress',
    says: /still at work on the same request \(busy\): wait a minute/,
    isOutcomeUnknown: true,
  },
  {
    service: 'greengrass',
    operation: 'CreateDeployment',
    error: { name: 'ServiceQuotaExceededException', message: 'Too many.' },
    code: 'limit',
    says: /a quota of the account is reached: Too many\. Ask for more/,
  },
  {
    service: 's3',
    operation: 'UploadPart',
    error: { name: 'AccessDenied', message: 'Access Denied' },
    code: 'access-denied',
    says: /^s3:PutObject is not allowed: .* AWS says: Access Denied$/,
  },
  {
    service: 's3',
    operation: 'HeadObject',
    error: { name: '403', message: 'UnknownError', $metadata: { httpStatusCode: 403 } },
    code: 'access-denied',
    says: /^s3:GetObject is not allowed: .*no more than "403 Forbidden"\.$/,
  },
  {
    service: 's3',
    operation: 'HeadBucket',
    error: { name: '301', message: 'UnknownError', $metadata: { httpStatusCode: 301 } },
    code: 'elsewhere',
    says: /^s3:ListBucket: .*in another region than eu-west-1$/,
  },
  {
    service: 's3',
    operation: 'PutObject',
    error: { name: 'NoSuchBucket', message: 'The specified bucket does not exist' },
    code: 'not-found',
    says: /the bucket does not exist: give another with --bucket, or create it with "npx defender setup"/,
  },
  {
    service: 's3',
    operation: 'CreateBucket',
    error: { name: 'BucketAlreadyExists', message: 'x' },
    code: 'already-exists',
    says: /taken by another account .*choose another$/,
  },
  {
    service: 's3',
    operation: 'PutObject',
    error: { name: 'SlowDown', message: 'Please reduce your request rate.' },
    code: 'throttled',
    says: /^AWS throttles s3:PutObject/,
  },
  {
    service: 's3',
    operation: 'PutObject',
    error: { name: 'ExpiredToken', message: 'The provided token has expired.' },
    code: 'expired-credentials',
    says: /have expired: sign in again/,
  },
  {
    service: 'iam',
    operation: 'GetRole',
    error: { name: 'NoSuchEntityException', message: 'The role x cannot be found.' },
    code: 'not-found',
    says: /^iam:GetRole: The role x cannot be found\.$/,
  },
  {
    service: 'sts',
    operation: 'GetCallerIdentity',
    error: { name: 'InvalidClientTokenId', message: 'The security token is invalid.' },
    code: 'wrong-credentials',
    says: /^AWS does not take the credentials in eu-west-1/,
  },
  {
    service: 's3',
    operation: 'PutObject',
    error: { name: 'AbortError', message: 'Request aborted' },
    code: 'interrupted',
    says: /^s3:PutObject: interrupted$/,
    isOutcomeUnknown: true,
  },
  {
    service: 's3',
    operation: 'PutObject',
    error: { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
    code: 'unreachable',
    says: /^s3:PutObject: Amazon S3 in "eu-west-1" cannot be reached/,
  },
  {
    service: 'iam',
    operation: 'GetRole',
    // Detect's closing to new customers is no matter of other services.
    error: { name: 'X', message: 'not available to new customers', $metadata: { httpStatusCode: 400 } },
    code: 'other',
    says: /^iam:GetRole: X/,
  },
  {
    service: 'iot',
    operation: 'DescribeThingGroup',
    // And none of AWS IoT's own, which rollouts ask.
    error: { name: 'X', message: 'The group is not available', $metadata: { httpStatusCode: 400 } },
    code: 'other',
    says: /^iot:DescribeThingGroup: X The group is not available\.$/,
  },
  ...['CreateSecurityProfile', 'ListViolationEvents', 'ListMetricValues', 'CreateDimension'].map(
    (operation): Case => ({
      service: 'iot',
      operation,
      error: { name: 'X', message: 'not available to new customers', $metadata: { httpStatusCode: 400 } },
      code: 'closed',
      says: /^AWS IoT Device Defender Detect is not open to this account/,
    }),
  ),
]

describe('a failed call', () => {
  test.each(cases)('$service:$operation $error', ({ service, operation, error, code, says, ...rest }) => {
    const problem = toAwsProblem(error, { service, operation, region: 'eu-west-1' })
    expect(problem.message).toMatch(says)
    expect(problem.code).toBe(code)
    expect(problem.isOutcomeUnknown).toBe(rest.isOutcomeUnknown ?? false)
    expect(problem.cause).toBe(error)
  })
})
