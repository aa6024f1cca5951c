/**
 * Collecting from one `/proc`, measured in the process that does it. Warm: after some turns, as a day after the start.
 * First: the very first one, by code that has never run.
 */
import { floorOf } from './floor.ts'
import { type Measured, measureByTurns, type Times, timesOf } from './measure.ts'
import { collectorOf } from './subject.ts'

export type WarmSubject = 'floor' | 'report' | 'sample'

/** A report has the list of connections, a local sample only what can be judged of them. */
export function measureWarm(procPath: string, runs?: number): Record<WarmSubject, Measured> {
  const collector = collectorOf(procPath)
  const subjects = {
    floor: floorOf(procPath),
    report: () => collector.collect('report'),
    sample: () => collector.collect('sample'),
  }
  return measureByTurns(subjects, runs)
}

/** Opening `/proc` included. */
export const measureFirst = (procPath: string): Times =>
  timesOf(() => collectorOf(procPath).collect('report'))
