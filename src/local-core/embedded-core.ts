/** The embedded core's parts, joined: one IPC server, one component, one configuration, one link to the cloud. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkReport } from '../report/check.ts'
import { isPermitted, policyFaults } from './access-control.ts'
import { componentEnvironment } from './component-environment.ts'
import { ConfigurationStore } from './configuration-store.ts'
import type { DeploymentResult, LocalCore, LocalCoreFaults, LocalCoreOptions } from './contract.ts'
import { DefenderStandIn } from './defender-stand-in.ts'
import type { LifecycleState, LocalCoreEvent } from './events.ts'
import { Inquiry, type Outcome } from './inquiry.ts'
import type { Variables } from './interpolation.ts'
import { IotCore } from './iot-core.ts'
import type { Mode } from './modes.ts'
import { Router } from './mqtt-router.ts'
import type { Deferral, Validity } from './operations/deployments.ts'
import type { LocalMessage } from './operations/local-topics.ts'
import { type Call, OperationError } from './operations/operation.ts'
import { operationTable } from './operations/table.ts'
import type { Recipe } from './recipe.ts'
import { RecipeRunner } from './recipe-runner.ts'
import { IpcServer } from './server.ts'

const REGION = 'us-east-1'
const INQUIRY_TIMEOUT_MS = 30_000 // configurationValidationPolicy.timeoutInSeconds, its default

export class EmbeddedCore implements LocalCore {
  readonly socketPath: string
  readonly faults: LocalCoreFaults
  readonly #mode: Mode
  readonly #recipe: Recipe
  readonly #options: LocalCoreOptions
  readonly #onEvent: (event: LocalCoreEvent) => void
  readonly #configuration: ConfigurationStore
  readonly #validation = new Inquiry<Validity>()
  readonly #componentUpdates = new Inquiry<Deferral>()
  readonly #defender: DefenderStandIn
  readonly #iotCore: IotCore
  readonly #runner: RecipeRunner
  readonly #workDirectory: string
  /** Valid tokens, and the one among them that the running component has. */
  readonly #tokens = new Set<string>()
  #componentToken = ''
  #server: IpcServer | undefined
  #replyDelayMs = 0
  #restartTimer: NodeJS.Timeout | undefined

  constructor(
    mode: Mode,
    recipe: Recipe,
    options: LocalCoreOptions,
    onEvent: (event: LocalCoreEvent) => void,
  ) {
    this.#mode = mode
    this.#recipe = recipe
    this.#options = options
    this.#onEvent = onEvent
    this.socketPath = join(options.rootDirectory, mode.socketName)
    this.#workDirectory = join(options.rootDirectory, 'work', recipe.componentName)
    this.#configuration = new ConfigurationStore(recipe.defaultConfiguration)
    this.#configuration.deploy(options.configuration ?? {}, [], this.#now())
    const now = () => this.#now()
    this.#defender = new DefenderStandIn({
      checkReport,
      minReportIntervalSeconds: options.minReportIntervalSeconds ?? 0,
      publish: (topic, payload) => this.#iotCore.publishFromCloud(topic, payload),
      now,
      onEvent,
    })
    this.#iotCore = new IotCore({ mode, defender: this.#defender, now, onEvent })
    this.#runner = new RecipeRunner({
      mode,
      lifecycle: recipe.lifecycle,
      workDirectory: this.#workDirectory,
      variables: () => this.#variables(),
      environment: () => this.#environment(),
      ...(options.restartDelayMs !== undefined && { restartDelayMs: options.restartDelayMs }),
      ...(options.stopGraceMs !== undefined && { stopGraceMs: options.stopGraceMs }),
      now,
      onEvent,
    })
    this.faults = this.#makeFaults()
  }

  get componentState(): LifecycleState {
    return this.#runner.state
  }

  get componentPid(): number | undefined {
    return this.#runner.pid
  }

  async open(): Promise<void> {
    const faults = policyFaults(this.#mode.name, this.#configuration.get([]))
    if (faults.length > 0) throw new Error(`the nucleus rejects the deployment: ${faults.join('; ')}`)
    await mkdir(this.#workDirectory, { recursive: true })
    await this.#listen()
    this.#tellState('started')
  }

  startComponent(): Promise<void> {
    return this.#runner.start()
  }

  stopComponent(): Promise<void> {
    clearTimeout(this.#restartTimer)
    return this.#runner.stop()
  }

  issueToken(): string {
    const token = randomBytes(16).toString('base64')
    this.#tokens.add(token)
    return token
  }

  async updateConfiguration(
    merge: Readonly<Record<string, unknown>>,
    reset: readonly string[] = [],
  ): Promise<DeploymentResult> {
    const preview = this.#configuration.preview(merge, reset)
    if (policyFaults(this.#mode.name, preview).length > 0) return 'rejected'
    const deploymentId = randomUUID()
    const event = { validateConfigurationUpdateEvent: { configuration: preview, deploymentId } }
    const outcome = await this.#validation.ask(
      deploymentId,
      'ValidateConfigurationUpdateEvents',
      event,
      this.#inquiryTimeoutMs(),
    )
    if (outcome.kind === 'timeout') return 'rejected'
    if (outcome.kind === 'answered' && outcome.answer.status === 'REJECTED') return 'rejected'
    const scriptBefore = this.#runner.startScript
    this.#configuration.deploy(merge, reset, this.#now())
    await this.#restartAfterUpdate(scriptBefore)
    return 'applied'
  }

  async announceComponentUpdate({ isNucleusRestarting = false } = {}): Promise<Outcome<Deferral>> {
    const deploymentId = randomUUID()
    const outcome = await this.#componentUpdates.ask(
      deploymentId,
      'ComponentUpdatePolicyEvents',
      { preUpdateEvent: { deploymentId, isGgcRestarting: isNucleusRestarting } },
      this.#inquiryTimeoutMs(),
    )
    const isDeferred = outcome.kind === 'answered' && outcome.answer.recheckAfterMs > 0
    if (!isDeferred)
      this.#componentUpdates.tell('ComponentUpdatePolicyEvents', { postUpdateEvent: { deploymentId } })
    return outcome
  }

  publishFromCloud(topic: string, payload: Uint8Array | string): void {
    this.#iotCore.publishFromCloud(topic, typeof payload === 'string' ? Buffer.from(payload) : payload)
  }

  async stop(): Promise<void> {
    if (this.#server === undefined) return
    clearTimeout(this.#restartTimer)
    await this.#runner.stop()
    this.#defender.close()
    this.#validation.close()
    this.#componentUpdates.close()
    await this.#server.close()
    this.#server = undefined
    this.#tellState('stopped')
  }

  #makeFaults(): LocalCoreFaults {
    const tell = (fault: string) => this.#onEvent({ event: 'fault', at: this.#now(), fault })
    return {
      disconnect: () => {
        tell('disconnect')
        this.#server?.disconnect()
      },
      restart: async () => {
        tell('restart')
        await this.#restart()
      },
      setOffline: (offline) => {
        tell(offline ? 'offline' : 'online')
        this.#iotCore.setOffline(offline)
      },
      setDelayMs: (delayMs) => {
        tell(`responses ${delayMs} ms late`)
        this.#replyDelayMs = delayMs
      },
      setReplies: (behavior, lateMs) => {
        tell(`replies: ${behavior}`)
        this.#defender.behavior = behavior
        if (lateMs !== undefined) this.#defender.lateMs = lateMs
      },
      killComponent: (signal) => {
        tell(`kill component with ${signal}`)
        this.#runner.kill(signal)
      },
    }
  }

  async #restart(): Promise<void> {
    const restartsComponent = this.#mode.name === 'classic' && this.#runner.isRunning
    this.#tokens.clear()
    this.#iotCore.loseSpool()
    await Promise.all([this.#server?.close(), restartsComponent && this.#runner.stop()])
    await this.#listen()
    this.#tellState('restarted')
    if (restartsComponent) await this.#runner.start()
  }

  /** Classic restarts a component whose script has become another one, lite any component it deploys to. */
  async #restartAfterUpdate(scriptBefore: string): Promise<void> {
    const delayMs = this.#options.configurationRestartDelayMs ?? this.#mode.configurationRestartDelayMs
    if (this.#mode.configurationRestartDelayMs === undefined) {
      if (this.#runner.isRunning && this.#runner.startScript !== scriptBefore) await this.#runner.restart()
      return
    }
    clearTimeout(this.#restartTimer)
    this.#restartTimer = setTimeout(() => {
      if (this.#runner.isRunning) void this.#runner.restart()
    }, delayMs)
  }

  async #listen(): Promise<void> {
    const now = () => this.#now()
    const authorize = (call: Call, service: string, resource: string) =>
      this.#authorize(call, service, resource)
    this.#server = await IpcServer.listen(this.socketPath, {
      mode: this.#mode,
      authenticate: (token) => (this.#tokens.has(token) ? this.#recipe.componentName : undefined),
      replyDelayMs: () => this.#replyDelayMs,
      operations: operationTable({
        mode: this.#mode.name,
        componentName: this.#recipe.componentName,
        configuration: this.#configuration,
        nucleusConfiguration: { awsRegion: REGION },
        validation: this.#validation,
        componentUpdates: this.#componentUpdates,
        iotCore: this.#iotCore,
        localTopics: new Router<LocalMessage>(),
        authorize,
        onMessage: (topic, message) => this.#onEvent(localMessageEvent(now(), topic, message)),
        reportState: (state) => this.#runner.reportState(state),
        restartComponent: () => void this.#runner.restart(),
      }),
    })
  }

  #authorize(call: Call, service: string, resource: string): void {
    const operation = `aws.greengrass#${call.operation}`
    const context = {
      mode: this.#mode.name,
      thingName: this.#options.thingName,
      configuration: this.#configuration.get([]),
    }
    if (isPermitted(context, { service, operation, resource })) return
    this.#onEvent({ event: 'denied', at: this.#now(), operation: call.operation, resource })
    const principal = `Principal ${call.component} is not authorized to perform`
    throw new OperationError(
      'UnauthorizedError',
      this.#mode.name === 'lite'
        ? 'IPC Operation not authorized.'
        : `Authorization failed with error ${principal} ${service}:${operation} on resource ${resource}`,
    )
  }

  #variables(): Variables {
    const { rootDirectory, decompressedPath, thingName } = this.#options
    const { componentName, componentVersion } = this.#recipe
    return {
      configuration: this.#configuration.get([]),
      artifactsPath: join(rootDirectory, 'packages', 'artifacts', componentName, componentVersion),
      decompressedPath,
      workPath: this.#workDirectory,
      rootPath: rootDirectory,
      thingName,
    }
  }

  /** Each start has a token of its own; the former one is dead. */
  #environment(): Record<string, string> {
    this.#tokens.delete(this.#componentToken)
    this.#componentToken = this.issueToken()
    return componentEnvironment({
      mode: this.#mode,
      token: this.#componentToken,
      socketPath: this.socketPath,
      thingName: this.#options.thingName,
      region: REGION,
      rootDirectory: this.#options.rootDirectory,
      componentVersion: this.#recipe.componentVersion,
      additions: this.#options.environment ?? {},
    })
  }

  #inquiryTimeoutMs(): number {
    return this.#options.inquiryTimeoutMs ?? INQUIRY_TIMEOUT_MS
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  #tellState(state: 'started' | 'stopped' | 'restarted'): void {
    this.#onEvent({
      event: 'core',
      at: this.#now(),
      state,
      mode: this.#mode.name,
      socketPath: this.socketPath,
      thingName: this.#options.thingName,
    })
  }
}

function localMessageEvent(at: number, topic: string, message: LocalMessage): LocalCoreEvent {
  const payload = message.jsonMessage?.message ?? { base64: message.binaryMessage?.message ?? '' }
  const bytes =
    message.jsonMessage === undefined
      ? Buffer.from(message.binaryMessage?.message ?? '', 'base64').length
      : Buffer.byteLength(JSON.stringify(message.jsonMessage.message))
  return { event: 'message', at, via: 'local', topic, bytes, payload }
}
