/** What the threads of a backtest and the one that waits for them say to each other. */
import type { BacktestPlan } from './run.ts'
import type { Tally } from './tally.ts'

/** What `workerData` holds beside the plan, so that nobody else's thread takes this for its own. */
export const WORKER_MARK = 'defender backtest'

export interface WorkerInput {
  readonly mark: typeof WORKER_MARK
  readonly plan: BacktestPlan
}

/** To a thread goes one `HistorySource` at a time; this comes back. */
export type WorkerMessage =
  | { readonly kind: 'bytes'; readonly count: number }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'done'; readonly tally: Tally }
  | { readonly kind: 'failed'; readonly message: string }
