/**
 * Amazon S3, as far as publishing and setting up need it, in path style: an address that is a number has no name for
 * each bucket. Source: S3 API reference.
 */
import type { Account } from '../account.ts'
import type { Service, ServiceRequest } from '../service.ts'
import { createBucket, getBucketLocation, headBucket, settingOperation } from './buckets.ts'
import { refuse, s3Error } from './errors.ts'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from './multipart.ts'
import { deleteObject, getObject, headObject, listObjects, putObject } from './objects.ts'
import type { S3Operation, S3Request } from './operation.ts'

export const s3Service = (account: Account): Service => ({
  signingName: 's3',
  handle: async (plain, context) => {
    const request = withPlace(plain)
    const operation = request.key === '' ? bucketOperation(request) : objectOperation(request)
    if (operation === undefined) {
      throw s3Error('NotImplemented', `No operation is at ${request.method} ${request.url}`)
    }
    const { name, action, isChange } = operation
    const call = {
      operation: name,
      input: inputOf(request),
      isChange,
      ...(action === undefined ? {} : { action }),
    }
    return context.perform(call, () => operation.run(account, request))
  },
  refuse,
})

function withPlace(request: ServiceRequest): S3Request {
  const [, bucketName = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(request.url.pathname) ?? []
  return { ...request, bucketName: decodeURIComponent(bucketName), key: decodeURIComponent(key) }
}

function bucketOperation(request: S3Request): S3Operation | undefined {
  const { method, url, bucketName } = request
  if (bucketName === '') return undefined
  if (url.searchParams.has('location')) return method === 'GET' ? getBucketLocation : undefined
  if (url.searchParams.get('list-type') === '2') return method === 'GET' ? listObjects : undefined
  const setting = settingOperation(request)
  if (setting !== undefined) return setting
  // What has a query of another kind is another operation.
  const isPlain = [...url.searchParams.keys()].every((name) => name === 'x-id')
  return isPlain ? { PUT: createBucket, HEAD: headBucket }[method] : undefined
}

function objectOperation({ method, url }: S3Request): S3Operation | undefined {
  if (url.searchParams.has('uploads')) return method === 'POST' ? createMultipartUpload : undefined
  if (url.searchParams.has('uploadId')) {
    return { PUT: uploadPart, POST: completeMultipartUpload, DELETE: abortMultipartUpload }[method]
  }
  return { PUT: putObject, HEAD: headObject, GET: getObject, DELETE: deleteObject }[method]
}

/** What the log of calls shows, by the members' names in the API. */
function inputOf({ bucketName, key, url, body }: S3Request) {
  const part = url.searchParams.get('partNumber')
  const upload = url.searchParams.get('uploadId')
  const prefix = url.searchParams.get('prefix')
  return {
    Bucket: bucketName,
    ...(key === '' ? {} : { Key: key }),
    ...(part === null ? {} : { PartNumber: Number(part) }),
    ...(upload === null ? {} : { UploadId: upload }),
    ...(prefix === null ? {} : { Prefix: prefix }),
    ...(body.length === 0 ? {} : { bytes: body.length }),
  }
}
