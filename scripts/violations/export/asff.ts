/**
 * AWS Security Hub's findings (user guide, "AWS Security Finding Format"; API reference, AwsSecurityFinding), as requests
 * of BatchImportFindings: one a line, each of at most 100 findings. A violation keeps its id, so that what is exported
 * again updates the finding; once it is over the finding is archived.
 *
 * Severity, types and verification of a finding that is there are its readers' to change, and an import leaves them
 * alone: what we say anew goes into FindingProviderFields.
 */

import type { Violation } from '../model.ts'
import { alarmOf } from '../words.ts'
import { isoTime, updatedAt } from './json.ts'
import { type Severity, severityOf } from './severity.ts'
import { descriptionOf, offendersOf, programOf, titleOf } from './summary.ts'

export interface AsffAccount {
  readonly accountId: string
  readonly region: string
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string
}

/** API reference, BatchImportFindings: findings of a request. */
export const FINDINGS_PER_REQUEST = 100
/** API reference, AwsSecurityFinding: characters of each. */
const TITLE_MAX = 256
const DESCRIPTION_MAX = 1024
const PRODUCT_FIELD_MAX = 2048
const NOTE_MAX = 512
const TYPES = ['Unusual Behaviors/Network Flow']
/** User guide, Severity: the score that goes with each label. */
const scores: Readonly<Record<Severity, number>> = {
  INFORMATIONAL: 0,
  LOW: 20,
  MEDIUM: 50,
  HIGH: 80,
  CRITICAL: 95,
}

export function asffOf(
  violation: Violation,
  given: Severity,
  { accountId, region, partition }: AsffAccount,
): Readonly<Record<string, unknown>> {
  const { id, thingName, securityProfileName, behavior, startedAt, endedAt, verification } = violation
  const label = severityOf(violation, given)
  const severity = { Label: label, Original: label }
  const process = processOf(violation)
  return {
    SchemaVersion: '2018-10-08',
    Id: `${region}/${accountId}/${thingName}/${id}`,
    ProductArn: `arn:${partition}:securityhub:${region}:${accountId}:product/${accountId}/default`,
    ProductName: 'greengrass-defender',
    GeneratorId: `greengrass-defender/${securityProfileName}/${behavior.name}`,
    AwsAccountId: accountId,
    Region: region,
    Types: TYPES,
    FirstObservedAt: isoTime(startedAt),
    LastObservedAt: isoTime(updatedAt(violation)),
    CreatedAt: isoTime(startedAt),
    UpdatedAt: isoTime(updatedAt(violation)),
    Severity: { ...severity, Normalized: scores[label] },
    FindingProviderFields: { Severity: severity, Types: TYPES },
    Title: titleOf(violation).slice(0, TITLE_MAX),
    Description: descriptionOf(violation).slice(0, DESCRIPTION_MAX),
    ProductFields: productFields(violation),
    ...(process === undefined ? {} : { Process: process }),
    Resources: [
      {
        // Things are not among the types that the format lists.
        Type: 'Other',
        Id: `arn:${partition}:iot:${region}:${accountId}:thing/${thingName}`,
        Partition: partition,
        Region: region,
        Details: { Other: { ThingName: thingName } },
      },
    ],
    RecordState: endedAt === undefined ? 'ACTIVE' : 'ARCHIVED',
    Workflow: { Status: endedAt === undefined ? 'NEW' : 'RESOLVED' },
    VerificationState: verification?.state ?? 'UNKNOWN',
    ...(verification?.note === undefined
      ? {}
      : {
          Note: {
            Text: verification.note.slice(0, NOTE_MAX),
            UpdatedBy: 'greengrass-defender',
            UpdatedAt: isoTime(updatedAt(violation)),
          },
        }),
  }
}

/** Text by name, at most 50 of them. */
function productFields(violation: Violation): Readonly<Record<string, string>> {
  const { securityProfileName, behavior, state, id, origin } = violation
  const fields = {
    'greengrass-defender/violationId': id,
    'greengrass-defender/securityProfile': securityProfileName,
    'greengrass-defender/behavior': behavior.name,
    'greengrass-defender/metric': behavior.metric,
    'greengrass-defender/state': state,
    'greengrass-defender/origin': origin,
    'greengrass-defender/offenders': offendersOf(violation).join(' '),
  }
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, value.slice(0, PRODUCT_FIELD_MAX)]),
  )
}

/** The format has room for one: the first that is known. API reference, ProcessDetails. */
function processOf({ records }: Violation): object | undefined {
  const evidence = alarmOf(records)?.evidence
  if (evidence?.kind !== 'list') return undefined
  for (const each of evidence.processes ?? []) {
    if ('unknown' in each) continue
    const { executable, pid } = each
    return { Name: programOf(executable).slice(0, 64), Path: executable.slice(0, 512), Pid: pid }
  }
  return undefined
}
