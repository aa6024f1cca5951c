/** What the monitor needs from outside. `component/main.ts` brings the real ones, tests their own. */
import type { Config } from '../config/settings.ts'
import type { CoreClient } from '../ipc/core-client.ts'
import type { Logger } from '../log/logger.ts'
import type { CustomMetricSource } from '../metrics/custom.ts'
import type { CustomMetricValue } from '../metrics/snapshot.ts'
import type { ProcFs } from '../procfs/proc-fs.ts'
import type { Health } from '../report/health.ts'
import type { Clock } from '../schedule/clock.ts'
import type { History } from '../store/history.ts'
import type { Outbox } from '../store/outbox-types.ts'
import type { AgentState } from './agent-state.ts'

export interface Ports {
  /** One connection to the nucleus, or an IpcError. `onStreamLost` hears of a subscription that ended alone. */
  readonly connect: (onStreamLost: (operation: string, error?: unknown) => void) => Promise<CoreClient>
  readonly clock: Clock
  readonly log: Logger
  /** From 0 up to 1. */
  readonly random: () => number
  readonly agentVersion: string
  readonly residentBytes: () => number
  readonly openProcFs: (procPath: string) => ProcFs
  /** The value of a custom metric that a file or a program gives. */
  readonly readCustomMetric: (
    name: string,
    source: Extract<CustomMetricSource, { readonly kind: 'file' | 'program' }>,
    signal: AbortSignal,
  ) => Promise<CustomMetricValue>
  /** One turn for each report that is due. */
  readonly ticks: (config: Config, signal: AbortSignal) => AsyncIterable<void>
  /** What the agent keeps on disk, where the configuration says; undefined when `signal` is aborted before it can be had. */
  readonly openStores: (config: Config, signal: AbortSignal) => Promise<Stores | undefined>
}

/** None of these throws for what a disk does: without one the agent goes on from memory. */
export interface Stores {
  readonly loadState: () => Promise<AgentState>
  readonly saveState: (state: AgentState) => Promise<void>
  readonly outbox: Outbox
  readonly history: History
  /** For `defender status`. */
  readonly writeStatus: (health: Health) => Promise<void>
  /** A report that Device Defender could not read, with its reason, for whoever looks into it. */
  readonly keepRejected: (reportId: number, reason: string, payload: Uint8Array) => Promise<void>
  readonly close: () => Promise<void>
}
