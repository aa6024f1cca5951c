/** From profile files to what they want of an account. */
import type { Tags } from '../aws/detect-control-plane.ts'
import type { ProfileFile } from '../profiles/file.ts'
import type { Desired, DesiredProfile } from './resources.ts'
import { type Scope, shortTarget } from './target.ts'

/** The files have been read together: what they say of the same name agrees. */
export function desiredOf(files: readonly ProfileFile[], scope: Scope | undefined): Desired {
  const profiles = files.map((file): [string, DesiredProfile] => {
    const { path, profile, targets, document } = file
    const saysTargets =
      typeof document.value === 'object' &&
      document.value !== null &&
      Object.hasOwn(document.value, 'targets')
    return [
      profile.securityProfileName,
      {
        path,
        profile,
        ...(saysTargets ? { targets: targets.map((target) => shortTarget(target, scope)) } : {}),
        ...(profile.tags === undefined ? {} : { tags: tagsOf(profile.tags) }),
      },
    ]
  })
  return {
    profiles: new Map(profiles),
    customMetrics: new Map(files.flatMap(({ customMetrics }) => [...customMetrics])),
    dimensions: new Map(files.flatMap(({ dimensions }) => [...dimensions])),
    mitigationActions: new Map(files.flatMap(({ mitigationActions }) => [...mitigationActions])),
  }
}

const tagsOf = (tags: readonly { readonly Key: string; readonly Value?: string }[]): Tags =>
  new Map(tags.map(({ Key, Value = '' }) => [Key, Value]))
