/** STS and IAM of the stand-in, with the real SDK. */
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { clientOptions } from './clients.ts'
import { evaluate } from './iam/evaluate.ts'
import { addRole } from './iam/state.ts'
import { type Aws, EXPIRED_KEY, startAws } from './server.ts'

const RoleName = 'GreengrassV2TokenExchangeRole'
const roleArn = `arn:aws:iam::123456789012:role/${RoleName}`
const read = { Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::artifacts/*' }
const documentOf = (...Statement: object[]) => ({ Version: '2012-10-17', Statement })

let aws: Aws
let iam: IAMClient
beforeAll(async () => {
  aws = await startAws()
  iam = new IAMClient(clientOptions(aws.endpoint))
})
beforeEach(() => {
  aws.account.iam.roles.clear()
  aws.account.iam.policies.clear()
  aws.deniedActions.clear()
  addRole(aws.account, {
    name: RoleName,
    inline: { artifacts: documentOf(read) },
    managed: { logs: documentOf({ Effect: 'Allow', Action: ['logs:*'], Resource: '*' }) },
  })
})
afterAll(async () => {
  iam.destroy()
  await aws.close()
})

describe('STS', () => {
  const callerWith = async (key?: string) => {
    const sts = new STSClient(clientOptions(aws.endpoint, key))
    try {
      return await sts.send(new GetCallerIdentityCommand({}))
    } finally {
      sts.destroy()
    }
  }

  test('tells who calls', async () => {
    expect(await callerWith()).toMatchObject({
      Account: '123456789012',
      Arn: 'arn:aws:iam::123456789012:user/operator',
    })
  })

  test('does not, with credentials that are not good', async () => {
    await expect(callerWith(EXPIRED_KEY)).rejects.toMatchObject({ name: 'ExpiredToken' })
    await expect(callerWith('AKIAUNKNOWN')).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
  })
})

describe('IAM', () => {
  test('shows a role and all its policies', async () => {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }))
    expect(Role).toMatchObject({ Arn: roleArn, RoleName })
    expect((await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual(['artifacts'])
    const inline = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'artifacts' }))
    expect(JSON.parse(decodeURIComponent(inline.PolicyDocument ?? ''))).toEqual(documentOf(read))
    const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))
    const PolicyArn = 'arn:aws:iam::123456789012:policy/logs'
    expect(AttachedPolicies).toEqual([{ PolicyName: 'logs', PolicyArn }])
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }))
    const version = new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId })
    const { PolicyVersion } = await iam.send(version)
    expect(decodeURIComponent(PolicyVersion?.Document ?? '')).toContain('logs:*')
  })

  test('says what is not there, there already, or no policy', async () => {
    const nobody = { RoleName: 'nobody' }
    await expect(iam.send(new GetRoleCommand(nobody))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    })
    const AssumeRolePolicyDocument = JSON.stringify(documentOf())
    await expect(
      iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument })),
    ).rejects.toMatchObject({ name: 'EntityAlreadyExistsException' })
    await expect(
      iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: '{' })),
    ).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' })
    const PolicyArn = 'arn:aws:iam::123456789012:policy/none-such'
    await expect(iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    })
  })

  test('makes a role that can be given a policy', async () => {
    const trust = documentOf({ Effect: 'Allow', Principal: { Service: 'iot.amazonaws.com' } })
    const created = await iam.send(
      new CreateRoleCommand({
        RoleName: 'alerts',
        AssumeRolePolicyDocument: JSON.stringify(trust),
        Tags: [{ Key: 'owner', Value: 'me' }],
      }),
    )
    expect(JSON.parse(decodeURIComponent(created.Role?.AssumeRolePolicyDocument ?? ''))).toEqual(trust)
    const document = JSON.stringify(documentOf({ Effect: 'Allow', Action: 'sns:Publish', Resource: '*' }))
    const policy = { RoleName: 'alerts', PolicyName: 'publish', PolicyDocument: document }
    await iam.send(new PutRolePolicyCommand(policy))
    expect(aws.account.iam.roles.get('alerts')?.inline.get('publish')).toBe(document)
    expect(aws.account.iam.roles.get('alerts')?.tags.get('owner')).toBe('me')
  })

  test('simulates what a role may do', async () => {
    const { EvaluationResults } = await iam.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: roleArn,
        ActionNames: ['s3:GetObject', 'logs:PutLogEvents'],
        ResourceArns: ['arn:aws:s3:::artifacts/a/b.zip', 'arn:aws:s3:::other/a'],
      }),
    )
    expect(EvaluationResults?.map((each) => [each.EvalActionName, each.EvalDecision])).toEqual([
      ['s3:GetObject', 'allowed'],
      ['s3:GetObject', 'implicitDeny'],
      ['logs:PutLogEvents', 'allowed'],
      ['logs:PutLogEvents', 'allowed'],
    ])
  })

  test('denies like any service', async () => {
    aws.deniedActions.add('iam:GetRole')
    await expect(iam.send(new GetRoleCommand({ RoleName }))).rejects.toMatchObject({
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    })
  })
})

describe('policies', () => {
  const object = 'arn:aws:s3:::artifacts/a.zip'
  const cases: { name: string; statements: object[]; gives: string }[] = [
    { name: 'nothing said', statements: [], gives: 'implicitDeny' },
    { name: 'allowed', statements: [read], gives: 'allowed' },
    { name: 'allowed in other letters', statements: [{ ...read, Action: 'S3:getobject' }], gives: 'allowed' },
    { name: 'another action', statements: [{ ...read, Action: ['s3:Put*'] }], gives: 'implicitDeny' },
    {
      name: 'another resource',
      statements: [{ ...read, Resource: 'arn:aws:s3:::a.b/*' }],
      gives: 'implicitDeny',
    },
    {
      name: 'the bucket is not its objects',
      statements: [{ ...read, Resource: 'arn:aws:s3:::artifacts' }],
      gives: 'implicitDeny',
    },
    {
      name: 'one character',
      statements: [{ ...read, Resource: 'arn:aws:s3:::artifacts/?.zip' }],
      gives: 'allowed',
    },
    {
      name: 'a dot is a dot',
      statements: [{ ...read, Resource: 'arn:aws:s3:::artifacts/...ip' }],
      gives: 'implicitDeny',
    },
    {
      name: 'all but',
      statements: [{ Effect: 'Allow', NotAction: 's3:Put*', NotResource: 'arn:aws:s3:::b/*' }],
      gives: 'allowed',
    },
    {
      name: 'all but this',
      statements: [{ Effect: 'Allow', NotAction: 's3:*', Resource: '*' }],
      gives: 'implicitDeny',
    },
    { name: 'under a condition', statements: [{ ...read, Condition: { Bool: {} } }], gives: 'implicitDeny' },
    { name: 'denied beside', statements: [read, { ...read, Effect: 'Deny' }], gives: 'explicitDeny' },
    {
      name: 'denied under a condition',
      statements: [read, { ...read, Effect: 'Deny', Condition: {} }],
      gives: 'explicitDeny',
    },
  ]
  test.each(cases)('$name: $gives', ({ statements, gives }) => {
    const document = JSON.stringify(documentOf(...statements))
    expect(evaluate([{ name: 'p', document }], 's3:GetObject', object).decision).toBe(gives)
  })
})
