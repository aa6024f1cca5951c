/** Buckets and what is in them. */
import { type Account, secondsNow } from '../account.ts'

export interface StoredBucket {
  readonly name: string
  readonly region: string
  /** Id of the account; another one's bucket answers "access denied". */
  readonly owner: string
  readonly createdAt: number
  readonly objects: Map<string, StoredObject>
  /** Unfinished ones, by their ids. */
  readonly uploads: Map<string, MultipartUpload>
  /** Documents as they were put, by the name of the subresource: `encryption`, `versioning`. */
  readonly settings: Map<string, string>
}

export interface StoredObject {
  readonly body: Buffer
  /** Without its quotes. */
  readonly etag: string
  readonly checksum?: Checksum
  readonly contentType: string
  /** Without the prefix `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>
  readonly modifiedAt: number
}

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64; of a composite one followed by `-` and the number of parts. */
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

export type ChecksumAlgorithm = 'crc32' | 'sha1' | 'sha256'

export interface MultipartUpload {
  readonly id: string
  readonly key: string
  readonly contentType: string
  readonly metadata: Readonly<Record<string, string>>
  readonly algorithm?: ChecksumAlgorithm
  readonly checksumType: Checksum['type']
  readonly parts: Map<number, StoredPart>
}

export interface StoredPart {
  readonly body: Buffer
  readonly etag: string
  readonly checksum?: Checksum
}

export interface NewBucket {
  readonly name: string
  readonly region?: string
  readonly owner?: string
}

/** A bucket that is there already, with none of the settings that new ones have had since 2023. */
export function addBucket(account: Account, { name, region, owner }: NewBucket): StoredBucket {
  const bucket = {
    name,
    region: region ?? account.region,
    owner: owner ?? account.accountId,
    createdAt: secondsNow(account),
    objects: new Map(),
    uploads: new Map(),
    settings: new Map(),
  }
  account.buckets.set(name, bucket)
  return bucket
}
