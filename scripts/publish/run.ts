/** `defender publish`, from the build to versions that can be deployed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { AwsOptions } from '../aws/client.ts'
import { openComponentService } from '../aws/components.ts'
import { awsOptionsOf, type ChangeOptions, type OperatorIo, OperatorProblem } from '../aws/operator-io.ts'
import { AwsProblem } from '../aws/problem.ts'
import { type ArtifactBucket, openArtifactBucket } from '../aws/s3.ts'
import { type Caller, callerIdentity } from '../aws/sts.ts'
import type { Architecture } from '../build/node-packages.ts'
import type { ExitStatus } from '../plan/io.ts'
import { type BuiltVersion, readBuild } from './build-output.ts'
import { bucketName, type PublishConfig, readPublishConfig } from './gdk-config.ts'
import { planPublishing } from './plan.ts'
import { runSteps } from './steps.ts'

export interface PublishOptions extends ChangeOptions {
  readonly directory: string
  readonly bucket?: string
  readonly build: boolean
  /** Architectures of the variant with its own Node; `true` for all that there are, absent for no such variant. */
  readonly withNode?: true | readonly Architecture[]
  /** How long a version may take to become deployable. */
  readonly timeout: number
}

export interface BuildRequest {
  /** Of the checkout. */
  readonly root: string
  /** The folder that it leaves its output in. */
  readonly output: string
  readonly withNode: true | readonly Architecture[]
}

export interface PublishIo extends OperatorIo {
  /** Builds the component of a checkout. */
  readonly build: (request: BuildRequest) => Promise<unknown>
}

export async function publish(options: PublishOptions, io: PublishIo): Promise<ExitStatus> {
  const directory = resolve(options.directory)
  const config = readPublishConfig(directory)
  // The bundler is a process of its own: what AWS is asked with is loaded meanwhile.
  const loading = Promise.all([import('@aws-sdk/client-sts'), import('@aws-sdk/client-greengrassv2')])
  const built = await obtainBuild(directory, options, io)
  await loading
  const { caller, aws } = await whoAmI(awsOptionsOf(options), config)
  const components = await openComponentService(aws)
  const name = bucketName(options.bucket, config, caller)
  let opened: ArtifactBucket | undefined
  const openBucket = async () => {
    opened ??= await openArtifactBucket(name, caller.accountId, aws)
    return opened
  }
  const waitMs = options.timeout * 1000
  const doors = { caller, components, bucketName: name, openBucket, clock: io.clock, waitMs }
  const makePlan = () => planPublishing(built, doors)
  try {
    return await runSteps(makePlan, options, io, ({ versions }) => ({ bucket: name, components: versions }))
  } finally {
    components.close()
    opened?.close()
  }
}

/** What is to be published; with --dry-run built aside, so that `greengrass-build` stays what it is. */
async function obtainBuild(
  root: string,
  { build, withNode, dryRun }: PublishOptions,
  io: PublishIo,
): Promise<BuiltVersion[]> {
  const usual = join(root, 'greengrass-build')
  if (!build) {
    if (withNode === undefined) return readBuild(usual)
    throw new OperatorProblem(
      '--with-node is for a build: with --no-build all variants in greengrass-build are published',
    )
  }
  const aside = dryRun === true ? mkdtempSync(join(tmpdir(), 'greengrass-defender-')) : undefined
  const output = aside === undefined ? usual : join(aside, 'greengrass-build')
  try {
    await io.build({ root, output, withNode: withNode ?? [] }).catch((error: Error) => {
      throw new OperatorProblem(`the build failed: ${error.message}`)
    })
    return readBuild(output)
  } finally {
    if (aside !== undefined) rmSync(aside, { recursive: true, force: true })
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
