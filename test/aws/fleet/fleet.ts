/**
 * A fleet of core devices that takes deployments over time: each when its job's pace, its own latency and what it is busy
 * with allow, and with the result that its fate has for the version. Nothing waits for real: time is the account's, and
 * the fleet catches up whenever it is looked at.
 * Sources: Greengrass developer guide, "Deploy components to devices"; greengrassv2 API reference, DeploymentPolicies.
 */
import type {
  CoreDevices,
  Execution,
  ExecutionStatus,
  Greengrass,
  StoredDeployment,
} from '../greengrass/state.ts'
import { targetOf } from '../greengrass/target.ts'
import { thingsIn } from '../registry.ts'
import { Agenda } from './agenda.ts'
import { crash, noteAgent } from './agent-runs.ts'
import type { Configuration } from './configuration.ts'
import { LITE, type SimulatedDevice } from './device.ts'
import { enrol } from './enrol.ts'
import { Fates } from './fate.ts'
import { Installer } from './install.ts'
import { type CompleteFleetOptions, type FleetOptions, withDefaults } from './options.ts'
import { configurationOf, isToAbort, notificationsPerMinute } from './pace.ts'
import { supplyOf } from './supply.ts'
import { type Circumstances, judge, type Verdict } from './verdict.ts'

const MINUTE_MS = 60_000

/** A job on its way through a group. */
interface Telling {
  /** Things that it has not told yet, the next one last. */
  untold: string[]
  /** Whether its next step is planned. */
  isUnderWay: boolean
}

export class Fleet implements CoreDevices {
  readonly options: CompleteFleetOptions
  readonly #greengrass: Greengrass
  readonly #agenda = new Agenda()
  readonly #devices: Map<string, SimulatedDevice>
  readonly #fates: Fates
  readonly #circumstances: Circumstances
  readonly #tellings = new Map<StoredDeployment, Telling>()
  #membershipChanges: number

  constructor(greengrass: Greengrass, options: FleetOptions) {
    this.options = withDefaults(options)
    this.#greengrass = greengrass
    this.#fates = new Fates(this.options)
    this.#circumstances = {
      agent: this.options.component,
      fates: this.#fates,
      installer: new Installer((name, version) => this.#defaultsOf(name, version)),
      supply: supplyOf(greengrass),
    }
    this.#devices = enrol(greengrass.account, this.options)
    this.#membershipChanges = greengrass.account.registry.membershipChanges
  }

  catchUp(): void {
    const { nowMs, registry } = this.#greengrass.account
    this.#agenda.runUntil(nowMs())
    if (registry.membershipChanges === this.#membershipChanges) return
    this.#membershipChanges = registry.membershipChanges
    for (const deployment of this.#greengrass.latest.values()) {
      if (deployment.status === 'ACTIVE' && deployment.job !== undefined) this.deploy(deployment)
    }
    this.#agenda.runUntil(nowMs())
  }

  /** When something that is waited for happens next; infinite once all devices that can are through. */
  nextMs(): number {
    return this.#agenda.awaitedCount === 0 ? Number.POSITIVE_INFINITY : this.#agenda.nextMs
  }

  all(): Iterable<SimulatedDevice> {
    return this.#devices.values()
  }

  find(thing: string): SimulatedDevice | undefined {
    return this.#devices.get(thing)
  }

  /** The service forgets a core device until it reports again; a simulated one does not. */
  remove(thing: string): void {
    this.#devices.delete(thing)
  }

  /** A device gets or loses its connection; what was sent to it meanwhile it takes when it is back. */
  setOnline(thing: string, isOnline: boolean): void {
    this.catchUp()
    const device = this.#deviceOf(thing)
    device.isOnline = isOnline
    if (isOnline) this.#takeNext(device, this.#greengrass.account.nowMs())
  }

  configurationOf(thing: string, component: string): Configuration | undefined {
    this.catchUp()
    return this.#deviceOf(thing).components.get(component)?.configuration
  }

  deploy(deployment: StoredDeployment): void {
    const target = targetOf(deployment.targetArn)
    const { account } = this.#greengrass
    const nowMs = account.nowMs()
    if (target?.kind === 'thing') {
      const device = this.#devices.get(target.name)
      if (device !== undefined) this.#tell(deployment, device, nowMs)
      return
    }
    const known = deployment.job?.executions
    const untold = thingsIn(account, target?.name ?? '', true).filter(
      (thing) => this.#devices.has(thing) && known?.has(thing) !== true,
    )
    const telling = this.#tellings.get(deployment) ?? { untold: [], isUnderWay: false }
    this.#tellings.set(deployment, telling)
    telling.untold = [...untold].reverse()
    if (telling.isUnderWay) return
    telling.isUnderWay = true
    this.#tellNext(deployment, telling, nowMs)
  }

  cancel(deployment: StoredDeployment): void {
    const nowMs = this.#greengrass.account.nowMs()
    const telling = this.#tellings.get(deployment)
    if (telling !== undefined) telling.untold = []
    const { job, targetArn } = deployment
    if (job !== undefined) {
      job.status = 'CANCELED'
      job.changedMs = nowMs
    }
    const device = this.#devices.get(targetOf(targetArn)?.name ?? '')
    for (const execution of job?.executions.values() ?? device?.executions() ?? []) {
      const isMeant = execution.deployment === deployment && execution.status === 'QUEUED'
      if (isMeant) setStatus(execution, 'CANCELED', nowMs)
    }
  }

  /** One thing hears of the job; the one after it, as soon as the job's pace allows. */
  #tellNext(deployment: StoredDeployment, telling: Telling, atMs: number): void {
    const { job } = deployment
    const thing = telling.untold.pop()
    if (job === undefined || thing === undefined) {
      telling.isUnderWay = false
      return
    }
    const device = this.#devices.get(thing)
    if (device !== undefined) this.#tell(deployment, device, atMs)
    const waitMs = MINUTE_MS / notificationsPerMinute(configurationOf(deployment), job)
    this.#agenda.plan(atMs + waitMs, (nextMs) => this.#tellNext(deployment, telling, nextMs))
  }

  #tell(deployment: StoredDeployment, device: SimulatedDevice, atMs: number): void {
    const execution: Execution = {
      thing: device.thingName,
      deployment,
      status: 'QUEUED',
      queuedMs: atMs,
      changedMs: atMs,
    }
    deployment.job?.executions.set(device.thingName, execution)
    if (deployment.job !== undefined) deployment.job.counts.QUEUED += 1
    device.receive(execution)
    this.#takeNext(device, atMs)
  }

  #takeNext(device: SimulatedDevice, atMs: number): void {
    if (device.isBusy || !device.isOnline) return
    const execution = device.inbox.shift()
    if (execution === undefined) return
    // Cancelled meanwhile; or sent to a lite device by its shadow, which the lite nucleus does not look at: it waits.
    const isTakeable = device.kind !== LITE || execution.deployment.job !== undefined
    if (execution.status !== 'QUEUED' || !isTakeable) {
      this.#takeNext(device, atMs)
      return
    }
    device.isBusy = true
    const { deploymentId } = execution.deployment
    const beginMs = atMs + this.#fates.latencyMs(deploymentId, device.index)
    this.#agenda.plan(beginMs, (nowMs) => this.#begin(device, execution, nowMs))
  }

  #begin(device: SimulatedDevice, execution: Execution, atMs: number): void {
    const { deployment } = execution
    if (execution.status !== 'QUEUED') {
      this.#end(device, atMs)
      return
    }
    setStatus(execution, 'IN_PROGRESS', atMs)
    execution.startedMs = atMs
    const version = deployment.components[this.options.component]?.componentVersion
    const durationMs = this.#fates.durationMs(deployment.deploymentId, version, device.index)
    const { inProgressTimeoutInMinutes = Number.POSITIVE_INFINITY } =
      configurationOf(deployment).timeoutConfig ?? {}
    const timeoutMs = inProgressTimeoutInMinutes * MINUTE_MS
    if (timeoutMs < durationMs) {
      this.#agenda.plan(atMs + timeoutMs, (nowMs) => this.#close(execution, 'TIMED_OUT', nowMs))
    }
    this.#agenda.plan(atMs + durationMs, (nowMs) => this.#finish(device, execution, nowMs))
  }

  #finish(device: SimulatedDevice, execution: Execution, atMs: number): void {
    const { deployment } = execution
    const verdict = judge(device, deployment, atMs, this.#circumstances)
    this.#apply(device, deployment, verdict, atMs)
    // A device does not know that its job has run out of time; what it then says is not heard.
    if (execution.status === 'IN_PROGRESS') {
      execution.result = verdict.result
      this.#close(execution, verdict.isSuccess ? 'SUCCEEDED' : 'FAILED', atMs)
    }
    this.#end(device, atMs)
  }

  #apply(device: SimulatedDevice, deployment: StoredDeployment, verdict: Verdict, atMs: number): void {
    device.changedMs = atMs
    if (verdict.isSuccess) device.noteSuccess(deployment.targetArn)
    if (verdict.components !== undefined) {
      device.current.set(deployment.targetArn, deployment)
      device.components = verdict.components
    }
    const { component } = this.options
    const coming = noteAgent(device, component, verdict.hasRestarted, this.#fates, atMs)
    if (coming !== undefined) this.#agenda.plan(coming.atMs, () => crash(device, component, coming), false)
  }

  #close(execution: Execution, status: ExecutionStatus, atMs: number): void {
    if (execution.status !== 'IN_PROGRESS') return
    setStatus(execution, status, atMs)
    const { deployment } = execution
    const { job } = deployment
    if (job === undefined) {
      if (deployment.status === 'ACTIVE') deployment.status = status === 'SUCCEEDED' ? 'COMPLETED' : 'FAILED'
      return
    }
    if (job.status === 'CANCELED' || !isToAbort(configurationOf(deployment), job)) return
    deployment.status = 'CANCELED'
    job.comment = 'The job was canceled because its abort criteria were met'
    this.cancel(deployment)
  }

  #end(device: SimulatedDevice, atMs: number): void {
    device.isBusy = false
    this.#takeNext(device, atMs)
  }

  /** The default configuration in the recipe of a component version that was created here. */
  #defaultsOf(name: string, version: string): Configuration {
    const stored = [...this.#greengrass.components.values()].find(
      (component) => component.name === name && component.version === version,
    )
    const configuration = stored?.recipe.ComponentConfiguration as
      | { DefaultConfiguration?: Configuration }
      | undefined
    return configuration?.DefaultConfiguration ?? {}
  }

  #deviceOf(thing: string): SimulatedDevice {
    const device = this.#devices.get(thing)
    if (device === undefined) throw new Error(`no device ${thing} in the fleet`)
    return device
  }
}

function setStatus(execution: Execution, status: ExecutionStatus, atMs: number): void {
  const { job } = execution.deployment
  if (job !== undefined) {
    job.counts[execution.status] -= 1
    job.counts[status] += 1
    job.changedMs = atMs
  }
  execution.status = status
  execution.changedMs = atMs
}
