/**
 * Roles and what they allow. Source: IAM API reference, the actions named beside. Absence is `undefined`; everything
 * else that goes wrong is an `AwsProblem`.
 */
import { type AwsOptions, callsOf, clientConfig } from './client.ts'

export interface Role {
  readonly arn: string
  /** JSON text: who may assume it. */
  readonly trust: string
}

/** `conditional`: it depends on what only a real request has. */
export type Simulation = 'allowed' | 'denied' | 'not-allowed' | 'conditional'

export interface RoleService {
  /** GetRole. */
  role(roleName: string): Promise<Role | undefined>
  /** SimulatePrincipalPolicy, which heeds boundaries and organizations' policies too. */
  simulate(roleArn: string, action: string, resource: string): Promise<Simulation>
  /** ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, GetPolicy, GetPolicyVersion: all documents. */
  policyDocuments(roleName: string): Promise<readonly string[]>
  /** GetRolePolicy. */
  inlinePolicy(roleName: string, policyName: string): Promise<string | undefined>
  /** CreateRole: answers its ARN. */
  createRole(roleName: string, trust: object, description: string): Promise<string>
  /** PutRolePolicy. */
  putInlinePolicy(roleName: string, policyName: string, document: object): Promise<void>
  close(): void
}

/** Quotas of IAM: a role has at most 20 managed policies, and inline ones of 10,240 characters in all. */
const POLICIES_MAX = 100

export async function openRoleService(options: AwsOptions): Promise<RoleService> {
  const sdk = await import('@aws-sdk/client-iam')
  const client = new sdk.IAMClient(clientConfig(options))
  const { call, find } = await callsOf('iam', client, options, POLICIES_MAX)

  const inlinePolicy = async (RoleName: string, PolicyName: string) => {
    const command = new sdk.GetRolePolicyCommand({ RoleName, PolicyName })
    return textOf((await find('GetRolePolicy', () => client.send(command)))?.PolicyDocument)
  }

  const managedPolicy = async (PolicyArn: string) => {
    const found = await find('GetPolicy', () => client.send(new sdk.GetPolicyCommand({ PolicyArn })))
    const VersionId = found?.Policy?.DefaultVersionId
    if (VersionId === undefined) return undefined
    const command = new sdk.GetPolicyVersionCommand({ PolicyArn, VersionId })
    return textOf((await find('GetPolicyVersion', () => client.send(command)))?.PolicyVersion?.Document)
  }

  return {
    role: async (RoleName) => {
      const found = await find('GetRole', () => client.send(new sdk.GetRoleCommand({ RoleName })))
      if (found?.Role === undefined) return undefined
      const { Arn: arn = '', AssumeRolePolicyDocument } = found.Role
      return { arn, trust: textOf(AssumeRolePolicyDocument) ?? '{}' }
    },

    simulate: async (PolicySourceArn, action, resource) => {
      const request = { PolicySourceArn, ActionNames: [action], ResourceArns: [resource] }
      const { EvaluationResults = [] } = await call('SimulatePrincipalPolicy', () =>
        client.send(new sdk.SimulatePrincipalPolicyCommand(request)),
      )
      const [result] = EvaluationResults
      if (result?.EvalDecision === 'allowed') return 'allowed'
      if (result?.EvalDecision === 'explicitDeny') return 'denied'
      // API reference, EvaluationResult: keys that conditions ask for, and of which only a real request has values.
      return (result?.MissingContextValues ?? []).length > 0 ? 'conditional' : 'not-allowed'
    },

    policyDocuments: async (RoleName) => {
      const MaxItems = POLICIES_MAX
      const { PolicyNames = [] } = await call('ListRolePolicies', () =>
        client.send(new sdk.ListRolePoliciesCommand({ RoleName, MaxItems })),
      )
      const { AttachedPolicies = [] } = await call('ListAttachedRolePolicies', () =>
        client.send(new sdk.ListAttachedRolePoliciesCommand({ RoleName, MaxItems })),
      )
      const documents = await Promise.all([
        ...PolicyNames.map((name) => inlinePolicy(RoleName, name)),
        ...AttachedPolicies.map(({ PolicyArn = '' }) => managedPolicy(PolicyArn)),
      ])
      return documents.filter((document) => document !== undefined)
    },

    inlinePolicy,

    createRole: async (RoleName, trust, Description) => {
      const request = { RoleName, Description, AssumeRolePolicyDocument: JSON.stringify(trust) }
      const { Role } = await call('CreateRole', () => client.send(new sdk.CreateRoleCommand(request)))
      return Role?.Arn ?? ''
    },

    putInlinePolicy: async (RoleName, PolicyName, document) => {
      const request = { RoleName, PolicyName, PolicyDocument: JSON.stringify(document) }
      await call('PutRolePolicy', () => client.send(new sdk.PutRolePolicyCommand(request)))
    },

    close: () => client.destroy(),
  }
}

/** API reference, GetRolePolicy: documents come URL-encoded, by RFC 3986. */
const textOf = (document: string | undefined): string | undefined =>
  document === undefined ? undefined : decodeURIComponent(document)
