/**
 * What AWS has of a version that is to be published. A version never changes, so a version that is there is either the
 * same, which leaves nothing to do, or stands in the way.
 */
import { parse } from 'yaml'
import {
  type ComponentService,
  type ComponentVersion,
  componentArn,
  componentVersionArn,
} from '../aws/components.ts'
import type { Caller } from '../aws/sts.ts'
import type { BuiltVersion } from './build-output.ts'
import { contentDigest, isSameVersion, NEXT_PATCH, type Recipe } from './recipe.ts'
import { compareVersions, nextFreeVersion } from './version.ts'

/** The tag of a component version that holds its content's digest. */
export const DIGEST_TAG = 'greengrass-defender:content-sha256'

export type Existing =
  | { readonly kind: 'absent' }
  /** Ours, as it is here; may still be at work, or have failed. */
  | { readonly kind: 'same'; readonly found: ComponentVersion }
  /** Never became deployable, whatever was in it. */
  | { readonly kind: 'failed'; readonly found: ComponentVersion }
  | { readonly kind: 'other'; readonly nextFree: string }

export interface Candidate {
  readonly built: BuiltVersion
  readonly version: string
  readonly arn: string
  readonly digest: string
  readonly existing: Existing
}

export async function findExisting(
  built: BuiltVersion,
  components: ComponentService,
  caller: Caller,
): Promise<Candidate> {
  const digest = contentDigest(built.recipe, built.artifacts)
  const candidate = async (version: string): Promise<Candidate> => {
    const arn = componentVersionArn(caller, built.name, version)
    return {
      built,
      version,
      arn,
      digest,
      existing: await whatIsThere(built, digest, arn, components, caller),
    }
  }
  if (built.version !== NEXT_PATCH) return candidate(built.version)

  const versions = await components.versionsOf(componentArn(caller, built.name))
  const highest = versions.toSorted(compareVersions).at(-1)
  if (highest === undefined) return candidate('0.0.1')
  const last = await candidate(highest)
  return (await isInTheWay(last, components)) ? candidate(nextFreeVersion(highest, versions)) : last
}

/** One that failed is made anew if it was this; other artifacts could not take the place of those it has in S3. */
async function isInTheWay(
  { built, digest, arn, existing }: Candidate,
  components: ComponentService,
): Promise<boolean> {
  if (existing.kind !== 'failed') return existing.kind === 'other'
  return !(await isSame(built, digest, existing.found, arn, components))
}

async function whatIsThere(
  built: BuiltVersion,
  digest: string,
  arn: string,
  components: ComponentService,
  caller: Caller,
): Promise<Existing> {
  const found = await components.describe(arn)
  if (found === undefined) return { kind: 'absent' }
  if (found.state === 'FAILED') return { kind: 'failed', found }
  if (await isSame(built, digest, found, arn, components)) return { kind: 'same', found }
  const versions = await components.versionsOf(componentArn(caller, built.name))
  const wanted = built.version === NEXT_PATCH ? '0.0.0' : built.version
  return { kind: 'other', nextFree: nextFreeVersion(wanted, versions) }
}

/** A version that others published has no digest of ours: then the recipe is compared, which has the artifacts' digests. */
export async function isSame(
  built: BuiltVersion,
  digest: string,
  found: ComponentVersion,
  arn: string,
  components: ComponentService,
): Promise<boolean> {
  const tagged = found.tags[DIGEST_TAG]
  if (tagged !== undefined) return tagged === digest
  const text = await components.recipeOf(arn)
  return text !== undefined && isSameVersion(built.recipe, built.artifacts, parse(text) as Recipe)
}
