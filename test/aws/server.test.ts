/** What all services of the stand-in have in common: who may call, faults on demand, the log of calls. */
import { IAMClient, ListRolePoliciesCommand } from '@aws-sdk/client-iam'
import { CreateThingGroupCommand, DescribeThingGroupCommand, IoTClient } from '@aws-sdk/client-iot'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clientOptions } from './clients.ts'
import { addBucket } from './s3/state.ts'
import { type Aws, startAws } from './server.ts'

let aws: Aws
let clients: {
  readonly iot: IoTClient
  readonly s3: S3Client
  readonly sts: STSClient
  readonly iam: IAMClient
}
beforeEach(async () => {
  aws = await startAws({ thingGroups: ['canary'] })
  addBucket(aws.account, { name: 'bucket' })
  const options = clientOptions(aws.endpoint)
  clients = {
    iot: new IoTClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sts: new STSClient(options),
    iam: new IAMClient(options),
  }
})
afterEach(async () => {
  for (const client of Object.values(clients)) client.destroy()
  await aws.close()
})

const describeGroup = () => clients.iot.send(new DescribeThingGroupCommand({ thingGroupName: 'canary' }))
const whoCalls = () => clients.sts.send(new GetCallerIdentityCommand({}))

describe('nobody is answered', () => {
  const scope = (service: string, region = 'eu-west-1') =>
    `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`
  const cases: { name: string; authorization?: string; says: string }[] = [
    { name: 'without a signature', says: 'MissingAuthenticationTokenException' },
    { name: 'of a service unknown', authorization: scope('ec2'), says: 'InvalidSignatureException' },
    {
      name: 'for another region',
      authorization: scope('iot', 'us-west-2'),
      says: 'InvalidSignatureException',
    },
    { name: 'with something else', authorization: 'Basic x', says: 'UnrecognizedClientException' },
  ]
  test.each(cases)('$name', async ({ authorization, says }) => {
    const headers = authorization === undefined ? {} : { authorization }
    const answer = await fetch(`${aws.endpoint}/thing-groups/canary`, { headers })
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([403, says])
    expect(aws.calls).toEqual([])
  })

  test('an operation unknown', async () => {
    const headers = { authorization: scope('iot') }
    const answer = await fetch(`${aws.endpoint}/no-such-thing`, { headers })
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([
      400,
      'UnknownOperationException',
    ])
  })
})

test('the same address answers for each service in its own protocol', async () => {
  expect((await describeGroup()).thingGroupName).toBe('canary')
  expect((await whoCalls()).Account).toBe('123456789012')
  await clients.s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'x' }))
  await expect(clients.iam.send(new ListRolePoliciesCommand({ RoleName: 'r' }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
  })
  expect(aws.calls.map(({ service, operation, failed }) => [service, operation, failed])).toEqual([
    ['iot', 'DescribeThingGroup', undefined],
    ['sts', 'GetCallerIdentity', undefined],
    ['s3', 'PutObject', undefined],
    ['iam', 'ListRolePolicies', 'NoSuchEntity'],
  ])
})

test('a fault can be of one service, whose words it is told in', async () => {
  aws.fault({ service: 'iam', times: 2, effect: { kind: 'error', code: 'ThrottlingException' } })
  await describeGroup()
  await expect(clients.iam.send(new ListRolePoliciesCommand({ RoleName: 'r' }))).rejects.toMatchObject({
    name: 'Throttling',
  })
  aws.clearFaults()
  aws.fault({ operation: 'GetCallerIdentity', effect: { kind: 'error', code: 'InternalFailureException' } })
  await expect(whoCalls()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } })
  await whoCalls()
})

test('a connection ends before the work, or after it', async () => {
  const put = (Key: string) => clients.s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'x' }))
  for (const when of ['before', 'after'] as const) {
    aws.fault({ operation: 'PutObject', effect: { kind: 'drop', when } })
    await expect(put(when)).rejects.toMatchObject({ code: 'ECONNRESET' })
  }
  expect([...(aws.account.buckets.get('bucket')?.objects.keys() ?? [])]).toEqual(['after'])
  expect(aws.calls.map(({ failed }) => failed)).toEqual(['dropped', undefined])
  expect(aws.changes()).toEqual([
    { operation: 'PutObject', input: { Bucket: 'bucket', Key: 'after', bytes: 1 } },
  ])
})

test('an answer can be put in place of the own one', async () => {
  aws.fault({
    operation: 'DescribeThingGroup',
    effect: { kind: 'answer', output: { thingGroupName: 'other' } },
  })
  expect((await describeGroup()).thingGroupName).toBe('other')
})

test('a listener hears of each call when its work is done and before it is answered', async () => {
  const heard: unknown[] = []
  const end = aws.onCall(({ operation, failed }) => {
    heard.push([operation, failed, aws.account.registry.groups.has('new')])
  })
  const create = new CreateThingGroupCommand({ thingGroupName: 'new' })
  await clients.iot.send(create)
  await clients.s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'none' })).catch(() => {})
  end()
  await describeGroup()
  expect(heard).toEqual([
    ['CreateThingGroup', undefined, true],
    ['GetObject', 'NoSuchKey', true],
  ])
})
