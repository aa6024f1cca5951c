/**
 * What a rollback would do to a target: the component's part as an older revision had it, everything else as it is now. The
 * older revision is the last one that had another version or configuration, the last one with a named version, or a named
 * one. A target that has been rolled back is left so: running twice must not bring the bad version back.
 */
import type { ComponentPart, Deployment, DeploymentContent, DeploymentsPlane } from '../aws/deployments.ts'
import { sameData } from './configuration-tree.ts'
import { findReplaced, type History, REVISIONS_MAX, readHistory } from './history.ts'
import { fieldsOf, latestOf, type RingPlan, type RingState, writtenState } from './plan.ts'
import { reservedNotes } from './plan-notes.ts'
import { type Restored, restored } from './restore.ts'
import { ownTag, partOf, WITHOUT_COMPONENT } from './revision.ts'
import { liteThingProblems, type Ring } from './rings.ts'

export interface RollbackWish {
  readonly component: string
  readonly toVersion?: string
  readonly deploymentId?: string
}

export async function planRollback(
  plane: DeploymentsPlane,
  ring: Ring,
  wish: RollbackWish,
): Promise<RingPlan> {
  const { component, toVersion } = wish
  const latest = await latestOf(plane, ring.targetArn)
  const refused = (problem: string) =>
    ringPlan(ring, component, { kind: 'as-wanted' }, latest, latest, undefined, [problem])
  if (latest === undefined) return refused(`${ring.name} has no deployment: there is nothing to roll back`)
  const present = partOf(latest.content, component)
  if (present === undefined) return refused(`${component} is not deployed to ${ring.name}`)

  const history = await readHistory(plane, ring.targetArn, [latest])
  const done = await planDone(history, ring, wish, latest)
  if (done !== undefined) return done
  const isRolledBack = ownTag(latest, component, 'takenBack') !== undefined
  const isDefault = toVersion === undefined && wish.deploymentId === undefined
  if ((isRolledBack && isDefault) || toVersion === present.componentVersion) {
    return ringPlan(ring, component, { kind: 'as-wanted' }, latest, latest, latest.content)
  }
  const back = await backFrom(history, latest, wish)
  if (back === undefined) return refused(`${ring.name}: ${notFound(wish)}`)
  const kind = sameData(partOf(back.content, component), present) ? 'as-wanted' : 'to-write'
  const plan = ringPlan(ring, component, { kind }, latest, latest, back.content)
  return { ...plan, notes: [...plan.notes, ...back.notes], remake: back.remake }
}

/** Where an earlier run has written it. */
async function planDone(
  history: History,
  ring: Ring,
  wish: RollbackWish,
  latest: Deployment,
): Promise<RingPlan | undefined> {
  const { component } = wish
  const takenBack = ownTag(latest, component, 'takenBack')
  const baseId = ownTag(latest, component, 'base')
  const base = takenBack !== undefined && baseId !== undefined ? await history.get(baseId) : undefined
  const back = base === undefined ? undefined : await backFrom(history, base, wish)
  if (base === undefined || back === undefined) return undefined
  if (!sameData(partOf(back.content, component), partOf(latest.content, component))) return undefined
  const isOurs = (other: Deployment) => ownTag(other, component, 'takenBack') === takenBack
  const { replaced, notes } = await findReplaced(history, latest, base, component, isOurs)
  const plan = ringPlan(ring, component, writtenState(replaced), latest, base, back.content)
  return { ...plan, notes: [...plan.notes, ...notes], remake: back.remake }
}

function notFound({ component, toVersion, deploymentId }: RollbackWish): string {
  if (deploymentId !== undefined)
    return `none of its last ${REVISIONS_MAX} revisions is ${deploymentId} and holds ${component}`
  if (toVersion !== undefined) {
    return `none of its last ${REVISIONS_MAX} revisions had ${component} ${toVersion}: roll it out with "defender rollout"`
  }
  return `no revision before the present one had another version or configuration of ${component}`
}

/** The revision that follows `from`, or that would have followed another one. */
async function backFrom(
  history: History,
  from: Deployment,
  wish: RollbackWish,
): Promise<(Restored & Pick<RingPlan, 'remake'>) | undefined> {
  const { component } = wish
  const found = await findFormer(history, from, wish)
  if (found === undefined) return undefined
  const takenBack = ownTag(from, component, 'rollout') ?? from.deploymentId
  const restoration = { history, component, ...found, takenBack }
  return {
    ...(await restored(restoration, from)),
    remake: async (other) => ({ content: (await restored(restoration, other)).content, base: other }),
  }
}

interface Former {
  readonly former: Deployment
  /** Parts of the revisions after it, the newest included. */
  readonly since: readonly ComponentPart[]
}

async function findFormer(
  history: History,
  from: Deployment,
  { component, toVersion, deploymentId }: RollbackWish,
): Promise<Former | undefined> {
  const present = partOf(from.content, component)
  const since = present === undefined ? [] : [present]
  for (const id of history.before(from.deploymentId).slice(0, REVISIONS_MAX)) {
    const revision = await history.get(id)
    if (revision === undefined) continue
    const part = partOf(revision.content, component)
    const isIt =
      deploymentId !== undefined
        ? id === deploymentId
        : toVersion !== undefined
          ? part?.componentVersion === toVersion
          : !sameData(part, present)
    if (part !== undefined && isIt) return { former: revision, since }
    since.push(part ?? WITHOUT_COMPONENT)
  }
  return undefined
}

function ringPlan(
  ring: Ring,
  component: string,
  state: RingState,
  latest: Deployment | undefined,
  base: Deployment | undefined,
  content: DeploymentContent | undefined,
  problems: readonly string[] = [],
): RingPlan {
  const shown = content ?? latest?.content ?? { targetArn: ring.targetArn, components: {} }
  return {
    ring,
    component,
    state,
    latest,
    base,
    content: shown,
    remake: async (other) => ({ content: shown, base: other }),
    fields: state.kind === 'as-wanted' ? [] : fieldsOf(base?.content, shown, component),
    notes: latest === undefined ? [] : reservedNotes(latest.content),
    problems: [...liteThingProblems(ring, 'roll back a group that it is in'), ...problems],
  }
}
