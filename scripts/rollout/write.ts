/**
 * Writes one revision. The service knows no versions to expect: of two who read, change and write at once the later
 * overwrites the former unseen. So the revision in force is read again just before, and the list of revisions just after;
 * what slipped in between is carried over, and whoever lost is told.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Deployment, DeploymentContent, DeploymentsPlane } from '../aws/deployments.ts'
import { AwsProblem } from '../aws/problem.ts'
import { sameData } from './configuration-tree.ts'
import { latestOf } from './plan.ts'
import { clientTokenOf, foreignTags, partOf } from './revision.ts'

export interface Revision {
  readonly targetArn: string
  readonly component: string
  /** The revision in force when the content was made. */
  readonly latest: Deployment | undefined
  /** What the content was made from: the one in force, or what that was made from if it is ours already. */
  readonly base: Deployment | undefined
  readonly content: DeploymentContent
  readonly remake: Remake
}

/** The same change made to another revision, and what it would be taken back to. */
export type Remake = (
  latest: Deployment,
) => Promise<{ readonly content: DeploymentContent; readonly base: Deployment | undefined }>

export type WriteEnd =
  | {
      readonly kind: 'written'
      readonly deployment: Deployment
      /** What it was made from in the end. */
      readonly base: Deployment | undefined
      readonly notes: readonly string[]
    }
  /** Somebody else was faster, or came right after; nothing of ours is in force. */
  | { readonly kind: 'lost'; readonly reason: string }

/** A revision is readable as soon as it is written; this is for a slow moment of the service. */
const READ_TRIES = 5
const READ_PAUSE_MS = 200
/** Revisions of others that come between two of ours; more in a row is somebody's loop. */
const CARRY_OVERS_MAX = 3

export async function writeRevision(plane: DeploymentsPlane, revision: Revision): Promise<WriteEnd> {
  const { targetArn, latest, content } = revision
  const lost = await lostBefore(plane, targetArn, latest)
  if (lost !== undefined) return lost
  // Where the one in force was deleted, older ones are there still: they came before us, not between.
  const older = latest === undefined ? await plane.revisions(targetArn) : []
  const id = await create(plane, revision, content, latest?.deploymentId)
  return settle(
    plane,
    { ...revision, madeFrom: latest },
    id,
    older.map(({ deploymentId }) => deploymentId),
    [],
  )
}

/** Carries over what an earlier run of ours has replaced unseen, before it was ended. */
export async function catchUp(
  plane: DeploymentsPlane,
  revision: Revision & { readonly latest: Deployment },
  between: Deployment,
): Promise<WriteEnd> {
  const { targetArn, latest } = revision
  const lost = await lostBefore(plane, targetArn, latest)
  if (lost !== undefined) return lost
  return carryOver(plane, { ...revision, madeFrom: revision.base }, latest.deploymentId, between, [])
}

interface Written extends Revision {
  readonly madeFrom: Deployment | undefined
}

async function lostBefore(
  plane: DeploymentsPlane,
  targetArn: string,
  latest: Deployment | undefined,
): Promise<WriteEnd | undefined> {
  const inForce = await plane.latestId(targetArn)
  if (inForce === latest?.deploymentId) return undefined
  return {
    kind: 'lost',
    reason: `somebody else was faster: the deployment in force is no longer ${latest?.deploymentId ?? 'none'} but ${inForce ?? 'none'}. Nothing was written; run the command again to see the plan anew.`,
  }
}

/** @param known revisions that may stand before ours in the list: what ours is meant to follow */
async function settle(
  plane: DeploymentsPlane,
  revision: Written,
  id: string,
  known: readonly string[],
  notes: readonly string[],
): Promise<WriteEnd> {
  const { targetArn, latest, base } = revision
  const revisions = await plane.revisions(targetArn)
  const at = revisions.findIndex(({ deploymentId }) => deploymentId === id)
  if (at > 0) {
    const [newest] = revisions
    return {
      kind: 'lost',
      reason: `somebody else wrote ${newest?.deploymentId} right after ${id}, which is no longer in force. Run the command again to see the plan anew.`,
    }
  }
  const before = at === 0 ? revisions[1] : undefined
  const isExpected =
    before === undefined ||
    before.deploymentId === latest?.deploymentId ||
    known.includes(before.deploymentId) ||
    // The one that ours follows was deleted meanwhile; what stands there now is older.
    (latest !== undefined && before.createdAt < latest.createdAt)
  if (isExpected) return { kind: 'written', deployment: await read(plane, id), base, notes }
  return carryOver(plane, revision, id, await read(plane, before.deploymentId), notes)
}

/** Somebody's revision came between the reading and the writing, and ours has replaced it. */
async function carryOver(
  plane: DeploymentsPlane,
  revision: Written,
  ours: string,
  theirs: Deployment,
  notes: readonly string[],
): Promise<WriteEnd> {
  const { component, madeFrom, base, remake } = revision
  const between = theirs.deploymentId
  if (
    madeFrom !== undefined &&
    sameData(othersOf(theirs.content, component), othersOf(madeFrom.content, component))
  ) {
    const note = `at the same moment somebody wrote ${between}, which changed ${component} too: ours is in force, theirs is not`
    return { kind: 'written', deployment: await read(plane, ours), base, notes: [...notes, note] }
  }
  if (notes.length >= CARRY_OVERS_MAX) {
    return {
      kind: 'lost',
      reason: `somebody keeps writing revisions of this deployment at the same moment, ${between} the last of them; ${ours} is in force and does not have its changes. Run the command again when that is over.`,
    }
  }
  const made = await remake(theirs)
  const again = await create(plane, revision, made.content, ours)
  const note = `at the same moment somebody wrote ${between}: what it changed is carried over into ${again}`
  const next = { ...revision, latest: theirs, base: made.base, madeFrom: theirs }
  return settle(plane, next, again, [ours], [...notes, note])
}

/** All but our component's part and our tags. */
function othersOf(content: DeploymentContent, component: string): object {
  const { [component]: _, ...components } = content.components
  return { ...content, components, tags: foreignTags(content) }
}

async function create(
  plane: DeploymentsPlane,
  { targetArn, component }: Revision,
  content: DeploymentContent,
  inForce: string | undefined,
): Promise<string> {
  try {
    return await plane.create(content, clientTokenOf(content, inForce))
  } catch (error) {
    const isDoubtful =
      error instanceof AwsProblem &&
      (error.isOutcomeUnknown || error.code === 'in-progress' || error.code === 'already-exists')
    if (!isDoubtful) throw error
    // The answer went missing, not necessarily the work.
    const latest = await latestOf(plane, targetArn)
    const isOurs =
      latest !== undefined &&
      latest.deploymentId !== inForce &&
      sameData(latest.content.tags, content.tags) &&
      sameData(partOf(latest.content, component), partOf(content, component))
    if (!isOurs) throw error
    return latest.deploymentId
  }
}

async function read(plane: DeploymentsPlane, id: string): Promise<Deployment> {
  for (let tries = 0; tries < READ_TRIES; tries += 1) {
    const found = await plane.get(id)
    if (found !== undefined) return found
    await wait(READ_PAUSE_MS)
  }
  throw new AwsProblem(
    'not-found',
    'greengrass:GetDeployment',
    `greengrass:GetDeployment: the deployment ${id} cannot be read: was it deleted?`,
  )
}
