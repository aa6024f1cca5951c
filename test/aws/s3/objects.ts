/** Objects in one piece, and lists of them. Source: S3 API reference, the operations' pages. */
import type { IncomingHttpHeaders } from 'node:http'
import { secondsNow } from '../account.ts'
import { readContent } from './body.ts'
import { s3Error } from './errors.ts'
import { bucketOf, emptyAnswer, isoTime, type S3Operation, type S3Request, xmlAnswer } from './operation.ts'
import type { Checksum, StoredBucket, StoredObject } from './state.ts'

/** API reference, ListObjectsV2: keys of a page. */
const LIST_MAX = 1000

export const putObject: S3Operation = {
  name: 'PutObject',
  isChange: true,
  run: (account, request) => {
    const bucket = bucketOf(account, request)
    if (request.headers['x-amz-copy-source'] !== undefined) {
      throw s3Error('NotImplemented', 'The stand-in does not copy objects')
    }
    const content = readContent(request)
    checkConditions(bucket, request)
    bucket.objects.set(request.key, {
      ...content,
      ...descriptionOf(request.headers),
      modifiedAt: secondsNow(account),
    })
    return emptyAnswer({ etag: `"${content.etag}"`, ...checksumHeaders(content.checksum) })
  },
}

export const headObject: S3Operation = {
  name: 'HeadObject',
  action: 's3:GetObject',
  isChange: false,
  run: (account, request) =>
    emptyAnswer(headersOf(objectOf(bucketOf(account, request), request.key), request)),
}

export const getObject: S3Operation = {
  name: 'GetObject',
  isChange: false,
  run: (account, request) => {
    const object = objectOf(bucketOf(account, request), request.key)
    return { status: 200, headers: headersOf(object, request), body: object.body }
  },
}

export const deleteObject: S3Operation = {
  name: 'DeleteObject',
  isChange: true,
  run: (account, request) => {
    bucketOf(account, request).objects.delete(request.key)
    return emptyAnswer({}, 204)
  },
}

export const listObjects: S3Operation = {
  name: 'ListObjectsV2',
  action: 's3:ListBucket',
  isChange: false,
  run: (account, request) => {
    const bucket = bucketOf(account, request)
    const query = request.url.searchParams
    const prefix = query.get('prefix') ?? ''
    const delimiter = query.get('delimiter') ?? ''
    const limit = Math.min(Number(query.get('max-keys') ?? LIST_MAX), LIST_MAX, account.pageMax)
    const token = query.get('continuation-token')
    const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64').toString()
    const found = entriesOf(bucket, prefix, delimiter).filter(({ name }) => name > after)
    const entries = found.slice(0, limit)
    const isTruncated = found.length > entries.length
    return xmlAnswer('ListBucketResult', {
      Name: bucket.name,
      Prefix: prefix,
      ...(delimiter === '' ? {} : { Delimiter: delimiter }),
      MaxKeys: limit,
      KeyCount: entries.length,
      IsTruncated: isTruncated,
      ...(isTruncated
        ? { NextContinuationToken: Buffer.from(entries.at(-1)?.name ?? '').toString('base64') }
        : {}),
      Contents: entries.flatMap(({ name, object }) =>
        object === undefined
          ? []
          : [
              {
                Key: name,
                LastModified: isoTime(object.modifiedAt),
                ETag: `"${object.etag}"`,
                Size: object.body.length,
                StorageClass: 'STANDARD',
              },
            ],
      ),
      CommonPrefixes: entries.flatMap(({ name, object }) => (object === undefined ? [{ Prefix: name }] : [])),
    })
  },
}

/** An object by its key, or a common prefix, which has none. */
interface Entry {
  readonly name: string
  readonly object?: StoredObject
}

function entriesOf({ objects }: StoredBucket, prefix: string, delimiter: string): readonly Entry[] {
  const entries = new Map<string, Entry>()
  for (const [key, object] of objects) {
    if (!key.startsWith(prefix)) continue
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const name = end < 0 ? key : key.slice(0, end + delimiter.length)
    entries.set(name, end < 0 ? { name, object } : { name })
  }
  return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** S3 user guide, "Conditional writes". */
export function checkConditions({ objects }: StoredBucket, { headers, key }: S3Request): void {
  const known = objects.get(key)
  const isPresentRefused = headers['if-none-match'] === '*' && known !== undefined
  const match = headers['if-match']
  if (match !== undefined && known === undefined) {
    throw s3Error('NoSuchKey', 'The specified key does not exist.', { Key: key })
  }
  if (isPresentRefused || (match !== undefined && match.replaceAll('"', '') !== known?.etag)) {
    throw s3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      Condition: isPresentRefused ? 'If-None-Match' : 'If-Match',
    })
  }
}

export const descriptionOf = (headers: IncomingHttpHeaders) => ({
  contentType: headers['content-type'] ?? 'binary/octet-stream',
  metadata: Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(METADATA))
      .map(([name, value]) => [name.slice(METADATA.length), String(value)]),
  ),
})

const METADATA = 'x-amz-meta-'

export const checksumHeaders = (checksum: Checksum | undefined): Readonly<Record<string, string>> =>
  checksum === undefined
    ? {}
    : { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value, 'x-amz-checksum-type': checksum.type }

function objectOf({ objects }: StoredBucket, key: string): StoredObject {
  const object = objects.get(key)
  if (object === undefined) throw s3Error('NoSuchKey', 'The specified key does not exist.', { Key: key })
  return object
}

/** Checksums are told to those who ask for them only. */
const headersOf = (object: StoredObject, { headers }: S3Request) => ({
  'content-length': String(object.body.length),
  'content-type': object.contentType,
  'last-modified': new Date(object.modifiedAt * 1000).toUTCString(),
  etag: `"${object.etag}"`,
  ...Object.fromEntries(Object.entries(object.metadata).map(([name, value]) => [METADATA + name, value])),
  ...(headers['x-amz-checksum-mode'] === 'ENABLED' ? checksumHeaders(object.checksum) : {}),
})
