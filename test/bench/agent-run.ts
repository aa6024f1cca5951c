/**
 * One process of the real agent, from the built artifact, on an embedded core that lives in this process. The instants of
 * its life are counted from the spawn, by one monotonic clock.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type LocalCore, startLocalCore } from '../../src/local-core/local-core.ts'
import type { BenchContext } from './figure.ts'
import type { NodeStart } from './node-start.ts'
import { openRelay, type Relay } from './relay.ts'

export interface AgentRunOptions {
  readonly start: NodeStart
  /** Merged over the recipe's defaults. */
  readonly configuration: Readonly<Record<string, unknown>>
  /** Loaded by Node before the agent, for tests of what depends on the clock. */
  readonly preload?: string
}

const RECIPE = 'recipes/community.greengrass.DeviceDefender.yaml'
const THING_NAME = 'bench'
/** From one mark to the next on a machine under load; what goes well takes a second. */
const WAIT_MS = 60_000
const OUTPUT_CHARACTERS_MAX = 4_000

export class AgentRun {
  /** Milliseconds from the spawn. */
  readonly connectedMs: Promise<number>
  /** The self-check was made, and replies to reports are subscribed to. */
  readonly runningMs: Promise<number>
  readonly firstReportMs: Promise<number>
  readonly pid: number
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #marks: Marks
  readonly #close: () => Promise<void>
  /** Ours may end without having stopped it. */
  readonly #killAtExit = () => void this.#child.kill('SIGKILL')

  private constructor(child: ChildProcess, marks: Marks, close: () => Promise<void>) {
    this.#child = child
    this.#exited = once(child, 'exit')
    this.#marks = marks
    this.#close = close
    this.pid = child.pid ?? 0
    process.once('exit', this.#killAtExit)
    this.connectedMs = this.#mark('connection', () => marks.connectedMs)
    this.runningMs = this.#mark('line "running" in the log', () => marks.runningMs)
    this.firstReportMs = this.#mark('report', () => marks.reportsMs[0])
    // A run that is stopped early leaves them open.
    for (const mark of [this.connectedMs, this.runningMs, this.firstReportMs]) mark.catch(() => {})
  }

  static async begin(context: BenchContext, options: AgentRunOptions): Promise<AgentRun> {
    const folder = await mkdtemp(join(context.scratch, 'run-'))
    // On a device it is the component's work folder, which the nucleus makes.
    await mkdir(join(folder, 'state'))
    const marks = new Marks()
    const core = await openCore(context, folder, options, marks)
    const socketPath = join(folder, 'relay')
    const relay = await openRelay(socketPath, core.socketPath, () => marks.noteConnected())
    const child = spawnAgent(
      context,
      folder,
      options,
      {
        SVCUID: core.issueToken(),
        AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: socketPath,
        AWS_IOT_THING_NAME: THING_NAME,
      },
      marks,
    )
    return new AgentRun(child, marks, () => closeAll(relay, core, folder))
  }

  get reportCount(): number {
    return this.#marks.reportsMs.length
  }

  /** Until that many reports have arrived since the start. */
  reports(count: number): Promise<number> {
    return this.#mark(`report ${count}`, () => this.#marks.reportsMs[count - 1])
  }

  /** Waits, but not for a process that has ended. */
  async pause(ms: number): Promise<void> {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), this.#exited])
    if (this.#hasEnded) throw this.#endedEarly('end of the pause')
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    if (!this.#hasEnded) await this.#exited
    clearTimeout(timer)
    process.off('exit', this.#killAtExit)
    await this.#close()
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** What `find` finds, now or upon one of the marks to come. */
  async #mark(what: string, find: () => number | undefined): Promise<number> {
    const endMs = performance.now() + WAIT_MS
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      const leftMs = endMs - performance.now()
      if (leftMs <= 0) throw new Error(`no ${what} within ${WAIT_MS / 1000} s: ${this.#marks.output}`)
      if (this.#hasEnded) throw this.#endedEarly(what)
      await Promise.race([this.#marks.next(leftMs), this.#exited])
    }
  }

  #endedEarly(what: string): Error {
    const how = this.#child.signalCode ?? this.#child.exitCode
    return new Error(`the agent ended with ${how} before the ${what}: ${this.#marks.output}`)
  }
}

/** When what happened, and the end of what the agent wrote. */
class Marks {
  startedMs = performance.now()
  connectedMs: number | undefined
  runningMs: number | undefined
  readonly reportsMs: number[] = []
  output = ''
  #waiting: (() => void)[] = []

  noteConnected(): void {
    this.connectedMs ??= this.#sinceStart()
    this.#wake()
  }

  noteReport(): void {
    this.reportsMs.push(this.#sinceStart())
    this.#wake()
  }

  noteOutput(text: string): void {
    this.output = (this.output + text).slice(-OUTPUT_CHARACTERS_MAX)
    if (this.runningMs === undefined && this.output.includes('"message":"running"')) {
      this.runningMs = this.#sinceStart()
    }
    this.#wake()
  }

  next(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      // Nobody clears it when the process ends first; then it must not keep ours.
      const timer = setTimeout(resolve, waitMs).unref()
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #sinceStart(): number {
    return performance.now() - this.startedMs
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

async function openCore(
  { root, artifact }: BenchContext,
  folder: string,
  { configuration }: AgentRunOptions,
  marks: Marks,
): Promise<LocalCore> {
  return startLocalCore(
    {
      mode: 'classic',
      recipePath: join(root, RECIPE),
      decompressedPath: artifact,
      rootDirectory: folder,
      thingName: THING_NAME,
      configuration: { StateDirectory: join(folder, 'state'), ...configuration },
    },
    ({ event }) => {
      if (event === 'report') marks.noteReport()
    },
  )
}

function spawnAgent(
  { artifact }: BenchContext,
  folder: string,
  { start, preload }: AgentRunOptions,
  identity: Readonly<Record<string, string>>,
  marks: Marks,
): ChildProcess {
  const imports =
    preload === undefined ? [] : [`--import=data:text/javascript,${encodeURIComponent(preload)}`]
  marks.startedMs = performance.now()
  const child = spawn(
    process.execPath,
    [...start.flags, ...imports, join(artifact, 'greengrass-defender', 'main.js')],
    {
      cwd: folder,
      env: { PATH: process.env.PATH, ...identity, ...start.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => marks.noteOutput(String(chunk)))
  return child
}

async function closeAll(relay: Relay, core: LocalCore, folder: string): Promise<void> {
  await relay.close()
  await core.stop()
  await rm(folder, { recursive: true, force: true })
}
