/**
 * The next revision of a target's deployment: one component's part changed, all else as it was. A new deployment takes
 * the place of the former one whole, and removes from devices what it does not say again (Greengrass V2 API reference,
 * CreateDeployment): so nothing is built anew here that could be handed on.
 */
import { createHash } from 'node:crypto'
import type {
  ComponentPart,
  Deployment,
  DeploymentContent,
  JobConfiguration,
  Policies,
} from '../aws/deployments.ts'
import type { DataMap } from '../plan/normal.ts'
import { stableJson } from '../plan/stable-json.ts'
import { isMap, merged, pointersToUndo, withoutPointer } from './configuration-tree.ts'

/** What is wanted of one component. */
export interface Change {
  readonly component: string
  readonly version: string
  /** Laid over the configuration that former revisions merged. */
  readonly merge: DataMap
  /** JSON pointers: back to the recipe's defaults, before the merge. */
  readonly reset: readonly string[]
}

/** What is set for the deployment as a whole: where it says nothing itself, or where the operator did. */
export interface DeploymentWishes {
  readonly failureHandling?: 'ROLLBACK' | 'DO_NOTHING'
  readonly job?: { readonly configuration: JobConfiguration; readonly isAsked: boolean }
  /** For a target that has no deployment yet. */
  readonly name: string
}

/** Tags of ours on a deployment; all others are handed on. */
export const OWN_TAGS = {
  /** Of which rollout it is a part. */
  rollout: 'greengrass-defender:rollout',
  /** The deployment that it was made from; `none` if the target had none. */
  base: 'greengrass-defender:base',
  /** The rollout, or else the deployment, that it takes back. */
  takenBack: 'greengrass-defender:taken-back',
  /** Hash of the component's part: others hand our tags on, and may have changed the part. */
  part: 'greengrass-defender:part',
} as const

/** The value of the tag `base` where the target had no deployment. */
export const NO_BASE = 'none'

type OwnTags = Partial<Record<Exclude<keyof typeof OWN_TAGS, 'part'>, string>>

/** What a component's part merges, as far as the cloud knows. Throws where that is no JSON object. */
export function mergedBy(part: ComponentPart | undefined): DataMap {
  const text = part?.configurationUpdate?.merge
  if (text === undefined) return {}
  const value: unknown = JSON.parse(text)
  if (!isMap(value)) throw new SyntaxError('a configuration merge that is no JSON object')
  return value
}

/**
 * The part with the change laid over it. A device that joins the group later sees only this revision, so that what
 * former ones merged is said again. Where the configuration does not change its text stays as it was.
 */
export function changedPart(part: ComponentPart | undefined, change: Change): ComponentPart {
  const old = part?.configurationUpdate
  const kept = change.reset.reduce(withoutPointer, mergedBy(part))
  const merge = merged(kept, change.merge)
  const reset = distinct([...(old?.reset ?? []), ...change.reset])
  return partOf(change.version, textOf(merge, part), reset, part)
}

/**
 * The part as the former revision had it, configuration too: what later ones merged is not undone by merging the old
 * again, so that it is reset.
 * @param since parts of the revisions after the former one, the present one included
 */
export function restoredPart(former: ComponentPart, since: readonly ComponentPart[]): ComponentPart {
  const target = mergedBy(former)
  const undone = since.flatMap((part) => pointersToUndo(mergedBy(part), target))
  const reset = distinct([...(former.configurationUpdate?.reset ?? []), ...undone])
  return partOf(former.componentVersion ?? '', former.configurationUpdate?.merge, withoutInner(reset), former)
}

function partOf(
  componentVersion: string,
  merge: string | undefined,
  reset: readonly string[],
  { configurationUpdate: _, componentVersion: __, ...rest }: ComponentPart = { componentVersion: undefined },
): ComponentPart {
  const update = {
    ...(merge === undefined ? {} : { merge }),
    ...(reset.length === 0 ? {} : { reset: [...reset] }),
  }
  return {
    componentVersion,
    ...(Object.keys(update).length === 0 ? {} : { configurationUpdate: update }),
    ...rest,
  }
}

function textOf(merge: DataMap, part: ComponentPart | undefined): string | undefined {
  const old = part?.configurationUpdate?.merge
  if (old !== undefined && stableJson(JSON.parse(old)) === stableJson(merge)) return old
  return Object.keys(merge).length === 0 ? undefined : JSON.stringify(merge)
}

const distinct = (values: readonly string[]) => [...new Set(values)]

/** A reset of `/a` takes `/a/b` with it. */
const withoutInner = (pointers: readonly string[]) =>
  pointers.filter((each) => !pointers.some((other) => other !== each && each.startsWith(`${other}/`)))

/** The content with another part for this component; without one the component leaves the devices. */
export function withPart(
  content: DeploymentContent,
  component: string,
  part: ComponentPart | undefined,
  own: OwnTags,
): DeploymentContent {
  const { [component]: _, ...others } = content.components
  // In its old place, so that a deployment looked at twice reads the same.
  const components =
    part === undefined
      ? others
      : component in content.components
        ? Object.fromEntries(
            Object.entries(content.components).map(([name, old]) => [name, name === component ? part : old]),
          )
        : { ...content.components, [component]: part }
  const tags = { ...own, part: shortHash(part ?? null) }
  return { ...content, components, tags: { ...foreignTags(content), ...namedTags(tags) } }
}

export const foreignTags = ({ tags = {} }: DeploymentContent): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(tags).filter(([key]) => !(Object.values(OWN_TAGS) as readonly string[]).includes(key)),
  )

const namedTags = (own: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(own).map(([name, value]) => [OWN_TAGS[name as keyof typeof OWN_TAGS], value]),
  )

/** What our tag on the revision says, unless somebody else has changed the component since. */
export function ownTag(
  deployment: Deployment | undefined,
  component: string,
  name: keyof OwnTags,
): string | undefined {
  if (deployment === undefined) return undefined
  const { tags = {}, components } = deployment.content
  return tags[OWN_TAGS.part] === shortHash(components[component] ?? null) ? tags[OWN_TAGS[name]] : undefined
}

/** The wanted revision, made from the one in force, or from nothing. */
export function revise(
  base: Deployment | undefined,
  targetArn: string,
  change: Change,
  wishes: DeploymentWishes,
): DeploymentContent {
  const content = base?.content ?? { targetArn, deploymentName: wishes.name, components: {} }
  const part = changedPart(content.components[change.component], change)
  const own = { rollout: rolloutIdOf(change), base: base?.deploymentId ?? NO_BASE }
  const next = withPart(content, change.component, part, own)
  return withWishes(next, wishes)
}

function withWishes(
  content: DeploymentContent,
  { failureHandling, job }: DeploymentWishes,
): DeploymentContent {
  const old: Policies = content.deploymentPolicies ?? {}
  const handling = failureHandling ?? (old.failureHandlingPolicy === undefined ? 'ROLLBACK' : undefined)
  // A deployment without one is answered with an empty one.
  const hasJob = Object.keys(content.iotJobConfiguration ?? {}).length > 0
  const isJobWanted = job !== undefined && (job.isAsked || !hasJob)
  return {
    ...content,
    ...(handling === undefined ? {} : { deploymentPolicies: { ...old, failureHandlingPolicy: handling } }),
    ...(isJobWanted ? { iotJobConfiguration: { ...content.iotJobConfiguration, ...job.configuration } } : {}),
  }
}

/** 48 bits: enough against accident, short enough to be typed. */
const ID_CHARACTERS = 12
/** API reference, `clientToken`: at most 64 letters, digits and hyphens. */
const TOKEN_CHARACTERS = 64

const hashOf = (value: unknown) => createHash('sha256').update(stableJson(value)).digest('hex')

/** The same change is the same rollout, whenever and wherever it is called for. */
export const rolloutIdOf = ({ component, version, merge, reset }: Change): string =>
  hashOf({ component, version, merge, reset }).slice(0, ID_CHARACTERS)

export const shortHash = (value: unknown): string => hashOf(value).slice(0, ID_CHARACTERS)

/** The same content made from the same revision is asked for once, however often the command was killed in between. */
export const clientTokenOf = (content: DeploymentContent): string =>
  hashOf(content).slice(0, TOKEN_CHARACTERS)
