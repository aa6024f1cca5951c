/** `defender policies`: prints the documents, filled in for one account. */
import { resolve } from 'node:path'
import { awsOptionsOf, type OperatorIo, OperatorProblem } from '../../aws/operator-io.ts'
import { callerIdentity } from '../../aws/sts.ts'
import type { AccountOptions, ExitStatus } from '../../plan/io.ts'
import { bucketName, readPublishConfig } from '../../publish/gdk-config.ts'
import {
  POLICIES_OF_THE_BUCKET,
  POLICY_NAMES,
  POLICY_TITLES,
  type PolicyName,
  policyDocument,
} from './documents.ts'

export interface PoliciesOptions extends AccountOptions {
  readonly directory: string
  readonly account?: string
  readonly bucket?: string
  readonly roleAlias: string
}

export async function policies(
  names: readonly string[],
  options: PoliciesOptions,
  io: OperatorIo,
): Promise<ExitStatus> {
  const wanted = names.length === 0 ? POLICY_NAMES : names.map(checkedName)
  const place = await placeOf(options)
  const bucket = wanted.some((name) => POLICIES_OF_THE_BUCKET.has(name))
    ? bucketName(options.bucket, readPublishConfig(resolve(options.directory)), place)
    : ''
  const document = (name: PolicyName) =>
    policyDocument(name, { ...place, bucket, roleAlias: options.roleAlias })
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
  const [only] = wanted
  if (wanted.length === 1 && only !== undefined) {
    // Alone it can go to a file that the AWS CLI takes.
    io.write(json(document(only)))
  } else if (options.output === 'json') {
    io.write(json(Object.fromEntries(wanted.map((name) => [name, document(name)]))))
  } else {
    io.write(wanted.map((name) => `${name}: ${POLICY_TITLES[name]}\n${json(document(name))}`).join('\n'))
  }
  return 0
}

function checkedName(name: string): PolicyName {
  const known = POLICY_NAMES.find((each) => each === name)
  if (known === undefined) throw new OperatorProblem(`"${name}" is none of ${POLICY_NAMES.join(', ')}`)
  return known
}

/** AWS is asked only for what was not given. */
async function placeOf(options: PoliciesOptions) {
  const { account, region } = options
  if (account === undefined || region === undefined) return callerIdentity(awsOptionsOf(options))
  return { accountId: account, region, partition: partitionOf(region) }
}

/** Source: AWS General Reference, "AWS partitions". */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
