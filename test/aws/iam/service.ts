/** AWS IAM: roles, what their policies say, and the simulator of policies. Source: IAM API reference. */
import type { Account } from '../account.ts'
import { AwsError } from '../error.ts'
import { type Parameters, type QueryOperation, queryService } from '../query.ts'
import { evaluate, type NamedPolicy, statementsOf } from './evaluate.ts'
import { addRole, type ManagedPolicy, type StoredRole } from './state.ts'

const operations: Readonly<Record<string, QueryOperation>> = {
  GetRole: {
    isChange: false,
    run: ({ iam }, parameters) => ({ Role: describe(findRole(iam.roles, parameters.required('RoleName'))) }),
  },

  CreateRole: {
    isChange: true,
    run: (account, parameters) => {
      const name = parameters.required('RoleName')
      if (account.iam.roles.has(name)) {
        throw new AwsError('EntityAlreadyExists', `Role with name ${name} already exists.`)
      }
      const trust = checkedDocument(parameters.required('AssumeRolePolicyDocument'))
      const role = addRole(account, { name, trust: JSON.parse(trust) as object })
      for (let index = 1; parameters.text(`Tags.member.${index}.Key`) !== undefined; index += 1) {
        const tag = (part: string) => parameters.text(`Tags.member.${index}.${part}`) ?? ''
        role.tags.set(tag('Key'), tag('Value'))
      }
      return { Role: describe(role) }
    },
  },

  ListRolePolicies: {
    isChange: false,
    run: ({ iam }, parameters) => ({
      PolicyNames: { member: [...findRole(iam.roles, parameters.required('RoleName')).inline.keys()] },
      IsTruncated: false,
    }),
  },

  GetRolePolicy: {
    isChange: false,
    run: ({ iam }, parameters) => {
      const role = findRole(iam.roles, parameters.required('RoleName'))
      const name = parameters.required('PolicyName')
      const document = role.inline.get(name)
      if (document === undefined) throw noSuch(`The role policy with name ${name} cannot be found.`)
      return { RoleName: role.name, PolicyName: name, PolicyDocument: encodeURIComponent(document) }
    },
  },

  PutRolePolicy: {
    isChange: true,
    run: ({ iam }, parameters) => {
      const role = findRole(iam.roles, parameters.required('RoleName'))
      const document = checkedDocument(parameters.required('PolicyDocument'))
      role.inline.set(parameters.required('PolicyName'), document)
      return {}
    },
  },

  ListAttachedRolePolicies: {
    isChange: false,
    run: ({ iam }, parameters) => {
      const { attached } = findRole(iam.roles, parameters.required('RoleName'))
      const member = [...attached].map((arn) => ({
        PolicyName: findPolicy(iam.policies, arn).name,
        PolicyArn: arn,
      }))
      return { AttachedPolicies: { member }, IsTruncated: false }
    },
  },

  AttachRolePolicy: {
    isChange: true,
    run: ({ iam }, parameters) => {
      const role = findRole(iam.roles, parameters.required('RoleName'))
      role.attached.add(findPolicy(iam.policies, parameters.required('PolicyArn')).arn)
      return {}
    },
  },

  GetPolicy: {
    isChange: false,
    run: ({ iam }, parameters) => {
      const { name, arn } = findPolicy(iam.policies, parameters.required('PolicyArn'))
      return { Policy: { PolicyName: name, Arn: arn, DefaultVersionId: VERSION } }
    },
  },

  GetPolicyVersion: {
    isChange: false,
    run: ({ iam }, parameters) => {
      const { arn, document } = findPolicy(iam.policies, parameters.required('PolicyArn'))
      if (parameters.required('VersionId') !== VERSION) {
        throw noSuch(`Policy ${arn} version ${parameters.text('VersionId')} does not exist.`)
      }
      return {
        PolicyVersion: {
          Document: encodeURIComponent(document),
          VersionId: VERSION,
          IsDefaultVersion: true,
        },
      }
    },
  },

  SimulatePrincipalPolicy: {
    isChange: false,
    run: (account, parameters) => {
      const policies = policiesOfPrincipal(account, parameters)
      const resources = parameters.list('ResourceArns')
      const member = parameters.list('ActionNames').flatMap((action) =>
        (resources.length > 0 ? resources : ['*']).map((resource) => {
          const { decision, matched } = evaluate(policies, action, resource)
          return {
            EvalActionName: action,
            EvalResourceName: resource,
            EvalDecision: decision,
            MatchedStatements: { member: matched.map((name) => ({ SourcePolicyId: name })) },
          }
        }),
      )
      return { EvaluationResults: { member }, IsTruncated: false }
    },
  },
}

/** Managed policies have one version here. */
const VERSION = 'v1'

export const iamService = (account: Account) =>
  queryService(account, { signingName: 'iam', version: '2010-05-08', operations })

const noSuch = (message: string) => new AwsError('NoSuchEntity', message)

function findRole(roles: ReadonlyMap<string, StoredRole>, name: string): StoredRole {
  const role = roles.get(name)
  if (role === undefined) throw noSuch(`The role with name ${name} cannot be found.`)
  return role
}

function findPolicy(policies: ReadonlyMap<string, ManagedPolicy>, arn: string): ManagedPolicy {
  const policy = policies.get(arn)
  if (policy === undefined) throw noSuch(`Policy ${arn} does not exist or is not attachable.`)
  return policy
}

function checkedDocument(document: string): string {
  try {
    statementsOf(document)
    return document
  } catch {
    throw new AwsError('MalformedPolicyDocument', 'Syntax errors in policy.')
  }
}

function policiesOfPrincipal({ iam }: Account, parameters: Parameters): readonly NamedPolicy[] {
  const arn = parameters.required('PolicySourceArn')
  const role = [...iam.roles.values()].find((each) => each.arn === arn)
  if (role === undefined) throw noSuch(`No such entity ${arn}`)
  return [
    ...[...role.inline].map(([name, document]) => ({ name, document })),
    ...[...role.attached].map((each) => findPolicy(iam.policies, each)),
    ...parameters.list('PolicyInputList').map((document, index) => ({
      name: `PolicyInputList.${index + 1}`,
      document: checkedDocument(document),
    })),
  ]
}

const describe = (role: StoredRole) => ({
  Path: '/',
  RoleName: role.name,
  RoleId: 'AROA1234567890EXAMPLE',
  Arn: role.arn,
  CreateDate: new Date(role.createdAt * 1000).toISOString(),
  AssumeRolePolicyDocument: encodeURIComponent(role.trust),
})
