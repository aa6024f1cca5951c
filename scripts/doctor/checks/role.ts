/**
 * The token exchange role, with which devices fetch artifacts: the usual reason why a first deployment fails.
 * Source: Greengrass developer guide, "Authorize core devices to interact with AWS services".
 */
import { type AwsOptions, withOpen } from '../../aws/client.ts'
import { openRoleService, type RoleService } from '../../aws/iam.ts'
import { type IotRegistry, openIotRegistry } from '../../aws/iot-registry.ts'
import { AwsProblem } from '../../aws/problem.ts'
import type { Caller } from '../../aws/sts.ts'
import { COMPONENT_NAME } from '../../component-name.ts'
import type { Finding } from '../check.ts'
import { type Verdict, verdictOf } from '../policy-evaluation.ts'

/** Names that AWS's own instructions use, for where none is given. */
export const USUAL_ROLE_ALIASES = [
  'GreengrassCoreTokenExchangeRoleAlias',
  'GreengrassV2TokenExchangeRoleAlias',
]

export interface RoleQuestion {
  /** The first of these that exists. */
  readonly roleAliases: readonly string[]
  readonly bucket: string
}

export async function lookAtRole(
  { roleAliases, bucket }: RoleQuestion,
  caller: Caller,
  aws: AwsOptions,
): Promise<Finding> {
  const role = await withOpen(openIotRegistry(aws), (registry) => roleOfFirst(roleAliases, registry))
  if (role === undefined) {
    return {
      kind: 'fault',
      detail: `there is no role alias ${roleAliases.join(' or ')}`,
      advice: "Give the name that is in the devices' nucleus configuration (iotRoleAlias): --role-alias.",
    }
  }
  return withOpen(openRoleService(aws), (roles) => canRead(role, bucket, caller, roles))
}

async function roleOfFirst(aliases: readonly string[], registry: IotRegistry): Promise<string | undefined> {
  for (const alias of aliases) {
    const role = await registry.roleOfAlias(alias)
    if (role !== undefined) return role
  }
  return undefined
}

async function canRead(
  role: string,
  bucket: string,
  { partition }: Caller,
  roles: RoleService,
): Promise<Finding> {
  const roleName = role.slice(role.lastIndexOf('/') + 1)
  // Of no object in particular: what a policy says of one component's folder only is enough for that one.
  const object = `arn:${partition}:s3:::${bucket}/${COMPONENT_NAME}/0.1.0/artifact.zip`
  const verdict = await mayGet(role, roleName, object, roles)
  if (verdict === 'allowed') return { kind: 'ok', detail: `${roleName} may read the artifacts in ${bucket}` }
  if (verdict === 'conditional') {
    return {
      kind: 'unknown',
      detail: `not known: ${roleName} has s3:GetObject on ${bucket} under conditions only, which are not judged here`,
      advice: 'Look whether the conditions hold for what the devices ask.',
    }
  }
  return {
    kind: 'fault',
    detail: `${roleName} has no s3:GetObject on ${bucket}: devices cannot fetch the artifacts`,
    advice: `Allow it: npx defender setup --token-exchange-role ${roleName}, or add what "npx defender policies token-exchange-role" prints.`,
  }
}

/** IAM's own simulation knows everything; where it may not be asked, the policies are read. */
async function mayGet(role: string, roleName: string, object: string, roles: RoleService): Promise<Verdict> {
  try {
    return await roles.simulate(role, 's3:GetObject', object)
  } catch (error) {
    if (!(error instanceof AwsProblem) || error.code !== 'access-denied') throw error
    return verdictOf(await roles.policyDocuments(roleName), 's3:GetObject', object)
  }
}
