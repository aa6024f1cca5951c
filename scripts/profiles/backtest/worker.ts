/**
 * Replays sources one after the other in a thread of its own: one message asks for a source, one answers with its tally.
 * Started by `pool.ts` from this very file, which it only ever imports dynamically: so the bundler leaves it a file of its
 * own, and a thread that starts here does not start the command line.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { HistorySource } from '../history/sources.ts'
import { backtestSource, compilePlan } from './run.ts'
import { WORKER_MARK, type WorkerInput, type WorkerMessage } from './worker-messages.ts'

export const WORKER_URL = import.meta.url

function isOwn(data: unknown): data is WorkerInput {
  return typeof data === 'object' && data !== null && 'mark' in data && data.mark === WORKER_MARK
}

if (parentPort !== null && isOwn(workerData)) {
  const port = parentPort
  const { plan } = workerData
  const compiled = compilePlan(plan)
  const tell = (message: WorkerMessage) => port.postMessage(message)
  port.on('message', (source: HistorySource) => {
    backtestSource(source, plan, compiled, {
      onBytes: (count) => tell({ kind: 'bytes', count }),
      onProblem: (problem) => tell({ kind: 'problem', problem }),
    }).then(
      (tally) => tell({ kind: 'done', tally }),
      (error: unknown) =>
        tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
    )
  })
}
