/** `attach`, `detach` and `delete`: changes that are named on the command line instead of in a file. */
import type { DetectControlPlane } from '../aws/detect-control-plane.ts'
import { type AccountPlan, planOf } from './account-plan.ts'
import { type Change, deletionOf, detachAll } from './changes.ts'
import { type ExitStatus, type ProfilesIo, withControlPlane } from './io.ts'
import { readActual } from './read-actual.ts'
import { type Actual, onlyNames } from './resources.ts'
import { type ApplyCommandOptions, runPlan } from './run-apply.ts'
import { shortTarget } from './target.ts'

export const attach = (
  name: string,
  targets: readonly string[],
  options: ApplyCommandOptions,
  io: ProfilesIo,
): Promise<ExitStatus> =>
  run(options, io, [name], (actual, short) => {
    const attached = actual.profiles.get(name)?.targets ?? []
    return short(targets)
      .filter((target) => !attached.includes(target))
      .map((target) => ({ action: 'attach', of: 'target', name, target }))
  })

export const detach = (
  name: string,
  targets: readonly string[],
  options: ApplyCommandOptions,
  io: ProfilesIo,
): Promise<ExitStatus> =>
  run(options, io, [name], (actual, short) => {
    const going = short(targets)
    return detachAll(name, actual).filter(({ target }) => going.includes(target))
  })

/** What was attached is detached first; custom metrics and dimensions stay, others may use them. */
export const deleteProfiles = (
  names: readonly string[],
  options: ApplyCommandOptions,
  io: ProfilesIo,
): Promise<ExitStatus> =>
  run(options, io, names, (actual) =>
    [...actual.profiles.keys()].flatMap((name) => [...detachAll(name, actual), deletionOf(name, actual)]),
  )

type ToChanges = (actual: Actual, short: (targets: readonly string[]) => string[]) => readonly Change[]

const run = (
  options: ApplyCommandOptions,
  io: ProfilesIo,
  names: readonly string[],
  toChanges: ToChanges,
): Promise<ExitStatus> =>
  withControlPlane(options, io, (plane) =>
    runPlan(plane, () => planByHand(plane, names, toChanges), options, io),
  )

async function planByHand(
  plane: DetectControlPlane,
  names: readonly string[],
  toChanges: ToChanges,
): Promise<AccountPlan> {
  const { actual, scope } = await readActual(plane, () => onlyNames(names), {
    everything: false,
    allTags: false,
  })
  const missing = names.filter((name) => !actual.profiles.has(name))
  const changes =
    missing.length > 0
      ? []
      : toChanges(actual, (targets) => [...new Set(targets.map((each) => shortTarget(each, scope)))])
  return {
    ...planOf(plane.region, scope, actual, changes),
    problems: missing.map((name) => `there is no security profile "${name}" in ${plane.region}`),
  }
}
