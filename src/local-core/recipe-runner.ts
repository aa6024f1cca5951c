/**
 * Runs a component's lifecycle as its nucleus would: install, start, watch, restart, give up.
 *
 * Sources: Greengrass developer guide, "Component recipe reference" (steps, time-outs) and "Component lifecycle";
 * classic's Lifecycle and GenericExternalService (`startup` is STARTING until it exits with 0 or the component reports
 * RUNNING); the systemd units that lite writes (Type=exec, Restart=on-failure, RestartSec=1).
 */
import type { LifecycleState, LocalCoreEvent } from './events.ts'
import { interpolate, type Variables } from './interpolation.ts'
import type { Mode } from './modes.ts'
import type { Lifecycle, Step } from './recipe.ts'
import { type Exit, runScript, type ScriptProcess } from './script-process.ts'
import { isSkipped } from './skip-condition.ts'
import { STRIKES_MAX, Strikes } from './strikes.ts'
import { firstOf, pause, within } from './waiting.ts'

export interface RunnerOptions {
  readonly mode: Mode
  readonly lifecycle: Lifecycle
  readonly workDirectory: string
  /** As of now: scripts are filled in at each start. */
  variables(): Variables
  /** The nucleus's environment for one start, with a token of its own. */
  environment(): Environment
  readonly restartDelayMs?: number
  readonly stopGraceMs?: number
  now(): number
  onEvent(event: LocalCoreEvent): void
}

type Environment = Readonly<Record<string, string>>
type ReportedState = 'RUNNING' | 'ERRORED'

/** The recipe reference's defaults. `run` has none. */
const STEP_TIMEOUT_MS = 120_000
const SHUTDOWN_TIMEOUT_MS = 15_000

/** How one life of the component ended. */
type End =
  | { readonly kind: 'stopped' } // asked to, by stop()
  | { readonly kind: 'finished'; readonly exitCode: number } // by itself, in order
  | { readonly kind: 'failed'; readonly reason: string; readonly exitCode?: number }

export class RecipeRunner {
  readonly #options: RunnerOptions
  readonly #strikes = new Strikes()
  #state: LifecycleState = 'NEW'
  #installed = false
  #process: ScriptProcess | undefined
  /** Takes the component's own word while its start step runs. */
  #onReported: ((state: ReportedState) => void) | undefined
  #running: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined
  /** One at a time: a restart asked for during a stop comes after it. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  get state(): LifecycleState {
    return this.#state
  }

  /** False before start() and once it has ended for good. */
  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** The process of the script that runs now: the component itself, when the script ends in `exec`. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** What a start would run now; it changes with the configuration that the script refers to. */
  get startScript(): string {
    const { startup, run } = this.#options.lifecycle
    return [startup, run].map((step) => (step === undefined ? '' : this.#script(step))).join('\n')
  }

  /** Begins with a clean record, as after a deployment. Does nothing when it runs already. */
  start(): Promise<void> {
    return this.#inTurn(async () => this.#begin())
  }

  /** SIGTERM, then SIGKILL after the grace period. Resolves when nothing of the component is left. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#end())
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#end()
      this.#begin()
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  /** UpdateState. On lite it has no effect: systemd knows of RUNNING, and ERRORED does nothing. */
  reportState(state: ReportedState): void {
    if (this.#options.mode.name === 'classic') this.#onReported?.(state)
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(action)
    return this.#turn
  }

  #begin(): void {
    if (this.#running !== undefined) return
    this.#strikes.clear()
    const controller = new AbortController()
    const ended = this.#live(controller.signal).finally(() => {
      this.#running = undefined
    })
    this.#running = { controller, ended }
  }

  async #end(): Promise<void> {
    this.#running?.controller.abort()
    await this.#running?.ended
  }

  /** One life after the other, until the component is finished, broken or stopped. */
  async #live(signal: AbortSignal): Promise<void> {
    const { mode, now, restartDelayMs } = this.#options
    while (!signal.aborted) {
      if (mode.name === 'lite') {
        if (this.#strikes.areOut(now())) return this.#breakDown('starts')
        this.#strikes.add(now())
      }
      const end = await this.#oneLife(signal)
      if (end.kind === 'stopped') break
      if (end.kind === 'finished') return this.#enter('FINISHED', { exitCode: end.exitCode })
      const { kind, ...detail } = end
      this.#enter('ERRORED', detail)
      if (mode.name === 'classic') {
        this.#strikes.add(now())
        if (this.#strikes.areOut(now())) return this.#breakDown('errors')
      }
      await pause(restartDelayMs ?? mode.restartDelayMs, signal)
    }
    this.#enter('FINISHED')
  }

  #breakDown(counted: 'starts' | 'errors'): void {
    this.#enter('BROKEN', { reason: `${STRIKES_MAX} ${counted} within an hour` })
  }

  async #oneLife(signal: AbortSignal): Promise<End> {
    const { lifecycle, mode } = this.#options
    const environment = this.#options.environment()
    if (!this.#installed) {
      const end = await this.#install(lifecycle.install, environment, signal)
      if (end !== undefined) return end
      this.#installed = true
      this.#enter('INSTALLED')
    }
    if (mode.name === 'lite' && lifecycle.run === undefined && lifecycle.startup !== undefined) {
      // Lite ends a startup script with `systemd-notify --stopping`, which systemd below 253 does not know.
      return {
        kind: 'failed',
        reason: 'startup cannot succeed on lite where systemd is older than 253; use run',
      }
    }
    const step = mode.name === 'lite' ? lifecycle.run : (lifecycle.startup ?? lifecycle.run)
    if (step === undefined || isSkipped(step.skipIf, environment.PATH))
      return { kind: 'finished', exitCode: 0 }
    try {
      return await this.#start(step, step === lifecycle.startup, environment, signal)
    } finally {
      this.#process = undefined
      this.#onReported = undefined
    }
  }

  /** Undefined when there is nothing to install, or it is installed. */
  async #install(
    step: Step | undefined,
    environment: Environment,
    signal: AbortSignal,
  ): Promise<End | undefined> {
    if (step === undefined || isSkipped(step.skipIf, environment.PATH)) return undefined
    const script = this.#run(step, environment)
    const timeoutMs = step.timeoutMs ?? STEP_TIMEOUT_MS
    const end = await firstOf<Exit>(signal, timeoutMs, (settle) => void script.exited.then(settle))
    if (end === 'stop' || end === 'timeout') await this.#terminate(script, step)
    if (end === 'stop') return { kind: 'stopped' }
    if (end === 'timeout') return { kind: 'failed', reason: `install: not done within ${timeoutMs / 1000} s` }
    return end.code === 0 ? undefined : { kind: 'failed', reason: 'install failed', exitCode: end.code }
  }

  /** From the start of `run` or `startup` to the component's end. */
  async #start(step: Step, isStartup: boolean, environment: Environment, signal: AbortSignal): Promise<End> {
    const { mode } = this.#options
    const script = this.#run(step, environment)
    this.#process = script
    const pid = script.pid === undefined ? {} : { pid: script.pid }
    this.#enter('STARTING', pid)
    let running = !isStartup
    if (running) this.#enter('RUNNING', pid) // `run` counts as running once its process exists
    let exited: Promise<Exit> = script.exited
    for (;;) {
      const timeoutMs = running ? runTimeoutMs(mode, step, isStartup) : (step.timeoutMs ?? STEP_TIMEOUT_MS)
      const next = await firstOf<Exit | ReportedState>(signal, timeoutMs, (settle) => {
        void exited.then(settle)
        this.#onReported = settle
      })
      if (next === 'stop') {
        await this.#stopInOrder(script, step, environment)
        return { kind: 'stopped' }
      }
      if (next === 'ERRORED' || next === 'timeout') {
        await this.#terminate(script, step)
        return { kind: 'failed', reason: next === 'timeout' ? 'timed out' : 'the component reported ERRORED' }
      }
      if (next !== 'RUNNING') {
        if (!isStartup || next.code !== 0) return endOf(mode, next)
        // A startup script may end and leave its work to others: the component runs on without a process.
        exited = new Promise(() => {})
        this.#process = undefined
      }
      if (!running) this.#enter('RUNNING', next === 'RUNNING' ? pid : { exitCode: next.code })
      running = true
    }
  }

  async #stopInOrder(script: ScriptProcess, step: Step, environment: Environment): Promise<void> {
    this.#enter('STOPPING', this.pid === undefined ? {} : { pid: this.pid })
    const { shutdown } = this.#options.lifecycle
    if (shutdown !== undefined && !isSkipped(shutdown.skipIf, environment.PATH)) {
      const shutting = this.#run(shutdown, environment)
      if (!(await within(shutting.exited, shutdown.timeoutMs ?? SHUTDOWN_TIMEOUT_MS)))
        shutting.kill('SIGKILL')
      await shutting.exited
    }
    await this.#terminate(script, step)
  }

  async #terminate(script: ScriptProcess, step: Step): Promise<void> {
    const { mode, stopGraceMs } = this.#options
    const unitTimeoutMs = mode.name === 'lite' ? step.timeoutMs : undefined // TimeoutSec covers the stop too
    script.kill('SIGTERM')
    if (!(await within(script.exited, stopGraceMs ?? unitTimeoutMs ?? mode.stopGraceMs)))
      script.kill('SIGKILL')
    await script.exited
  }

  #run(step: Step, environment: Environment): ScriptProcess {
    const { workDirectory, now, onEvent } = this.#options
    return runScript({
      script: this.#script(step),
      workDirectory,
      environment: { ...environment, ...this.#setenv(step) },
      onLine: (stream, line) => onEvent({ event: 'log', at: now(), stream, line }),
    })
  }

  #script(step: Step): string {
    const { mode, variables } = this.#options
    // Lite writes the variables in front of the script, and stops writing at one that is not a string.
    if (mode.name === 'lite' && Object.values(step.setenv).some((value) => typeof value !== 'string'))
      return ''
    return interpolate(mode.name, step.script, variables())
  }

  #setenv(step: Step): Environment {
    const { mode, variables } = this.#options
    const filled = Object.entries(step.setenv).map(([name, value]) => [
      name,
      interpolate(mode.name, String(value), variables()),
    ])
    return Object.fromEntries(filled)
  }

  #enter(state: LifecycleState, detail: { pid?: number; exitCode?: number; reason?: string } = {}): void {
    this.#state = state
    this.#options.onEvent({ event: 'component', at: this.#options.now(), state, ...detail })
  }
}

function endOf(mode: Mode, exit: Exit): End {
  // For systemd these signals are a clean end, after which Restart=on-failure does nothing.
  const clean = mode.name === 'lite' && ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'].includes(exit.signal ?? '')
  if (exit.code === 0 || clean) return { kind: 'finished', exitCode: exit.code }
  const reason = exit.signal === null ? `exited with ${exit.code}` : `ended by ${exit.signal}`
  return { kind: 'failed', reason, exitCode: exit.code }
}

/** Once RUNNING only classic's `run` is timed, and only where the recipe says so. */
const runTimeoutMs = (mode: Mode, step: Step, isStartup: boolean) =>
  mode.name === 'classic' && !isStartup ? step.timeoutMs : undefined
