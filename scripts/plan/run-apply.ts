/** Shows a plan, asks, and carries it out: the common end of every command that changes an account. */
import type { DetectControlPlane } from '../aws/detect-control-plane.ts'
import type { AccountPlan } from './account-plan.ts'
import { applyChanges } from './apply.ts'
import type { AccountOptions, ExitStatus, ProfilesIo } from './io.ts'
import { planJson, resultJson, showObstacles, showPlan, showStop } from './show.ts'
import { changeLines } from './text.ts'

export interface ApplyCommandOptions extends AccountOptions {
  readonly yes?: boolean
  readonly force?: boolean
  readonly dryRun?: boolean
  /** Of the plan that was reviewed. */
  readonly fingerprint?: string
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

  const refusal = refusalOf(plan, options)
  if (refusal !== undefined) {
    if (refusal !== '') io.writeError(refusal)
    report({ outcome: 'refused' })
    return 1
  }
  if (plan.changes.length === 0 || options.dryRun === true) {
    report({ outcome: 'nothing done' })
    return 0
  }
  if (options.yes !== true && options.fingerprint === undefined) {
    const unwanted = await whyNotConfirmed(plan, makePlan, io)
    if (unwanted !== undefined) {
      io.writeError(unwanted)
      report({ outcome: 'refused' })
      return 1
    }
  }
  return carryOutPlan(plane, plan, isJson, io)
}

/** Empty where the problems have been printed already. */
function refusalOf(plan: AccountPlan, { force, fingerprint }: ApplyCommandOptions): string | undefined {
  if (plan.problems.length > 0) return ''
  if (fingerprint !== undefined && fingerprint !== plan.fingerprint && plan.changes.length > 0) {
    return `nothing was changed: the plan is no longer ${fingerprint} but ${plan.fingerprint}. The files or the account changed since: review it again.`
  }
  if (plan.excess !== undefined && force !== true) return `nothing was changed: ${plan.excess}`
  return undefined
}

async function whyNotConfirmed(
  plan: AccountPlan,
  makePlan: () => Promise<AccountPlan>,
  { confirm }: ProfilesIo,
): Promise<string | undefined> {
  if (confirm === undefined) {
    return `nothing was changed: nobody is there to be asked. Add --fingerprint ${plan.fingerprint}, or --yes.`
  }
  if (!(await confirm(`Apply ${plan.fingerprint}?`))) return 'nothing was changed'
  const { fingerprint } = await makePlan()
  return fingerprint === plan.fingerprint
    ? undefined
    : `nothing was changed: meanwhile the plan became another one (${fingerprint}). Review it again.`
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
