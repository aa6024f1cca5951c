/**
 * What keeps a device from getting a component version that was created here: it was deleted, or an artifact in S3 is no
 * longer the one that the service took the digest of. Source: Greengrass developer guide, recipe reference, `Digest`;
 * "Delete component versions".
 */
import { digestOf, readArtifact } from '../greengrass/artifacts.ts'
import { componentArn } from '../greengrass/components.ts'
import type { ExecutionResult, Greengrass } from '../greengrass/state.ts'
import { changedArtifact, noArtifact, noVersion } from './results.ts'

export type Supply = (component: string, version: string) => ExecutionResult | undefined

export const supplyOf =
  (greengrass: Greengrass): Supply =>
  (name, version) => {
    const arn = `${componentArn(greengrass, name)}:versions:${version}`
    if (greengrass.deletedComponents.has(arn)) return noVersion(name, [version])
    for (const { Uri: uri, Digest: digest } of artifactsOf(greengrass, arn)) {
      if (!uri.startsWith('s3://')) continue
      const read = readArtifact(greengrass, uri)
      if (read.kind === 'failed') return noArtifact(name, version)
      if (digestOf(read.bytes) !== digest) return changedArtifact(name, version)
    }
    return undefined
  }

interface CompleteArtifact {
  readonly Uri: string
  readonly Digest?: string
}

function artifactsOf({ components }: Greengrass, arn: string): readonly CompleteArtifact[] {
  const manifests = (components.get(arn)?.recipe.Manifests ?? []) as readonly {
    readonly Artifacts: readonly CompleteArtifact[]
  }[]
  return manifests.flatMap(({ Artifacts }) => Artifacts)
}
