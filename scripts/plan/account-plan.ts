/** A plan for an account: the changes, which plan it is, and what stands in its way. */
import type { DetectControlPlane } from '../aws/detect-control-plane.ts'
import { AwsProblem } from '../aws/problem.ts'
import { type Change, planChanges } from './changes.ts'
import { planProblems, tooManyDeletions } from './check.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readActual } from './read-actual.ts'
import { type Actual, type Desired, namesUsedBy } from './resources.ts'
import type { Scope } from './target.ts'

export interface AccountPlan {
  readonly region: string
  readonly scope: Scope | undefined
  readonly actual: Actual
  readonly changes: readonly Change[]
  readonly fingerprint: string
  /** With any of these the plan cannot be carried out. */
  readonly problems: readonly string[]
  readonly notes: readonly string[]
  /** Why it is carried out with `--force` only. */
  readonly excess?: string
}

/** @param desiredIn what the files want, with targets short for the account's scope */
export async function planFor(
  plane: DetectControlPlane,
  desiredIn: (scope: Scope | undefined) => Desired,
  { prune }: { readonly prune: boolean },
): Promise<AccountPlan> {
  const { actual, scope, notes } = await readActual(plane, desiredIn, { everything: prune, allTags: false })
  const desired = desiredIn(scope)
  const changes = planChanges(desired, actual, { prune })
  const ownProblems = planProblems(desired, actual, scope)
  const asked = ownProblems.length > 0 ? { problems: [], notes: [] } : await askAws(plane, changes)
  const excess = tooManyDeletions(changes, actual)
  return {
    ...planOf(plane.region, scope, actual, changes),
    problems: [...ownProblems, ...asked.problems],
    notes: [...notes, ...asked.notes],
    ...(excess === undefined ? {} : { excess }),
  }
}

/** A plan whose changes were named by hand. */
export function planOf(
  region: string,
  scope: Scope | undefined,
  actual: Actual,
  changes: readonly Change[],
): AccountPlan {
  const fingerprint = fingerprintOf(changes, region, scope)
  return { region, scope, actual, changes, fingerprint, problems: [], notes: [] }
}

/** AWS's own opinion of the behaviors that are new, where it knows already what they speak of. */
async function askAws(
  plane: DetectControlPlane,
  changes: readonly Change[],
): Promise<{ problems: string[]; notes: string[] }> {
  const problems: string[] = []
  const created = new Set(
    changes
      .filter(({ action, of }) => action === 'create' && of !== 'tag')
      .map(({ of, name }) => `${of} ${name}`),
  )
  for (const change of changes) {
    if (change.of !== 'security-profile' || change.action === 'delete') continue
    const { behaviors = [] } = change.profile
    const { customMetrics, dimensions } = namesUsedBy(change.profile)
    const isAhead =
      customMetrics.some((name) => created.has(`custom-metric ${name}`)) ||
      dimensions.some((name) => created.has(`dimension ${name}`))
    if (behaviors.length === 0 || isAhead) continue
    try {
      const errors = await plane.validateBehaviors(behaviors)
      problems.push(...errors.map((error) => `${change.name}: AWS finds: ${error}`))
    } catch (error) {
      if (!(error instanceof AwsProblem) || error.code !== 'access-denied') throw error
      return { problems, notes: [`AWS was not asked whether it takes the behaviors: ${error.message}`] }
    }
  }
  return { problems, notes: [] }
}
