/** `defender publish`, from the build to versions that can be deployed. */
import { join, resolve } from 'node:path'
import type { AwsOptions } from '../aws/client.ts'
import { openComponentService } from '../aws/components.ts'
import { awsOptionsOf, type ChangeOptions, type OperatorIo, OperatorProblem } from '../aws/operator-io.ts'
import { AwsProblem } from '../aws/problem.ts'
import { type ArtifactBucket, openArtifactBucket } from '../aws/s3.ts'
import { type Caller, callerIdentity } from '../aws/sts.ts'
import type { ExitStatus } from '../plan/io.ts'
import { readBuild } from './build-output.ts'
import { bucketName, type PublishConfig, readPublishConfig } from './gdk-config.ts'
import { type PublishPlan, planPublishing } from './plan.ts'
import { runSteps } from './steps.ts'

export interface PublishOptions extends ChangeOptions {
  readonly directory: string
  readonly bucket?: string
  readonly build: boolean
  /** How long a version may take to become deployable. */
  readonly timeout: number
}

export interface PublishIo extends OperatorIo {
  /** Builds the component of a checkout below `greengrass-build`. */
  readonly build: (root: string) => Promise<unknown>
}

export async function publish(options: PublishOptions, io: PublishIo): Promise<ExitStatus> {
  const { timeout } = options
  const directory = resolve(options.directory)
  const config = readPublishConfig(directory)
  // The bundler is a process of its own: what AWS is asked with is loaded meanwhile.
  const loading = Promise.all([import('@aws-sdk/client-sts'), import('@aws-sdk/client-greengrassv2')])
  if (options.build) await build(directory, io)
  await loading
  const built = readBuild(join(directory, 'greengrass-build'))
  const { caller, aws } = await whoAmI(awsOptionsOf(options), config)
  const components = await openComponentService(aws)
  const name = bucketName(options.bucket, config, caller)
  let opened: ArtifactBucket | undefined
  const openBucket = async () => {
    opened ??= await openArtifactBucket(name, caller.accountId, aws)
    return opened
  }
  const doors = { caller, components, bucketName: name, openBucket, clock: io.clock, waitMs: timeout * 1000 }
  let plan: PublishPlan | undefined
  const makePlan = async () => {
    plan = await planPublishing(built, doors)
    return plan
  }
  try {
    return await runSteps(makePlan, options, io, () => ({ bucket: name, components: plan?.versions ?? [] }))
  } finally {
    components.close()
    opened?.close()
  }
}

async function build(root: string, io: PublishIo): Promise<void> {
  try {
    await io.build(root)
  } catch (error) {
    throw new OperatorProblem(`the build failed: ${(error as Error).message}`)
  }
}

/** The region of gdk-config.json is for where there is no other. */
async function whoAmI(
  aws: AwsOptions,
  { region }: PublishConfig,
): Promise<{ caller: Caller; aws: AwsOptions }> {
  try {
    return { caller: await callerIdentity(aws), aws }
  } catch (error) {
    const isRegionMissing = error instanceof AwsProblem && error.code === 'no-region' && region !== undefined
    if (!isRegionMissing) throw error
    const here = { ...aws, region }
    return { caller: await callerIdentity(here), aws: here }
  }
}
