/** Shows a plan, asks, and carries it out: the common end of every command that changes an account. */
import type { DetectControlPlane } from '../aws/detect-control-plane.ts'
import type { ChangeOptions } from '../aws/operator-io.ts'
import type { AccountPlan } from './account-plan.ts'
import { applyChanges } from './apply.ts'
import { whyNot } from './consent.ts'
import type { ExitStatus, ProfilesIo } from './io.ts'
import { planJson, resultJson, showObstacles, showPlan, showStop } from './show.ts'
import { changeLines } from './text.ts'

export interface ApplyCommandOptions extends ChangeOptions {
  readonly force?: boolean
}

/** @param makePlan is called again once the operator has answered, who may have taken an hour for it */
export async function runPlan(
  plane: DetectControlPlane,
  makePlan: () => Promise<AccountPlan>,
  options: ApplyCommandOptions,
  io: ProfilesIo,
): Promise<ExitStatus> {
  const plan = await makePlan()
  const isJson = options.output === 'json'
  const report = (result: object = {}) =>
    isJson && io.write(`${JSON.stringify({ ...planJson(plan), ...result }, null, 2)}\n`)
  if (isJson) showObstacles(plan, io)
  else showPlan(plan, io)

  const refusal = await refusalOf(plan, makePlan, options, io)
  if (refusal !== undefined) {
    if (refusal !== '') io.writeError(refusal)
    report({ outcome: 'refused' })
    return 1
  }
  if (plan.changes.length === 0 || options.dryRun === true) {
    report({ outcome: 'nothing done' })
    return 0
  }
  return carryOutPlan(plane, plan, isJson, io)
}

/** Empty where the problems have been printed already. */
async function refusalOf(
  plan: AccountPlan,
  makePlan: () => Promise<AccountPlan>,
  options: ApplyCommandOptions,
  io: ProfilesIo,
): Promise<string | undefined> {
  if (plan.problems.length > 0) return ''
  if (plan.changes.length === 0) return undefined
  if (plan.excess !== undefined && options.force !== true) return `nothing was changed: ${plan.excess}`
  const again = async () => (await makePlan()).fingerprint
  // A dry run asks nobody, but tells whether the plan is still the one that was reviewed.
  const consent = options.dryRun === true ? { ...options, yes: true } : options
  return whyNot(plan.fingerprint, again, consent, io)
}

async function carryOutPlan(
  plane: DetectControlPlane,
  plan: AccountPlan,
  isJson: boolean,
  io: ProfilesIo,
): Promise<ExitStatus> {
  const { signal, stop } = io.interruption()
  try {
    if (!isJson) io.write('Applying:\n')
    const result = await applyChanges(plane, plan.changes, plan.actual, {
      signal,
      onDone: (change) => {
        if (!isJson) io.write(`${changeLines(change, io.style)[0]}\n`)
      },
    })
    if (isJson) io.write(`${JSON.stringify({ ...planJson(plan), ...resultJson(result) }, null, 2)}\n`)
    showStop(result, io)
    if (result.end.kind !== 'complete') return 1
    if (!isJson) io.write('Done.\n')
    return 0
  } finally {
    stop()
  }
}
