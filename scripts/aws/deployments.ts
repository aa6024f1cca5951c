/**
 * What rolling out asks of AWS IoT Greengrass V2: deployments and their revisions, on the AWS SDK for JavaScript v3.
 * Source: Greengrass V2 API reference, the actions named beside.
 *
 * A deployment's content is handed on as it came: what this program does not understand must not be lost in its hands.
 */
import type {
  ComponentDeploymentSpecification,
  DeploymentIoTJobConfiguration,
  DeploymentPolicies,
} from '@aws-sdk/client-greengrassv2'
import { type AwsOptions, callsOf, clientConfig } from './client.ts'

export type ComponentPart = Readonly<ComponentDeploymentSpecification>
export type JobConfiguration = Readonly<DeploymentIoTJobConfiguration>
export type Policies = Readonly<DeploymentPolicies>

/** What a revision consists of: everything that the next one must say again, or lose. */
export interface DeploymentContent {
  /** Of a thing or a thing group. */
  readonly targetArn: string
  readonly deploymentName?: string
  readonly components: Readonly<Record<string, ComponentPart>>
  readonly deploymentPolicies?: Policies
  readonly iotJobConfiguration?: JobConfiguration
  readonly parentTargetArn?: string
  readonly tags?: Readonly<Record<string, string>>
}

export interface Deployment {
  readonly deploymentId: string
  readonly content: DeploymentContent
  readonly status: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Of the job that brings it to a thing group. */
  readonly jobId?: string
}

export interface DeploymentSummary {
  readonly deploymentId: string
  readonly createdAt: number
}

export interface DeploymentsPlane {
  readonly region: string
  /** ListDeployments with LATEST_ONLY: the revision that is in force for a target. */
  latestId(targetArn: string): Promise<string | undefined>
  /** ListDeployments with ALL: every revision of a target, newest first. */
  revisions(targetArn: string): Promise<readonly DeploymentSummary[]>
  /** GetDeployment, and ListTagsForResource where it does not tell the tags. */
  get(deploymentId: string): Promise<Deployment | undefined>
  /** CreateDeployment; answers the deployment's id. The same token twice creates one deployment. */
  create(content: DeploymentContent, clientToken: string): Promise<string>
  close(): void
}

/** API reference: the most that a page of these lists holds. */
const PAGE_SIZE = 100

export async function openDeployments(options: AwsOptions): Promise<DeploymentsPlane> {
  const sdk = await import('@aws-sdk/client-greengrassv2')
  const client = new sdk.GreengrassV2Client(clientConfig(options))
  const { region, call, find, list } = await callsOf('greengrass', client, options, PAGE_SIZE)

  return {
    region,

    latestId: async (targetArn) => {
      const request = { targetArn, historyFilter: 'LATEST_ONLY' } as const
      const found = await list(
        'ListDeployments',
        (page) => client.send(new sdk.ListDeploymentsCommand({ ...request, ...page })),
        (answer: { deployments?: { deploymentId?: string }[] }) => answer.deployments,
      )
      return found[0]?.deploymentId
    },

    revisions: async (targetArn) => {
      const request = { targetArn, historyFilter: 'ALL' } as const
      const found = await list(
        'ListDeployments',
        (page) => client.send(new sdk.ListDeploymentsCommand({ ...request, ...page })),
        (answer: {
          deployments?: { deploymentId?: string; creationTimestamp?: Date; revisionId?: string }[]
        }) => answer.deployments,
      )
      return found
        .map(({ deploymentId = '', creationTimestamp, revisionId }) => ({
          deploymentId,
          createdAt: creationTimestamp?.getTime() ?? 0,
          // Within one millisecond only the number tells which came later.
          revision: Number(revisionId) || 0,
        }))
        .sort((a, b) => b.createdAt - a.createdAt || b.revision - a.revision)
    },

    get: async (deploymentId) => {
      const found = await find('GetDeployment', () =>
        client.send(new sdk.GetDeploymentCommand({ deploymentId })),
      )
      if (found === undefined) return undefined
      const { targetArn = '', deploymentName, components, deploymentPolicies, iotJobConfiguration } = found
      const arn = deploymentArn(targetArn, deploymentId)
      const tags =
        found.tags ??
        (
          await call('ListTagsForResource', () =>
            client.send(new sdk.ListTagsForResourceCommand({ resourceArn: arn })),
          )
        ).tags
      return {
        deploymentId,
        content: {
          targetArn,
          ...(deploymentName ? { deploymentName } : {}),
          components: components ?? {},
          ...(deploymentPolicies === undefined ? {} : { deploymentPolicies }),
          ...(iotJobConfiguration === undefined ? {} : { iotJobConfiguration }),
          ...(found.parentTargetArn === undefined ? {} : { parentTargetArn: found.parentTargetArn }),
          ...(tags === undefined || Object.keys(tags).length === 0 ? {} : { tags }),
        },
        status: found.deploymentStatus ?? '',
        createdAt: found.creationTimestamp?.getTime() ?? 0,
        ...(found.iotJobId ? { jobId: found.iotJobId } : {}),
      }
    },

    create: async (content, clientToken) => {
      const request = {
        ...content,
        clientToken,
      } as import('@aws-sdk/client-greengrassv2').CreateDeploymentRequest
      const { deploymentId } = await call('CreateDeployment', () =>
        client.send(new sdk.CreateDeploymentCommand(request)),
      )
      return deploymentId ?? ''
    },

    close: () => client.destroy(),
  }
}

/** A deployment's ARN is of the account and region of its target. */
function deploymentArn(targetArn: string, deploymentId: string): string {
  const [, partition = 'aws', , region = '', accountId = ''] = targetArn.split(':')
  return `arn:${partition}:greengrass:${region}:${accountId}:deployments:${deploymentId}`
}
