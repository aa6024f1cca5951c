/**
 * Violations and metric values out of the agent's own history, read from the device or from a copy of it. A folder may
 * hold the histories of many devices; which things one is about, its violations say.
 */
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { readDatapoints, readViolations } from '../../../src/store/history-read.ts'
import { OperatorProblem } from '../../aws/operator-io.ts'
import { type ToldEvent, toldEvent } from '../event.ts'
import { isWanted, toViolations } from '../gather.ts'
import type { MetricPoint, ViolationSource } from '../model.ts'
import { notesPathIn, readNotes, withNote } from '../notes.ts'

export interface LocalSourceOptions {
  /** Instead of the file beside what is read. */
  readonly notes?: string
  /** A part that could not be read; the rest is given. */
  readonly onProblem?: (problem: string) => void
}

/** What the operator's own files hold. */
export interface LocalSource extends ViolationSource {
  /** Where it is kept what was said of the violations; the file need not be there. */
  readonly notesPath: string
}

interface DeviceFolder {
  readonly directory: string
  /** As the operator named it, or as its folder is called. */
  readonly name: string
}

/** A fleet's folder holds devices, a device's folder holds `history`; deeper than that is somewhere else. */
const DEPTH_MAX = 6

const PROBLEMS = {
  unreadable: 'cannot be read',
  'other version': 'was written by another version of the agent',
  damaged: 'is damaged; what could be read of it is there',
} as const

/** @param paths folders, or `NAME=folder` for a history whose thing its folder does not name */
export async function openDeviceHistory(
  paths: readonly string[],
  options: LocalSourceOptions = {},
): Promise<LocalSource> {
  const folders = (await Promise.all(paths.map(foldersOf))).flat()
  const notesPath = options.notes ?? notesPathIn(folderOf(paths[0] ?? '.'))
  const told = new Set<string>()
  const onProblem = (problem: string) => {
    // Each question reads the files anew; what is wrong with them is said once.
    if (!told.has(problem)) options.onProblem?.(problem)
    told.add(problem)
  }
  const reading = {
    onProblem: ({ path, problem }: { path: string; problem: keyof typeof PROBLEMS }) =>
      onProblem(`${path}: ${PROBLEMS[problem]}`),
  }
  let events: Promise<ReadonlyMap<DeviceFolder, readonly ToldEvent[]>> | undefined
  const eventsOnce = () => {
    events ??= readAll()
    return events
  }

  async function readAll(): Promise<ReadonlyMap<DeviceFolder, readonly ToldEvent[]>> {
    const all = new Map<DeviceFolder, ToldEvent[]>()
    let unreadCount = 0
    for (const folder of folders) {
      const found: ToldEvent[] = []
      let [strange, faults] = [0, 0]
      const onFault = (fault: Parameters<typeof reading.onProblem>[0]) => {
        faults += 1
        reading.onProblem(fault)
      }
      for await (const { event } of readViolations(folder.directory, { onProblem: onFault })) {
        const read = toldEvent(event)
        if (read === undefined) strange += 1
        else found.push(read)
      }
      if (strange > 0) onProblem(`${folder.directory}: ${strange} entries are no violation events`)
      if (found.length === 0 && faults + strange > 0) unreadCount += 1
      all.set(folder, found)
    }
    // No violations because none could be read is no answer.
    if (unreadCount === folders.length) {
      throw new OperatorProblem(`${paths.join(', ')}: none of the violations in it could be read`)
    }
    return all
  }

  /** Its own name, or that its violations have; a single history without any is that of whatever thing is asked for. */
  async function folderOfThing(thingName: string): Promise<readonly DeviceFolder[]> {
    const all = await eventsOnce()
    const own = folders.filter(
      (folder) => folder.name === thingName || all.get(folder)?.some((each) => each.thingName === thingName),
    )
    return own.length > 0 || folders.length !== 1 || all.get(folders[0] as DeviceFolder)?.length
      ? own
      : folders
  }

  /** A file holds all metrics: who asks for one after the other has them read once. */
  let lastRead: { readonly span: string; readonly points: Promise<PointsByMetric> } | undefined

  async function readSpan(thingName: string, since: number, until: number): Promise<PointsByMetric> {
    const points = new Map<string, MetricPoint[]>()
    for (const { directory } of await folderOfThing(thingName)) {
      for await (const { at, metric, value } of readDatapoints(directory, { ...reading, since, until })) {
        const ofMetric = points.get(metric) ?? []
        if (ofMetric.length === 0) points.set(metric, ofMetric)
        ofMetric.push({ at, value })
      }
    }
    for (const ofMetric of points.values()) ofMetric.sort((a, b) => a.at - b.at)
    return points
  }

  return {
    origin: 'device',
    notesPath,
    description: paths.join(', '),
    violations: async (filter) => {
      const all = await eventsOnce()
      const notes = await readNotes(notesPath)
      return toViolations([...all.values()].flat(), 'device')
        .map((violation) => withNote(violation, notes))
        .filter((violation) => isWanted(violation, filter))
    },
    metricValues: async ({ thingName, metric, since, until }) => {
      const span = JSON.stringify([thingName, since, until])
      if (lastRead?.span !== span) lastRead = { span, points: readSpan(thingName, since, until) }
      return (await lastRead.points).get(metric) ?? []
    },
    close: () => {},
  }
}

type PointsByMetric = ReadonlyMap<string, readonly MetricPoint[]>

const folderOf = (path: string): string => /^[^/=]+=(.+)$/.exec(path)?.[1] ?? path

async function foldersOf(path: string): Promise<DeviceFolder[]> {
  const folder = folderOf(path)
  const found = await visit(folder, 0)
  if (found.length === 0) {
    throw new OperatorProblem(`${folder}: no history of the agent is in it`)
  }
  if (folder === path) return found.map((directory) => ({ directory, name: nameOf(directory) }))
  if (found.length > 1) {
    throw new OperatorProblem(`${path}: ${found.length} histories are in it, one name will not do`)
  }
  const name = path.slice(0, path.length - folder.length - 1)
  return found.map((directory) => ({ directory, name }))
}

async function visit(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new OperatorProblem(`${folder}: cannot be read (${error.code})`)
  })
  const isHistory = entries.some(
    (entry) => entry.isFile() && /^(datapoints|violations)-.*\.cborseq$/.test(entry.name),
  )
  if (isHistory) return [folder]
  if (depth >= DEPTH_MAX) return []
  const below = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  const names = below.map(({ name }) => name).sort()
  const found: string[] = []
  for (const name of names) found.push(...(await visit(join(folder, name), depth + 1)))
  return found
}

/** The work folder of the component calls its history `history`; the device is then what that lies in. */
function nameOf(directory: string): string {
  const whole = resolve(directory)
  return basename(whole) === 'history' ? basename(dirname(whole)) : basename(whole)
}
