/**
 * Writes one revision. The service knows no versions to expect: of two who read, change and write at once the later
 * overwrites the former unseen. So the revision in force is read again just before, and the list of revisions just after;
 * what slipped in between is carried over, and whoever lost is told.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Deployment, DeploymentContent, DeploymentsPlane } from '../aws/deployments.ts'
import { AwsProblem } from '../aws/problem.ts'
import { sameData } from './configuration-tree.ts'
import { latestOf, partOf } from './plan.ts'
import { clientTokenOf, foreignTags } from './revision.ts'

export interface Revision {
  readonly targetArn: string
  readonly component: string
  /** What was read, and what the content was made from. */
  readonly latest: Deployment | undefined
  readonly content: DeploymentContent
  /** The same made from another revision. */
  readonly remake: (latest: Deployment) => DeploymentContent
}

export type WriteEnd =
  | { readonly kind: 'written'; readonly deployment: Deployment; readonly notes: readonly string[] }
  /** Somebody else was faster, or came right after; nothing of ours is in force. */
  | { readonly kind: 'lost'; readonly reason: string }

/** A revision is readable as soon as it is written; this is for a slow moment of the service. */
const READ_TRIES = 5
const READ_PAUSE_MS = 200

export async function writeRevision(plane: DeploymentsPlane, revision: Revision): Promise<WriteEnd> {
  const { targetArn, latest, content } = revision
  const inForce = await plane.latestId(targetArn)
  if (inForce !== latest?.deploymentId) {
    return {
      kind: 'lost',
      reason: `somebody else was faster: the deployment in force is no longer ${latest?.deploymentId ?? 'none'} but ${inForce ?? 'none'}. Nothing was written; run the command again to see the plan anew.`,
    }
  }
  const id = await create(plane, revision, content)
  const revisions = await plane.revisions(targetArn)
  const at = revisions.findIndex(({ deploymentId }) => deploymentId === id)
  if (at > 0) {
    const [newest] = revisions
    return {
      kind: 'lost',
      reason: `somebody else wrote ${newest?.deploymentId} right after ${id}, which is no longer in force. Run the command again to see the plan anew.`,
    }
  }
  const before = at === 0 ? revisions[1]?.deploymentId : latest?.deploymentId
  if (before === undefined || before === latest?.deploymentId) {
    return { kind: 'written', deployment: await read(plane, id), notes: [] }
  }
  return carryOver(plane, revision, id, before)
}

/** Somebody's revision came between the reading and the writing, and ours has replaced it. */
async function carryOver(
  plane: DeploymentsPlane,
  revision: Revision,
  id: string,
  between: string,
): Promise<WriteEnd> {
  const { component, latest, remake } = revision
  const theirs = await read(plane, between)
  if (
    latest !== undefined &&
    sameData(othersOf(theirs.content, component), othersOf(latest.content, component))
  ) {
    const note = `at the same moment somebody wrote ${between}, which changed ${component} too: ours is in force, theirs is not`
    return { kind: 'written', deployment: await read(plane, id), notes: [note] }
  }
  const again = await create(plane, revision, remake(theirs))
  const note = `at the same moment somebody wrote ${between}: what it changed is carried over into ${again}`
  return { kind: 'written', deployment: await read(plane, again), notes: [note] }
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
): Promise<string> {
  try {
    return await plane.create(content, clientTokenOf(content))
  } catch (error) {
    const isDoubtful =
      error instanceof AwsProblem &&
      (error.isOutcomeUnknown || error.code === 'in-progress' || error.code === 'already-exists')
    if (!isDoubtful) throw error
    // The answer went missing, not necessarily the work.
    const inForce = await latestOf(plane, targetArn)
    const isOurs =
      inForce !== undefined &&
      sameData(inForce.content.tags, content.tags) &&
      sameData(partOf(inForce.content, component), partOf(content, component))
    if (!isOurs) throw error
    return inForce.deploymentId
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
