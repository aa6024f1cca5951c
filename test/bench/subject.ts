/** What is measured: the agent's own collector, set up as on the classic nucleus. */
import { Collector } from '../../src/metrics/collector.ts'
import { openProcFs } from '../../src/procfs/proc-fs.ts'
import { entriesMax, REPORT_BYTES_MAX } from '../../src/report/limits.ts'

/** With loopback connections: the real ones that a benchmark can make are such. */
export const collectorOf = (procPath: string): Collector =>
  new Collector(openProcFs(procPath), {
    includeLoopback: true,
    builtInMetrics: [],
    connectionsMax: entriesMax(REPORT_BYTES_MAX, 'json', 'long'),
    seed: 1,
    monotonicMs: () => performance.now(),
  })
