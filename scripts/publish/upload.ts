/**
 * Artifacts to S3. An object that is there is never replaced: the service has noted its digest in every component
 * version that names it, and devices refuse to install what does not have it.
 */

import { mayBeDone } from '../aws/problem.ts'
import type { ArtifactBucket } from '../aws/s3.ts'
import { formatBytes } from '../render/numbers.ts'
import type { BuiltArtifact } from './build-output.ts'
import { type Step, type StepContext, StepFailure } from './steps.ts'

export type ObjectState = 'absent' | 'same' | 'different'

export async function objectState(
  bucket: ArtifactBucket,
  key: string,
  { sha256, content }: BuiltArtifact,
): Promise<ObjectState> {
  const stored = await bucket.object(key)
  if (stored === undefined) return 'absent'
  if (stored.bytes !== content.length) return 'different'
  // What others uploaded may have a checksum of another kind: then the object itself is read.
  return (stored.sha256 ?? (await bucket.readSha256(key))) === sha256 ? 'same' : 'different'
}

export const differentObjectText = (bucketName: string, key: string): string =>
  `s3://${bucketName}/${key} is there with other content, and is not replaced: devices that are to install a version with it would fail. Give the component a new version, or delete the object if no component version names it.`

export function uploadStep(
  bucket: ArtifactBucket,
  bucketName: string,
  key: string,
  artifact: BuiltArtifact,
): Step {
  const { content, sha256 } = artifact
  return {
    action: 'upload',
    subject: `s3://${bucketName}/${key} (${formatBytes(content.length)})`,
    content: sha256,
    carryOut: async ({ signal, progress }) => {
      const onProgress = (bytes: number) => progress(progressText(artifact.fileName, bytes, content.length))
      try {
        await bucket.upload(key, content, { sha256, signal, onProgress })
      } catch (error) {
        await settle(bucket, bucketName, key, artifact, error, signal)
      }
    },
  }
}

/** After a lost answer, or when another upload was faster: the object that is there tells. */
async function settle(
  bucket: ArtifactBucket,
  bucketName: string,
  key: string,
  artifact: BuiltArtifact,
  problem: unknown,
  signal: StepContext['signal'],
): Promise<void> {
  if (!mayBeDone(problem) || signal.aborted) throw problem
  const state = await objectState(bucket, key, artifact)
  if (state === 'different') throw new StepFailure('other-content', differentObjectText(bucketName, key))
  if (state === 'absent') throw problem
}

const BAR_CHARACTERS = 24

/** `greengrass-defender.zip [######      ] 50 % of 19.8 MB`. */
function progressText(name: string, bytes: number, total: number): string {
  const share = Math.min(1, bytes / total)
  const bar = '#'.repeat(Math.round(share * BAR_CHARACTERS)).padEnd(BAR_CHARACTERS)
  return `${name} [${bar}] ${Math.round(share * 100)} % of ${formatBytes(total)}`
}
