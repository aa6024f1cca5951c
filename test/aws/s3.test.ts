/** S3 of the stand-in, with the real SDK: what was sent is what is kept, or it is refused. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { clientOptions } from './clients.ts'
import { addBucket } from './s3/state.ts'
import { type Aws, EXPIRED_KEY, startAws } from './server.ts'

const Bucket = 'artifacts-eu-west-1-123456789012'
const MEGABYTE = 1024 * 1024
const base64Of = (body: string | Buffer) => createHash('sha256').update(body).digest('base64')

let aws: Aws
let client: S3Client
const clientOf = (accessKeyId?: string) =>
  new S3Client({ ...clientOptions(aws.endpoint, accessKeyId), forcePathStyle: true })
beforeAll(async () => {
  aws = await startAws({ pageMax: 2 })
  client = clientOf()
})
beforeEach(() => {
  aws.account.buckets.clear()
  aws.clearFaults()
  aws.deniedActions.clear()
  addBucket(aws.account, { name: Bucket })
})
afterAll(async () => {
  client.destroy()
  await aws.close()
})

const put = (Key: string, Body: string | Buffer, rest: object = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...rest }))
const bodyOf = async (Key: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()

describe('a bucket', () => {
  const create = (name: string, LocationConstraint = 'eu-west-1') =>
    client.send(
      new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint } as object }),
    )
  const refused = [
    { name: 'with capitals', bucket: 'Bucket', error: 'InvalidBucketName' },
    { name: 'that looks like an address', bucket: '192.168.5.4', error: 'InvalidBucketName' },
    {
      name: 'in another region',
      bucket: 'other',
      at: 'us-west-2',
      error: 'IllegalLocationConstraintException',
    },
    { name: 'that is there', bucket: Bucket, error: 'BucketAlreadyOwnedByYou' },
    { name: "under somebody else's name", bucket: 'foreign', error: 'BucketAlreadyExists' },
  ]
  test.each(refused)('$name is refused', async ({ bucket, at, error }) => {
    addBucket(aws.account, { name: 'foreign', owner: '999999999999' })
    await expect(create(bucket, at)).rejects.toMatchObject({ name: error })
  })

  test('is private and encrypted from its beginning, and not versioned', async () => {
    await create('new-bucket')
    const of = { Bucket: 'new-bucket' }
    expect(await client.send(new HeadBucketCommand(of))).toMatchObject({ BucketRegion: 'eu-west-1' })
    expect(await client.send(new GetBucketLocationCommand(of))).toMatchObject({
      LocationConstraint: 'eu-west-1',
    })
    const { PublicAccessBlockConfiguration } = await client.send(new GetPublicAccessBlockCommand(of))
    expect(Object.values(PublicAccessBlockConfiguration ?? {})).toEqual([true, true, true, true])
    const { ServerSideEncryptionConfiguration } = await client.send(new GetBucketEncryptionCommand(of))
    expect(ServerSideEncryptionConfiguration?.Rules).toMatchObject([
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
    ])
    expect((await client.send(new GetBucketVersioningCommand(of))).Status).toBeUndefined()
  })

  test('from before that has no settings, and takes them', async () => {
    const of = { Bucket }
    await expect(client.send(new GetPublicAccessBlockCommand(of))).rejects.toMatchObject({
      name: 'NoSuchPublicAccessBlockConfiguration',
    })
    await expect(client.send(new GetBucketTaggingCommand(of))).rejects.toMatchObject({ name: 'NoSuchTagSet' })
    await expect(client.send(new GetBucketPolicyCommand(of))).rejects.toMatchObject({
      name: 'NoSuchBucketPolicy',
    })
    const TagSet = [{ Key: 'a & b', Value: '<c>' }]
    await client.send(new PutBucketTaggingCommand({ ...of, Tagging: { TagSet } }))
    await client.send(
      new PutBucketVersioningCommand({ ...of, VersioningConfiguration: { Status: 'Enabled' } }),
    )
    await client.send(new PutBucketPolicyCommand({ ...of, Policy: '{"Statement":[]}' }))
    expect((await client.send(new GetBucketTaggingCommand(of))).TagSet).toEqual(TagSet)
    expect((await client.send(new GetBucketVersioningCommand(of))).Status).toBe('Enabled')
    expect((await client.send(new GetBucketPolicyCommand(of))).Policy).toBe('{"Statement":[]}')
  })

  const unreachable = [
    { name: 'nowhere', bucket: {}, status: 404, get: 'NoSuchBucket' },
    { name: 'foreign', bucket: { owner: '999999999999' }, status: 403, get: 'AccessDenied' },
    { name: 'elsewhere', bucket: { region: 'us-west-2' }, status: 301, get: 'PermanentRedirect' },
  ]
  test.each(unreachable)('$name', async ({ name, bucket, status, get }) => {
    if (name !== 'nowhere') addBucket(aws.account, { name, ...bucket })
    await expect(client.send(new HeadBucketCommand({ Bucket: name }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: status },
    })
    await expect(client.send(new GetObjectCommand({ Bucket: name, Key: 'k' }))).rejects.toMatchObject({
      name: get,
    })
  })

  test('is refused to who expects another owner', async () => {
    await expect(put('k', 'x', { ExpectedBucketOwner: '999999999999' })).rejects.toMatchObject({
      name: 'AccessDenied',
    })
  })
})

describe('an object', () => {
  test('comes back as it was sent, with what was said of it', async () => {
    const Key = 'a folder/ä+1.zip'
    const { ETag } = await put(Key, 'content', { Metadata: { kind: 'x' }, ContentType: 'application/zip' })
    expect(ETag).toBe('"9a0364b9e99bb480dd25e1f0284c8555"')
    expect(await bodyOf(Key)).toBe('content')
    expect(await client.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject({
      ContentLength: 7,
      ContentType: 'application/zip',
      Metadata: { kind: 'x' },
      ETag,
    })
  })

  test('tells its checksum to those who ask', async () => {
    await put('k', 'content', { ChecksumAlgorithm: 'SHA256' })
    const head = (rest: object) => client.send(new HeadObjectCommand({ Bucket, Key: 'k', ...rest }))
    expect((await head({})).ChecksumSHA256).toBeUndefined()
    expect(await head({ ChecksumMode: 'ENABLED' })).toMatchObject({
      ChecksumSHA256: base64Of('content'),
      ChecksumType: 'FULL_OBJECT',
    })
    await put('k', 'content')
    expect((await head({ ChecksumMode: 'ENABLED' })).ChecksumCRC32).toBe('/sUwqQ==')
  })

  test('with the checksum of something else is refused, and nothing is kept', async () => {
    await expect(put('k', 'content', { ChecksumSHA256: base64Of('other') })).rejects.toMatchObject({
      name: 'BadDigest',
    })
    await expect(put('k', 'content', { ChecksumSHA256: 'c2hvcnQ=' })).rejects.toMatchObject({
      name: 'InvalidRequest',
    })
    await expect(put('k', 'content', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' })).rejects.toMatchObject({
      name: 'BadDigest',
    })
    await expect(bodyOf('k')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  test('in chunks with a trailing checksum', async () => {
    const Body = Readable.from([Buffer.from('first '), Buffer.from('second')], { objectMode: false })
    await client.send(
      new PutObjectCommand({ Bucket, Key: 'k', Body, ContentLength: 12, ChecksumAlgorithm: 'SHA256' }),
    )
    // More arrived than was kept: the sizes of the chunks, and the trailer.
    expect(aws.calls.at(-1)?.input.bytes).toBeGreaterThan(12)
    expect(await bodyOf('k')).toBe('first second')
    expect(aws.account.buckets.get(Bucket)?.objects.get('k')?.checksum?.value).toBe(base64Of('first second'))
  })

  test('a chunked body that was cut short, or whose trailer does not fit, is refused', async () => {
    const { readContent } = await import('./s3/body.ts')
    const read = (body: string) =>
      readContent({
        method: 'PUT',
        url: new URL('http://aws/b/k'),
        headers: { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
        body: Buffer.from(body),
      })
    const trailer = (text: string) => `x-amz-checksum-sha256:${base64Of(text)}\r\n\r\n`
    expect(read(`3\r\nabc\r\n0\r\n${trailer('abc')}`).body.toString()).toBe('abc')
    expect(() => read('5\r\nabc\r\n')).toThrow('terminated unexpectedly')
    expect(() => read('abc')).toThrow('terminated unexpectedly')
    expect(() => read(`3\r\nabc\r\n0\r\n${trailer('abd')}`)).toThrow('did not match')
  })

  test('is not replaced where the request says so', async () => {
    await put('k', 'first', { IfNoneMatch: '*' })
    await expect(put('k', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
    expect(await bodyOf('k')).toBe('first')
    await expect(put('k', 'second', { IfMatch: '"other"' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
    await put('k', 'second')
    expect(await bodyOf('k')).toBe('second')
  })

  test('that is deleted is gone, and can be deleted again', async () => {
    await put('k', 'x')
    for (const _ of [1, 2]) await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject({
      name: 'NotFound',
    })
  })

  test('lists come in order and in pages, by prefix, and folders as one', async () => {
    for (const key of ['b/2', 'a', 'b/1', 'c', 'b/3/x']) await put(key, key)
    const keys: unknown[] = []
    let ContinuationToken: string | undefined
    do {
      const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken, Prefix: '' }))
      expect(page.KeyCount).toBeLessThanOrEqual(2)
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key))
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
    expect(keys).toEqual(['a', 'b/1', 'b/2', 'b/3/x', 'c'])
    const folders = await client.send(new ListObjectsV2Command({ Bucket, Delimiter: '/', StartAfter: 'a' }))
    expect([folders.CommonPrefixes, folders.Contents?.map(({ Key }) => Key)]).toEqual([
      [{ Prefix: 'b/' }],
      ['c'],
    ])
    const below = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'b/', Delimiter: '/' }))
    expect(below.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([
      ['b/1', 3],
      ['b/2', 3],
    ])
  })
})

describe('an upload in parts', () => {
  const Key = 'big.zip'
  const large = Buffer.alloc(5 * MEGABYTE, 'a')
  const create = async (rest: object = {}) =>
    (await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...rest }))).UploadId as string
  const part = (UploadId: string, PartNumber: number, Body: Buffer, rest: object = {}) =>
    client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...rest }))
  const complete = (UploadId: string, Parts: object[], rest: object = {}) =>
    client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...rest }),
    )

  test('of the SDK arrives whole, with a checksum of checksums', async () => {
    const body = Buffer.concat([large, Buffer.alloc(MEGABYTE, 'b'), large, Buffer.from('end')])
    await new Upload({
      client,
      params: { Bucket, Key, Body: body, ChecksumAlgorithm: 'SHA256', Metadata: { kind: 'zip' } },
      partSize: 5 * MEGABYTE,
    }).done()
    const bucket = aws.account.buckets.get(Bucket)
    expect(bucket?.objects.get(Key)?.body.equals(body)).toBe(true)
    expect(bucket?.uploads.size).toBe(0)
    const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
    const sums = [0, 5, 10].map((from) =>
      createHash('sha256')
        .update(body.subarray(from * MEGABYTE, (from + 5) * MEGABYTE))
        .digest(),
    )
    expect(head).toMatchObject({
      ChecksumSHA256: `${base64Of(Buffer.concat(sums))}-3`,
      ChecksumType: 'COMPOSITE',
      Metadata: { kind: 'zip' },
      ETag: expect.stringMatching(/^"[0-9a-f]{32}-3"$/),
    })
  })

  test('that fails is taken away again by the SDK', async () => {
    aws.fault({ operation: 'UploadPart', skip: 1, effect: { kind: 'error', code: 'AccessDenied' } })
    const upload = new Upload({
      client,
      params: { Bucket, Key, Body: Buffer.alloc(12 * MEGABYTE) },
      partSize: 5 * MEGABYTE,
      queueSize: 1,
    })
    await expect(upload.done()).rejects.toMatchObject({ name: 'AccessDenied' })
    expect(aws.account.buckets.get(Bucket)?.uploads.size).toBe(0)
    expect(aws.account.buckets.get(Bucket)?.objects.size).toBe(0)
  })

  test('is refused with parts that are wrong', async () => {
    const id = await create()
    const { ETag: first } = await part(id, 1, large)
    const { ETag: second } = await part(id, 2, Buffer.from('x'))
    const cases: [string, object[]][] = [
      ['InvalidPart', [{ PartNumber: 1, ETag: second }]],
      ['InvalidPart', [{ PartNumber: 3, ETag: first }]],
      [
        'InvalidPartOrder',
        [
          { PartNumber: 2, ETag: second },
          { PartNumber: 1, ETag: first },
        ],
      ],
    ]
    for (const [name, parts] of cases) await expect(complete(id, parts)).rejects.toMatchObject({ name })
    const { ETag: third } = await part(id, 3, Buffer.from('y'))
    await expect(
      complete(id, [
        { PartNumber: 2, ETag: second },
        { PartNumber: 3, ETag: third },
      ]),
    ).rejects.toMatchObject({ name: 'EntityTooSmall' })
    await complete(id, [
      { PartNumber: 1, ETag: first },
      { PartNumber: 2, ETag: second },
    ])
    expect(aws.account.buckets.get(Bucket)?.objects.get(Key)?.body.length).toBe(5 * MEGABYTE + 1)
  })

  test('with checksums asks for that of each part', async () => {
    const id = await create({ ChecksumAlgorithm: 'SHA256' })
    await expect(part(id, 1, Buffer.from('x'), { ChecksumAlgorithm: 'CRC32' })).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining('expected checksum Type: sha256'),
    })
    const { ETag } = await part(id, 1, Buffer.from('x'), { ChecksumAlgorithm: 'SHA256' })
    await expect(complete(id, [{ PartNumber: 1, ETag }])).rejects.toMatchObject({
      message: expect.stringContaining('must include the checksum for each part'),
    })
    await complete(id, [{ PartNumber: 1, ETag, ChecksumSHA256: base64Of('x') }])
  })

  test('does not replace an object where the request says so, and can be aborted once', async () => {
    await put(Key, 'there')
    const id = await create()
    const { ETag } = await part(id, 1, Buffer.from('x'))
    await expect(complete(id, [{ PartNumber: 1, ETag }], { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: id }))
    await expect(part(id, 2, Buffer.from('y'))).rejects.toMatchObject({ name: 'NoSuchUpload' })
    expect(await bodyOf(Key)).toBe('there')
  })
})

describe('who may not', () => {
  test('is told so in the words of S3', async () => {
    const strangers = [
      ['AKIAUNKNOWN', 'InvalidAccessKeyId'],
      [EXPIRED_KEY, 'ExpiredToken'],
    ] as const
    for (const [key, name] of strangers) {
      const stranger = clientOf(key)
      await expect(stranger.send(new GetObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject({ name })
      stranger.destroy()
    }
  })

  test('by the names of the actions, which are not those of the operations', async () => {
    aws.deniedActions.add('s3:PutObject')
    const part = { Bucket, Key: 'k', UploadId: 'u', PartNumber: 1, Body: 'x' }
    for (const command of [
      new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }),
      new CreateMultipartUploadCommand({ Bucket, Key: 'k' }),
      new UploadPartCommand(part),
    ]) {
      await expect(client.send(command as PutObjectCommand)).rejects.toMatchObject({ name: 'AccessDenied' })
    }
    aws.deniedActions.add('s3:ListBucket')
    await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    })
  })

  test('throttling has its own name and status', async () => {
    aws.fault({ service: 's3', effect: { kind: 'error', code: 'ThrottlingException' } })
    await expect(put('k', 'x')).rejects.toMatchObject({
      name: 'SlowDown',
      $metadata: { httpStatusCode: 503 },
    })
  })
})

test('the log of calls has services, names and what changed', async () => {
  aws.calls.length = 0
  await put('k', 'x')
  await bodyOf('k')
  expect(aws.calls.map(({ service, operation, input }) => [service, operation, input])).toEqual([
    ['s3', 'PutObject', { Bucket, Key: 'k', bytes: 1 }],
    ['s3', 'GetObject', { Bucket, Key: 'k' }],
  ])
  expect(aws.changes('s3').map(({ operation }) => operation)).toEqual(['PutObject'])
  expect(aws.changes('iot')).toEqual([])
})
