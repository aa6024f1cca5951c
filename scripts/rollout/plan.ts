/**
 * What a rollout or a rollback would do to each ring, and what of it is done already. Nothing is kept between runs but what
 * stands in the deployments' own tags: a command that was killed finds its work again by them.
 */
import type { ConfigFault } from '../../src/config/fault.ts'
import type { ComponentPart, Deployment, DeploymentContent, DeploymentsPlane } from '../aws/deployments.ts'
import { differences, type FieldChange } from '../plan/difference.ts'
import type { DataMap } from '../plan/normal.ts'
import { sameData } from './configuration-tree.ts'
import {
  type Change,
  type DeploymentWishes,
  mergedBy,
  NO_BASE,
  ownTag,
  revise,
  rolloutIdOf,
  shortHash,
} from './revision.ts'
import type { Ring } from './rings.ts'
import { configurationFaults } from './wanted-configuration.ts'

export type RingState =
  /** The revision in force is to be followed by another one. */
  | { readonly kind: 'to-write' }
  /** An earlier run of this rollout has written it. */
  | { readonly kind: 'written' }
  /** The target has what is wanted, by whomever. */
  | { readonly kind: 'as-wanted' }
  /** An earlier run of this rollout has taken it back. */
  | { readonly kind: 'taken-back' }

export interface RingPlan {
  readonly ring: Ring
  readonly component: string
  readonly state: RingState
  /** The revision in force. */
  readonly latest: Deployment | undefined
  /** What the new one is made from: the one in force, or what that was made from if it is ours already. */
  readonly base: Deployment | undefined
  readonly content: DeploymentContent
  /** The same change to another revision. */
  readonly remake: (latest: Deployment) => DeploymentContent
  /** Of our component: version, configuration, and whatever else changes for the deployment. */
  readonly fields: readonly FieldChange[]
  readonly notes: readonly string[]
  /** Why it must not be carried out. */
  readonly problems: readonly string[]
}

/** Of the same changes to the same revisions, also when some of them are made already. */
export const planFingerprint = (plans: readonly RingPlan[]): string =>
  shortHash(plans.map(({ base, content }) => ({ base: base?.deploymentId ?? null, content })))

export interface RolloutRequest {
  readonly change: Change
  readonly wishes: (ring: Ring) => DeploymentWishes
  /** Also where an earlier run has taken it back. */
  readonly again: boolean
  readonly placeOf: (fault: ConfigFault) => string
}

export async function planRing(
  plane: DeploymentsPlane,
  ring: Ring,
  request: RolloutRequest,
): Promise<RingPlan> {
  const { change, again } = request
  const latest = await latestOf(plane, ring.targetArn)
  const rolloutId = rolloutIdOf(change)
  const wishes = request.wishes(ring)

  const former = await formerBase(plane, latest, change.component, rolloutId)
  if (former !== undefined) {
    const content = revise(former.base, ring.targetArn, change, wishes)
    if (sameData(partOf(content, change.component), partOf(latest?.content, change.component))) {
      return ringPlan(ring, request, { kind: 'written' }, latest, former.base, content)
    }
  }
  const content = revise(latest, ring.targetArn, change, wishes)
  if (!again && ownTag(latest, change.component, 'takenBack') === rolloutId) {
    return ringPlan(ring, request, { kind: 'taken-back' }, latest, latest, content)
  }
  const { job, ...others } = wishes
  const asked = revise(latest, ring.targetArn, change, job?.isAsked ? wishes : others)
  const isAsWanted =
    latest !== undefined && sameData(withoutTags(asked), withoutTags(latest.content)) && !isOver(latest)
  return ringPlan(ring, request, { kind: isAsWanted ? 'as-wanted' : 'to-write' }, latest, latest, content)
}

export async function latestOf(plane: DeploymentsPlane, targetArn: string): Promise<Deployment | undefined> {
  const id = await plane.latestId(targetArn)
  return id === undefined ? undefined : plane.get(id)
}

/** A canceled deployment is the latest of its target all the same, and reaches nobody any more. */
const isOver = ({ status }: Deployment) => status === 'CANCELED' || status === 'FAILED'

/** What our own revision was made from, if the one in force is ours; the target may have had none. */
async function formerBase(
  plane: DeploymentsPlane,
  latest: Deployment | undefined,
  component: string,
  rolloutId: string,
): Promise<{ readonly base: Deployment | undefined } | undefined> {
  const baseId = ownTag(latest, component, 'base')
  if (baseId === undefined || ownTag(latest, component, 'rollout') !== rolloutId) return undefined
  return { base: baseId === NO_BASE ? undefined : await plane.get(baseId) }
}

export const partOf = (
  content: DeploymentContent | undefined,
  component: string,
): ComponentPart | undefined => content?.components[component]

const withoutTags = ({ tags: _, ...content }: DeploymentContent) => content

function ringPlan(
  ring: Ring,
  { change, wishes, placeOf }: RolloutRequest,
  state: RingState,
  latest: Deployment | undefined,
  base: Deployment | undefined,
  content: DeploymentContent,
): RingPlan {
  const { component } = change
  const wanted = mergedBy(partOf(content, component))
  return {
    ring,
    component,
    state,
    latest,
    base,
    content,
    remake: (other) => revise(other, ring.targetArn, change, wishes(ring)),
    fields: state.kind === 'as-wanted' ? [] : fieldsOf(base?.content, content, component),
    notes: notesOn(ring, latest, content, component),
    problems: [
      ...(ring.kind === 'thing' && ring.devices.some(({ nucleus }) => nucleus === 'lite')
        ? [
            `${ring.name} runs the nucleus lite, which takes deployments for thing groups only: roll out to a group that it is in`,
          ]
        : []),
      ...configurationFaults(wanted).map((fault) => `${ring.name}: ${placeOf(fault)}`),
    ],
  }
}

/** Version, configuration and policies before and after, field by field. */
export function fieldsOf(
  before: DeploymentContent | undefined,
  after: DeploymentContent,
  component: string,
): readonly FieldChange[] {
  return differences(viewOf(before, component), viewOf(after, component))
}

function viewOf(content: DeploymentContent | undefined, component: string): DataMap {
  const part = partOf(content, component)
  const view = {
    version: part?.componentVersion,
    configuration: mergedBy(part),
    reset: part?.configurationUpdate?.reset,
    deploymentPolicies: content?.deploymentPolicies,
    iotJobConfiguration: content?.iotJobConfiguration,
  }
  return JSON.parse(JSON.stringify(view)) as DataMap
}

/** The nucleus's own component, and what it is called on devices with the lite one. */
const NUCLEI = ['aws.greengrass.Nucleus', 'aws.greengrass.NucleusLite']

function notesOn(
  ring: Ring,
  latest: Deployment | undefined,
  content: DeploymentContent,
  component: string,
): string[] {
  const lite = ring.devices.filter(({ nucleus }) => nucleus === 'lite').length
  const handling = content.deploymentPolicies?.failureHandlingPolicy
  const twins = Object.keys(content.components).filter(
    (name) => name !== component && /\.DeviceDefender(\.|$)/.test(name),
  )
  return [
    ...(latest === undefined
      ? ['the target has no deployment yet: the new one will hold this component alone']
      : []),
    ...(latest !== undefined && isOver(latest)
      ? [`the deployment in force is ${latest.status}: what it holds is deployed again`]
      : []),
    ...(NUCLEI.some((name) => name in content.components) || lite === ring.devices.length
      ? []
      : [
          'no version of aws.greengrass.Nucleus is named: a newer patch version may come along and restart the devices; name the one that they have',
        ]),
    ...(handling === 'DO_NOTHING'
      ? [
          'failureHandlingPolicy is DO_NOTHING: devices do not go back by themselves (--failure-handling ROLLBACK)',
        ]
      : []),
    ...(lite > 0
      ? [
          `${lite === 1 ? '1 lite device cannot go back by itself' : `${lite} lite devices cannot go back by themselves`}: a failed ring is taken back by this command`,
        ]
      : []),
    ...twins.map((name) => `${name} is deployed there too: two agents would report for the same thing`),
  ]
}
