/**
 * The next revision of a target's deployment: one component's part changed, all else as it was. A new deployment takes
 * the place of the former one whole, and removes from devices what it does not say again (Greengrass V2 API reference,
 * CreateDeployment): so nothing is built anew here that could be handed on.
 */
import type {
  ComponentPart,
  Deployment,
  DeploymentContent,
  JobConfiguration,
  Policies,
} from '../aws/deployments.ts'
import { digestOf } from '../plan/fingerprint.ts'
import type { DataMap } from '../plan/normal.ts'
import { stableJson } from '../plan/stable-json.ts'
import {
  isMap,
  leavesOf,
  merged,
  pointersToUndo,
  sameData,
  within,
  withoutPointer,
} from './configuration-tree.ts'
import { type JobOptions, jobOver } from './job.ts'

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
  /** Where the deployment has no job configuration, and what is laid over one that it has. */
  readonly job?: { readonly configuration: JobConfiguration; readonly asked: JobOptions }
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
  /** Hashes of what was set for the deployment as a whole, for the same reason. */
  deploymentPolicies: 'greengrass-defender:policies',
  iotJobConfiguration: 'greengrass-defender:job',
} as const

/** What a deployment says for all of its components. */
export const WIDE = ['deploymentPolicies', 'iotJobConfiguration'] as const

/** The value of the tag `base` where the target had no deployment. */
export const NO_BASE = 'none'

type OwnTags = Partial<Record<Exclude<keyof typeof OWN_TAGS, 'part'>, string>>

/** Tags of AWS itself, which nobody else may give. CloudFormation marks what it has created with them. */
const RESERVED_TAGS = 'aws:'

export const partOf = (
  content: DeploymentContent | undefined,
  component: string,
): ComponentPart | undefined => content?.components[component]

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
  return newPart(change.version, textOf(merge, part), reset, part)
}

/**
 * The part as the former revision had it, configuration too: what later ones merged is not undone by merging the old
 * again, so that it is reset; and what they changed of that which devices had from still older revisions is merged again.
 * @param since parts of the revisions after the former one, the present one included
 * @param configured what devices had with the former one, at least as far as later ones have touched it
 */
export function restoredPart(
  former: ComponentPart,
  since: readonly ComponentPart[],
  configured: DataMap,
): ComponentPart {
  const undone = since.flatMap((part) => pointersToUndo(mergedBy(part), configured))
  const back = touchedBy(since).map((pointer) => within(configured, pointer))
  const merge = back.reduce(merged, mergedBy(former))
  const reset = distinct([...(former.configurationUpdate?.reset ?? []), ...undone])
  return newPart(former.componentVersion ?? '', textOf(merge, former), withoutInner(reset), former)
}

/** Pointers of all that these parts have set or reset. */
export const touchedBy = (parts: readonly ComponentPart[]): readonly string[] =>
  distinct(parts.flatMap((part) => [...leavesOf(mergedBy(part)), ...(part.configurationUpdate?.reset ?? [])]))

/** What a revision without the component does to devices: nothing of its configuration is left. */
export const WITHOUT_COMPONENT: ComponentPart = {
  componentVersion: undefined,
  configurationUpdate: { reset: [''] },
}

function newPart(
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
    Object.entries(tags).filter(
      ([key]) => !(Object.values(OWN_TAGS) as readonly string[]).includes(key) && !isReserved(key),
    ),
  )

/** Tags that cannot be handed on. */
export const reservedTags = ({ tags = {} }: DeploymentContent): readonly string[] =>
  Object.keys(tags).filter(isReserved)

/** Tagging best practices: the prefix is reserved in any case of its letters. */
const isReserved = (key: string) => key.toLowerCase().startsWith(RESERVED_TAGS)

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
  const next = withWishes(content, wishes)
  const own = { rollout: rolloutIdOf(change), base: base?.deploymentId ?? NO_BASE }
  return withPart(next, change.component, part, { ...own, ...wideTags(next) })
}

/** Once more, over our own revision: it is still the older one that it would be taken back to. */
export function reviseAgain(
  ours: Deployment,
  base: Deployment | undefined,
  change: Change,
  wishes: DeploymentWishes,
): DeploymentContent {
  const next = revise(ours, ours.content.targetArn, change, wishes)
  return { ...next, tags: { ...next.tags, [OWN_TAGS.base]: base?.deploymentId ?? NO_BASE } }
}

const wideTags = (content: DeploymentContent): OwnTags =>
  Object.fromEntries(WIDE.map((field) => [field, wideHash(content, field)]))

export const wideHash = (content: DeploymentContent, field: (typeof WIDE)[number]): string =>
  shortHash(content[field] ?? {})

/** Whether the deployment says already what the operator asks for it as a whole. */
export const hasWishes = (content: DeploymentContent, wishes: DeploymentWishes): boolean =>
  sameData(withWishes(content, wishes), content)

function withWishes(
  content: DeploymentContent,
  { failureHandling, job }: DeploymentWishes,
): DeploymentContent {
  const old: Policies = content.deploymentPolicies ?? {}
  const handling = failureHandling ?? (old.failureHandlingPolicy === undefined ? 'ROLLBACK' : undefined)
  // A deployment without one is answered with an empty one.
  const present = content.iotJobConfiguration ?? {}
  const hasJob = Object.keys(present).length > 0
  const wanted = job === undefined ? present : hasJob ? jobOver(present, job.asked) : job.configuration
  return {
    ...content,
    ...(handling === undefined ? {} : { deploymentPolicies: { ...old, failureHandlingPolicy: handling } }),
    ...(sameData(wanted, present) ? {} : { iotJobConfiguration: wanted }),
  }
}

/** 48 bits: enough against accident, short enough to be typed. */
const ID_CHARACTERS = 12
/** API reference, `clientToken`: at most 64 letters, digits and hyphens. */
const TOKEN_CHARACTERS = 64

/** The same change is the same rollout, whenever and wherever it is called for. */
export const rolloutIdOf = ({ component, version, merge, reset }: Change): string =>
  digestOf({ component, version, merge, reset }).slice(0, ID_CHARACTERS)

export const shortHash = (value: unknown): string => digestOf(value).slice(0, ID_CHARACTERS)

/**
 * The same content in the place of the same revision is asked for once, however often the command was killed in between.
 * @param inForce the revision that it follows: after a canceled one the same content is a new deployment
 */
export const clientTokenOf = (content: DeploymentContent, inForce: string | undefined): string =>
  digestOf({ content, inForce }).slice(0, TOKEN_CHARACTERS)
