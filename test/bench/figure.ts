/** What a benchmark answers: figures with names that stay, so that one run can be compared with another. */
import type { NodeStart } from './node-start.ts'
import type { Summary } from './statistics.ts'

export type Unit =
  | 'ms'
  | 'ns'
  | 'MB' // 1,000,000 bytes
  | 'kB'
  | 'B'
  | '%'
  | 'x' // times another figure
  | 'k/s' // thousands a second

export interface Figure {
  /** Unique within its group. A figure of another name is another figure. */
  readonly name: string
  readonly unit: Unit
  readonly summary: Summary
  /** The median by that of the floor: of a program that does the unavoidable part only. */
  readonly timesFloor?: number
  /** What the median should be at most. Said, never enforced: machines differ. */
  readonly goal?: number
}

interface Beside {
  /** The floor's median. */
  readonly floor?: number
  readonly goal?: number | undefined
}

export const figure = (name: string, unit: Unit, summary: Summary, { floor, goal }: Beside = {}): Figure => ({
  name,
  unit,
  summary,
  ...(floor !== undefined && { timesFloor: summary.median / floor }),
  ...(goal !== undefined && { goal }),
})

export interface GroupResult {
  readonly figures: readonly Figure[]
  /** What has to be known to read the figures, and what was left out, with the reason. */
  readonly notes: readonly string[]
}

export interface Group {
  /** For `--only`. */
  readonly name: string
  readonly title: string
  run(context: BenchContext): Promise<GroupResult> | GroupResult
}

export interface BenchContext {
  /** Of the checkout. */
  readonly root: string
  /** Short, for sockets lie in it; on a disk in memory where there is one; removed at the end. */
  readonly scratch: string
  /** A copy of the built artifact: someone may build anew meanwhile. */
  readonly artifact: string
  /** How the recipe starts Node, and Node as it comes. */
  readonly starts: { readonly recipe: NodeStart; readonly plain: NodeStart }
  /** How long the agent is watched at rest. */
  readonly restSeconds: number
  /** AWS's way of collecting takes minutes beyond. */
  readonly awsLinesMax: number
}
