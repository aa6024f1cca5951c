/** Prints plans and what came of them: text for people, one JSON document for programs. */
import { printable } from '../render/terminal.ts'
import type { AccountPlan } from './account-plan.ts'
import type { ApplyResult } from './apply.ts'
import type { Change } from './changes.ts'
import type { ProfilesIo } from './io.ts'
import { changeLines, countsText, subjectOf } from './text.ts'

export function showPlan(plan: AccountPlan, io: ProfilesIo): void {
  const { region, scope, changes, problems } = plan
  const account = scope === undefined ? 'an account without these profiles' : `account ${scope.accountId}`
  io.write(`${account}, ${region}\n`)
  for (const change of changes) {
    for (const line of changeLines(change, io.style)) io.write(`${line}\n`)
  }
  if (changes.length > 0) io.write(`${countsText(changes)}.\n`)
  else if (problems.length === 0) io.write('No changes: the account is so already.\n')
  showObstacles(plan, io)
}

export function showObstacles({ problems, notes }: AccountPlan, io: ProfilesIo): void {
  for (const note of notes) io.writeError(`note: ${printable(note)}`)
  for (const problem of problems) io.writeError(printable(problem))
}

export function planJson(plan: AccountPlan): object {
  const { region, scope, changes, fingerprint, problems, notes, excess } = plan
  return {
    region,
    ...(scope === undefined ? {} : { account: scope.accountId }),
    fingerprint,
    changes,
    problems,
    notes,
    ...(excess === undefined ? {} : { needsForce: excess }),
  }
}

export function resultJson({ done, notDone, end }: ApplyResult): object {
  return {
    outcome: end.kind,
    done,
    notDone,
    ...(end.kind === 'failed'
      ? { failure: { change: end.failed, code: end.problem.code, message: end.problem.message } }
      : {}),
  }
}

/** Where an apply stopped, and what that means. */
export function showStop({ done, notDone, end }: ApplyResult, io: ProfilesIo): void {
  if (end.kind === 'complete') return
  const total = done.length + notDone.length
  if (end.kind === 'failed') {
    io.writeError(`${phrase(end.failed)} failed: ${printable(end.problem.message)}`)
    if (end.problem.isOutcomeUnknown) {
      io.writeError('whether AWS carried it out is not known: the answer was lost')
    }
  } else {
    io.writeError('interrupted')
  }
  io.writeError(
    `${done.length} of ${total} changes are done and stay. Not done: ${notDone.map(phrase).join('; ')}.`,
  )
  io.writeError('Nothing is lost: the next plan shows what is left, and apply does only that.')
}

const phrase = (change: Change) => `${change.action} ${printable(subjectOf(change))}`
