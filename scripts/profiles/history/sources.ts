/**
 * Finds what can be replayed below the given paths, and what each is:
 *
 *   history   the component's own folder `history`, with files `datapoints-<day>.cborseq`, or the StateDirectory that it
 *             lies in, whose other files are passed over
 *   lines     `defender history --output json`: one datapoint a line
 *   reports   metrics reports as they were published, one a line or one a file
 *   export    Detect's metrics export: batches of datapoints of many things
 *
 * A device is named after its folder, or its file; reports and exports may name their thing themselves.
 */
import { open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isMembers, isReport } from './report-datapoints.ts'

export interface HistorySource {
  readonly kind: 'history' | 'lines' | 'reports' | 'export'
  readonly device: string
  /** The folder for `history`; otherwise the files, in the order of their names. */
  readonly paths: readonly string[]
  /** For progress. */
  readonly bytes: number
}

export interface FoundSources {
  readonly sources: readonly HistorySource[]
  /** What was there and is nothing of the kind, or could not be read. */
  readonly problems: readonly string[]
}

/** A fleet's folder holds devices, a device's folder holds `history`: deeper than that is somewhere else. */
const DEPTH_MAX = 6

export async function findSources(paths: readonly string[]): Promise<FoundSources> {
  const sources: HistorySource[] = []
  const problems: string[] = []
  for (const path of paths) {
    const [before, problemsBefore] = [sources.length, problems.length]
    await visit(path, 0, sources, problems)
    if (sources.length === before && problems.length === problemsBefore)
      problems.push(`${path}: no history, report or export in it`)
  }
  return { sources, problems }
}

async function visit(
  path: string,
  depth: number,
  sources: HistorySource[],
  problems: string[],
): Promise<void> {
  try {
    if (!(await stat(path)).isDirectory()) {
      sources.push(await sourceOfFile(path))
      return
    }
    const entries = await readdir(path, { withFileTypes: true })
    const names = entries
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort()
    const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    if (isStateDirectory(names, folders)) {
      await visit(join(path, 'history'), depth + 1, sources, problems)
      return
    }
    if (names.some((name) => /^datapoints-.*\.cborseq$/.test(name))) {
      sources.push({
        kind: 'history',
        device: deviceOf(path),
        paths: [path],
        bytes: await bytesIn(path, names),
      })
    } else await visitFiles(path, names, sources, problems)
    if (depth >= DEPTH_MAX) return
    for (const { name } of folders.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      await visit(join(path, name), depth + 1, sources, problems)
    }
  } catch (error) {
    problems.push(problemOf(path, error))
  }
}

/** Of the agent: it has a state beside its history. */
const isStateDirectory = (names: readonly string[], folders: readonly { readonly name: string }[]): boolean =>
  folders.some(({ name }) => name === 'history') &&
  names.some((name) => name === 'state.json' || name === 'status.json')

/** A file of one report each makes one device; any other file is a source by itself. */
async function visitFiles(
  folder: string,
  names: readonly string[],
  sources: HistorySource[],
  problems: string[],
): Promise<void> {
  const singles: string[] = []
  for (const name of names.filter((each) => /\.(json|jsonl|ndjson)$/.test(each))) {
    const path = join(folder, name)
    try {
      const source = await sourceOfFile(path)
      if (source.kind === 'reports' && name.endsWith('.json')) singles.push(path)
      else sources.push(source)
    } catch (error) {
      problems.push(problemOf(path, error))
    }
  }
  if (singles.length === 0) return
  const sizes = await Promise.all(singles.map(async (path) => (await stat(path)).size))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  sources.push({ kind: 'reports', device: basename(resolve(folder)), paths: singles, bytes })
}

async function sourceOfFile(path: string): Promise<HistorySource> {
  const kind = kindOf(await firstValue(path))
  if (kind === undefined) throw new Error('is no history, report or export')
  const device = basename(path).replace(/\.(json|jsonl|ndjson)$/, '')
  return { kind, device, paths: [path], bytes: (await stat(path)).size }
}

/** The work folder of the component calls its history `history`; the device is then what that lies in. */
function deviceOf(folder: string): string {
  const whole = resolve(folder)
  return basename(whole) === 'history' ? basename(dirname(whole)) : basename(whole)
}

async function bytesIn(folder: string, names: readonly string[]): Promise<number> {
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function kindOf(value: unknown): HistorySource['kind'] | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value
  if (!isMembers(first)) return undefined
  const isBatch = Array.isArray(first.metrics)
  if (isReport(first)) return 'reports'
  if ('metric' in first && 'at' in first && 'value' in first) return 'lines'
  return isBatch ? 'export' : undefined
}

/** Of a file with one value a line only the first line is read. */
const HEAD_BYTES = 64 * 1024
const WHOLE_BYTES_MAX = 64 * 1024 * 1024

async function firstValue(path: string): Promise<unknown> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const head = await file.read({ buffer: Buffer.alloc(Math.min(HEAD_BYTES, size)), position: 0 })
    const text = head.buffer.subarray(0, head.bytesRead).toString()
    const line = parseOrUndefined(text.split('\n', 1)[0] ?? '')
    if (line !== undefined || size > WHOLE_BYTES_MAX) return line
    return parseOrUndefined(size <= HEAD_BYTES ? text : (await file.readFile()).toString())
  } finally {
    await file.close()
  }
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function problemOf(path: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return `${path}: there is no such file or folder`
  return `${path}: ${code === undefined ? message : `cannot be read (${code})`}`
}
