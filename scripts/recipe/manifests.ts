/**
 * A recipe's manifests: on which platforms each is chosen, and which artifacts it brings. The first manifest that
 * matches is taken; nucleus lite passes over those that do not name its runtime, and knows no regular expressions.
 */
import { isMap } from 'yaml'
import { checkLifecycle, type Runtimes } from './lifecycle.ts'
import { type Entry, type RecipeReader, scalar } from './nodes.ts'

const LITE_RUNTIME = 'aws_nucleus_lite'

export function checkManifests(
  reader: RecipeReader,
  node: unknown,
  defaults: ReadonlyMap<string, Entry> | undefined,
): void {
  const manifests = reader.members(node, 'Manifests')
  const chosen = { classic: false, lite: false }
  for (const manifest of manifests) {
    const parts = reader.knownEntries(manifest, 'manifest', [
      'Name',
      'Platform',
      'Lifecycle',
      'Selections',
      'Artifacts',
    ])
    const runtimes = checkPlatform(reader, manifest, parts.get('Platform')?.value)
    chosen.classic ||= runtimes.classic
    chosen.lite ||= runtimes.lite
    const folders = checkArtifacts(reader, parts.get('Artifacts')?.value)
    const lifecycle = parts.get('Lifecycle')?.value
    if (lifecycle === undefined) reader.error(manifest, 'the manifest has no Lifecycle')
    else checkLifecycle(reader, lifecycle, { runtimes, defaults, folders })
  }
  if (!chosen.lite)
    reader.error(node, `no manifest names the runtime ${LITE_RUNTIME} or "*": nucleus lite passes over all`)
  if (!chosen.classic) reader.error(node, 'each manifest names a runtime: none is for the classic nucleus')
}

function checkPlatform(reader: RecipeReader, manifest: unknown, node: unknown): Runtimes {
  if (node === undefined) {
    reader.error(manifest, 'the manifest has no Platform: nucleus lite fails the deployment')
    return { classic: true, lite: false }
  }
  const platform = reader.knownEntries(node, 'Platform', [
    'os',
    'architecture',
    'runtime',
    'architecture.detail',
  ])
  for (const { key, value } of platform.values()) {
    const wanted = reader.string(value, `Platform ${key}`)
    if (wanted !== undefined && /^\/.*\/$/.test(wanted)) {
      reader.error(value, `Platform ${key}: regular expressions are for the classic nucleus only`)
    }
  }
  const os = platform.get('os')
  if (os === undefined) reader.error(node, 'Platform has no os: nucleus lite fails the deployment')
  else reader.word(os.value, 'Platform os', ['linux', '*', 'all'])
  const runtime = platform.get('runtime')
  if (runtime === undefined) return { classic: true, lite: false }
  reader.word(runtime.value, 'Platform runtime', [LITE_RUNTIME, '*'])
  return { classic: scalar(runtime.value) === '*', lite: true }
}

/** The names of the folders below {artifacts:decompressedPath} that the artifacts make. */
function checkArtifacts(reader: RecipeReader, node: unknown): Set<string> {
  const folders = new Set<string>()
  if (node === undefined) return folders
  for (const artifact of reader.members(node, 'Artifacts')) {
    const parts = reader.knownEntries(artifact, 'artifact', [
      'Uri',
      'Unarchive',
      'Permission',
      'Digest',
      'Algorithm',
    ])
    const unarchive = parts.get('Unarchive')
    const kind = unarchive === undefined ? 'NONE' : reader.word(unarchive.value, 'Unarchive', ['NONE', 'ZIP'])
    checkPermission(reader, parts.get('Permission')?.value)
    const uri = parts.get('Uri')
    if (uri === undefined) {
      reader.error(artifact, 'the artifact has no Uri')
      continue
    }
    const text = reader.string(uri.value, 'Uri') ?? ''
    if (!/^(s3:\/\/[^/]+\/.|docker:.|greengrass:.)/.test(text)) {
      reader.error(
        uri.value,
        `Uri: ${JSON.stringify(text)} does not begin with s3://bucket/, docker: or greengrass:`,
      )
    }
    const zip = /([^/]+)\.zip$/.exec(text)?.[1]
    if (kind === 'ZIP' && zip !== undefined) folders.add(zip)
  }
  return folders
}

function checkPermission(reader: RecipeReader, node: unknown): void {
  if (!isMap(node)) {
    if (node !== undefined) reader.error(node, 'Permission is not a map')
    return
  }
  for (const { key, value } of reader.knownEntries(node, 'Permission', ['Read', 'Execute']).values()) {
    reader.word(value, `Permission ${key}`, ['NONE', 'OWNER', 'ALL'])
  }
}
