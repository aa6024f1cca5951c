/** Spreads sources over threads. What is in memory is a day of one device for each thread, and the tally. */
import { Worker } from 'node:worker_threads'
import type { HistorySource } from '../history/sources.ts'
import { type BacktestPlan, backtestSource, compilePlan } from './run.ts'
import { addTally, emptyTally, type Tally } from './tally.ts'
import { WORKER_MARK, type WorkerInput, type WorkerMessage } from './worker-messages.ts'

export interface BacktestOptions {
  /** Threads; 1 does the work in this one. */
  readonly jobs: number
  readonly onBytes?: (count: number) => void
  readonly onProblem?: (problem: string) => void
}

export async function backtest(
  sources: readonly HistorySource[],
  plan: BacktestPlan,
  options: BacktestOptions,
): Promise<Tally> {
  const jobs = Math.min(options.jobs, sources.length)
  if (jobs <= 1) return backtestHere(sources, plan, options)
  const { WORKER_URL } = await import('./worker.ts')
  // A thread needs JavaScript; from the sources, under a test runner, the work is done here.
  if (WORKER_URL.endsWith('.ts')) return backtestHere(sources, plan, options)
  const whole = emptyTally()
  const waiting = [...sources]
  await Promise.all(Array.from({ length: jobs }, () => runWorker(WORKER_URL, waiting, plan, whole, options)))
  return whole
}

async function backtestHere(
  sources: readonly HistorySource[],
  plan: BacktestPlan,
  { onBytes, onProblem }: BacktestOptions,
): Promise<Tally> {
  const compiled = compilePlan(plan)
  const whole = emptyTally()
  for (const source of sources) {
    const reading = { ...(onBytes && { onBytes }), ...(onProblem && { onProblem }) }
    addTally(whole, await backtestSource(source, plan, compiled, reading))
  }
  return whole
}

/** Gives one thread source after source until none waits. */
function runWorker(
  url: string,
  waiting: HistorySource[],
  plan: BacktestPlan,
  whole: Tally,
  { onBytes, onProblem }: BacktestOptions,
): Promise<void> {
  const worker = new Worker(new URL(url), { workerData: { mark: WORKER_MARK, plan } satisfies WorkerInput })
  const finished = new Promise<void>((resolve, reject) => {
    const next = () => {
      const source = waiting.shift()
      if (source === undefined) resolve()
      else worker.postMessage(source)
    }
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'bytes') onBytes?.(message.count)
      if (message.kind === 'problem') onProblem?.(message.problem)
      if (message.kind === 'failed') reject(new Error(message.message))
      if (message.kind !== 'done') return
      addTally(whole, message.tally)
      next()
    })
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Error(`a backtest thread ended with status ${code}`)))
    next()
  })
  return finished.finally(() => worker.terminate())
}
