/** `defender setup`: makes in the account what publishing and deploying need. */
import { resolve } from 'node:path'
import { openRoleService, type RoleService } from '../../aws/iam.ts'
import { openIotRegistry } from '../../aws/iot-registry.ts'
import { awsOptionsOf, type ChangeOptions, type OperatorIo, OperatorProblem } from '../../aws/operator-io.ts'
import { openArtifactBucket } from '../../aws/s3.ts'
import { callerIdentity } from '../../aws/sts.ts'
import type { ExitStatus } from '../../plan/io.ts'
import { bucketName, readPublishConfig } from '../gdk-config.ts'
import { runSteps } from '../steps.ts'
import { type AlertsWish, planSetup } from './plan.ts'

export interface SetupOptions extends ChangeOptions {
  readonly directory: string
  readonly bucket?: string
  readonly thingGroup?: string
  readonly tokenExchangeRole?: string
  /** ARN of an SNS topic. */
  readonly alertsToSns?: string
  readonly roleArn?: string
  readonly createRole?: string
}

export async function setUp(options: SetupOptions, io: OperatorIo): Promise<ExitStatus> {
  const alerts = alertsWish(options)
  const aws = awsOptionsOf(options)
  const config = readPublishConfig(resolve(options.directory))
  const caller = await callerIdentity(aws)
  const name = bucketName(options.bucket, config, caller)
  const bucket = await openArtifactBucket(name, caller.accountId, aws)
  const registry = await openIotRegistry(aws)
  let roles: RoleService | undefined
  const openRoles = async () => {
    roles ??= await openRoleService(aws)
    return roles
  }
  const { thingGroup, tokenExchangeRole } = options
  const wish = {
    bucketName: name,
    ...(thingGroup === undefined ? {} : { thingGroup }),
    ...(tokenExchangeRole === undefined ? {} : { tokenExchangeRole }),
    ...(alerts === undefined ? {} : { alerts }),
  }
  try {
    const makePlan = () => planSetup(wish, { caller, bucket, registry, openRoles })
    return await runSteps(makePlan, options, io, () => ({ bucket: name }))
  } finally {
    bucket.close()
    registry.close()
    roles?.close()
  }
}

function alertsWish({ alertsToSns, roleArn, createRole }: SetupOptions): AlertsWish | undefined {
  if (alertsToSns === undefined) {
    if (roleArn === undefined && createRole === undefined) return undefined
    throw new OperatorProblem('--role-arn and --create-role are for the rule of --alerts-to-sns')
  }
  if (roleArn !== undefined && createRole === undefined)
    return { topicArn: alertsToSns, role: { arn: roleArn } }
  if (createRole !== undefined && roleArn === undefined) {
    return { topicArn: alertsToSns, role: { create: createRole } }
  }
  throw new OperatorProblem(
    'the rule of --alerts-to-sns needs a role that may publish to the topic: give either --role-arn, or --create-role with a name',
  )
}
