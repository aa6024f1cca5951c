/** Who may call: credentials as Signature Version 4 names them, and actions that a policy denies. */
import type { Account } from './account.ts'
import { AwsError } from './error.ts'

export interface AccessRules {
  /** Access keys that are known; the secret is not looked at. */
  readonly accessKeys: readonly string[]
  readonly expiredKeys: readonly string[]
  /** Actions denied to everyone, as in `iot:CreateSecurityProfile`; may be changed between calls. */
  readonly deniedActions: Set<string>
}

/** What a request's `Authorization` says of who signed it and for what. */
export interface Scope {
  readonly key: string
  readonly region: string
  readonly service: string
}

/** IAM user guide, "Elements of an AWS API request signature". */
const CREDENTIAL =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=/

/** Has no region of its own: requests are signed for the first one ever (General Reference, "IAM endpoints"). */
const GLOBAL = new Map([['iam', 'us-east-1']])

/** `undefined` where nobody signed. */
export function scopeOf(authorization: string | undefined): Scope | undefined {
  if (authorization === undefined) return undefined
  const [, key = '', , region = '', service = ''] = CREDENTIAL.exec(authorization) ?? []
  return { key, region, service }
}

export function checkCredentials({ region }: Account, rules: AccessRules, scope: Scope | undefined): void {
  if (scope === undefined) {
    throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  const { key, service } = scope
  if (rules.expiredKeys.includes(key)) {
    throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired')
  }
  if (!rules.accessKeys.includes(key)) {
    throw new AwsError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    )
  }
  if (scope.region !== region && scope.region !== GLOBAL.get(service)) {
    throw new AwsError('InvalidSignatureException', `Credential should be scoped to ${region}/${service}`)
  }
}

export function checkPermission({ accountId }: Account, rules: AccessRules, action: string): void {
  if (!rules.deniedActions.has(action)) return
  throw new AwsError(
    'AccessDeniedException',
    `User: arn:aws:iam::${accountId}:user/operator is not authorized to perform: ${action} on resource: * because no identity-based policy allows the ${action} action`,
  )
}
