/** What the embedded core is to its users: how it is started, what can be done to it, which faults it can be told to have. */
import type { ReplyBehavior } from './defender-stand-in.ts'
import type { LifecycleState } from './events.ts'
import type { Outcome } from './inquiry.ts'
import type { ModeName } from './modes.ts'
import type { Deferral } from './operations/deployments.ts'

export interface LocalCoreOptions {
  readonly mode: ModeName
  readonly recipePath: string
  /** Where the unpacked artifacts are; the recipe's `{artifacts:decompressedPath}`. */
  readonly decompressedPath: string
  /** For the socket and the work directory. A socket's path may have 107 bytes, so keep it short. */
  readonly rootDirectory: string
  readonly thingName: string
  /** Merged over the recipe's defaults, as a deployment would. */
  readonly configuration?: Readonly<Record<string, unknown>>
  /** Given to the component besides what the nucleus gives it, and PATH, HOME and LANG. */
  readonly environment?: Readonly<Record<string, string>>
  /** Device Defender throttles reports that are closer than this. Default 0: never. */
  readonly minReportIntervalSeconds?: number
  /** From a failure to the next start, instead of the nucleus's own delay. */
  readonly restartDelayMs?: number
  /** From SIGTERM to SIGKILL, instead of the nucleus's own. */
  readonly stopGraceMs?: number
  /** Lite: from a deployment's events to the restart, instead of its ten seconds. */
  readonly configurationRestartDelayMs?: number
  /** How long a deployment waits for what components have to say. Default 30 s, as the deployment policies have it. */
  readonly inquiryTimeoutMs?: number
  now?(): number
}

export interface LocalCore {
  readonly socketPath: string
  readonly componentState: LifecycleState
  readonly componentPid: number | undefined
  startComponent(): Promise<void>
  stopComponent(): Promise<void>
  /** A token (SVCUID) for a client that the core did not start itself; it acts as the component. */
  issueToken(): string
  /** A deployment that changes the configuration only. Rejected by a component that validates, or by the nucleus. */
  updateConfiguration(
    merge: Readonly<Record<string, unknown>>,
    reset?: readonly string[],
  ): Promise<DeploymentResult>
  /** A deployment that is about to update the component: who wants to wait? Nobody can on lite. */
  announceComponentUpdate(options?: { isNucleusRestarting?: boolean }): Promise<Outcome<Deferral>>
  /** A message from anyone but this device. */
  publishFromCloud(topic: string, payload: Uint8Array | string): void
  readonly faults: LocalCoreFaults
  stop(): Promise<void>
}

export type DeploymentResult = 'applied' | 'rejected'

export interface LocalCoreFaults {
  /** Drops all connections; tokens stay good. */
  disconnect(): void
  /**
   * A new IPC server; all tokens are dead, messages in the spool are lost. Classic restarts the component with it, lite
   * (where it is the IPC daemon alone that restarts) does not.
   */
  restart(): Promise<void>
  setOffline(offline: boolean): void
  /** Every IPC response comes so late. */
  setDelayMs(delayMs: number): void
  /** How Device Defender answers; `lateMs` is for `late`. */
  setReplies(behavior: ReplyBehavior, lateMs?: number): void
  killComponent(signal: NodeJS.Signals): void
}
