/**
 * Component versions at AWS. Source: AWS IoT Greengrass V2 API reference, the
 * actions named beside. Absence is `undefined`; everything else that goes wrong is an `AwsProblem`.
 */
import type { DescribeComponentCommandOutput } from '@aws-sdk/client-greengrassv2'
import { type AwsOptions, callsOf, clientConfig } from './client.ts'
import type { Caller } from './sts.ts'

/** API reference, CloudComponentStatus. */
export type ComponentState = 'REQUESTED' | 'INITIATED' | 'DEPLOYABLE' | 'FAILED' | 'DEPRECATED'

export interface ComponentVersion {
  readonly state: ComponentState
  readonly message?: string
  /** Why it failed: by the URI of the artifact. */
  readonly errors: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
}

export interface ComponentService {
  /** DescribeComponent. */
  describe(arn: string): Promise<ComponentVersion | undefined>
  /** GetComponent: the recipe as the service keeps it, in JSON or YAML. */
  recipeOf(arn: string): Promise<string | undefined>
  /** ListComponentVersions; of a component that does not exist there are none. */
  versionsOf(componentArn: string): Promise<readonly string[]>
  /** CreateComponentVersion. */
  create(recipe: string, tags: Readonly<Record<string, string>>): Promise<void>
  /** DeleteComponent; no error if there is none. */
  delete(arn: string): Promise<void>
  close(): void
}

/** API reference: the most that a page holds. */
const PAGE_SIZE = 100

export async function openComponentService(options: AwsOptions): Promise<ComponentService> {
  const sdk = await import('@aws-sdk/client-greengrassv2')
  const client = new sdk.GreengrassV2Client(clientConfig(options))
  const { call, find, list } = await callsOf('greengrass', client, options, PAGE_SIZE)
  return {
    describe: async (arn) => {
      const found = await find('DescribeComponent', () =>
        client.send(new sdk.DescribeComponentCommand({ arn })),
      )
      return found === undefined ? undefined : toVersion(found)
    },

    recipeOf: async (arn) => {
      const found = await find('GetComponent', () => client.send(new sdk.GetComponentCommand({ arn })))
      return found?.recipe === undefined ? undefined : Buffer.from(found.recipe).toString('utf8')
    },

    versionsOf: async (arn) => {
      const found = await find('ListComponentVersions', () =>
        list(
          'ListComponentVersions',
          (page) => client.send(new sdk.ListComponentVersionsCommand({ arn, ...page })),
          (answer: { componentVersions?: { componentVersion?: string }[] }) =>
            answer.componentVersions?.map(({ componentVersion = '' }) => componentVersion),
        ),
      )
      return found ?? []
    },

    create: async (recipe, tags) => {
      // The SDK makes up a client token, the same one for all its tries.
      const request = { inlineRecipe: Buffer.from(recipe), tags: { ...tags } }
      await call('CreateComponentVersion', () => client.send(new sdk.CreateComponentVersionCommand(request)))
    },

    delete: async (arn) => {
      await find('DeleteComponent', () => client.send(new sdk.DeleteComponentCommand({ arn })))
    },

    close: () => client.destroy(),
  }
}

function toVersion({ status = {}, tags = {} }: DescribeComponentCommandOutput): ComponentVersion {
  return {
    state: status.componentState ?? 'REQUESTED',
    ...(status.message === undefined ? {} : { message: status.message }),
    errors: status.errors ?? {},
    tags,
  }
}

/** Source: Service Authorization Reference, "Resource types defined by AWS IoT Greengrass V2". */
export const componentArn = ({ partition, region, accountId }: Caller, name: string): string =>
  `arn:${partition}:greengrass:${region}:${accountId}:components:${name}`

export const componentVersionArn = (caller: Caller, name: string, version: string): string =>
  `${componentArn(caller, name)}:versions:${version}`
