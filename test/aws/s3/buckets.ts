/**
 * Buckets and their settings. Source: S3 API reference, CreateBucket and the Get and Put operations of the subresources;
 * S3 user guide, "Bucket naming rules" and "Default settings for new buckets".
 */

import { textOf, toXml } from '../xml.ts'
import { readContent } from './body.ts'
import { s3Error } from './errors.ts'
import { bucketOf, emptyAnswer, type S3Operation, type S3Request, xmlAnswer } from './operation.ts'
import { addBucket } from './state.ts'

const NAME = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export const createBucket: S3Operation = {
  name: 'CreateBucket',
  isChange: true,
  run: (account, request) => {
    const { bucketName } = request
    if (!NAME.test(bucketName) || bucketName.includes('..')) {
      throw s3Error('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: bucketName })
    }
    checkLocation(account.region, textOf(readContent(request).body.toString(), 'LocationConstraint'))
    const known = account.buckets.get(bucketName)
    if (known !== undefined) {
      if (known.owner !== account.accountId) {
        throw s3Error('BucketAlreadyExists', 'The requested bucket name is not available.', {
          BucketName: bucketName,
        })
      }
      // The first region answers a second creation as it did the first.
      if (account.region !== 'us-east-1') {
        throw s3Error(
          'BucketAlreadyOwnedByYou',
          'Your previous request to create the named bucket succeeded and you already own it.',
          { BucketName: bucketName },
        )
      }
      return emptyAnswer({ location: `/${bucketName}` })
    }
    const { settings } = addBucket(account, { name: bucketName })
    settings.set('publicAccessBlock', DEFAULT_ACCESS_BLOCK)
    settings.set('encryption', DEFAULT_ENCRYPTION)
    return emptyAnswer({ location: `/${bucketName}` })
  },
}

/** A region is named by all but the first, which must not be. */
function checkLocation(region: string, location: string | undefined): void {
  if (region === 'us-east-1' && location === undefined) return
  if (location === region && region !== 'us-east-1') return
  if (region === 'us-east-1' || location === '') {
    throw s3Error('InvalidLocationConstraint', 'The specified location-constraint is not valid', {
      LocationConstraint: location ?? '',
    })
  }
  throw s3Error(
    'IllegalLocationConstraintException',
    `The ${location ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  )
}

const DEFAULT_ACCESS_BLOCK = toXml('PublicAccessBlockConfiguration', {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
})
const DEFAULT_ENCRYPTION = toXml('ServerSideEncryptionConfiguration', {
  Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false },
})

export const headBucket: S3Operation = {
  name: 'HeadBucket',
  action: 's3:ListBucket',
  isChange: false,
  run: (account, request) => emptyAnswer({ 'x-amz-bucket-region': bucketOf(account, request).region }),
}

export const getBucketLocation: S3Operation = {
  name: 'GetBucketLocation',
  isChange: false,
  run: (account, request) => {
    const { region } = bucketOf(account, request)
    return xmlAnswer('LocationConstraint', region === 'us-east-1' ? '' : region)
  },
}

interface Setting {
  readonly subresource: string
  /** In the operations' names. */
  readonly noun: string
  /** In the names of the IAM actions. */
  readonly actionNoun: string
  /** Root of the document; none if it is JSON. */
  readonly root?: string
  /** The error when it was never put; without one, its document is empty then. */
  readonly absent?: string
}

const settings: readonly Setting[] = [
  {
    subresource: 'publicAccessBlock',
    noun: 'PublicAccessBlock',
    actionNoun: 'BucketPublicAccessBlock',
    root: 'PublicAccessBlockConfiguration',
    absent: 'NoSuchPublicAccessBlockConfiguration',
  },
  {
    subresource: 'encryption',
    noun: 'BucketEncryption',
    actionNoun: 'EncryptionConfiguration',
    root: 'ServerSideEncryptionConfiguration',
    absent: 'ServerSideEncryptionConfigurationNotFoundError',
  },
  {
    subresource: 'versioning',
    noun: 'BucketVersioning',
    actionNoun: 'BucketVersioning',
    root: 'VersioningConfiguration',
  },
  {
    subresource: 'tagging',
    noun: 'BucketTagging',
    actionNoun: 'BucketTagging',
    root: 'Tagging',
    absent: 'NoSuchTagSet',
  },
  {
    subresource: 'ownershipControls',
    noun: 'BucketOwnershipControls',
    actionNoun: 'BucketOwnershipControls',
    root: 'OwnershipControls',
    absent: 'OwnershipControlsNotFoundError',
  },
  { subresource: 'policy', noun: 'BucketPolicy', actionNoun: 'BucketPolicy', absent: 'NoSuchBucketPolicy' },
]

/** Of a setting of a bucket, by method and subresource; `undefined` if the request is about none. */
export function settingOperation({ method, url }: S3Request): S3Operation | undefined {
  const setting = settings.find(({ subresource }) => url.searchParams.has(subresource))
  if (setting === undefined) return undefined
  if (method === 'PUT') return putSetting(setting)
  return method === 'GET' ? getSetting(setting) : undefined
}

const putSetting = ({ subresource, noun, actionNoun, root }: Setting): S3Operation => ({
  name: `Put${noun}`,
  action: `s3:Put${actionNoun}`,
  isChange: true,
  run: (account, request) => {
    const bucket = bucketOf(account, request)
    const content = readContent(request).body.toString()
    if (root === undefined ? !isJson(content) : !new RegExp(`<${root}[ >/]`).test(content)) {
      throw s3Error(
        root === undefined ? 'MalformedPolicy' : 'MalformedXML',
        'The document is not well-formed',
      )
    }
    bucket.settings.set(subresource, content)
    return emptyAnswer({}, root === undefined || subresource === 'tagging' ? 204 : 200)
  },
})

const getSetting = ({ subresource, noun, actionNoun, root, absent }: Setting): S3Operation => ({
  name: `Get${noun}`,
  action: `s3:Get${actionNoun}`,
  isChange: false,
  run: (account, request) => {
    const content = bucketOf(account, request).settings.get(subresource)
    if (content !== undefined) {
      const type = root === undefined ? 'application/json' : 'application/xml'
      return { status: 200, headers: { 'content-type': type }, body: content }
    }
    if (absent === undefined && root !== undefined) return xmlAnswer(root, '')
    throw s3Error(String(absent), `The ${noun} does not exist`, { BucketName: request.bucketName })
  },
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
