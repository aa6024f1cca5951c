/**
 * The agent as a real process, run from its unpacked zip and the real recipe by an embedded core: a black box for end-to-end tests.
 *
 * What a test asks for is waited for, with an end, and a failure shows what happened instead. At the end of the test
 * everything is stopped and removed, and what no test may cause is looked for: a permission that the recipe lacks, a
 * line of output that is not a JSON object, a report that comes before RUNNING or that Device Defender has a remark on.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LifecycleState, LocalCoreEvent } from '../../src/local-core/events.ts'
import { type LocalCore, type LocalCoreOptions, startLocalCore } from '../../src/local-core/local-core.ts'
import { agentPath, artifactFolder, checkArtifact, recipePath, slowness } from './artifact.ts'

/** Of a machine under load; what goes well takes a second or two. */
const WAIT_MS = 20_000 * slowness
const EVENTS_SHOWN = 25

type Given = 'configuration' | 'environment' | 'thingName' | 'minReportIntervalSeconds'
type Delays = 'restartDelayMs' | 'stopGraceMs' | 'configurationRestartDelayMs' | 'inquiryTimeoutMs'

export interface AgentOptions
  extends Pick<LocalCoreOptions, 'mode'>,
    Partial<Pick<LocalCoreOptions, Given | Delays>> {
  /** Publishing or subscribing without permission is what the test is about. */
  readonly isDenialMeant?: boolean
  /** Odd output (a crash, a killed shell) is what the test is about. */
  readonly isOddOutputMeant?: boolean
}

/** Where clean-up goes: the context of a test. */
export interface Cleanup {
  onTestFinished(action: () => Promise<void> | void): void
}

export type ReportEvent = Extract<LocalCoreEvent, { event: 'report' }>
export type ComponentEvent = Extract<LocalCoreEvent, { event: 'component' }>
export type MessageEvent = Extract<LocalCoreEvent, { event: 'message' }>

/** A line of the agent's log. */
export interface LogLine {
  readonly level: string
  readonly message: string
  readonly [field: string]: unknown
}

export class Agent {
  readonly core: LocalCore
  readonly events: readonly LocalCoreEvent[]
  readonly #wakeUps: Set<() => void>

  constructor(core: LocalCore, events: readonly LocalCoreEvent[], wakeUps: Set<() => void>) {
    this.core = core
    this.events = events
    this.#wakeUps = wakeUps
  }

  /** What has reached Device Defender, oldest first. */
  get reports(): ReportEvent[] {
    return this.events.filter((event): event is ReportEvent => event.event === 'report')
  }

  get messages(): MessageEvent[] {
    return this.events.filter((event): event is MessageEvent => event.event === 'message')
  }

  get states(): ComponentEvent[] {
    return this.events.filter((event): event is ComponentEvent => event.event === 'component')
  }

  get log(): LogLine[] {
    return this.events.flatMap((event) => (event.event === 'log' ? (parseLine(event.line) ?? []) : []))
  }

  /** What `find` finds, now or after one of the events to come. */
  async until<T>(what: string, find: () => T | undefined): Promise<T> {
    const now = find()
    if (now !== undefined) return now
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer)
        this.#wakeUps.delete(look)
      }
      const look = () => {
        try {
          const found = find()
          if (found === undefined) return
          resolve(found)
        } catch (error) {
          reject(error)
        }
        finish()
      }
      const timer = setTimeout(() => {
        finish()
        reject(new Error(`no ${what} within ${WAIT_MS / 1000} s; the last events:\n${this.lastEvents()}`))
      }, WAIT_MS)
      this.#wakeUps.add(look)
    })
  }

  reportWhere(what: string, test: (event: ReportEvent) => boolean): Promise<ReportEvent> {
    return this.until(what, () => this.reports.find(test))
  }

  /** The next report that is taken after this call. */
  nextReport(): Promise<ReportEvent> {
    const count = this.reports.length
    return this.until('next report', () => this.reports[count])
  }

  logWhere(what: string, test: (line: LogLine) => boolean): Promise<LogLine> {
    return this.until(`log line: ${what}`, () => this.log.find(test))
  }

  /** The `nth` time (from 1) that the component enters the state. */
  state(state: LifecycleState, nth = 1): Promise<ComponentEvent> {
    return this.until(
      `state ${state}, ${nth}`,
      () => this.states.filter((event) => event.state === state)[nth - 1],
    )
  }

  lastEvents(): string {
    return this.events
      .slice(-EVENTS_SHOWN)
      .map((event) => JSON.stringify(event).slice(0, 400))
      .join('\n')
  }
}

let count = 0

/** Starts a core and the agent in it; resolves when the component has been started, not when it runs. */
export async function startAgent(cleanup: Cleanup, options: AgentOptions): Promise<Agent> {
  checkArtifact()
  const { isDenialMeant, isOddOutputMeant, configuration, environment, ...given } = options
  const rootDirectory = await mkdtemp(join(tmpdir(), 'agent-'))
  cleanup.onTestFinished(() => rm(rootDirectory, { recursive: true, force: true }))
  const events: LocalCoreEvent[] = []
  const wakeUps = new Set<() => void>()
  count += 1
  const core = await startLocalCore(
    {
      recipePath,
      decompressedPath: artifactFolder,
      rootDirectory,
      thingName: `core-${process.pid}-${count}`,
      restartDelayMs: 10,
      ...given,
      environment: { PATH: agentPath, ...environment },
      configuration: { SampleIntervalSeconds: 0.5, ...configuration },
    },
    (event) => {
      events.push(event)
      for (const wake of [...wakeUps]) wake()
    },
  )
  const agent = new Agent(core, events, wakeUps)
  cleanup.onTestFinished(async () => {
    await core.stop()
    const odd = events.filter(
      (event, index) => isOdd(event, options) || isPremature(event, events.slice(0, index)),
    )
    if (odd.length > 0) {
      throw new Error(`what no test may cause:\n${odd.map((event) => JSON.stringify(event)).join('\n')}`)
    }
  })
  await core.startComponent()
  return agent
}

function isOdd(event: LocalCoreEvent, { isDenialMeant, isOddOutputMeant }: AgentOptions): boolean {
  switch (event.event) {
    case 'denied':
      return isDenialMeant !== true
    case 'log':
      return isOddOutputMeant !== true && (event.stream === 'stderr' || parseLine(event.line) === undefined)
    case 'report':
      return event.remarks !== undefined
    default:
      return false
  }
}

/** Replies to a report that went out before all was subscribed to would go unheard. */
function isPremature({ event }: LocalCoreEvent, before: readonly LocalCoreEvent[]): boolean {
  return (
    event === 'report' && !before.some((other) => other.event === 'component' && other.state === 'RUNNING')
  )
}

function parseLine(line: string): LogLine | undefined {
  try {
    const { level, message, timestamp, ...fields } = JSON.parse(line)
    return typeof timestamp === 'string' ? { level, message, ...fields } : undefined
  } catch {
    return undefined
  }
}
