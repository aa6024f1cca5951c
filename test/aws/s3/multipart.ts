/**
 * Objects in parts. Source: S3 API reference, CreateMultipartUpload and its neighbours; S3 user guide, "Multipart upload
 * limits" and, for checksums of parts, "Checking object integrity".
 */
import { createHash, randomUUID } from 'node:crypto'
import { secondsNow } from '../account.ts'
import { insidesOf, textOf } from '../xml.ts'
import { digests, isAlgorithm, readContent } from './body.ts'
import { s3Error } from './errors.ts'
import { checkConditions, checksumHeaders, descriptionOf } from './objects.ts'
import { bucketOf, emptyAnswer, type S3Operation, type S3Request, xmlAnswer } from './operation.ts'
import type { Checksum, MultipartUpload, StoredBucket, StoredPart } from './state.ts'

/** Of every part but the last. */
const PART_BYTES_MIN = 5 * 1024 * 1024
const PARTS_MAX = 10_000

export const createMultipartUpload: S3Operation = {
  name: 'CreateMultipartUpload',
  action: 's3:PutObject',
  isChange: true,
  run: (account, request) => {
    const bucket = bucketOf(account, request)
    const algorithm = String(request.headers['x-amz-checksum-algorithm'] ?? '').toLowerCase()
    if (algorithm !== '' && !isAlgorithm(algorithm)) {
      throw s3Error('NotImplemented', `The stand-in does not compute checksums of the kind ${algorithm}`)
    }
    const checksumType =
      request.headers['x-amz-checksum-type'] === 'FULL_OBJECT' ? 'FULL_OBJECT' : 'COMPOSITE'
    if (checksumType === 'FULL_OBJECT' && algorithm !== 'crc32') {
      throw s3Error('InvalidRequest', `The FULL_OBJECT checksum type cannot be used with ${algorithm}`)
    }
    const id = randomUUID()
    bucket.uploads.set(id, {
      id,
      key: request.key,
      ...descriptionOf(request.headers),
      ...(isAlgorithm(algorithm) ? { algorithm } : {}),
      checksumType,
      parts: new Map(),
    })
    return xmlAnswer('InitiateMultipartUploadResult', { Bucket: bucket.name, Key: request.key, UploadId: id })
  },
}

export const uploadPart: S3Operation = {
  name: 'UploadPart',
  action: 's3:PutObject',
  isChange: true,
  run: (account, request) => {
    const { parts, algorithm } = uploadOf(bucketOf(account, request), request)
    const number = Number(request.url.searchParams.get('partNumber'))
    if (!Number.isInteger(number) || number < 1 || number > PARTS_MAX) {
      throw s3Error('InvalidArgument', `Part number must be an integer between 1 and ${PARTS_MAX}, inclusive`)
    }
    const part = readContent(request)
    if (algorithm !== undefined && part.checksum?.algorithm !== algorithm) {
      throw s3Error(
        'InvalidRequest',
        `Checksum Type mismatch occurred, expected checksum Type: ${algorithm}, actual checksum Type: ${part.checksum?.algorithm ?? 'null'}`,
      )
    }
    parts.set(number, part)
    return emptyAnswer({ etag: `"${part.etag}"`, ...checksumHeaders(part.checksum) })
  },
}

export const completeMultipartUpload: S3Operation = {
  name: 'CompleteMultipartUpload',
  action: 's3:PutObject',
  isChange: true,
  run: (account, request) => {
    const bucket = bucketOf(account, request)
    const upload = uploadOf(bucket, request)
    const parts = namedParts(upload, request.body.toString())
    checkConditions(bucket, request)
    const body = Buffer.concat(parts.map((part) => part.body))
    const md5s = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex')))
    const etag = `${createHash('md5').update(md5s).digest('hex')}-${parts.length}`
    const checksum = checksumOf(upload, parts, body)
    bucket.objects.set(upload.key, {
      body,
      etag,
      ...(checksum === undefined ? {} : { checksum }),
      contentType: upload.contentType,
      metadata: upload.metadata,
      modifiedAt: secondsNow(account),
    })
    bucket.uploads.delete(upload.id)
    return xmlAnswer('CompleteMultipartUploadResult', {
      Location: `http://s3.${account.region}.amazonaws.com/${bucket.name}/${upload.key}`,
      Bucket: bucket.name,
      Key: upload.key,
      ETag: `"${etag}"`,
      ...(checksum === undefined
        ? {}
        : {
            [`Checksum${checksum.algorithm.toUpperCase()}`]: checksum.value,
            ChecksumType: checksum.type,
          }),
    })
  },
}

export const abortMultipartUpload: S3Operation = {
  name: 'AbortMultipartUpload',
  isChange: true,
  run: (account, request) => {
    const bucket = bucketOf(account, request)
    bucket.uploads.delete(uploadOf(bucket, request).id)
    return emptyAnswer({}, 204)
  },
}

function uploadOf({ uploads }: StoredBucket, { url, key }: S3Request): MultipartUpload {
  const upload = uploads.get(url.searchParams.get('uploadId') ?? '')
  if (upload === undefined || upload.key !== key) {
    throw s3Error('NoSuchUpload', 'The specified multipart upload does not exist.')
  }
  return upload
}

/** The parts that the request names, each with the tag that it was answered with, in ascending order. */
function namedParts({ parts, algorithm, checksumType }: MultipartUpload, xml: string): readonly StoredPart[] {
  const named = insidesOf(xml, 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: (textOf(part, 'ETag') ?? '').replaceAll('"', ''),
    checksum: algorithm === undefined ? undefined : textOf(part, `Checksum${algorithm.toUpperCase()}`),
  }))
  if (named.length === 0) throw s3Error('MalformedXML', 'The XML you provided was not well-formed')
  if (named.some(({ number }, index) => number <= (named[index - 1]?.number ?? 0))) {
    throw s3Error('InvalidPartOrder', 'The list of parts was not in ascending order.')
  }
  return named.map(({ number, etag, checksum }, index) => {
    const part = parts.get(number)
    if (algorithm !== undefined && checksumType === 'COMPOSITE' && checksum === undefined) {
      throw s3Error(
        'InvalidRequest',
        `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
      )
    }
    const isOther = checksum !== undefined && checksum !== part?.checksum?.value
    if (part === undefined || part.etag !== etag || isOther) {
      throw s3Error(
        'InvalidPart',
        'One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match.',
        { PartNumber: String(number) },
      )
    }
    if (index < named.length - 1 && part.body.length < PART_BYTES_MIN) {
      throw s3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        PartNumber: String(number),
      })
    }
    return part
  })
}

/** A checksum of the parts' checksums, unless one of the whole was asked for. */
function checksumOf(
  { algorithm, checksumType }: MultipartUpload,
  parts: readonly StoredPart[],
  body: Buffer,
): Checksum | undefined {
  if (algorithm === undefined) return undefined
  const digest = digests[algorithm]
  if (checksumType === 'FULL_OBJECT') {
    return { algorithm, value: digest(body).toString('base64'), type: checksumType }
  }
  const all = Buffer.concat(parts.map(({ checksum }) => Buffer.from(checksum?.value ?? '', 'base64')))
  return { algorithm, value: `${digest(all).toString('base64')}-${parts.length}`, type: checksumType }
}
