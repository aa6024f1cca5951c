/**
 * The configuration that a rollout is to merge, from a file, from profile files and from `--set`, later ones over former
 * ones, checked with the agent's own table of settings before anything is sent: a bad value names where it stands.
 */
import { readFile } from 'node:fs/promises'
import type { ConfigFault } from '../../src/config/fault.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { type Setting, settings } from '../../src/config/settings.ts'
import { edgeConfiguration } from '../plan/edge.ts'
import type { Data, DataMap } from '../plan/normal.ts'
import { openDocument, type SourceDocument } from '../profiles/document.ts'
import { formatFault } from '../profiles/fault.ts'
import { readProfileFiles } from '../profiles/file.ts'
import { isMap, isPointer, merged } from './configuration-tree.ts'

export interface ConfigurationOptions {
  /** A JSON or YAML file. */
  readonly config?: string
  /** Each `key=value`, a key's dots leading into maps. */
  readonly set?: readonly string[]
  /** JSON pointers. */
  readonly reset?: readonly string[]
  /** Profile files or folders. */
  readonly profiles?: readonly string[]
}

export interface WantedConfiguration {
  readonly merge: DataMap
  readonly reset: readonly string[]
  readonly notes: readonly string[]
  /** Why it cannot be sent; each a whole sentence with its place. */
  readonly problems: readonly string[]
  /** Where a parameter comes from, for faults that show only beside what the target has already. */
  readonly placeOf: (fault: ConfigFault) => string
}

/** Where each parameter was given last. */
type Sources = Map<string, SourceDocument | string>

export async function readConfiguration(options: ConfigurationOptions): Promise<WantedConfiguration> {
  const sources: Sources = new Map()
  const problems: string[] = []
  const notes: string[] = []
  let merge: DataMap = {}
  const reset = [...(options.reset ?? [])]
  problems.push(
    ...reset
      .filter((each) => !isPointer(each))
      .map((each) => `--reset ${each}: is not a JSON pointer (RFC 6901), as in /Interfaces/Allow`),
  )

  if (options.config !== undefined) {
    const read = await readFileMerge(options.config)
    problems.push(...read.problems)
    if (read.document !== undefined && isMap(read.document.value)) {
      for (const key of Object.keys(read.document.value)) sources.set(key, read.document)
      merge = merged(merge, read.document.value)
    }
  }
  if (options.profiles !== undefined && options.profiles.length > 0) {
    const read = await readProfileFiles(options.profiles)
    const edge = edgeConfiguration(
      read.files.map(({ profile }) => profile),
      read.customMetricTypes,
    )
    problems.push(...read.faults.map(formatFault), ...edge.problems)
    notes.push(...edge.notes)
    sources.set('SecurityProfiles', options.profiles.join(' '))
    merge = merged(merge, edge.merge as unknown as DataMap)
    // A merge cannot take a profile away that no file has any more.
    reset.push('/SecurityProfiles')
  }
  for (const text of options.set ?? []) {
    const parsed = parseSet(text)
    if (parsed === undefined) {
      problems.push(`--set ${text}: is not key=value, as in SampleIntervalSeconds=600`)
      continue
    }
    const [key = ''] = Object.keys(parsed)
    sources.set(key, `--set ${text}`)
    merge = merged(merge, parsed)
  }
  const placeOf = (fault: ConfigFault) => faultText(fault, sources)
  if (problems.length === 0) problems.push(...configurationFaults(merge).map(placeOf))
  return { merge, reset, notes, problems, placeOf }
}

/** What the agent would refuse. Parameters that are not named have the recipe's defaults, which are good. */
export function configurationFaults(configuration: DataMap): readonly ConfigFault[] {
  const result = parseConfig(configuration)
  return result.ok ? [] : result.faults
}

async function readFileMerge(
  path: string,
): Promise<{ readonly document?: SourceDocument; readonly problems: readonly string[] }> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    return { problems: [`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`] }
  }
  const opened = openDocument(path, text)
  if (!opened.ok) {
    return {
      problems: opened.faults.map(({ line, column, problem }) => `${path}:${line}:${column}: ${problem}`),
    }
  }
  return isMap(opened.document.value)
    ? { document: opened.document, problems: [] }
    : { problems: [`${path}: is not a map of parameters`] }
}

/**
 * A parameter's text stays text where the parameter takes it so: numbers as text are what AWS recommends, since a nucleus
 * may turn numbers into floats. Otherwise it is read as JSON.
 */
function parseSet(text: string): DataMap | undefined {
  const split = text.indexOf('=')
  if (split <= 0) return undefined
  const keys = text.slice(0, split).split('.')
  const [first = '', ...inner] = keys
  if (keys.includes('')) return undefined
  const given = text.slice(split + 1)
  const setting =
    inner.length === 0 && Object.hasOwn(settings, first)
      ? (settings as Readonly<Record<string, Setting>>)[first]
      : undefined
  const value = setting?.schema.safeParse(given).success === true ? given : jsonOrText(given)
  return { [first]: inner.reduceRight<Data>((within, key) => ({ [key]: within }), value) }
}

function jsonOrText(text: string): Data {
  try {
    return JSON.parse(text) as Data
  } catch {
    return text
  }
}

/** `config.yaml:3:24: SampleIntervalSeconds: 0 is below 1, the least it can be`. */
function faultText({ path, given, problem }: ConfigFault, sources: Sources): string {
  const [parameter = ''] = /^[^.[]*/.exec(path) ?? []
  const source = sources.get(parameter)
  const words = [path, given === undefined ? problem : `${given} ${problem}`].filter((each) => each !== '')
  if (source === undefined) return ["the target's present configuration", ...words].join(': ')
  if (typeof source === 'string') return [source, ...words].join(': ')
  const { line, column } = source.positionOf(path, given === undefined ? 'key' : 'value')
  return [`${source.path}:${line}:${column}`, ...words].join(': ')
}
