/**
 * A device's own state as the page's events: what its history holds, then whatever the agent adds to it. Reads only, so
 * that it may run beside the agent. Told are the datapoints of the last day and the violations of the last week.
 *
 * The agent appends to its history and renames its status.json; both are looked at again when a size or a time has
 * changed. After the device's clock was set back, what is written before the newest entry shows when the page is opened
 * anew.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PageEvent } from '../../src/local-core/page/page-event.ts'
import { createViewer } from '../../src/local-core/page/viewed-event.ts'
import type { Datapoint } from '../../src/metrics/datapoint.ts'
import type { Health } from '../../src/report/health.ts'
import type { Clock } from '../../src/schedule/clock.ts'
import { nodeFiles } from '../../src/store/files.ts'
import { listDayFiles } from '../../src/store/history-files.ts'
import { type HistoryProblem, readDatapoints, readViolations } from '../../src/store/history-read.ts'
import type { HistoryKind } from '../../src/store/history-records.ts'
import { readHealth } from '../health-source.ts'
import { type AgentFacts, readAgentFacts, stateFileIn } from './agent-facts.ts'

export interface FollowOptions {
  readonly directory: string
  readonly clock: Pick<Clock, 'wallMs' | 'sleep'>
  readonly publish: (event: PageEvent) => void
  /** A violation, as it was recorded. */
  readonly onViolation: (event: unknown) => void
  /** What its state.json says; told again when that file has changed. */
  readonly onFacts: (facts: AgentFacts) => void
  /** Told once for each. */
  readonly onProblem: (problem: string) => void
  readonly signal: AbortSignal
}

/** A report comes each 300 s on a device, an alarm may come at any time. */
const POLL_MS = 3_000
const DATAPOINTS_MS = 86_400_000
const VIOLATIONS_MS = 7 * 86_400_000

const PROBLEMS: Readonly<Record<HistoryProblem['problem'], string>> = {
  unreadable: 'cannot be read',
  'other version': 'was written by another version of the agent',
  damaged: 'is damaged; what could be read of it is shown',
}

/** Resolves when `signal` is aborted. */
export async function followState(options: FollowOptions): Promise<void> {
  const { clock, signal } = options
  const follower = createFollower(options)
  while (!signal.aborted) {
    await follower.look()
    await clock.sleep(POLL_MS, signal)
  }
}

interface Follower {
  look(): Promise<void>
}

export function createFollower(options: FollowOptions): Follower {
  const { directory, clock, publish } = options
  const history = join(directory, 'history')
  const statusFile = join(directory, 'status.json')
  const view = createViewer()
  const told = new Set<string>()
  const historySeen = { datapoints: '', violations: '' }
  let statusSeen: string | undefined
  let factsSeen: string | undefined
  const datapoints = createCursor(clock.wallMs() - DATAPOINTS_MS)
  const violations = createCursor(clock.wallMs() - VIOLATIONS_MS)
  let thingName = 'this-device'

  const problem = (text: string): void => {
    if (!told.has(text)) options.onProblem(text)
    told.add(text)
  }
  const reading = (since: number) => ({
    since,
    onProblem: ({ path, problem: what }: HistoryProblem) => problem(`${path} ${PROBLEMS[what]}`),
  })
  const message = (topic: 'violations' | 'health', at: number, payload: object): PageEvent =>
    view({
      event: 'message',
      at,
      via: 'local',
      topic: `greengrass-defender/${thingName}/${topic}`,
      bytes: Buffer.byteLength(JSON.stringify(payload)),
      payload,
    })

  async function readStatus(): Promise<void> {
    const seen = await stateOf([statusFile])
    if (seen === statusSeen) return
    try {
      const health: Health = await readHealth({ file: statusFile }, async () => statusFile)
      thingName = health.thingName
      statusSeen = seen
      publish(message('health', health.at, health))
    } catch (error) {
      problem(error instanceof Error ? error.message : String(error))
    }
  }

  async function readFacts(): Promise<void> {
    const seen = await stateOf([stateFileIn(directory)])
    if (seen === factsSeen) return
    factsSeen = seen
    options.onFacts(await readAgentFacts(directory))
  }

  async function hasChanged(kind: HistoryKind): Promise<boolean> {
    const seen = await stateOf(await filesOf(history, kind))
    const isOther = seen !== historySeen[kind]
    historySeen[kind] = seen
    return isOther
  }

  /** Datapoints come with each interval, violations seldom: each kind is read when there is more of it. */
  async function readHistory(): Promise<void> {
    const events = [
      ...((await hasChanged('datapoints')) ? await newIntervals() : []),
      ...((await hasChanged('violations')) ? await newViolations() : []),
    ]
    for (const { tell } of events.sort((a, b) => a.at - b.at)) tell()
  }

  async function newIntervals(): Promise<Told[]> {
    const intervals = new Map<number, Datapoint[]>()
    for await (const { at, metric, value } of readDatapoints(history, reading(datapoints.since()))) {
      const interval = intervals.get(at) ?? []
      interval.push({ metric, value })
      intervals.set(at, interval)
    }
    return [...intervals]
      .filter(([at]) => datapoints.isNew(at))
      .map(([at, list]) => ({
        at,
        tell: () => publish(view({ event: 'interval', at, datapoints: list })),
      }))
  }

  async function newViolations(): Promise<Told[]> {
    const events: Told[] = []
    for await (const { at, event } of readViolations(history, reading(violations.since()))) {
      if (!violations.isNew(at) || typeof event !== 'object' || event === null) continue
      options.onViolation(event)
      events.push({ at, tell: () => publish(message('violations', at, event)) })
    }
    return events
  }

  return {
    look: async () => {
      await readStatus()
      await readFacts()
      await readHistory().catch((error: NodeJS.ErrnoException) =>
        problem(`${history} cannot be read (${error.code ?? error.message})`),
      )
    },
  }
}

/** What there is to tell, at its place among all. */
interface Told {
  readonly at: number
  readonly tell: () => void
}

/** Where reading stands: entries of the newest instant may still be joined by others of the same. */
function createCursor(from: number) {
  let newest = from
  let countAtNewest = 0
  let seenAgain = 0
  return {
    /** Begins a reading from there on. */
    since: () => {
      seenAgain = 0
      return newest
    },
    /** Asked for each entry, in the order of time. */
    isNew: (at: number): boolean => {
      if (at === newest && seenAgain < countAtNewest) {
        seenAgain += 1
        return false
      }
      if (at > newest) countAtNewest = 0
      newest = at
      countAtNewest += 1
      seenAgain = countAtNewest
      return true
    },
  }
}

/** None where there is no such folder: the agent has not run yet. */
async function filesOf(folder: string, kind: HistoryKind): Promise<string[]> {
  const files = await listDayFiles(nodeFiles, folder, kind).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return files.map(({ path }) => path)
}

/** Changes when one of the files does. */
async function stateOf(paths: readonly string[]): Promise<string> {
  const states = paths.map((path) =>
    stat(path).then(
      ({ size, mtimeMs, ino }) => `${path} ${size} ${mtimeMs} ${ino}`,
      () => `${path} gone`,
    ),
  )
  return (await Promise.all(states)).join('\n')
}
