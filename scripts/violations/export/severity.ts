/**
 * How grave a violation is. A security profile does not say; an operator may, for all that is exported. What was found
 * to be no harm, and what was never cleared but fell silent, is of less weight than that.
 */
import type { Violation } from '../model.ts'

/** AWS Security Hub user guide, Severity.Label; OCSF has the same words. */
export const SEVERITIES = ['INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const
export type Severity = (typeof SEVERITIES)[number]

export function severityOf({ behavior, state, verification }: Violation, given: Severity): Severity {
  const said = verification?.state
  if (said === 'FALSE_POSITIVE' || said === 'BENIGN_POSITIVE') return 'INFORMATIONAL'
  // A muted behavior is one that its author does not want to be woken for.
  if (behavior.suppressAlerts === true || state === 'invalidated') return lower(given)
  return given
}

const lower = (severity: Severity): Severity =>
  SEVERITIES.indexOf(severity) > SEVERITIES.indexOf('LOW') ? 'LOW' : severity
