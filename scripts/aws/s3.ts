/**
 * The bucket of the artifacts. Every request names the account that the bucket must belong to: a bucket of another
 * account under the expected name is an error, not a place to put code. Source: Amazon S3 API reference, the actions
 * named beside, and "Checking object integrity".
 */
import { createHash } from 'node:crypto'
import { type AwsOptions, callsOf, clientConfig } from './client.ts'
import { AwsProblem } from './problem.ts'

export interface StoredObject {
  readonly bytes: number
  /** SHA-256 of the whole content, hexadecimal; absent when S3 knows only a checksum of another kind. */
  readonly sha256?: string
}

export interface UploadOptions {
  readonly sha256: string
  readonly onProgress?: (bytes: number) => void
  readonly signal?: AbortSignal
}

/** What a bucket of artifacts should be. */
export interface BucketSettings {
  readonly isPrivate: boolean
  readonly isEncrypted: boolean
  readonly isVersioned: boolean
  readonly isTagged: boolean
}

export interface ArtifactBucket {
  /** HeadBucket: its region, or `undefined` if there is no such bucket. */
  find(): Promise<{ readonly region: string } | undefined>
  /** HeadObject. */
  object(key: string): Promise<StoredObject | undefined>
  /** GetObject: SHA-256 of the content, hexadecimal. */
  readSha256(key: string): Promise<string>
  /** PutObject, or the parts of a multipart upload. Never replaces an object: that is the problem `already-exists`. */
  upload(key: string, content: Uint8Array, options: UploadOptions): Promise<void>
  /** CreateBucket. */
  create(): Promise<void>
  /** GetPublicAccessBlock, GetBucketEncryption, GetBucketVersioning, GetBucketTagging. */
  settings(): Promise<BucketSettings>
  /** PutPublicAccessBlock: nothing of it can be made public. */
  makePrivate(): Promise<void>
  /** PutBucketEncryption, with keys that S3 manages. */
  encrypt(): Promise<void>
  /** PutBucketVersioning: an artifact that is deleted by accident can be had back. */
  makeVersioned(): Promise<void>
  /** PutBucketTagging. */
  tag(tags: Readonly<Record<string, string>>): Promise<void>
  close(): void
}

/** Above this an object goes in parts: of a lost connection only a part is sent again. */
const PART_BYTES = 8 * 1024 * 1024
/** An artifact part of 8 MB over 1 Mbit/s takes 67 s. */
const REQUEST_TIMEOUT_MS = 120_000
/** Where we keep the checksum of the whole: of an object in parts S3 knows only a checksum of checksums. */
const SHA256_METADATA = 'sha256'

/** @param owner the account that the bucket must belong to */
export async function openArtifactBucket(
  bucket: string,
  owner: string,
  options: AwsOptions,
): Promise<ArtifactBucket> {
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client({
    ...clientConfig(options, REQUEST_TIMEOUT_MS),
    // An endpoint of one's own has no name for each bucket.
    forcePathStyle: options.endpoint !== undefined,
  })
  const { region, call, find } = await callsOf('s3', client, options, 0)
  const ours = { Bucket: bucket, ExpectedBucketOwner: owner }

  return {
    find: async () => {
      const found = await find('HeadBucket', () => client.send(new sdk.HeadBucketCommand(ours))).catch(
        (error: unknown) => {
          if (!(error instanceof AwsProblem)) throw error
          const elsewhere = regionTold(error)
          if (elsewhere !== undefined && elsewhere !== region) return { BucketRegion: elsewhere }
          if (error.code !== 'access-denied') throw error
          const text = `${error.message} S3 answers so too when the bucket ${bucket} belongs to another account than ${owner}.`
          throw new AwsProblem(error.code, error.action, text, { cause: error })
        },
      )
      return found === undefined ? undefined : { region: found.BucketRegion ?? region }
    },

    object: async (Key) => {
      const request = { ...ours, Key, ChecksumMode: 'ENABLED' } as const
      const found = await find('HeadObject', () => client.send(new sdk.HeadObjectCommand(request)))
      if (found === undefined) return undefined
      const sha256 = found.Metadata?.[SHA256_METADATA] ?? wholeSha256(found.ChecksumSHA256)
      return { bytes: found.ContentLength ?? 0, ...(sha256 === undefined ? {} : { sha256 }) }
    },

    readSha256: (Key) =>
      call('GetObject', async () => {
        const { Body } = await client.send(new sdk.GetObjectCommand({ ...ours, Key }))
        const hash = createHash('sha256')
        for await (const piece of Body as AsyncIterable<Uint8Array>) hash.update(piece)
        return hash.digest('hex')
      }),

    upload: async (Key, Body, { sha256, onProgress, signal }) => {
      const request = { ...ours, Key, Body, Metadata: { [SHA256_METADATA]: sha256 }, IfNoneMatch: '*' }
      if (Body.length <= PART_BYTES) {
        const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64')
        const command = new sdk.PutObjectCommand({ ...request, ChecksumSHA256 })
        await call('PutObject', () =>
          client.send(command, signal === undefined ? {} : { abortSignal: signal }),
        )
        return
      }
      const { Upload } = await import('@aws-sdk/lib-storage')
      await call('PutObject', async () => {
        // Each part goes with its own SHA-256; if the upload fails its parts are taken away again.
        const upload = new Upload({
          client: interruptible(client, sdk.AbortMultipartUploadCommand, signal),
          params: { ...request, ChecksumAlgorithm: 'SHA256' },
          partSize: PART_BYTES,
        })
        upload.on('httpUploadProgress', ({ loaded = 0 }) => onProgress?.(loaded))
        await upload.done()
      })
    },

    create: async () => {
      // API reference, CreateBucket: the first region is the one that must not be named.
      const place =
        region === 'us-east-1'
          ? {}
          : { CreateBucketConfiguration: { LocationConstraint: region as LocationConstraint } }
      await call('CreateBucket', () =>
        client.send(
          new sdk.CreateBucketCommand({ Bucket: bucket, ObjectOwnership: 'BucketOwnerEnforced', ...place }),
        ),
      )
    },

    settings: async () => {
      // A setting that was never made is not found.
      const access = await find('GetPublicAccessBlock', () =>
        client.send(new sdk.GetPublicAccessBlockCommand(ours)),
      )
      const encryption = await find('GetBucketEncryption', () =>
        client.send(new sdk.GetBucketEncryptionCommand(ours)),
      )
      const versioning = await find('GetBucketVersioning', () =>
        client.send(new sdk.GetBucketVersioningCommand(ours)),
      )
      const tagging = await find('GetBucketTagging', () => client.send(new sdk.GetBucketTaggingCommand(ours)))
      const block = access?.PublicAccessBlockConfiguration
      return {
        isPrivate: Object.keys(ALL_BLOCKED).every((key) => block?.[key as keyof typeof ALL_BLOCKED] === true),
        isEncrypted: (encryption?.ServerSideEncryptionConfiguration?.Rules ?? []).length > 0,
        isVersioned: versioning?.Status === 'Enabled',
        isTagged: (tagging?.TagSet ?? []).length > 0,
      }
    },

    makePrivate: async () => {
      const request = { ...ours, PublicAccessBlockConfiguration: ALL_BLOCKED }
      await call('PutPublicAccessBlock', () => client.send(new sdk.PutPublicAccessBlockCommand(request)))
    },

    encrypt: async () => {
      const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }]
      const request = { ...ours, ServerSideEncryptionConfiguration: { Rules } }
      await call('PutBucketEncryption', () => client.send(new sdk.PutBucketEncryptionCommand(request)))
    },

    makeVersioned: async () => {
      const request = { ...ours, VersioningConfiguration: { Status: 'Enabled' as const } }
      await call('PutBucketVersioning', () => client.send(new sdk.PutBucketVersioningCommand(request)))
    },

    tag: async (tags) => {
      const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
      const request = { ...ours, Tagging: { TagSet } }
      await call('PutBucketTagging', () => client.send(new sdk.PutBucketTaggingCommand(request)))
    },

    close: () => client.destroy(),
  }
}

/**
 * The client, with all its requests ended by the signal, but the one that takes the parts away. The upload's own way to
 * be aborted gives up before that.
 */
function interruptible(
  client: S3Client,
  Cleanup: typeof import('@aws-sdk/client-s3').AbortMultipartUploadCommand,
  signal: AbortSignal | undefined,
): S3Client {
  const send = (command: Parameters<S3Client['send']>[0]) =>
    client.send(command, signal === undefined || command instanceof Cleanup ? {} : { abortSignal: signal })
  return Object.create(client, { send: { value: send } }) as S3Client
}

/**
 * Of a bucket in another region S3 refuses the request, in a way that depends on the region, and names the right one in
 * a header: user guide, "Bucket region redirects". Who may not see the bucket is told no more than that.
 */
function regionTold({ code, cause }: AwsProblem): string | undefined {
  const { $response, $metadata } = cause as {
    $response?: { headers?: Readonly<Record<string, string>> }
    $metadata?: { httpStatusCode?: number }
  }
  if (code !== 'elsewhere' && $metadata?.httpStatusCode !== 400) return undefined
  return $response?.headers?.['x-amz-bucket-region']
}

type S3Client = import('@aws-sdk/client-s3').S3Client
type LocationConstraint = import('@aws-sdk/client-s3').BucketLocationConstraint

const ALL_BLOCKED = {
  BlockPublicAcls: true,
  BlockPublicPolicy: true,
  IgnorePublicAcls: true,
  RestrictPublicBuckets: true,
} as const

/** Of an object in parts the checksum is one of checksums, and ends in their number: `…=-3`. */
function wholeSha256(base64: string | undefined): string | undefined {
  return base64 === undefined || /-\d+$/.test(base64)
    ? undefined
    : Buffer.from(base64, 'base64').toString('hex')
}
