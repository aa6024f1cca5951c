/**
 * The revisions of a target's deployment, and what they made of a component's configuration on devices. A device keeps
 * what former revisions merged until it is reset or the component leaves it, so that the text of one revision alone does
 * not tell what devices have. Source: Greengrass V2 developer guide, "Update component configurations".
 */
import type { Deployment, DeploymentsPlane } from '../aws/deployments.ts'
import type { DataMap } from '../plan/normal.ts'
import { merged, sameData, settles, withoutPointer } from './configuration-tree.ts'
import { foreignTags, mergedBy, partOf } from './revision.ts'

export interface History {
  /** Newest first. */
  readonly ids: readonly string[]
  /** Each is asked for once. */
  get(deploymentId: string): Promise<Deployment | undefined>
  /** Ids of the revisions before this one, newest first. */
  before(deploymentId: string): readonly string[]
}

/** Revisions looked at: each is a call, and what is older than fifty revisions is better rolled out by its version. */
export const REVISIONS_MAX = 50

export async function readHistory(
  plane: DeploymentsPlane,
  targetArn: string,
  known: readonly (Deployment | undefined)[] = [],
): Promise<History> {
  const found = new Map(known.flatMap((each) => (each === undefined ? [] : [[each.deploymentId, each]])))
  const ids = (await plane.revisions(targetArn)).map(({ deploymentId }) => deploymentId)
  return {
    ids,
    before: (id) => {
      const at = ids.indexOf(id)
      return at < 0 ? [] : ids.slice(at + 1)
    },
    get: async (id) => {
      const one = found.get(id) ?? (await plane.get(id))
      if (one !== undefined) found.set(id, one)
      return one
    },
  }
}

/** What devices have configured, as far as it is known. */
export interface Configured {
  readonly configuration: DataMap
  /** The oldest revision that was looked at, where older ones could still say something. */
  readonly endsAt?: string
}

/**
 * The configuration that devices have with this revision. Older ones are read only for what is asked about, and only as
 * far as one of them settles it.
 * @param pointers what is asked about
 */
export async function configuredAt(
  history: History,
  component: string,
  revision: Deployment,
  pointers: readonly string[],
): Promise<Configured> {
  const ids = [revision.deploymentId, ...history.before(revision.deploymentId)]
  const parts = []
  let open = pointers
  let endsAt: string | undefined
  for (const [index, id] of ids.entries()) {
    const content = id === revision.deploymentId ? revision.content : (await history.get(id))?.content
    if (content === undefined || index >= REVISIONS_MAX) {
      endsAt = ids[index - 1]
      break
    }
    const part = partOf(content, component)
    // A component that leaves a device takes its configuration with it.
    if (part === undefined) break
    parts.push(part)
    const merge = mergedBy(part)
    const reset = part.configurationUpdate?.reset ?? []
    open = open.filter((pointer) => !settles(merge, reset, pointer))
    if (open.length === 0) break
  }
  const configuration = parts.reduceRight<DataMap>((under, part) => {
    const kept = (part.configurationUpdate?.reset ?? []).reduce(withoutPointer, under)
    return merged(kept, mergedBy(part))
  }, {})
  return { configuration, ...(endsAt === undefined ? {} : { endsAt }) }
}

/**
 * The newest revision that came between ours and the one that ours was made from, and is none of ours: what it changed
 * was never looked at, and ours has replaced it.
 */
async function replacedUnseen(
  history: History,
  ours: Deployment,
  base: Deployment,
  isOurs: (other: Deployment) => boolean,
): Promise<Deployment | undefined> {
  const older = history.before(ours.deploymentId)
  const end = older.indexOf(base.deploymentId)
  for (const id of end < 0 ? [] : older.slice(0, end)) {
    const between = await history.get(id)
    if (between !== undefined && !isOurs(between)) return between
  }
  return undefined
}

export interface Replaced {
  readonly replaced?: Deployment
  readonly notes: readonly string[]
}

/** Whether an earlier run, ended before it could look, has replaced a revision that it had not seen. */
export async function findReplaced(
  history: History,
  ours: Deployment,
  base: Deployment,
  component: string,
  isOurs: (other: Deployment) => boolean,
): Promise<Replaced> {
  const unseen = await replacedUnseen(history, ours, base, isOurs)
  return unseen === undefined ? { notes: [] } : replacedBy(ours, unseen, base, component)
}

/** What was replaced can be carried over as long as nobody has built upon ours. */
function replacedBy(ours: Deployment, replaced: Deployment, base: Deployment, component: string): Replaced {
  const unseen = `an earlier run has replaced ${replaced.deploymentId}, which it had not seen`
  return sameData(standing(ours, component), standing(base, component))
    ? { replaced, notes: [`${unseen}: what that changed is carried over`] }
    : {
        notes: [
          `${unseen}, and the deployment was changed since: see whether what that changed is still wanted`,
        ],
      }
}

/** What a rollout never changes. */
function standing({ content }: Deployment, component: string): object {
  const { [component]: _, ...components } = content.components
  return { components, tags: foreignTags(content) }
}
