/**
 * Recipes as data: the artifacts they name, what is written into them before they go to AWS, and whether two say the
 * same. Source: Greengrass developer guide, "AWS IoT Greengrass component recipe reference".
 */
import { parse } from 'yaml'
import { digestOf } from '../plan/fingerprint.ts'
import { stableJson } from '../plan/stable-json.ts'

export interface Recipe {
  readonly ComponentName?: unknown
  readonly ComponentVersion?: unknown
  readonly Manifests?: unknown
}

/** GDK's word for a version that is the next after the highest at AWS. */
export const NEXT_PATCH = 'NEXT_PATCH'

type Data = Readonly<Record<string, unknown>>

/** The URIs of all artifacts, each once, in the order of the manifests. */
export const artifactUris = (recipe: Recipe): string[] => [
  ...new Set(
    artifactsOf(recipe).flatMap(({ Uri, URI }) => [Uri ?? URI].filter((uri) => typeof uri === 'string')),
  ),
]

/** `agent.zip` of `s3://bucket/component/1.0.0/agent.zip`. */
export const fileNameOf = (uri: string): string => uri.slice(uri.lastIndexOf('/') + 1)

export interface Placement {
  readonly bucket: string
  readonly name: string
  readonly version: string
  /** The files that are among the artifacts; other URIs stay what they are. */
  readonly fileNames: readonly string[]
}

export const objectKey = ({ name, version }: Pick<Placement, 'name' | 'version'>, fileName: string): string =>
  `${name}/${version}/${fileName}`

/** The recipe's text with the artifacts where they are uploaded to, and with its version where it had none yet. */
export function placeRecipe(text: string, placement: Placement): string {
  let placed = text
  for (const uri of artifactUris(parse(text) as Recipe)) {
    if (!uri.startsWith('s3://') || !placement.fileNames.includes(fileNameOf(uri))) continue
    placed = placed.replaceAll(uri, `s3://${placement.bucket}/${objectKey(placement, fileNameOf(uri))}`)
  }
  return placed.replaceAll(NEXT_PATCH, placement.version)
}

/**
 * What a version consists of, as one SHA-256: the recipe as data, without its version, and the artifacts. Where these
 * are put makes no difference on a device, and neither do comments and spelling; of an artifact that is elsewhere the
 * whole URI counts, since nothing else is known of it.
 */
export function contentDigest(
  recipe: Recipe,
  artifacts: readonly { readonly fileName: string; readonly sha256: string }[],
): string {
  const files = artifacts.map(({ fileName, sha256 }) => [fileName, sha256]).sort()
  return digestOf({ recipe: normalRecipe(recipe, fileNamesOf(artifacts), () => undefined), files })
}

/**
 * Whether a recipe of the service is this one: the service adds the artifacts' digests and fills in what was left out,
 * so digests are compared with the files, and what is the default anyway is not compared.
 */
export function isSameVersion(
  recipe: Recipe,
  artifacts: readonly { readonly fileName: string; readonly sha256: string }[],
  stored: Recipe,
): boolean {
  const digests = new Map(
    artifacts.map(({ fileName, sha256 }) => [fileName, Buffer.from(sha256, 'hex').toString('base64')]),
  )
  const fileNames = fileNamesOf(artifacts)
  const ours = normalRecipe(recipe, fileNames, (fileName) => digests.get(fileName))
  const theirs = normalRecipe(stored, fileNames, (_, artifact) => artifact.Digest)
  return stableJson(ours) === stableJson(theirs)
}

const fileNamesOf = (artifacts: readonly { readonly fileName: string }[]): ReadonlySet<string> =>
  new Set(artifacts.map(({ fileName }) => fileName))

/** @param ours files that are put where the others of the version are */
function normalRecipe(
  recipe: Recipe,
  ours: ReadonlySet<string>,
  contentOf: (fileName: string, artifact: Data) => unknown,
): Readonly<Record<string, unknown>> {
  const { ComponentVersion: _, ...rest } = recipe
  const normal: Record<string, unknown> = { ComponentType: 'aws.greengrass.generic', ...rest }
  if (isData(normal.Lifecycle) && Object.keys(normal.Lifecycle).length === 0) delete normal.Lifecycle
  return {
    ...normal,
    Manifests: manifestsOf(recipe).map(({ Artifacts, ...manifest }) => ({
      ...manifest,
      Artifacts: listOf(Artifacts).map(({ Uri, URI, Digest, Algorithm, ...artifact }) => {
        const uri = String(Uri ?? URI)
        const isOurs = uri.startsWith('s3://') && ours.has(fileNameOf(uri))
        return {
          Unarchive: 'NONE',
          ...artifact,
          Permission: { Read: 'OWNER', Execute: 'NONE', ...(artifact.Permission as Data | undefined) },
          Uri: isOurs ? fileNameOf(uri) : uri,
          Digest: isOurs ? contentOf(fileNameOf(uri), { Digest, Algorithm }) : undefined,
        }
      }),
    })),
  }
}

const artifactsOf = (recipe: Recipe): Data[] =>
  manifestsOf(recipe).flatMap(({ Artifacts }) => listOf(Artifacts))

const manifestsOf = ({ Manifests }: Recipe): Data[] => listOf(Manifests)

const listOf = (value: unknown): Data[] => (Array.isArray(value) ? value.filter(isData) : [])

const isData = (value: unknown): value is Data =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
