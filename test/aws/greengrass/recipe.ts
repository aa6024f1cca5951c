/**
 * A component's recipe as the service takes it, and as it gives it back: with defaults filled in and a digest for each
 * artifact. Sources: Greengrass developer guide, "AWS IoT Greengrass component recipe reference" and "Quotas";
 * greengrassv2 API reference, GetComponent.
 */
import { parse } from 'yaml'
import { digestOf } from './artifacts.ts'
import { unfit, unparsable } from './errors.ts'

type Node = Readonly<Record<string, unknown>>

export interface Recipe {
  readonly name: string
  readonly version: string
  readonly format: 'JSON' | 'YAML'
  readonly content: Node
}

export interface Artifact {
  readonly uri: string
}

/** Quotas of components: the largest recipe. */
const RECIPE_BYTES_MAX = 16_000

/** Top-level keys of a recipe; others are refused. Keys are compared without regard to case. */
const KEYS = [
  'RecipeFormatVersion',
  'ComponentName',
  'ComponentVersion',
  'ComponentDescription',
  'ComponentPublisher',
  'ComponentConfiguration',
  'ComponentDependencies',
  'ComponentType',
  'ComponentSource',
  'Manifests',
  'Lifecycle',
]
const REQUIRED = ['RecipeFormatVersion', 'ComponentName', 'ComponentVersion', 'Manifests']
const FORMAT_VERSION = '2020-01-25'
const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/

export function readRecipe(base64: string): Recipe {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length > RECIPE_BYTES_MAX) {
    throw unfit(`The recipe has ${bytes.length} bytes, the limit is ${RECIPE_BYTES_MAX}`, 'inlineRecipe')
  }
  const text = bytes.toString()
  const format = text.trimStart().startsWith('{') ? 'JSON' : 'YAML'
  const content = withKnownKeys(parseAs(format, text))
  const absent = REQUIRED.filter((key) => content[key] === undefined)
  if (absent.length > 0) throw unfit(`The recipe lacks ${absent.join(', ')}`, 'inlineRecipe')
  if (content.RecipeFormatVersion !== FORMAT_VERSION) {
    throw unfit(`RecipeFormatVersion ${content.RecipeFormatVersion} is not ${FORMAT_VERSION}`, 'inlineRecipe')
  }
  const [name, version] = [String(content.ComponentName), String(content.ComponentVersion)]
  if (!/^[a-zA-Z0-9-_.]{1,128}$/.test(name)) throw unfit(`ComponentName [${name}] is invalid`, 'inlineRecipe')
  if (!isVersion(version)) throw unfit(`ComponentVersion [${version}] is no semantic version`, 'inlineRecipe')
  return { name, version, format, content }
}

export const isVersion = (text: string) => text.length <= 64 && SEMVER.test(text)

/** The content, with what the service adds; an artifact that cannot be read has no digest. */
export function completeRecipe(content: Node, bytesOf: (uri: string) => Uint8Array | undefined): Node {
  const manifests = content.Manifests as readonly Node[]
  return {
    ...content,
    ComponentType: content.ComponentType ?? 'aws.greengrass.generic',
    Manifests: manifests.map((manifest) => ({
      ...manifest,
      Artifacts: nodesOf(memberOf(manifest, 'artifacts')).map((artifact) =>
        completeArtifact(artifact, bytesOf),
      ),
    })),
    Lifecycle: content.Lifecycle ?? {},
  }
}

export const artifactsOf = ({ Manifests }: Node): readonly Artifact[] =>
  nodesOf(Manifests)
    .flatMap((manifest) => nodesOf(memberOf(manifest, 'artifacts')))
    .map((artifact) => ({ uri: uriOf(artifact) }))

export const platformsOf = ({ Manifests }: Node) =>
  nodesOf(Manifests).map((manifest) => {
    const platform = (memberOf(manifest, 'platform') ?? {}) as Node
    const name = memberOf(manifest, 'name')
    return {
      ...(name === undefined ? {} : { name: String(name) }),
      attributes: Object.fromEntries(Object.entries(platform).map(([key, value]) => [key, String(value)])),
    }
  })

function completeArtifact(artifact: Node, bytesOf: (uri: string) => Uint8Array | undefined): Node {
  const uri = uriOf(artifact)
  const bytes = bytesOf(uri)
  return {
    Uri: uri,
    ...(bytes === undefined ? {} : { Digest: digestOf(bytes), Algorithm: 'SHA-256' }),
    Unarchive: memberOf(artifact, 'unarchive') ?? 'NONE',
    Permission: memberOf(artifact, 'permission') ?? { Read: 'OWNER', Execute: 'NONE' },
  }
}

function parseAs(format: 'JSON' | 'YAML', text: string): Node {
  let content: unknown
  try {
    content = format === 'JSON' ? JSON.parse(text) : parse(text)
  } catch (error) {
    throw unparsable(`The recipe is no ${format}: ${(error as Error).message}`)
  }
  if (!isNode(content)) throw unparsable('The recipe is no object')
  return content
}

function withKnownKeys(content: Node): Node {
  const known = Object.entries(content).map(([key, value]): [string, unknown] => {
    const name = KEYS.find((each) => each.toLowerCase() === key.toLowerCase())
    if (name === undefined) throw unfit(`The recipe has an unknown key ${key}`, 'inlineRecipe')
    return [name, value]
  })
  return Object.fromEntries(known)
}

function uriOf(artifact: Node): string {
  const uri = memberOf(artifact, 'uri')
  if (typeof uri !== 'string') throw unfit('An artifact of the recipe has no Uri', 'inlineRecipe')
  return uri
}

const memberOf = (node: Node, key: string) =>
  Object.entries(node).find(([name]) => name.toLowerCase() === key)?.[1]

const nodesOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.filter(isNode) : [])
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
