/** Security profiles. Source: iot API reference, CreateSecurityProfile and its neighbours. */
import {
  type Account,
  arnOf,
  type Input,
  type MetricToRetain,
  type StoredBehavior,
  type StoredProfile,
  secondsNow,
  setTags,
} from '../account.ts'
import { behaviorErrors, referenceErrors } from '../behaviors.ts'
import { AwsError, invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import type { Operations } from './operation.ts'

export const securityProfileOperations: Operations = {
  CreateSecurityProfile: (account, input) => {
    const name = String(input.securityProfileName)
    const known = account.profiles.get(name)
    if (known !== undefined) {
      throw new AwsError('ResourceAlreadyExistsException', `Security profile ${name} already exists.`, {
        resourceId: name,
        resourceArn: known.arn,
      })
    }
    const behaviors = (input.behaviors ?? []) as StoredBehavior[]
    const retained = retainedOf(input) ?? []
    refuseFaulty(account, behaviors, retained)
    const arn = arnOf(account, `securityprofile/${name}`)
    const now = secondsNow(account)
    account.profiles.set(name, {
      name,
      arn,
      ...(input.securityProfileDescription === undefined
        ? {}
        : { description: String(input.securityProfileDescription) }),
      behaviors,
      alertTargets: (input.alertTargets ?? {}) as Input,
      retained,
      ...(input.metricsExportConfig === undefined
        ? {}
        : { exportConfig: input.metricsExportConfig as Input }),
      version: 1,
      createdAt: now,
      changedAt: now,
      targets: new Set(),
    })
    setTags(account, arn, input.tags)
    return { securityProfileName: name, securityProfileArn: arn }
  },

  DescribeSecurityProfile: (account, input) => describe(findProfile(account, input.securityProfileName)),

  UpdateSecurityProfile: (account, input) => {
    const profile = findProfile(account, input.securityProfileName)
    expectVersion(profile, input)
    const behaviors = (replacement(input, 'deleteBehaviors', input.behaviors, []) ??
      profile.behaviors) as StoredBehavior[]
    const retained = (replacement(input, 'deleteAdditionalMetricsToRetain', retainedOf(input), []) ??
      profile.retained) as MetricToRetain[]
    const alertTargets = replacement(input, 'deleteAlertTargets', input.alertTargets, {})
    refuseFaulty(account, behaviors, retained)
    const isExportDeleted = input.deleteMetricsExportConfig === true
    replacement(input, 'deleteMetricsExportConfig', input.metricsExportConfig, undefined)

    profile.behaviors = behaviors
    profile.retained = retained
    profile.alertTargets = (alertTargets ?? profile.alertTargets) as Input
    if (isExportDeleted) delete profile.exportConfig
    else if (input.metricsExportConfig !== undefined)
      profile.exportConfig = input.metricsExportConfig as Input
    if (input.securityProfileDescription !== undefined) {
      profile.description = String(input.securityProfileDescription)
    }
    profile.version += 1
    profile.changedAt = secondsNow(account)
    return describe(profile)
  },

  DeleteSecurityProfile: (account, input) => {
    const profile = account.profiles.get(String(input.securityProfileName))
    if (profile === undefined) return {}
    expectVersion(profile, input)
    if (profile.targets.size > 0) {
      throw invalid(`Security profile ${profile.name} is attached to ${profile.targets.size} targets.`)
    }
    account.tags.delete(profile.arn)
    account.profiles.delete(profile.name)
    return {}
  },

  ListSecurityProfiles: (account, input) => {
    if (input.dimensionName !== undefined && input.metricName !== undefined) {
      throw invalid('dimensionName and metricName cannot be given together')
    }
    const uses = (part: Partial<MetricToRetain>) =>
      (input.metricName === undefined || part.metric === input.metricName) &&
      (input.dimensionName === undefined || part.metricDimension?.dimensionName === input.dimensionName)
    const isFiltered = input.metricName !== undefined || input.dimensionName !== undefined
    const all = [...account.profiles.values()]
      .filter(({ behaviors, retained }) => !isFiltered || [...behaviors, ...retained].some(uses))
      .map(({ name, arn }) => ({ name, arn }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const { entries, next } = page(account, 'profiles', all, input)
    return { securityProfileIdentifiers: entries, ...next }
  },

  ValidateSecurityProfileBehaviors: (account, input) => {
    const errors = behaviorErrors(account, input.behaviors as StoredBehavior[])
    return {
      valid: errors.length === 0,
      validationErrors: errors.map((errorMessage) => ({ errorMessage })),
    }
  },
}

export function findProfile(account: Account, name: unknown): StoredProfile {
  const profile = account.profiles.get(String(name))
  if (profile === undefined) throw notFound(`Security profile ${name}`)
  return profile
}

const describe = (profile: StoredProfile) => ({
  securityProfileName: profile.name,
  securityProfileArn: profile.arn,
  ...(profile.description === undefined ? {} : { securityProfileDescription: profile.description }),
  behaviors: profile.behaviors,
  alertTargets: profile.alertTargets,
  // Both forms of the same list: the older one cannot name dimensions.
  additionalMetricsToRetain: profile.retained.map(({ metric }) => metric),
  additionalMetricsToRetainV2: profile.retained,
  version: profile.version,
  creationDate: profile.createdAt,
  lastModifiedDate: profile.changedAt,
  ...(profile.exportConfig === undefined ? {} : { metricsExportConfig: profile.exportConfig }),
})

/** The list in either form; `undefined` when neither is given. */
function retainedOf(input: Input): readonly MetricToRetain[] | undefined {
  const { additionalMetricsToRetain: names, additionalMetricsToRetainV2: metrics } = input
  if (names === undefined && metrics === undefined) return undefined
  const detailed = (metrics ?? []) as readonly MetricToRetain[]
  const plain = ((names ?? []) as readonly string[])
    .filter((name) => !detailed.some(({ metric }) => metric === name))
    .map((metric) => ({ metric }))
  return [...detailed, ...plain]
}

/** The part as the update leaves it; `undefined` where the update is silent about it. */
function replacement(input: Input, flag: string, given: unknown, empty: unknown): unknown {
  if (input[flag] !== true) return given
  if (given !== undefined) throw invalid(`${flag} cannot be combined with a new value`)
  return empty
}

function expectVersion({ name, version }: StoredProfile, { expectedVersion }: Input): void {
  if (expectedVersion === undefined || expectedVersion === version) return
  throw new AwsError(
    'VersionConflictException',
    `Security profile ${name} has version ${version}, expected was ${expectedVersion}.`,
  )
}

function refuseFaulty(
  account: Account,
  behaviors: readonly StoredBehavior[],
  retained: readonly MetricToRetain[],
): void {
  const errors = [
    ...behaviorErrors(account, behaviors),
    ...retained.flatMap((part) => referenceErrors(account, part)),
  ]
  if (errors.length > 0) throw invalid(errors.join(' '))
}
