/**
 * What Greengrass's control plane holds for one account in one region: component versions, deployments with their jobs,
 * tags; and what it asks of the core devices.
 */
import type { Account, Input } from '../account.ts'

export interface Greengrass {
  /** Names the account and the region, has the clock, the registry of things and the buckets. */
  readonly account: Account
  /** By ARN, in the order of creation. */
  readonly components: Map<string, StoredComponent>
  /** ARNs of component versions that were there. */
  readonly deletedComponents: Set<string>
  /** By id, in the order of creation. */
  readonly deployments: Map<string, StoredDeployment>
  /** The latest revision of a target, by the target's ARN. */
  readonly latest: Map<string, StoredDeployment>
  /** Revisions that a target has had, deleted ones included. */
  readonly revisions: Map<string, number>
  /** By the ARN of what is tagged. */
  readonly tags: Map<string, Map<string, string>>
  /** Artifacts that the service cannot process, by URI, and what it says of them: for tests. */
  readonly artifactFaults: Map<string, string>
  /** None until a fleet is joined to it. */
  coreDevices: CoreDevices
  componentTimes: ComponentTimes
}

/** When a component version goes on to its next state, in milliseconds since it was created. */
export interface ComponentTimes {
  readonly initiatedMs: number
  readonly settledMs: number
}

export type ComponentState = 'REQUESTED' | 'INITIATED' | 'DEPLOYABLE' | 'FAILED' | 'DEPRECATED'

export interface StoredComponent {
  readonly arn: string
  readonly name: string
  readonly version: string
  /** As the service answers it: with what it adds. */
  readonly recipe: Readonly<Record<string, unknown>>
  readonly format: 'JSON' | 'YAML'
  readonly createdMs: number
  readonly token?: string
  /** By artifact; with none the version becomes deployable. */
  readonly errors: Readonly<Record<string, string>>
}

export type DeploymentStatus = 'ACTIVE' | 'COMPLETED' | 'CANCELED' | 'FAILED' | 'INACTIVE'

export interface StoredDeployment {
  readonly deploymentId: string
  readonly arn: string
  readonly targetArn: string
  readonly revisionId: string
  /** The request, without target, tags and token. */
  readonly content: Input
  readonly components: Readonly<Record<string, ComponentSpecification>>
  readonly createdMs: number
  readonly token?: string
  /** The whole request as JSON, to know it again. */
  readonly request: string
  status: DeploymentStatus
  /** Of a thing group; a thing's deployment travels by its shadow and has no job. */
  readonly job?: Job
}

export interface ComponentSpecification {
  readonly componentVersion: string
  readonly configurationUpdate?: { readonly merge?: string; readonly reset?: readonly string[] }
}

/** Source: iot API reference, JobExecutionSummary. */
export type ExecutionStatus =
  | 'QUEUED'
  | 'IN_PROGRESS'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'TIMED_OUT'
  | 'REJECTED'
  | 'CANCELED'

/** The IoT job that brings a deployment to a thing group; it goes on for things that join later. */
export interface Job {
  readonly jobId: string
  readonly jobArn: string
  status: 'IN_PROGRESS' | 'CANCELED'
  changedMs: number
  /** Why it was cancelled, as `iot:DescribeJob` says. */
  comment?: string
  readonly counts: Record<ExecutionStatus, number>
  readonly executions: Map<string, Execution>
}

/** What became of a deployment on one core device. */
export interface Execution {
  readonly thing: string
  readonly deployment: StoredDeployment
  status: ExecutionStatus
  readonly queuedMs: number
  startedMs?: number
  changedMs: number
  result?: ExecutionResult
}

/** What the device says at the end. Source: Greengrass developer guide, "Detailed deployment error codes". */
export interface ExecutionResult {
  readonly reason: string
  readonly errorStack?: readonly string[]
  readonly errorTypes?: readonly string[]
}

/** The core devices, as they would be known from their own messages. Every call is about this very moment. */
export interface CoreDevices {
  /** Brings all devices up to the present. */
  catchUp(): void
  deploy(deployment: StoredDeployment): void
  /** Devices that have not received it yet will not. */
  cancel(deployment: StoredDeployment): void
  all(): Iterable<CoreDevice>
  find(thing: string): CoreDevice | undefined
  remove(thing: string): void
}

export interface CoreDevice {
  readonly thingName: string
  readonly runtime: 'aws_nucleus_classic' | 'aws_nucleus_lite'
  readonly coreVersion: string
  readonly platform: string
  readonly architecture: string
  status(): 'HEALTHY' | 'UNHEALTHY'
  statusMs(): number
  installed(): readonly InstalledComponent[]
  /** The latest deployment of each target that was sent to the device. */
  executions(): readonly Execution[]
  /** Whether a deployment to this target ever succeeded here. */
  hasDeployed(targetArn: string): boolean
}

export interface InstalledComponent {
  readonly name: string
  readonly version: string
  readonly isRoot: boolean
  readonly state: 'RUNNING' | 'FINISHED' | 'BROKEN'
  readonly stateDetails?: string
  readonly statusCodes?: readonly string[]
  readonly changedMs: number
  readonly reportedMs: number
  /** Id of the last deployment that contained it; absent for what was there from the beginning. */
  readonly source?: string
}

export const seconds = (ms: number) => ms / 1000
