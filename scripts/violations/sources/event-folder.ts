/**
 * Violation events as a topic, a queue or an SNS subscription delivered them, in the `.json`, `.jsonl` and `.ndjson`
 * files of a folder or in one file. Other messages of the agent that came the same way are passed over.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorProblem } from '../../aws/operator-io.ts'
import { jsonValues } from '../../profiles/history/json-stream.ts'
import { isMembers, isReport } from '../../profiles/history/report-datapoints.ts'
import { type ToldEvent, toldEvent, unwrapped } from '../event.ts'
import { isWanted, toViolations } from '../gather.ts'
import { isNotesFile, notesPathBeside, notesPathIn, readNotes, withNote } from '../notes.ts'
import type { LocalSource, LocalSourceOptions } from './device-history.ts'

/** Deeper than a folder for each thing and, below, one for each year, month, day and hour is somewhere else. */
const DEPTH_MAX = 6

export async function openEventFolder(path: string, options: LocalSourceOptions = {}): Promise<LocalSource> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (error: NodeJS.ErrnoException) => {
      throw new OperatorProblem(`${path}: cannot be read (${error.code})`)
    },
  )
  const notesPath = options.notes ?? (isFolder ? notesPathIn(path) : notesPathBeside(path))
  let events: Promise<readonly ToldEvent[]> | undefined

  return {
    origin: 'events',
    notesPath,
    description: path,
    violations: async (filter) => {
      events ??= readEvents(path, isFolder, options)
      const notes = await readNotes(notesPath)
      return toViolations(await events, 'events')
        .map((violation) => withNote(violation, notes))
        .filter((violation) => isWanted(violation, filter))
    },
    metricValues: async () => [],
    close: () => {},
  }
}

async function readEvents(
  path: string,
  isFolder: boolean,
  { onProblem }: LocalSourceOptions,
): Promise<readonly ToldEvent[]> {
  const events: ToldEvent[] = []
  const files = isFolder ? await filesIn(path, 0) : [path]
  let unreadCount = 0
  for (const file of files) {
    let [understood, strange, faults] = [0, 0, 0]
    const problem = (text: string) => {
      faults += 1
      onProblem?.(text)
    }
    const onFault = (line: number) => problem(`${file}:${line}: is not JSON`)
    try {
      for await (const values of jsonValues(file, { onFault })) {
        for (const value of values.flatMap((each) => unwrapped(each))) {
          const event = toldEvent(value)
          if (event !== undefined) events.push(event)
          if (event !== undefined || isOtherMessage(value)) understood += 1
          else strange += 1
        }
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      problem(`${file}: ${code === undefined ? message : `cannot be read (${code})`}`)
    }
    if (strange > 0)
      problem(
        `${file}: ${strange} ${strange === 1 ? 'value is no violation event' : 'values are no violation events'}`,
      )
    if (faults > 0 && understood === 0) unreadCount += 1
  }
  // No violations because none could be read is no answer.
  if (files.length > 0 && unreadCount === files.length) {
    throw new OperatorProblem(`${path}: nothing in it could be read as violation events`)
  }
  return events
}

/** The agent's health and reports may be in the same folder. */
const isOtherMessage = (value: unknown) =>
  isReport(value) || (isMembers(value) && value.healthVersion !== undefined)

async function filesIn(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  const files = entries
    .filter((entry) => entry.isFile() && /\.(json|jsonl|ndjson)$/.test(entry.name))
    .filter(({ name }) => !isNotesFile(name))
    .map(({ name }) => join(folder, name))
  if (depth >= DEPTH_MAX) return files
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  for (const { name } of folders) files.push(...(await filesIn(join(folder, name), depth + 1)))
  return files
}
