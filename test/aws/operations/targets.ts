/** Which thing groups a profile watches. Source: iot API reference, AttachSecurityProfile and its neighbours. */
import { type Account, arnOf } from '../account.ts'
import { AwsError, invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import type { Operations } from './operation.ts'
import { findProfile } from './security-profiles.ts'

/** General Reference, quotas of Device Defender; not adjustable. */
const PROFILES_PER_TARGET_MAX = 5

const ALL = ['all/things', 'all/registered-things', 'all/unregistered-things']

export const targetOperations: Operations = {
  AttachSecurityProfile: (account, input) => {
    const profile = findProfile(account, input.securityProfileName)
    const target = readTarget(account, input.securityProfileTargetArn)
    const attached = [...account.profiles.values()].filter(({ targets }) => targets.has(target))
    if (!profile.targets.has(target) && attached.length >= PROFILES_PER_TARGET_MAX) {
      throw new AwsError(
        'LimitExceededException',
        `Target ${target} has ${PROFILES_PER_TARGET_MAX} security profiles already.`,
      )
    }
    profile.targets.add(target)
    return {}
  },

  DetachSecurityProfile: (account, input) => {
    const profile = findProfile(account, input.securityProfileName)
    const target = String(input.securityProfileTargetArn)
    if (!profile.targets.delete(target)) throw notFound(`Attachment of ${profile.name} to ${target}`)
    return {}
  },

  ListTargetsForSecurityProfile: (account, input) => {
    const profile = findProfile(account, input.securityProfileName)
    const { entries, next } = page(account, 'targets', [...profile.targets].sort(), input)
    return { securityProfileTargets: entries.map((arn) => ({ arn })), ...next }
  },

  ListSecurityProfilesForTarget: (account, input) => {
    const target = readTarget(account, input.securityProfileTargetArn)
    const all = [...account.profiles.values()].filter(({ targets }) => targets.has(target))
    const { entries, next } = page(account, 'target profiles', all, input)
    return {
      securityProfileTargetMappings: entries.map(({ name, arn }) => ({
        securityProfileIdentifier: { name, arn },
        target: { arn: target },
      })),
      ...next,
    }
  },
}

function readTarget(account: Account, given: unknown): string {
  const arn = String(given)
  const prefix = arnOf(account, '')
  const resource = arn.startsWith(prefix) ? arn.slice(prefix.length) : ''
  if (ALL.includes(resource)) return arn
  const [, group] = /^thinggroup\/([a-zA-Z0-9:_-]{1,128})$/.exec(resource) ?? []
  if (group === undefined) throw invalid(`Invalid target ARN: ${arn}`)
  if (!account.registry.groups.has(group)) throw notFound(`Thing group ${group}`)
  return arn
}
