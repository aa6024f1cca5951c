/**
 * Carries a plan out, one change after the other, and stops at the first that fails: what was done stays done, and the
 * next plan shows the rest.
 *
 * An answer can be lost on the way, and the SDK's next try then finds its own work ("already exists", "version
 * conflict"). So after such an error AWS is asked whether things are as the change wants them; if so it was carried out.
 */
import type { DetectControlPlane, Tags } from '../aws/detect-control-plane.ts'
import { AwsProblem, mayBeDone } from '../aws/problem.ts'
import type { Change } from './changes.ts'
import { normalAction, normalProfile, normalSet } from './normal.ts'
import type { Actual } from './resources.ts'
import { stableJson } from './stable-json.ts'
import { scopeOf, targetArn } from './target.ts'

export type ApplyEnd =
  | { readonly kind: 'complete' }
  /** Not `failed`, nor anything after it, was carried out; `failed` itself may have been if its outcome is unknown. */
  | { readonly kind: 'failed'; readonly failed: Change; readonly problem: AwsProblem }
  /** The signal came; what had been begun was finished. */
  | { readonly kind: 'interrupted' }

export interface ApplyResult {
  readonly done: readonly Change[]
  readonly notDone: readonly Change[]
  readonly end: ApplyEnd
}

export interface ApplyOptions {
  readonly onDone?: (change: Change) => void
  readonly signal?: AbortSignal
}

export async function applyChanges(
  plane: DetectControlPlane,
  changes: readonly Change[],
  actual: Actual,
  { onDone, signal }: ApplyOptions = {},
): Promise<ApplyResult> {
  const arns = new Map([...actual.profiles].map(([name, { arn }]) => [name, arn]))
  for (const [index, change] of changes.entries()) {
    const [done, notDone] = [changes.slice(0, index), changes.slice(index)]
    if (signal?.aborted) return { done, notDone, end: { kind: 'interrupted' } }
    try {
      await carryOut(plane, change, arns)
    } catch (error) {
      if (!(error instanceof AwsProblem)) throw error
      if (!(await wasCarriedOut(plane, change, error, arns))) {
        return { done, notDone, end: { kind: 'failed', failed: change, problem: error } }
      }
    }
    onDone?.(change)
  }
  return { done: changes, notDone: [], end: { kind: 'complete' } }
}

type ProfileArns = Map<string, string>

async function carryOut(plane: DetectControlPlane, change: Change, arns: ProfileArns): Promise<void> {
  switch (change.of) {
    case 'custom-metric':
      if (change.action === 'create') return plane.createCustomMetric(change.name, change.definition)
      if (change.action === 'delete') return plane.deleteCustomMetric(change.name)
      return plane.updateCustomMetric(change.name, change.definition.displayName ?? '')
    case 'dimension':
      if (change.action === 'create') return plane.createDimension(change.name, change.definition)
      if (change.action === 'delete') return plane.deleteDimension(change.name)
      return plane.updateDimension(change.name, change.definition.stringValues)
    case 'mitigation-action':
      if (change.action === 'create') return plane.createMitigationAction(change.name, change.definition)
      return plane.updateMitigationAction(change.name, change.definition)
    case 'security-profile':
      if (change.action === 'delete') return plane.deleteProfile(change.name, change.expectedVersion)
      if (change.action === 'update') {
        return plane.updateProfile(change.profile, change.deletions, change.expectedVersion)
      }
      arns.set(change.name, await plane.createProfile(change.profile))
      return
    case 'target': {
      const arn = arnOfTarget(change.name, change.target, arns)
      return change.action === 'attach' ? plane.attach(change.name, arn) : plane.detach(change.name, arn)
    }
    case 'tag':
      if (change.action === 'delete') {
        return plane.untag(
          change.arn,
          change.fields.map(({ path }) => path),
        )
      }
      return plane.tag(change.arn, tagsOf(change.fields))
  }
}

/** The profile's own ARN, which it has by now, tells the account. */
function arnOfTarget(profileName: string, target: string, arns: ProfileArns): string {
  const scope = scopeOf(arns.get(profileName) ?? '')
  if (scope === undefined) throw new Error(`AWS gave no ARN for the security profile ${profileName}`)
  return targetArn(target, scope)
}

const tagsOf = (fields: Extract<Change, { of: 'tag' }>['fields']): Tags =>
  new Map(fields.map(({ path, after }) => [path, String(after)]))

/** Whether a call that failed has had its effect. A doubt is a no: the next plan will tell. */
async function wasCarriedOut(
  plane: DetectControlPlane,
  change: Change,
  problem: AwsProblem,
  arns: ProfileArns,
): Promise<boolean> {
  const isDoubtful = mayBeDone(problem) || problem.code === 'version-conflict'
  if (!isDoubtful || change.action === 'delete') return false
  try {
    return await isAsWanted(plane, change, arns)
  } catch (error) {
    if (error instanceof AwsProblem) return false
    throw error
  }
}

async function isAsWanted(plane: DetectControlPlane, change: Change, arns: ProfileArns): Promise<boolean> {
  switch (change.of) {
    case 'custom-metric': {
      if (change.action === 'delete') return false
      const existing = await plane.describeCustomMetric(change.name)
      const { type, displayName = '' } = change.definition
      return existing?.type === type && (existing.displayName ?? '') === displayName
    }
    case 'dimension': {
      if (change.action === 'delete') return false
      const existing = await plane.describeDimension(change.name)
      return (
        existing !== undefined &&
        stableJson(normalSet(existing.stringValues)) === stableJson(normalSet(change.definition.stringValues))
      )
    }
    case 'mitigation-action': {
      const existing = await plane.describeMitigationAction(change.name)
      return (
        existing !== undefined &&
        stableJson(normalAction(existing)) === stableJson(normalAction(change.definition))
      )
    }
    case 'security-profile': {
      if (change.action === 'delete') return false
      const existing = await plane.describeProfile(change.name)
      if (existing === undefined) return false
      if (stableJson(normalProfile(existing.profile)) !== stableJson(normalProfile(change.profile)))
        return false
      arns.set(change.name, existing.arn)
      return true
    }
    case 'target': {
      const targets = await plane.listTargets(change.name)
      const isAttached = targets.includes(arnOfTarget(change.name, change.target, arns))
      return isAttached === (change.action === 'attach')
    }
    case 'tag':
      // To set or remove tags twice does no harm: that is left to the next plan.
      return false
  }
}
