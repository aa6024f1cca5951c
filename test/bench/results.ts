/** A run's results as files: all of them for machines to read, and the medians to commit for the next run to compare with. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LastFigure } from './comparison.ts'
import type { Figure } from './figure.ts'
import type { Machine } from './machine.ts'

export interface RunResult {
  /** ISO 8601, the start. */
  readonly at: string
  readonly version: string
  readonly machine: Machine
  /** Of one minute, when the run began and when it ended. */
  readonly loadAverageBefore: number
  readonly loadAverageAfter: number
  /** How the recipe starts Node. */
  readonly nodeFlags: readonly string[]
  readonly nodeEnvironment: Readonly<Record<string, string>>
  readonly groups: Readonly<Record<string, GroupRun>>
}

export interface GroupRun {
  readonly seconds: number
  readonly figures: readonly Figure[]
  readonly notes: readonly string[]
  /** Why there are no figures. */
  readonly error?: string
}

export interface LastRun {
  readonly at: string
  readonly version: string
  readonly machine: Machine
  readonly loadAverage: number
  /** Group, name of the figure. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, LastFigure>>>>
}

export function writeResults(path: string, result: RunResult): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`)
}

/** Undefined when none was committed yet. Throws when the file is no such thing. */
export function readLast(path: string): LastRun | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const last = JSON.parse(text) as Partial<LastRun> | null
  if (typeof last?.figures !== 'object' || typeof last.machine?.cpu !== 'string') {
    throw new Error(`${path} holds no results of a benchmark; --save writes them anew`)
  }
  return last as LastRun
}

export const writeLast = (path: string, last: LastRun): void => writeFileSync(path, lastText(last))

/** This run as the one to compare with. Groups that were not run, or failed, stay as they were. */
export function lastOf(result: RunResult, former: LastRun | undefined): LastRun {
  const figures = { ...former?.figures }
  for (const [name, group] of Object.entries(result.groups)) {
    if (group.error !== undefined) continue
    figures[name] = Object.fromEntries(
      group.figures.map(({ name: figure, unit, summary }) => [
        figure,
        { unit, median: rounded(summary.median), runs: summary.runs },
      ]),
    )
  }
  return {
    at: result.at,
    version: result.version,
    machine: result.machine,
    loadAverage: result.loadAverageBefore,
    figures,
  }
}

/** One figure a line, so that a review shows which of them changed. */
export function lastText(last: LastRun): string {
  const text = JSON.stringify(last, null, 2)
  return `${text.replaceAll(/\{\s+("unit"[^{}]*?)\s+\}/g, (_, inner: string) => `{ ${inner.replaceAll(/\s+/g, ' ')} }`)}\n`
}

/** Five digits: more are noise in any case, and sizes in bytes have no more than that to lose below a megabyte. */
const rounded = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(5)))
