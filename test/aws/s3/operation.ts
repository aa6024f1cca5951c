/** One operation of S3: a request to a bucket or an object, to an answer. */
import type { Account } from '../account.ts'
import type { ServiceAnswer, ServiceRequest } from '../service.ts'
import { document, type XmlElements } from '../xml.ts'
import { s3Error } from './errors.ts'
import type { StoredBucket } from './state.ts'

export interface S3Request extends ServiceRequest {
  readonly bucketName: string
  /** Empty where the request is to the bucket itself. */
  readonly key: string
}

export interface S3Operation {
  readonly name: string
  /** The IAM action if it has another name (Service Authorization Reference, "Amazon S3"). */
  readonly action?: string
  readonly isChange: boolean
  run(account: Account, request: S3Request): ServiceAnswer
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

export const xmlAnswer = (name: string, content: XmlElements | string): ServiceAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: document(name, content, NAMESPACE),
})

export const emptyAnswer = (headers: Readonly<Record<string, string>> = {}, status = 200): ServiceAnswer => ({
  status,
  headers,
  body: '',
})

/** The bucket of a request, if it is there, in this region, and the account's own. */
export function bucketOf(account: Account, { bucketName, headers }: S3Request): StoredBucket {
  const bucket = account.buckets.get(bucketName)
  if (bucket === undefined) {
    throw s3Error('NoSuchBucket', 'The specified bucket does not exist', { BucketName: bucketName })
  }
  const expected = headers['x-amz-expected-bucket-owner'] ?? account.accountId
  if (bucket.owner !== account.accountId || bucket.owner !== expected) {
    throw s3Error('AccessDenied', 'Access Denied')
  }
  if (bucket.region !== account.region) {
    throw s3Error(
      'PermanentRedirect',
      'The bucket you are attempting to access must be addressed using the specified endpoint.',
      { Bucket: bucketName, Region: bucket.region, Endpoint: `s3.${bucket.region}.amazonaws.com` },
    )
  }
  return bucket
}

/** ISO 8601, as S3's documents have times. */
export const isoTime = (seconds: number) => new Date(seconds * 1000).toISOString()
