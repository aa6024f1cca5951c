/** What the monitor needs from outside. `component/main.ts` brings the real ones, tests their own. */
import type { Config } from '../config/settings.ts'
import type { CoreClient } from '../ipc/core-client.ts'
import type { Logger } from '../log/logger.ts'
import type { CustomMetricSource } from '../metrics/custom.ts'
import type { CustomMetricValue } from '../metrics/snapshot.ts'
import type { ProcFs } from '../procfs/proc-fs.ts'
import type { Clock } from '../schedule/clock.ts'

export interface Ports {
  readonly core: CoreClient
  readonly clock: Clock
  readonly log: Logger
  /** From 0 up to 1. */
  readonly random: () => number
  readonly openProcFs: (procPath: string) => ProcFs
  /** The value of a custom metric that a file or a program gives. */
  readonly readCustomMetric: (
    name: string,
    source: Exclude<CustomMetricSource, { readonly kind: 'built-in' }>,
    signal: AbortSignal,
  ) => Promise<CustomMetricValue>
  /** One turn for each report that is due. */
  readonly ticks: (config: Config, signal: AbortSignal) => AsyncIterable<void>
}
