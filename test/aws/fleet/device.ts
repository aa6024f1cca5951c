/** One simulated core device: what is installed on it, what it was sent, and what its agent has been doing. */
import type { CoreDevice, Execution, InstalledComponent, StoredDeployment } from '../greengrass/state.ts'
import type { Configuration } from './configuration.ts'

/** A component on a device; replaced, never changed, so that devices may share it. */
export interface DeviceComponent {
  readonly version: string
  readonly isRoot: boolean
  readonly state: 'RUNNING' | 'FINISHED' | 'BROKEN'
  readonly stateDetails?: string
  readonly statusCodes?: readonly string[]
  readonly changedMs: number
  readonly source?: string
  readonly configuration: Configuration
}

/** A run of the agent, from its start until it ends. */
export interface AgentRun {
  readonly version: string
  readonly sinceMs: number
  endedMs?: number
  /** Whether Device Defender accepts its reports. */
  readonly isAccepted: boolean
  readonly violationsPerDay: number
}

export interface DeviceKind {
  readonly runtime: CoreDevice['runtime']
  readonly nucleus: string
  readonly coreVersion: string
  readonly platform: string
  readonly architecture: string
}

export const CLASSIC: DeviceKind = {
  runtime: 'aws_nucleus_classic',
  nucleus: 'aws.greengrass.Nucleus',
  coreVersion: '2.14.3',
  platform: 'linux',
  architecture: 'amd64',
}
export const LITE: DeviceKind = {
  runtime: 'aws_nucleus_lite',
  nucleus: 'aws.greengrass.NucleusLite',
  coreVersion: '2.2.0',
  platform: 'linux',
  architecture: 'aarch64',
}

export class SimulatedDevice implements CoreDevice {
  /** Its place in the fleet; chance is drawn with it. */
  readonly index: number
  readonly thingName: string
  readonly kind: DeviceKind
  isOnline: boolean
  /** Works on a deployment. */
  isBusy = false
  readonly inbox: Execution[] = []
  components: ReadonlyMap<string, DeviceComponent>
  /** What it runs of each target, successful or not. */
  readonly current = new Map<string, StoredDeployment>()
  readonly runs: AgentRun[] = []
  changedMs: number
  readonly #executions = new Map<string, Execution>()
  readonly #succeeded = new Set<string>()

  constructor(index: number, thingName: string, kind: DeviceKind, isOnline: boolean, sinceMs: number) {
    this.index = index
    this.thingName = thingName
    this.kind = kind
    this.isOnline = isOnline
    this.changedMs = sinceMs
    this.components = new Map([
      [
        kind.nucleus,
        {
          version: kind.coreVersion,
          isRoot: false,
          state: 'FINISHED',
          changedMs: sinceMs,
          configuration: {},
        },
      ],
    ])
  }

  get runtime() {
    return this.kind.runtime
  }
  get platform() {
    return this.kind.platform
  }
  get architecture() {
    return this.kind.architecture
  }
  get coreVersion() {
    return this.components.get(this.kind.nucleus)?.version ?? this.kind.coreVersion
  }

  status(): 'HEALTHY' | 'UNHEALTHY' {
    for (const { state } of this.components.values()) if (state === 'BROKEN') return 'UNHEALTHY'
    return 'HEALTHY'
  }

  statusMs(): number {
    return this.changedMs
  }

  installed(): readonly InstalledComponent[] {
    return [...this.components].map(([name, component]) => ({
      name,
      reportedMs: this.changedMs,
      ...component,
    }))
  }

  executions(): readonly Execution[] {
    return [...this.#executions.values()].reverse()
  }

  hasDeployed(targetArn: string): boolean {
    return this.#succeeded.has(targetArn)
  }

  receive(execution: Execution): void {
    const { targetArn } = execution.deployment
    this.#executions.delete(targetArn) // so that the newest comes last
    this.#executions.set(targetArn, execution)
    this.inbox.push(execution)
  }

  noteSuccess(targetArn: string): void {
    this.#succeeded.add(targetArn)
  }
}
