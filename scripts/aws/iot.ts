/**
 * `DetectControlPlane` on the AWS SDK for JavaScript v3. The SDK takes a third of a second to load and is loaded here
 * only, when a command turns to AWS.
 */
import type {
  DescribeSecurityProfileCommandOutput,
  Behavior as SdkBehavior,
  MetricToRetain as SdkMetricToRetain,
} from '@aws-sdk/client-iot'
import type { SecurityProfile } from '../../src/detect/security-profile.ts'
import { type AwsOptions, callsOf, clientConfig } from './client.ts'
import type {
  DetectControlPlane,
  ExistingProfile,
  MitigationActionDefinition,
  NamedArn,
} from './detect-control-plane.ts'

/** Of the service's clients; the name that those who open this one know. */
export type IotOptions = AwsOptions

/** API reference: the most that a page of any of these lists holds. */
const PAGE_SIZE = 250

export async function openDetectControlPlane(options: IotOptions): Promise<DetectControlPlane> {
  const sdk = await import('@aws-sdk/client-iot')
  const client = new sdk.IoTClient(clientConfig(options))
  const { region, call, find, list } = await callsOf('iot', client, options, PAGE_SIZE)

  return {
    region,

    listProfiles: () =>
      list(
        'ListSecurityProfiles',
        (page) => client.send(new sdk.ListSecurityProfilesCommand(page)),
        (answer: { securityProfileIdentifiers?: NamedArn[] }) => answer.securityProfileIdentifiers,
      ),

    describeProfile: async (name) => {
      const found = await find('DescribeSecurityProfile', () =>
        client.send(new sdk.DescribeSecurityProfileCommand({ securityProfileName: name })),
      )
      return found === undefined ? undefined : toExisting(name, found)
    },

    createProfile: async (profile) => {
      const { securityProfileArn } = await call('CreateSecurityProfile', () =>
        client.send(
          new sdk.CreateSecurityProfileCommand({
            ...requestOf(profile),
            ...(profile.tags === undefined ? {} : { tags: [...profile.tags] }),
          }),
        ),
      )
      return securityProfileArn ?? ''
    },

    updateProfile: async (profile, deletions, expectedVersion) => {
      const request = { ...requestOf(profile), ...deletions, expectedVersion }
      await call('UpdateSecurityProfile', () => client.send(new sdk.UpdateSecurityProfileCommand(request)))
    },

    deleteProfile: async (name, expectedVersion) => {
      await find('DeleteSecurityProfile', () =>
        client.send(new sdk.DeleteSecurityProfileCommand({ securityProfileName: name, expectedVersion })),
      )
    },

    validateBehaviors: async (behaviors) => {
      const request = { behaviors: behaviors as SdkBehavior[] }
      const { valid, validationErrors } = await call('ValidateSecurityProfileBehaviors', () =>
        client.send(new sdk.ValidateSecurityProfileBehaviorsCommand(request)),
      )
      const messages = (validationErrors ?? []).map(({ errorMessage }) => errorMessage ?? 'no reason given')
      return valid === false && messages.length === 0 ? ['no reason given'] : messages
    },

    listTargets: (securityProfileName) =>
      list(
        'ListTargetsForSecurityProfile',
        (page) => client.send(new sdk.ListTargetsForSecurityProfileCommand({ securityProfileName, ...page })),
        (answer: { securityProfileTargets?: { arn: string }[] }) =>
          answer.securityProfileTargets?.map(({ arn }) => arn),
      ),

    attach: async (securityProfileName, securityProfileTargetArn) => {
      const request = { securityProfileName, securityProfileTargetArn }
      await call('AttachSecurityProfile', () => client.send(new sdk.AttachSecurityProfileCommand(request)))
    },

    detach: async (securityProfileName, securityProfileTargetArn) => {
      const request = { securityProfileName, securityProfileTargetArn }
      await find('DetachSecurityProfile', () => client.send(new sdk.DetachSecurityProfileCommand(request)))
    },

    hasThingGroup: async (thingGroupName) => {
      const found = await find('DescribeThingGroup', () =>
        client.send(new sdk.DescribeThingGroupCommand({ thingGroupName })),
      )
      return found !== undefined
    },

    listCustomMetrics: () =>
      list(
        'ListCustomMetrics',
        (page) => client.send(new sdk.ListCustomMetricsCommand(page)),
        (answer: { metricNames?: string[] }) => answer.metricNames,
      ),

    describeCustomMetric: async (metricName) => {
      const found = await find('DescribeCustomMetric', () =>
        client.send(new sdk.DescribeCustomMetricCommand({ metricName })),
      )
      if (found?.metricType === undefined) return undefined
      return { type: found.metricType, ...(found.displayName ? { displayName: found.displayName } : {}) }
    },

    createCustomMetric: async (metricName, { type, displayName }) => {
      // The SDK makes up the token, the same one for all its tries.
      const request = { metricName, metricType: type, displayName, clientRequestToken: undefined }
      await call('CreateCustomMetric', () => client.send(new sdk.CreateCustomMetricCommand(request)))
    },

    updateCustomMetric: async (metricName, displayName) => {
      const request = { metricName, displayName }
      await call('UpdateCustomMetric', () => client.send(new sdk.UpdateCustomMetricCommand(request)))
    },

    deleteCustomMetric: async (metricName) => {
      await find('DeleteCustomMetric', () => client.send(new sdk.DeleteCustomMetricCommand({ metricName })))
    },

    listDimensions: () =>
      list(
        'ListDimensions',
        (page) => client.send(new sdk.ListDimensionsCommand(page)),
        (answer: { dimensionNames?: string[] }) => answer.dimensionNames,
      ),

    describeDimension: async (name) => {
      const found = await find('DescribeDimension', () =>
        client.send(new sdk.DescribeDimensionCommand({ name })),
      )
      return found === undefined
        ? undefined
        : { type: 'TOPIC_FILTER', stringValues: found.stringValues ?? [] }
    },

    createDimension: async (name, { type, stringValues }) => {
      const request = { name, type, stringValues: [...stringValues], clientRequestToken: undefined }
      await call('CreateDimension', () => client.send(new sdk.CreateDimensionCommand(request)))
    },

    updateDimension: async (name, stringValues) => {
      const request = { name, stringValues: [...stringValues] }
      await call('UpdateDimension', () => client.send(new sdk.UpdateDimensionCommand(request)))
    },

    deleteDimension: async (name) => {
      await find('DeleteDimension', () => client.send(new sdk.DeleteDimensionCommand({ name })))
    },

    describeMitigationAction: async (actionName) => {
      const found = await find('DescribeMitigationAction', () =>
        client.send(new sdk.DescribeMitigationActionCommand({ actionName })),
      )
      return found === undefined
        ? undefined
        : { roleArn: found.roleArn ?? '', actionParams: { ...found.actionParams } }
    },

    createMitigationAction: async (name, definition) => {
      const request = actionRequest(name, definition)
      await call('CreateMitigationAction', () => client.send(new sdk.CreateMitigationActionCommand(request)))
    },

    updateMitigationAction: async (name, definition) => {
      const request = actionRequest(name, definition)
      await call('UpdateMitigationAction', () => client.send(new sdk.UpdateMitigationActionCommand(request)))
    },

    listTags: async (resourceArn) => {
      const tags = await list(
        'ListTagsForResource',
        // This list takes no size.
        ({ nextToken }) => client.send(new sdk.ListTagsForResourceCommand({ resourceArn, nextToken })),
        (answer: { tags?: { Key: string; Value?: string }[] }) => answer.tags,
      )
      return new Map(tags.map(({ Key, Value = '' }) => [Key, Value]))
    },

    tag: async (resourceArn, tags) => {
      const request = { resourceArn, tags: [...tags].map(([Key, Value]) => ({ Key, Value })) }
      await call('TagResource', () => client.send(new sdk.TagResourceCommand(request)))
    },

    untag: async (resourceArn, keys) => {
      const request = { resourceArn, tagKeys: [...keys] }
      await call('UntagResource', () => client.send(new sdk.UntagResourceCommand(request)))
    },

    close: () => client.destroy(),
  }
}

/** Everything but the tags, which only the creation takes. Lists are copied: the SDK's types want them writable. */
function requestOf(profile: SecurityProfile) {
  const { tags: _, behaviors, additionalMetricsToRetain, additionalMetricsToRetainV2, ...rest } = profile
  return {
    ...rest,
    ...(behaviors === undefined ? {} : { behaviors: behaviors as SdkBehavior[] }),
    ...(additionalMetricsToRetain === undefined
      ? {}
      : { additionalMetricsToRetain: [...additionalMetricsToRetain] }),
    ...(additionalMetricsToRetainV2 === undefined
      ? {}
      : { additionalMetricsToRetainV2: additionalMetricsToRetainV2 as SdkMetricToRetain[] }),
  }
}

function actionRequest(actionName: string, { roleArn, actionParams }: MitigationActionDefinition) {
  const { thingGroupNames, ...rest } = actionParams.addThingsToThingGroupParams
  const addThingsToThingGroupParams = { ...rest, thingGroupNames: [...thingGroupNames] }
  return { actionName, roleArn, actionParams: { addThingsToThingGroupParams } }
}

function toExisting(name: string, found: DescribeSecurityProfileCommandOutput): ExistingProfile {
  const part = <K extends string>(key: K, value: unknown) => (value === undefined ? {} : { [key]: value })
  // The service's own shapes are those that the profile's type was written after.
  const profile = {
    securityProfileName: name,
    ...part('securityProfileDescription', found.securityProfileDescription),
    ...part('behaviors', found.behaviors),
    ...part('alertTargets', found.alertTargets),
    ...part('additionalMetricsToRetain', found.additionalMetricsToRetain),
    ...part('additionalMetricsToRetainV2', found.additionalMetricsToRetainV2),
    ...part('metricsExportConfig', found.metricsExportConfig),
  } as SecurityProfile
  return { profile, arn: found.securityProfileArn ?? '', version: found.version ?? 0 }
}
