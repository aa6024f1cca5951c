/**
 * What a rollout or a rollback would do to each ring, and what of it is done already. Nothing is kept between runs but what
 * stands in the deployments' own tags: a command that was killed finds its work again by them.
 */
import type { ConfigFault } from '../../src/config/fault.ts'
import type { Deployment, DeploymentContent, DeploymentsPlane } from '../aws/deployments.ts'
import { differences, type FieldChange } from '../plan/difference.ts'
import type { DataMap } from '../plan/normal.ts'
import { sameData } from './configuration-tree.ts'
import { findReplaced, type Replaced, readHistory } from './history.ts'
import { isOver, notesOn } from './plan-notes.ts'
import {
  type Change,
  type DeploymentWishes,
  hasWishes,
  mergedBy,
  NO_BASE,
  ownTag,
  partOf,
  revise,
  reviseAgain,
  rolloutIdOf,
  shortHash,
} from './revision.ts'
import { liteThingProblems, type Ring } from './rings.ts'
import { configurationFaults } from './wanted-configuration.ts'
import type { Remake } from './write.ts'

export type RingState =
  /** The revision in force is to be followed by another one. */
  | { readonly kind: 'to-write' }
  /** An earlier run has written it, and may have replaced somebody's revision that it had not seen. */
  | { readonly kind: 'written'; readonly replaced?: Deployment }
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
  readonly remake: Remake
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
  const latest = await latestOf(plane, ring.targetArn)
  const former = await formerBase(plane, latest, request)
  if (latest !== undefined && former !== undefined) {
    const ours = await planOurs(plane, ring, request, latest, former)
    if (ours !== undefined) return ours
  }
  const { change } = request
  const wishes = request.wishes(ring)
  const taken = request.again ? undefined : await takenBack(plane, latest, request)
  if (taken !== undefined) {
    const content = revise(taken.base, ring.targetArn, change, wishes)
    return ringPlan(ring, request, { kind: 'taken-back' }, latest, taken.base, content)
  }
  const content = revise(latest, ring.targetArn, change, wishes)
  const asked = revise(latest, ring.targetArn, change, askedOf(wishes))
  const isAsWanted =
    latest !== undefined && sameData(withoutTags(asked), withoutTags(latest.content)) && !isOver(latest)
  return ringPlan(ring, request, { kind: isAsWanted ? 'as-wanted' : 'to-write' }, latest, latest, content)
}

/** Where the revision in force is of this rollout: nothing is left to write, or its wishes for the deployment are. */
async function planOurs(
  plane: DeploymentsPlane,
  ring: Ring,
  request: RolloutRequest,
  latest: Deployment,
  { base }: Base,
): Promise<RingPlan | undefined> {
  const { change } = request
  const wishes = request.wishes(ring)
  const content = revise(base, ring.targetArn, change, wishes)
  if (!sameData(partOf(content, change.component), partOf(latest.content, change.component))) return undefined
  const { replaced, notes } = await lookForReplaced(plane, ring, latest, base, request)
  const isDone = hasWishes(latest.content, askedOf(wishes)) && !isOver(latest)
  const plan =
    replaced !== undefined || isDone
      ? ringPlan(ring, request, writtenState(replaced), latest, base, content)
      : ringPlan(ring, request, { kind: 'to-write' }, latest, base, reviseAgain(latest, base, change, wishes))
  return { ...plan, notes: [...plan.notes, ...notes] }
}

/** Of a job configuration nobody has asked for, a deployment may as well have none. */
function askedOf(wishes: DeploymentWishes): DeploymentWishes {
  const { job, ...others } = wishes
  return job !== undefined && Object.keys(job.asked).length > 0 ? wishes : others
}

export const writtenState = (replaced: Deployment | undefined): RingState =>
  replaced === undefined ? { kind: 'written' } : { kind: 'written', replaced }

export async function latestOf(plane: DeploymentsPlane, targetArn: string): Promise<Deployment | undefined> {
  const id = await plane.latestId(targetArn)
  return id === undefined ? undefined : plane.get(id)
}

interface Base {
  /** The target may have had no deployment. */
  readonly base: Deployment | undefined
}

/** What our own revision was made from, if the one in force is ours; nothing where that was deleted since. */
async function formerBase(
  plane: DeploymentsPlane,
  latest: Deployment | undefined,
  { change }: RolloutRequest,
): Promise<Base | undefined> {
  const baseId = ownTag(latest, change.component, 'base')
  if (baseId === undefined || ownTag(latest, change.component, 'rollout') !== rolloutIdOf(change))
    return undefined
  if (baseId === NO_BASE) return { base: undefined }
  const base = await plane.get(baseId)
  return base === undefined ? undefined : { base }
}

/** What the rollout had been made from where it was taken back: the plan stays that of the first run. */
async function takenBack(
  plane: DeploymentsPlane,
  latest: Deployment | undefined,
  request: RolloutRequest,
): Promise<Base | undefined> {
  const { component } = request.change
  if (ownTag(latest, component, 'takenBack') !== rolloutIdOf(request.change)) return undefined
  const baseId = ownTag(latest, component, 'base')
  const ours = baseId === undefined ? undefined : await plane.get(baseId)
  return (await formerBase(plane, ours, request)) ?? { base: latest }
}

async function lookForReplaced(
  plane: DeploymentsPlane,
  { targetArn }: Ring,
  latest: Deployment,
  base: Deployment | undefined,
  { change }: RolloutRequest,
): Promise<Replaced> {
  if (base === undefined) return { notes: [] }
  const { component } = change
  const history = await readHistory(plane, targetArn, [latest, base])
  const isOurs = (other: Deployment) => ownTag(other, component, 'rollout') === rolloutIdOf(change)
  return findReplaced(history, latest, base, component, isOurs)
}

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
    // Who has built upon ours has our version: it is still the older one that this would be taken back to.
    remake: async (other) =>
      ownTag(other, component, 'rollout') === rolloutIdOf(change)
        ? { content: reviseAgain(other, base, change, wishes(ring)), base }
        : { content: revise(other, ring.targetArn, change, wishes(ring)), base: other },
    fields:
      state.kind === 'as-wanted'
        ? []
        : fieldsOf((state.kind === 'to-write' ? latest : base)?.content, content, component),
    notes: notesOn(ring, latest, content, component),
    problems: [
      ...liteThingProblems(ring, 'roll out to a group that it is in'),
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
