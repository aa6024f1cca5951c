/**
 * The stand-in beside another one: the same calls of the SDK to both must come to the same. The other is `moto_server`
 * of the Python project moto; where it is not on PATH the comparison is skipped. Left out is where moto 5.2 falls short
 * of AWS: names with capitals, the order of parts, parts of what was aborted, pages of things, groups without a parent.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  AddThingToThingGroupCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  DescribeThingCommand,
  DescribeThingGroupCommand,
  IoTClient,
  ListThingGroupsForThingCommand,
  ListThingsInThingGroupCommand,
  RemoveThingFromThingGroupCommand,
} from '@aws-sdk/client-iot'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientOptions } from './clients.ts'
import { type Aws, startAws } from './server.ts'

const START_MS_MAX = 60_000

interface Clients {
  readonly s3: S3Client
  readonly sts: STSClient
  readonly iot: IoTClient
  /** Ids of uploads, by their keys; each stand-in has its own. */
  readonly uploads: Map<string, string>
  /** Of the parts that were uploaded. */
  readonly tags: object[]
}

type Step = readonly [name: string, run: (clients: Clients) => Promise<unknown>]

const Bucket = 'comparison'
const part = Buffer.alloc(5 * 1024 * 1024, 'p')

const put =
  (Key: string, Body: string | Buffer, rest: object = {}) =>
  async ({ s3 }: Clients) => {
    const { ETag, ChecksumSHA256 } = await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...rest }))
    return { ETag, ChecksumSHA256 }
  }
const get =
  (Key: string) =>
  async ({ s3 }: Clients) =>
    (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()
const head =
  (Key: string) =>
  async ({ s3 }: Clients) => {
    const found = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
    const { ContentLength, ContentType, ETag, Metadata, ChecksumSHA256 } = found
    return { ContentLength, ContentType, ETag, Metadata, ChecksumSHA256 }
  }
const list =
  (rest: object) =>
  async ({ s3 }: Clients) => {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, ...rest }))
    return {
      keys: page.Contents?.map(({ Key, Size }) => [Key, Size]),
      folders: page.CommonPrefixes?.map(({ Prefix }) => Prefix),
      isTruncated: page.IsTruncated,
    }
  }
const beginUpload =
  (Key: string) =>
  async ({ s3, uploads }: Clients) => {
    const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    uploads.set(Key, UploadId)
  }
const uploadPart =
  (Key: string, PartNumber: number, Body: Buffer | string) =>
  async ({ s3, uploads, tags }: Clients) => {
    const UploadId = uploads.get(Key) as string
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
    tags.push({ PartNumber, ETag })
    return ETag
  }
/** With the parts that were uploaded, unless others are named. */
const complete =
  (Key: string, parts?: object[]) =>
  async ({ s3, uploads, tags }: Clients) => {
    const UploadId = uploads.get(Key) as string
    const request = { Bucket, Key, UploadId, MultipartUpload: { Parts: parts ?? tags } }
    return (await s3.send(new CompleteMultipartUploadCommand(request))).ETag
  }

const createBucket = async ({ s3 }: Clients) => {
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
}

const partTag = '"00000000000000000000000000000000"'

const storage: readonly Step[] = [
  ['a bucket that is not there', ({ s3 }) => s3.send(new HeadBucketCommand({ Bucket }))],
  ['an object of it', get('a')],
  ['a bucket', createBucket],
  ['it again', createBucket],
  ['it is there', async ({ s3 }) => (await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion],
  ['where', async ({ s3 }) => (await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint],
  ['no tags', ({ s3 }) => s3.send(new GetBucketTaggingCommand({ Bucket }))],
  [
    'tags',
    async ({ s3 }) => {
      const TagSet = [{ Key: 'owner', Value: 'a & b' }]
      await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
      return (await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet
    },
  ],
  [
    'versioning',
    async ({ s3 }) => {
      const before = await s3.send(new GetBucketVersioningCommand({ Bucket }))
      const VersioningConfiguration = { Status: 'Enabled' } as const
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
      return [before.Status, (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status]
    },
  ],
  ['no object', get('a')],
  ['no head', head('a')],
  ['an object', put('a', 'first', { Metadata: { kind: 'x' }, ContentType: 'text/plain' })],
  ['an object with SHA-256', put('b/1', 'second', { ChecksumAlgorithm: 'SHA256' })],
  ['an object not to be replaced', put('a', 'third', { IfNoneMatch: '*' })],
  ['its content', get('a')],
  ['its head', head('a')],
  ['the head with a checksum', head('b/1')],
  ['more objects', put('b/2', 'x')],
  ['and more', put('c d+ä', 'y')],
  ['a list', list({})],
  ['a list of a prefix', list({ Prefix: 'b/' })],
  ['a list of folders', list({ Delimiter: '/' })],
  ['a page', list({ MaxKeys: 2 })],
  ['the rest', list({ StartAfter: 'b/1' })],
  ['an upload', beginUpload('big')],
  ['its first part', uploadPart('big', 1, part)],
  ['its last part', uploadPart('big', 2, 'end')],
  ['with a part unknown', complete('big', [{ PartNumber: 3, ETag: partTag }])],
  ['complete', complete('big')],
  ['what came of it', head('big')],
  ['another upload', beginUpload('gone')],
  [
    'aborted',
    async ({ s3, uploads }) => {
      const UploadId = uploads.get('gone') as string
      await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'gone', UploadId }))
    },
  ],
]

const thing = { thingName: 'core' }
const group = { thingGroupName: 'canary' }
const identity: readonly Step[] = [
  ['who calls', async ({ sts }) => (await sts.send(new GetCallerIdentityCommand({}))).Account],
  ['no group', ({ iot }) => iot.send(new DescribeThingGroupCommand(group))],
  ['no thing', ({ iot }) => iot.send(new DescribeThingCommand(thing))],
  [
    'a group',
    async ({ iot }) => {
      const properties = { thingGroupDescription: 'the first to get what is new' }
      const made = await iot.send(new CreateThingGroupCommand({ ...group, thingGroupProperties: properties }))
      const found = await iot.send(new DescribeThingGroupCommand(group))
      return [made.thingGroupArn, found.thingGroupArn, found.thingGroupProperties?.thingGroupDescription]
    },
  ],
  [
    'a group below',
    async ({ iot }) => {
      await iot.send(new CreateThingGroupCommand({ thingGroupName: 'below', parentGroupName: 'canary' }))
      const found = await iot.send(new DescribeThingGroupCommand({ thingGroupName: 'below' }))
      return found.thingGroupMetadata?.rootToParentThingGroups
    },
  ],
  ['a thing', async ({ iot }) => (await iot.send(new CreateThingCommand(thing))).thingArn],
  ['it again', async ({ iot }) => (await iot.send(new CreateThingCommand(thing))).thingArn],
  [
    'into no group',
    ({ iot }) => iot.send(new AddThingToThingGroupCommand({ ...thing, thingGroupName: 'no' })),
  ],
  [
    'nobody into a group',
    ({ iot }) => iot.send(new AddThingToThingGroupCommand({ ...group, thingName: 'no' })),
  ],
  [
    'into a group, twice',
    async ({ iot }) => {
      for (const _ of [1, 2]) await iot.send(new AddThingToThingGroupCommand({ ...thing, ...group }))
      return (await iot.send(new ListThingsInThingGroupCommand(group))).things
    },
  ],
  ['its groups', async ({ iot }) => (await iot.send(new ListThingGroupsForThingCommand(thing))).thingGroups],
  [
    'out of it',
    async ({ iot }) => {
      await iot.send(new RemoveThingFromThingGroupCommand({ ...thing, ...group }))
      const { things } = await iot.send(new ListThingsInThingGroupCommand(group))
      return things?.includes('core')
    },
  ],
]

/** An executable of PATH, or why there is none to use. */
function findOnPath(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

const motoServer = findOnPath('moto_server')

describe.skipIf(motoServer === undefined)(
  motoServer === undefined ? 'beside moto (skipped: moto_server is not on PATH)' : 'beside moto',
  () => {
    let aws: Aws
    let moto: ChildProcess
    let both: [Clients, Clients]
    beforeAll(async () => {
      aws = await startAws()
      const port = await freePort()
      // A group of its own: what is on PATH may be a script that starts the server as its child.
      moto = spawn(motoServer as string, ['-H', '127.0.0.1', '-p', String(port)], {
        stdio: 'ignore',
        detached: true,
      })
      await untilUp(`http://127.0.0.1:${port}/moto-api/`)
      both = [clientsOf(aws.endpoint), clientsOf(`http://127.0.0.1:${port}`)]
    }, START_MS_MAX)
    afterAll(async () => {
      for (const { s3, sts, iot } of both ?? []) for (const client of [s3, sts, iot]) client.destroy()
      if (moto?.pid !== undefined) {
        const ended = once(moto, 'exit')
        process.kill(-moto.pid, 'SIGKILL')
        await ended
      }
      await aws.close()
    })

    test.each([
      ['S3', storage],
      ['STS and thing groups', identity],
    ] as const)('%s', async (_, steps) => {
      const ours = []
      const theirs = []
      for (const [name, run] of steps) {
        ours.push([name, await outcome(run(both[0]))])
        theirs.push([name, await outcome(run(both[1]))])
      }
      expect(ours).toEqual(theirs)
    })
  },
)

/** Of a refusal its name and status; the words are each one's own. */
const outcome = (done: Promise<unknown>) =>
  done.then(
    (value) => value ?? 'done',
    (error: { name: string; $metadata?: { httpStatusCode?: number } }) => ({
      refused: error.name,
      status: error.$metadata?.httpStatusCode,
    }),
  )

function clientsOf(endpoint: string): Clients {
  const options = clientOptions(endpoint)
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sts: new STSClient(options),
    iot: new IoTClient(options),
    uploads: new Map(),
    tags: [],
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function untilUp(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await wait(100)
  }
}
