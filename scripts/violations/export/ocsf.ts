/**
 * Detection Findings of the Open Cybersecurity Schema Framework, version 1.3.0, class 2004 (schema.ocsf.io): an object
 * for each violation, as it is now. Times are epoch milliseconds, as the schema's timestamp_t has them.
 */
import { version } from '../../../src/version.ts'
import type { Violation } from '../model.ts'
import { alarmOf } from '../words.ts'
import { updatedAt } from './json.ts'
import { type Severity, severityOf } from './severity.ts'
import { descriptionOf, offendersOf, programOf, titleOf } from './summary.ts'

const FINDINGS = 2
const DETECTION_FINDING = 2004
const activities = { create: 1, close: 3 } as const
const severityIds: Readonly<Record<Severity, number>> = {
  INFORMATIONAL: 1,
  LOW: 2,
  MEDIUM: 3,
  HIGH: 4,
  CRITICAL: 5,
}
const NEW = 1
const RESOLVED = 4
/** verdict_id. */
const verdictIds = { FALSE_POSITIVE: 1, TRUE_POSITIVE: 2, BENIGN_POSITIVE: 5, UNKNOWN: 0 } as const
/** observable.type_id. */
const IP_ADDRESS = 2
const PORT = 11
const REGULAR_FILE = 1

export function ocsfOf(violation: Violation, given: Severity): Readonly<Record<string, unknown>> {
  const { id, thingName, securityProfileName, behavior, startedAt, endedAt, verification } = violation
  const activity = endedAt === undefined ? activities.create : activities.close
  const severity = severityOf(violation, given)
  const evidences = evidencesOf(violation)
  const observables = observablesOf(violation)
  return {
    activity_id: activity,
    activity_name: endedAt === undefined ? 'Create' : 'Close',
    category_uid: FINDINGS,
    category_name: 'Findings',
    class_uid: DETECTION_FINDING,
    class_name: 'Detection Finding',
    type_uid: DETECTION_FINDING * 100 + activity,
    time: updatedAt(violation),
    start_time: startedAt,
    ...(endedAt === undefined ? {} : { end_time: endedAt }),
    severity_id: severityIds[severity],
    severity: word(severity),
    status_id: endedAt === undefined ? NEW : RESOLVED,
    status: endedAt === undefined ? 'New' : 'Resolved',
    is_alert: behavior.suppressAlerts !== true,
    message: titleOf(violation),
    ...(verification === undefined ? {} : { verdict_id: verdictIds[verification.state] }),
    ...(verification?.note === undefined ? {} : { comment: verification.note }),
    metadata: {
      version: '1.3.0',
      product: { name: 'greengrass-defender', vendor_name: 'greengrass-defender', version },
      uid: id,
    },
    finding_info: {
      uid: `${thingName}/${id}`,
      title: titleOf(violation),
      desc: descriptionOf(violation),
      created_time: startedAt,
      first_seen_time: startedAt,
      last_seen_time: updatedAt(violation),
      modified_time: updatedAt(violation),
      types: ['Anomalous device behavior'],
      analytic: {
        type_id: 1,
        type: 'Rule',
        name: behavior.name,
        uid: `${securityProfileName}/${behavior.name}`,
      },
    },
    resources: [{ uid: thingName, name: thingName, type: 'AWS::IoT::Thing' }],
    ...(evidences.length === 0 ? {} : { evidences }),
    ...(observables.length === 0 ? {} : { observables }),
    unmapped: {
      securityProfileName,
      behavior,
      state: violation.state,
      origin: violation.origin,
      records: violation.records,
    },
  }
}

const word = (severity: string) => `${severity.charAt(0)}${severity.slice(1).toLowerCase()}`

/** What offended, and who did it where that is known. */
function evidencesOf(violation: Violation): readonly object[] {
  const evidence = alarmOf(violation.records)?.evidence
  const processes = evidence?.kind === 'list' ? (evidence.processes ?? []) : []
  return offendersOf(violation).flatMap((element) => {
    const endpoint = endpointOf(violation, element)
    const known = processes.find((each) => each.element === element)
    const process =
      known === undefined || 'unknown' in known
        ? undefined
        : {
            pid: known.pid,
            name: programOf(known.executable),
            file: { name: programOf(known.executable), path: known.executable, type_id: REGULAR_FILE },
          }
    if (endpoint === undefined && process === undefined) return []
    return [{ ...(endpoint ?? {}), ...(process === undefined ? {} : { process }) }]
  })
}

/** A listening port is on the device; an address is whom it talks to. */
function endpointOf(
  { behavior: { metric }, thingName }: Violation,
  element: number | string,
): object | undefined {
  if (typeof element === 'number' && /ports/.test(metric)) {
    return { src_endpoint: { port: element, name: thingName } }
  }
  return metric === 'aws:destination-ip-addresses' ? { dst_endpoint: { ip: addressOf(element) } } : undefined
}

const addressOf = (element: number | string) => String(element).replace(/\/\d+$/, '')

function observablesOf(violation: Violation): readonly object[] {
  const { metric } = violation.behavior
  const offenders = offendersOf(violation)
  if (/ports/.test(metric)) {
    return offenders.map((each) => ({
      name: 'evidences[].src_endpoint.port',
      type_id: PORT,
      type: 'Port',
      value: String(each),
    }))
  }
  if (metric !== 'aws:destination-ip-addresses') return []
  return offenders.map((each) => ({
    name: 'evidences[].dst_endpoint.ip',
    type_id: IP_ADDRESS,
    type: 'IP Address',
    value: addressOf(each),
  }))
}
