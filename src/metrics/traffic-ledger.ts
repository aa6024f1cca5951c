/**
 * Keeps account of traffic between the kernel's counters and the reports that tell of it, so that every byte is told once:
 * whether reports are refused, doubted, rejected, or the agent is killed in between. Pure; the owner stores it before each
 * step that leaves the device.
 *
 *   counters --observe--> carried --begin--> in doubt --settle: handed over--> unanswered --accepted--> gone
 *                            ^                  |                                  |
 *                            +-- settle: refused+------------------ rejected ------+
 *
 * A report whose fate is unknown (no reply from the nucleus, or killed while handing over) stays in doubt and is sent again as it
 * is, with the same report id, until its fate is known: whoever receives it twice can tell by the id.
 */
import { type CounterReading, trafficSince } from './counters.ts'
import type { NetworkStats } from './snapshot.ts'

export interface TrafficLedger {
  /** Counters up to which traffic has been taken into account. */
  readonly baseline?: CounterReading
  /** Taken into account and in no report. Absent as long as there was no baseline: there is nothing to tell yet. */
  readonly carried?: NetworkStats
  readonly inDoubt?: TrafficInReport
  /** Handed over, and neither accepted nor rejected so far; the newest last. */
  readonly unanswered: readonly TrafficInReport[]
}

export interface TrafficInReport {
  readonly reportId: number
  /** Absent when the report had no `network_stats`. */
  readonly traffic?: NetworkStats
}

export type ReportFate = 'handed-over' | 'refused' | 'unknown'

export const emptyLedger: TrafficLedger = { unanswered: [] }

/** Reports that wait for a reply; an hour's worth at AWS's shortest interval. What is older will not be answered any more. */
const UNANSWERED_MAX = 12

/** Takes a new reading into account. */
export function observe(
  ledger: TrafficLedger,
  reading: CounterReading,
  isReported: (name: string) => boolean,
): TrafficLedger {
  const carried = add(ledger.carried, trafficSince(ledger.baseline, reading, isReported))
  return { ...ledger, baseline: reading, ...(carried && { carried }) }
}

/** Gives up what is carried: reports are switched off. */
export function forget(ledger: TrafficLedger): TrafficLedger {
  const { carried: _, ...rest } = ledger
  return rest
}

/** Puts what is carried into a report. The one before must be settled first. */
export function begin(ledger: TrafficLedger, reportId: number): TrafficLedger {
  if (ledger.inDoubt !== undefined) throw new Error(`report ${ledger.inDoubt.reportId} is still in doubt`)
  const { carried, ...rest } = ledger
  return { ...rest, inDoubt: { reportId, ...(carried && { traffic: carried }) } }
}

/** Says what became of the report in doubt. */
export function settle(ledger: TrafficLedger, fate: ReportFate): TrafficLedger {
  const { inDoubt, ...rest } = ledger
  if (inDoubt === undefined || fate === 'unknown') return ledger
  if (fate === 'handed-over') {
    return { ...rest, unanswered: [...rest.unanswered, inDoubt].slice(-UNANSWERED_MAX) }
  }
  return carry(rest, inDoubt)
}

/** Device Defender has it. An answer to the report in doubt ends the doubt. */
export function accepted(ledger: TrafficLedger, reportId: number): TrafficLedger {
  return withoutReport(ledger, reportId)
}

/** Device Defender threw it away: the next report tells its traffic again. */
export function rejected(ledger: TrafficLedger, reportId: number): TrafficLedger {
  const report = [...ledger.unanswered, ledger.inDoubt].find((each) => each?.reportId === reportId)
  return report === undefined ? ledger : carry(withoutReport(ledger, reportId), report)
}

/** The report that an answer without an id must be about: the oldest that waits. */
export const oldestUnanswered = ({ unanswered, inDoubt }: TrafficLedger): number | undefined =>
  (unanswered[0] ?? inDoubt)?.reportId

/** Whether the report waits for an answer. */
export const isWaiting = ({ unanswered, inDoubt }: TrafficLedger, reportId: number): boolean =>
  inDoubt?.reportId === reportId || unanswered.some((report) => report.reportId === reportId)

function withoutReport(ledger: TrafficLedger, reportId: number): TrafficLedger {
  const unanswered = ledger.unanswered.filter((report) => report.reportId !== reportId)
  const { inDoubt, ...rest } = ledger
  return inDoubt === undefined || inDoubt.reportId === reportId
    ? { ...rest, unanswered }
    : { ...rest, inDoubt, unanswered }
}

function carry(ledger: TrafficLedger, { traffic }: TrafficInReport): TrafficLedger {
  const carried = add(ledger.carried, traffic)
  return { ...ledger, ...(carried && { carried }) }
}

function add(left: NetworkStats | undefined, right: NetworkStats | undefined): NetworkStats | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return {
    bytesIn: left.bytesIn + right.bytesIn,
    bytesOut: left.bytesOut + right.bytesOut,
    packetsIn: left.packetsIn + right.packetsIn,
    packetsOut: left.packetsOut + right.packetsOut,
  }
}
