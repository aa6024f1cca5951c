/**
 * Reads from the account what a plan needs to know, and no more: the files' own names, or everything where pruning asks
 * for it.
 */
import type { DetectControlPlane } from '../aws/detect-control-plane.ts'
import { AwsProblem } from '../aws/problem.ts'
import { type Actual, type ActualProfile, type Desired, namesUsedBy } from './resources.ts'
import { type Scope, scopeOf, shortTarget, thingGroupOf } from './target.ts'

export interface ReadOptions {
  /** All names of the account, not only those that are wanted. */
  readonly everything: boolean
  /** Tags of profiles that no file gives any to. */
  readonly allTags: boolean
}

export interface ReadActual {
  readonly actual: Actual
  /** The account, as its profiles' ARNs have it; unknown in an account without any. */
  readonly scope: Scope | undefined
  /** What could not be looked at. */
  readonly notes: readonly string[]
}

/** Calls at a time: far below the rates that AWS gives these actions, and quick for a hundred profiles. */
const CONCURRENT_MAX = 4

/** @param desiredIn what is wanted, with targets short for the scope */
export async function readActual(
  plane: DetectControlPlane,
  desiredIn: (scope: Scope | undefined) => Desired,
  { everything, allTags }: ReadOptions,
): Promise<ReadActual> {
  const wanted = desiredIn(undefined)
  const listed = everything ? (await plane.listProfiles()).map(({ name }) => name) : []
  const profileNames = union(wanted.profiles.keys(), listed)
  const found = await mapPool(profileNames, async (name): Promise<[string, ActualProfile] | undefined> => {
    const existing = await plane.describeProfile(name)
    if (existing === undefined) return undefined
    const scope = scopeOf(existing.arn)
    const targets = (await plane.listTargets(name)).map((target) => shortTarget(target, scope))
    const needsTags = allTags || wanted.profiles.get(name)?.tags !== undefined
    const tags = needsTags ? await plane.listTags(existing.arn) : undefined
    return [name, { ...existing, targets, ...(tags === undefined ? {} : { tags }) }]
  })
  const profiles = new Map(found.flatMap((each) => (each === undefined ? [] : [each])))
  const scope = [...profiles.values()].map(({ arn }) => scopeOf(arn)).find((each) => each !== undefined)

  const used = [...wanted.profiles.values(), ...profiles.values()].map(({ profile }) => namesUsedBy(profile))
  const customMetrics = await describeAll(
    union(
      wanted.customMetrics.keys(),
      used.flatMap((names) => names.customMetrics),
      everything ? await plane.listCustomMetrics() : [],
    ),
    (name) => plane.describeCustomMetric(name),
  )
  const dimensions = await describeAll(
    union(
      wanted.dimensions.keys(),
      used.flatMap((names) => names.dimensions),
      everything ? await plane.listDimensions() : [],
    ),
    (name) => plane.describeDimension(name),
  )
  const mitigationActions = await describeAll(union(wanted.mitigationActions.keys()), (name) =>
    plane.describeMitigationAction(name),
  )
  const groups = await missingGroups(plane, desiredIn(scope), profiles)
  return {
    actual: { profiles, customMetrics, dimensions, mitigationActions, missingThingGroups: groups.missing },
    scope,
    notes: groups.notes,
  }
}

async function describeAll<T>(
  names: readonly string[],
  describe: (name: string) => Promise<T | undefined>,
): Promise<Map<string, T>> {
  const found = await mapPool(names, async (name) => [name, await describe(name)] as const)
  return new Map(found.flatMap(([name, each]) => (each === undefined ? [] : [[name, each]])))
}

/** A group that a profile is attached to exists; of the others it is asked, by those who may. */
async function missingGroups(
  plane: DetectControlPlane,
  desired: Desired,
  profiles: ReadonlyMap<string, ActualProfile>,
): Promise<{ missing: Set<string>; notes: string[] }> {
  const attached = new Set([...profiles.values()].flatMap(({ targets }) => targets))
  const groups = [...desired.profiles.values()]
    .flatMap(({ targets = [] }) => targets)
    .filter((target) => !attached.has(target))
    .flatMap((target) => thingGroupOf(target) ?? [])
  try {
    const found = await mapPool(
      union(groups),
      async (name) => [name, await plane.hasThingGroup(name)] as const,
    )
    return { missing: new Set(found.filter(([, isThere]) => !isThere).map(([name]) => name)), notes: [] }
  } catch (error) {
    if (!(error instanceof AwsProblem) || error.code !== 'access-denied') throw error
    return {
      missing: new Set(),
      notes: [`whether the thing groups exist could not be asked: ${error.message}`],
    }
  }
}

/** A few at a time, answers in the order of the items. */
async function mapPool<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next
      next += 1
      results[index] = await work(items[index] as T)
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_MAX, items.length) }, worker))
  return results
}

const union = (...sets: readonly Iterable<string>[]): string[] =>
  [...new Set(sets.flatMap((each) => [...each]))].sort()
