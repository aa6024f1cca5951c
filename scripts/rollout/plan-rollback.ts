/**
 * What a rollback would do to a target: the component's part as an older revision had it, everything else as it is now. The
 * older revision is the last one that had another version or configuration, the last one with a named version, or a named
 * one. A target that has been rolled back is left so: running twice must not bring the bad version back.
 */
import type { ComponentPart, Deployment, DeploymentContent, DeploymentsPlane } from '../aws/deployments.ts'
import { sameData } from './configuration-tree.ts'
import { fieldsOf, latestOf, partOf, type RingPlan, type RingState } from './plan.ts'
import { ownTag, restoredPart, withPart } from './revision.ts'
import type { Ring } from './rings.ts'

export interface RollbackWish {
  readonly component: string
  readonly toVersion?: string
  readonly deploymentId?: string
}

/** Revisions looked at: each is a call, and what is older than fifty revisions is better rolled out by its version. */
const REVISIONS_MAX = 50

export async function planRollback(
  plane: DeploymentsPlane,
  ring: Ring,
  wish: RollbackWish,
): Promise<RingPlan> {
  const { component, toVersion } = wish
  const latest = await latestOf(plane, ring.targetArn)
  const refused = (problem: string) =>
    ringPlan(ring, component, { kind: 'as-wanted' }, latest, latest, undefined, problem)
  if (latest === undefined) return refused(`${ring.name} has no deployment: there is nothing to roll back`)
  const present = partOf(latest.content, component)
  if (present === undefined) return refused(`${component} is not deployed to ${ring.name}`)

  const isRolledBack = ownTag(latest, component, 'takenBack') !== undefined
  const baseId = ownTag(latest, component, 'base')
  const base = isRolledBack && baseId !== undefined ? await plane.get(baseId) : undefined
  if (base !== undefined) {
    const former = await findFormer(plane, ring, base, wish)
    const content = former === undefined ? undefined : restored(base, component, former)
    if (content !== undefined && sameData(partOf(content, component), present)) {
      return ringPlan(ring, component, { kind: 'written' }, latest, base, content)
    }
  }
  const isDefault = toVersion === undefined && wish.deploymentId === undefined
  if ((isRolledBack && isDefault) || toVersion === present.componentVersion) {
    return ringPlan(ring, component, { kind: 'as-wanted' }, latest, latest, latest.content)
  }
  const former = await findFormer(plane, ring, latest, wish)
  if (former === undefined) return refused(`${ring.name}: ${notFound(wish)}`)
  const content = restored(latest, component, former)
  const kind = sameData(partOf(content, component), present) ? 'as-wanted' : 'to-write'
  return {
    ...ringPlan(ring, component, { kind }, latest, latest, content),
    remake: (other) => restored(other, component, former),
  }
}

function notFound({ component, toVersion, deploymentId }: RollbackWish): string {
  if (deploymentId !== undefined)
    return `none of its last ${REVISIONS_MAX} revisions is ${deploymentId} and holds ${component}`
  if (toVersion !== undefined) {
    return `none of its last ${REVISIONS_MAX} revisions had ${component} ${toVersion}: roll it out with "defender rollout"`
  }
  return `no revision before the present one had another version or configuration of ${component}`
}

interface Former {
  readonly part: ComponentPart
  /** Parts of the revisions after it, the newest included. */
  readonly since: readonly ComponentPart[]
}

async function findFormer(
  plane: DeploymentsPlane,
  { targetArn }: Ring,
  from: Deployment,
  { component, toVersion, deploymentId }: RollbackWish,
): Promise<Former | undefined> {
  const present = partOf(from.content, component)
  const revisions = await plane.revisions(targetArn)
  const at = revisions.findIndex((each) => each.deploymentId === from.deploymentId)
  const since = present === undefined ? [] : [present]
  for (const each of revisions.slice(at + 1, at + 1 + REVISIONS_MAX)) {
    const part = partOf((await plane.get(each.deploymentId))?.content, component)
    if (part === undefined) continue
    const isIt =
      deploymentId !== undefined
        ? each.deploymentId === deploymentId
        : toVersion !== undefined
          ? part.componentVersion === toVersion
          : !sameData(part, present)
    if (isIt) return { part, since }
    since.push(part)
  }
  return undefined
}

function restored(from: Deployment, component: string, { part, since }: Former): DeploymentContent {
  const takenBack = ownTag(from, component, 'rollout') ?? from.deploymentId
  return withPart(from.content, component, restoredPart(part, since), { base: from.deploymentId, takenBack })
}

function ringPlan(
  ring: Ring,
  component: string,
  state: RingState,
  latest: Deployment | undefined,
  base: Deployment | undefined,
  content: DeploymentContent | undefined,
  problem?: string,
): RingPlan {
  const shown = content ?? latest?.content ?? { targetArn: ring.targetArn, components: {} }
  const lite = ring.devices.filter(({ nucleus }) => nucleus === 'lite').length
  return {
    ring,
    component,
    state,
    latest,
    base,
    content: shown,
    remake: () => shown,
    fields: state.kind === 'as-wanted' ? [] : fieldsOf(base?.content, shown, component),
    notes:
      lite > 0 && ring.kind === 'thing'
        ? [`${ring.name} runs the nucleus lite, which takes deployments for thing groups only`]
        : [],
    problems: problem === undefined ? [] : [problem],
  }
}
