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

/** IAM user guide, "Elements of an AWS API request signature". */
const CREDENTIAL =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=/

export function checkAccess(
  { region, accountId }: Account,
  rules: AccessRules,
  authorization: string | undefined,
  operation: string,
): void {
  if (authorization === undefined) {
    throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  const [, key = '', , scopeRegion, service] = CREDENTIAL.exec(authorization) ?? []
  if (rules.expiredKeys.includes(key)) {
    throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired')
  }
  if (!rules.accessKeys.includes(key)) {
    throw new AwsError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    )
  }
  if (scopeRegion !== region || service !== 'iot') {
    throw new AwsError('InvalidSignatureException', `Credential should be scoped to ${region}/iot`)
  }
  const action = `iot:${operation}`
  if (!rules.deniedActions.has(action)) return
  throw new AwsError(
    'AccessDeniedException',
    `User: arn:aws:iam::${accountId}:user/operator is not authorized to perform: ${action} on resource: * because no identity-based policy allows the ${action} action`,
  )
}
