/** `defender violations export`: violations in the formats of others, to standard output or a file. */
import { writeFile } from 'node:fs/promises'
import { awsOptionsOf, OperatorProblem } from '../../aws/operator-io.ts'
import type { ExitStatus } from '../../plan/io.ts'
import { plural } from '../../render/numbers.ts'
import {
  type FilterFlags,
  filterOf,
  type SourceFlags,
  statusOf,
  type ViolationsIo,
  withSource,
} from '../io.ts'
import type { Violation } from '../model.ts'
import { type AsffAccount, asffOf, FINDINGS_PER_REQUEST } from './asff.ts'
import { csvHead, csvOf } from './csv.ts'
import type { Format } from './formats.ts'
import { violationJson } from './json.ts'
import { ocsfOf } from './ocsf.ts'
import type { Severity } from './severity.ts'
import { splunkLinesOf } from './splunk.ts'

export interface ExportFlags extends SourceFlags, FilterFlags {
  readonly format: Format
  readonly severity: Severity
  readonly account?: string
  readonly write?: string
}

export const exportViolations = (flags: ExportFlags, io: ViolationsIo): Promise<ExitStatus> =>
  withSource(flags, io, async (source, missing): Promise<ExitStatus> => {
    const violations = await source.violations(filterOf(flags))
    const account = flags.format === 'asff' ? await accountOf(flags, io) : undefined
    const text = render(violations, flags, account)
    if (flags.write === undefined) io.write(text)
    else {
      await writeFile(flags.write, text).catch((error: NodeJS.ErrnoException) => {
        throw new OperatorProblem(`${flags.write}: cannot be written (${error.code})`)
      })
      io.writeError(`${plural(violations.length, 'violation')} written to ${flags.write}`)
    }
    return statusOf(missing)
  })

function render(
  violations: readonly Violation[],
  { format, severity }: ExportFlags,
  account: AsffAccount | undefined,
): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(violations.map(violationJson), null, 2)}\n`
    case 'csv':
      return csvHead() + violations.map(csvOf).join('')
    case 'ocsf':
      return lines(violations.map((violation) => ocsfOf(violation, severity)))
    case 'splunk':
      return lines(violations.flatMap((violation) => splunkLinesOf(violation, severity)))
    case 'asff':
      return lines(requestsOf(violations.map((each) => asffOf(each, severity, account as AsffAccount))))
  }
}

const lines = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')

/** What `aws securityhub batch-import-findings --cli-input-json` takes. */
function requestsOf(findings: readonly object[]): readonly object[] {
  const requests: object[] = []
  for (let start = 0; start < findings.length; start += FINDINGS_PER_REQUEST) {
    requests.push({ Findings: findings.slice(start, start + FINDINGS_PER_REQUEST) })
  }
  return requests
}

/** A finding names its account and its region; files of events do not. */
async function accountOf(flags: ExportFlags, io: ViolationsIo): Promise<AsffAccount> {
  const { account, region = process.env.AWS_REGION } = flags
  if (account === undefined) return io.callerIdentity(awsOptionsOf(flags))
  if (!/^\d{12}$/.test(account)) throw new OperatorProblem(`--account ${account}: it has twelve digits`)
  if (region === undefined) throw new OperatorProblem('--format asff needs --region beside --account')
  return { accountId: account, region, partition: partitionOf(region) }
}

/** AWS General Reference, "AWS partitions". */
const partitionOf = (region: string) =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
