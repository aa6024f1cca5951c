/**
 * Times of this process for several subjects, run by turns: what disturbs the machine then disturbs all of them alike, and
 * their ratios stay usable where the times themselves are not.
 */
import { type Summary, summarize } from './statistics.ts'

export interface Times {
  /** User and system time of one run, all threads of the process, milliseconds. */
  readonly cpuMs: number
  readonly wallMs: number
}

export interface Measured {
  readonly cpuMs: Summary
  readonly wallMs: Summary
}

export const RUNS = 9
/** So many at least of subjects that are slow: a million lines on a small board take seconds. */
const RUNS_MIN = 3
const TURNS_MS_MAX = 10_000
/** Enough for the optimizing compiler to have seen what there is to see. */
const WARM_UP_RUNS = 3
/** Shorter runs are repeated within one measurement: the kernel counts CPU time in steps of up to 4 ms. */
const MEASURE_MS_MIN = 40

/** At most `runs` of each. */
export function measureByTurns<Name extends string>(
  subjects: Readonly<Record<Name, () => unknown>>,
  runs = RUNS,
): Record<Name, Measured> {
  const entries = Object.entries(subjects) as [Name, () => unknown][]
  for (let turn = 0; turn < WARM_UP_RUNS; turn += 1) for (const [, subject] of entries) subject()
  const onceMs = entries.map(([, subject]) => timesOf(subject).wallMs)
  const repeats = onceMs.map((ms) => Math.max(1, Math.ceil(MEASURE_MS_MIN / Math.max(0.01, ms))))
  const turnMs = onceMs.reduce((sum, ms, index) => sum + ms * (repeats[index] ?? 1), 0)
  const turns = Math.min(runs, Math.max(RUNS_MIN, Math.floor(TURNS_MS_MAX / turnMs)))
  const times = entries.map((): Times[] => [])
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, [, subject]] of entries.entries()) {
      times[index]?.push(timesOf(subject, repeats[index]))
    }
  }
  const measured = entries.map(([name], index) => [
    name,
    {
      cpuMs: summarize((times[index] ?? []).map(({ cpuMs }) => cpuMs)),
      wallMs: summarize((times[index] ?? []).map(({ wallMs }) => wallMs)),
    },
  ])
  return Object.fromEntries(measured) as Record<Name, Measured>
}

/** Of one run, from so many in a row. */
export function timesOf(subject: () => unknown, repeats = 1): Times {
  const cpuBefore = process.cpuUsage()
  const wallBefore = performance.now()
  for (let turn = 0; turn < repeats; turn += 1) subject()
  const wallMs = performance.now() - wallBefore
  const { user, system } = process.cpuUsage(cpuBefore)
  return { cpuMs: (user + system) / 1000 / repeats, wallMs: wallMs / repeats }
}
