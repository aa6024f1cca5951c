/**
 * Profile files: a security profile in AWS's own shape and, beside it, what belongs to it. What `aws iot
 * create-security-profile --cli-input-json` takes is a whole profile file already; so is the list of behaviors that its
 * `--behaviors` takes, which gets the file's name.
 *
 * All files of a call are read together: a custom metric declared in one is known in all, and what two files say of the
 * same thing must agree. Every fault comes with its file, line and column; a file with a fault gives no profile.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PROFILES_PER_TARGET_MAX } from '../../src/detect/profile-limits.ts'
import { didYouMean, type ProfileFault } from '../../src/detect/reader.ts'
import { parseSecurityProfile, type SecurityProfile } from '../../src/detect/security-profile.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'
import { openDocument, type SourceDocument } from './document.ts'
import { byPlace, type FileFault, faultIn } from './fault.ts'
import { type Belongings, belongingNames, readBelongings } from './shape.ts'

export interface ProfileFile extends Belongings {
  readonly path: string
  readonly profile: SecurityProfile
  /** The text it was read from, for messages and edits. */
  readonly document: SourceDocument
  /** The file is the list of behaviors alone. */
  readonly isBehaviorList: boolean
}

/** Where in the file stands what has this path in the profile. */
export const placeIn = ({ isBehaviorList }: Pick<ProfileFile, 'isBehaviorList'>, path: string): string =>
  isBehaviorList && path.startsWith('behaviors') ? path.slice('behaviors'.length) : path

export interface ReadProfiles {
  readonly files: readonly ProfileFile[]
  readonly faults: readonly FileFault[]
  /** Of the custom metrics that any of the files declares. */
  readonly customMetricTypes: ReadonlyMap<string, CustomMetricType>
}

/** A thousand elements, the most a profile may have, take about 50 kB with their indentation. */
const FILE_BYTES_MAX = 1024 * 1024
/** A checkout given by mistake should say so soon. */
const FILES_MAX = 1000

/** @param paths files, or folders whose `.json`, `.yaml` and `.yml` files are taken, tests and schemas left out */
export async function readProfileFiles(paths: readonly string[]): Promise<ReadProfiles> {
  const found = await Promise.all(paths.map(filesIn))
  const names = [...new Set(found.flatMap(({ files }) => files))]
  const opened = await Promise.all(names.slice(0, FILES_MAX).map(openFile))
  const faults = [...found.flatMap((each) => each.faults), ...opened.flatMap((each) => each.faults)]
  if (names.length > FILES_MAX) {
    faults.push(unreadable(paths.join(' '), `holds ${names.length} files, at most ${FILES_MAX} are read`))
  }
  const read = readDocuments(opened.flatMap(({ document }) => document ?? []))
  return { ...read, faults: [...faults, ...read.faults].sort(byPlace) }
}

/** The pure part: from texts to profiles. */
export function readDocuments(documents: readonly SourceDocument[]): ReadProfiles {
  const parts = documents.map((document) => ({ document, ...separated(document) }))
  const customMetricTypes = new Map<string, CustomMetricType>()
  for (const { belongings } of parts) {
    for (const [name, { type }] of belongings.customMetrics) {
      if (!customMetricTypes.has(name)) customMetricTypes.set(name, type)
    }
  }
  const files: ProfileFile[] = []
  const faults: FileFault[] = []
  for (const { document, belongings, profileInput, faults: own, isBehaviorList } of parts) {
    const parsed = parseSecurityProfile(profileInput, { customMetricTypes })
    const inProfile = parsed.ok
      ? []
      : parsed.faults.map((fault) => ({ ...fault, path: placeIn({ isBehaviorList }, fault.path) }))
    const wrong = [...own, ...inProfile]
    faults.push(...wrong.map((fault) => faultIn(document, fault)))
    if (parsed.ok && wrong.length === 0) {
      files.push({ path: document.path, profile: parsed.profile, ...belongings, document, isBehaviorList })
    }
  }
  return { files, faults: [...faults, ...disagreements(files)].sort(byPlace), customMetricTypes }
}

interface Separated {
  readonly belongings: Belongings
  readonly profileInput: unknown
  readonly faults: readonly ProfileFault[]
  readonly isBehaviorList: boolean
}

/** Takes what is ours apart from what is AWS's. */
function separated({ path, value }: SourceDocument): Separated {
  const context = { faults: [] as ProfileFault[], lenientNumbers: false }
  // No list is needed for no behavior: an empty one is most likely a file that was to be filled.
  if (Array.isArray(value) && value.length > 0) {
    const securityProfileName = nameOf(path)
    const profileInput = { securityProfileName, behaviors: value }
    return { belongings: readBelongings({}, context), profileInput, faults: [], isBehaviorList: true }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { belongings: readBelongings({}, context), profileInput: value, faults: [], isBehaviorList: false }
  }
  const given = value as Readonly<Record<string, unknown>>
  const belongings = readBelongings(given, context)
  const profileInput: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(given)) {
    // `$schema` is how a JSON file tells an editor what it holds.
    if (key === '$schema' || (belongingNames as readonly string[]).includes(key)) continue
    const hint = knownToAws.has(key) ? '' : didYouMean(key, belongingNames)
    if (hint === '') profileInput[key] = member
    else context.faults.push({ path: key, problem: `is not known here${hint}` })
  }
  return { belongings, profileInput, faults: context.faults, isBehaviorList: false }
}

/** Members of the request that are near to one of ours in spelling. */
const knownToAws = new Set(['tags', 'behaviors'])

/** `gateway.yaml` and `gateway.profile.json` are about `gateway`. */
const nameOf = (path: string) => basename(path).replace(/(\.profile)?\.(json|ya?ml)$/, '')

/** What files that are right by themselves may not say together. */
function disagreements(files: readonly ProfileFile[]): FileFault[] {
  const faults: FileFault[] = []
  const note = ({ document }: ProfileFile, path: string, problem: string) =>
    faults.push(faultIn(document, { path, problem }))
  const profiles = new Map<string, ProfileFile>()
  const declared = new Map<string, { file: ProfileFile; json: string }>()
  const profilesByTarget = new Map<string, number>()
  for (const file of files) {
    const { securityProfileName } = file.profile
    const earlier = profiles.get(securityProfileName)
    if (earlier === undefined) profiles.set(securityProfileName, file)
    else note(file, 'securityProfileName', `"${securityProfileName}" is in ${earlier.path} too`)
    for (const kind of ['customMetrics', 'dimensions', 'mitigationActions'] as const) {
      for (const [name, declaration] of file[kind]) {
        const at = `${kind}.${name}`
        const json = JSON.stringify(declaration)
        const other = declared.get(at)
        if (other === undefined) declared.set(at, { file, json })
        else if (other.json !== json) note(file, at, `is declared otherwise in ${other.file.path}`)
      }
    }
    for (const [index, target] of file.targets.entries()) {
      const count = (profilesByTarget.get(target) ?? 0) + 1
      profilesByTarget.set(target, count)
      if (count > PROFILES_PER_TARGET_MAX) {
        note(
          file,
          `targets[${index}]`,
          `"${target}" gets ${count} security profiles, it takes ${PROFILES_PER_TARGET_MAX}`,
        )
      }
    }
  }
  return faults
}

interface FilesFound {
  readonly files: readonly string[]
  readonly faults: readonly FileFault[]
}

async function filesIn(path: string): Promise<FilesFound> {
  try {
    if (!(await stat(path)).isDirectory()) return { files: [path], faults: [] }
    const names = await readdir(path)
    const files = names
      .filter(isProfileName)
      .sort()
      .map((name) => join(path, name))
    return files.length > 0
      ? { files, faults: [] }
      : { files, faults: [unreadable(path, 'holds no .json, .yaml or .yml file')] }
  } catch (error) {
    return { files: [], faults: [unreadable(path, cannotRead(error))] }
  }
}

const isProfileName = (name: string) =>
  /\.(json|ya?ml)$/.test(name) && !/\.(test|schema)\.(json|ya?ml)$/.test(name)

interface OpenedFile {
  readonly document?: SourceDocument
  readonly faults: readonly FileFault[]
}

/** Reads one JSON or YAML file; whatever is wrong with its syntax comes as faults. */
export async function openFile(path: string): Promise<OpenedFile> {
  let bytes: Uint8Array
  try {
    const { size } = await stat(path)
    if (size > FILE_BYTES_MAX) {
      return { faults: [unreadable(path, `has ${size} bytes, at most ${FILE_BYTES_MAX} are read`)] }
    }
    bytes = await readFile(path)
  } catch (error) {
    return { faults: [unreadable(path, cannotRead(error))] }
  }
  return openText(path, bytes)
}

function openText(path: string, bytes: Uint8Array): OpenedFile {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { faults: [unreadable(path, 'is not UTF-8 text')] }
  }
  const opened = openDocument(path, text)
  if (opened.ok) return { document: opened.document, faults: [] }
  return {
    faults: opened.faults.map(({ line, column, problem }): FileFault => {
      return { path, position: { line, column }, at: '', problem, kind: 'invalid' }
    }),
  }
}

function unreadable(path: string, problem: string): FileFault {
  return { path, at: '', problem, kind: 'unreadable' }
}

function cannotRead(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined) throw error
  if (code === 'ENOENT') return 'there is no such file or folder'
  return code === 'EACCES' ? 'may not be read (EACCES)' : `cannot be read (${code})`
}
