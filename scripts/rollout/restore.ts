/**
 * The way back: the next revision with a component as an older revision had it. What devices had configured then is
 * merged again where later revisions have changed it, and what a rollout has set for the deployment as a whole goes back
 * as well, unless somebody has set it otherwise since.
 */
import type { ComponentPart, Deployment, DeploymentContent } from '../aws/deployments.ts'
import { sameData } from './configuration-tree.ts'
import { configuredAt, type History, REVISIONS_MAX } from './history.ts'
import { NO_BASE, ownTag, partOf, restoredPart, touchedBy, WIDE, wideHash, withPart } from './revision.ts'

export interface Restoration {
  readonly history: History
  readonly component: string
  /** The revision whose part comes back; where it had none, or there was none, the component leaves the devices. */
  readonly former: Deployment | undefined
  /** Parts of the revisions after it. */
  readonly since: readonly ComponentPart[]
  /** The rollout, or else the deployment, that is taken back. */
  readonly takenBack: string
}

export interface Restored {
  readonly content: DeploymentContent
  readonly notes: readonly string[]
}

/** @param from the revision in force, that everything else is taken from */
export async function restored(restoration: Restoration, from: Deployment): Promise<Restored> {
  const { component, takenBack } = restoration
  const part = await partBack(restoration, from)
  const wide = await wideBack(restoration, from)
  const own = { base: from.deploymentId, takenBack }
  return {
    content: withPart(wide.content, component, part.part, own),
    notes: [...part.notes, ...wide.notes],
  }
}

async function partBack(
  { history, component, former, since }: Restoration,
  from: Deployment,
): Promise<{ readonly part: ComponentPart | undefined; readonly notes: readonly string[] }> {
  const old = partOf(former?.content, component)
  if (former === undefined || old === undefined) return { part: undefined, notes: [] }
  const present = partOf(from.content, component)
  const later = present === undefined ? since : [present, ...since]
  const { configuration, endsAt } = await configuredAt(history, component, former, touchedBy(later))
  const note = `what revisions before ${endsAt} have configured is not known; of that, what was changed since goes back to the recipe's defaults`
  return {
    part: restoredPart(old, later, configuration),
    notes: endsAt === undefined ? [] : [note],
  }
}

/** Policies and job configuration as they were before the rollouts that are taken back. */
async function wideBack({ history, component, former }: Restoration, from: Deployment): Promise<Restored> {
  const notes = new Set<string>()
  let { content } = from
  let written = from
  for (let steps = 0; steps < REVISIONS_MAX; steps += 1) {
    const baseId = ownTag(written, component, 'base')
    if (ownTag(written, component, 'rollout') === undefined || baseId === undefined || baseId === NO_BASE)
      break
    const base = await history.get(baseId)
    if (base === undefined) break
    for (const field of WIDE) {
      if (sameData(content[field], base.content[field])) continue
      if (wideHash(content, field) === ownTag(written, component, field)) {
        const { [field]: _, ...others } = content
        const before = base.content[field]
        content = before === undefined ? others : { ...others, [field]: before }
      } else notes.add(`${field} was changed since, and is kept`)
    }
    if (former === undefined || base.createdAt <= former.createdAt) break
    written = base
  }
  return { content, notes: [...notes] }
}
