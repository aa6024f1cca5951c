/** Artifacts of components, as the service reads them from S3 when a component version is created. */
import { createHash } from 'node:crypto'
import type { Greengrass } from './state.ts'

export type ArtifactRead =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly message: string }

export function readArtifact({ account, artifactFaults }: Greengrass, uri: string): ArtifactRead {
  const fault = artifactFaults.get(uri)
  if (fault !== undefined) return { kind: 'failed', message: fault }
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
  const bytes = account.buckets.get(bucket)?.objects.get(key)?.body
  return bytes === undefined
    ? { kind: 'failed', message: 'Specified artifact resource cannot be accessed' }
    : { kind: 'bytes', bytes }
}

/** SHA-256 as recipes have it, in base64. */
export function digestOf(bytes: Uint8Array): string {
  const known = digests.get(bytes)
  if (known !== undefined) return known
  const digest = createHash('sha256').update(bytes).digest('base64')
  digests.set(bytes, digest)
  return digest
}

/** Each device of a fleet looks at the same bytes. */
const digests = new WeakMap<Uint8Array, string>()
