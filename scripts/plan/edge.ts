/**
 * The same profiles for the device: the value of the component's parameter `SecurityProfiles`, as a configuration merge
 * of a Greengrass deployment. What only AWS can use is left out. Source: Greengrass developer guide, "Update component
 * configurations".
 */
import { compileProfile } from '../../src/detect/compile.ts'
import { checkProfileSet, type SecurityProfile } from '../../src/detect/security-profile.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'

export interface EdgeConfiguration {
  readonly merge: { readonly SecurityProfiles: Readonly<Record<string, SecurityProfile>> }
  /** What the device cannot judge, with the reason. */
  readonly notes: readonly string[]
  /** Why the component would refuse the whole. */
  readonly problems: readonly string[]
}

export function edgeConfiguration(
  profiles: readonly SecurityProfile[],
  customMetricTypes: ReadonlyMap<string, CustomMetricType>,
): EdgeConfiguration {
  const sorted = [...profiles].sort((a, b) => (a.securityProfileName < b.securityProfileName ? -1 : 1))
  const notes = sorted.flatMap((profile) =>
    compileProfile(profile, customMetricTypes).notJudged.map(
      ({ profileName, behavior, reason }) =>
        `${profileName}: ${behavior.name} is not judged on the device: ${reason}`,
    ),
  )
  return {
    merge: {
      SecurityProfiles: Object.fromEntries(sorted.map((each) => [each.securityProfileName, forDevice(each)])),
    },
    notes,
    problems: checkProfileSet(profiles).map(({ problem }) => problem),
  }
}

/** Without what names AWS resources: where alerts and metrics go is for the cloud to know. */
function forDevice(profile: SecurityProfile): SecurityProfile {
  const { securityProfileName, securityProfileDescription, behaviors } = profile
  return {
    securityProfileName,
    ...(securityProfileDescription === undefined ? {} : { securityProfileDescription }),
    ...(behaviors === undefined ? {} : { behaviors }),
  }
}
