/**
 * One thing that has to be so before a component works in an account, and what was found. Each check stands alone: what
 * may not be asked is unknown, which is not a fault, and the other checks go on.
 */
import { AwsProblem } from '../aws/problem.ts'

export type Finding =
  /** As it should be. */
  | { readonly kind: 'ok'; readonly detail: string }
  /** Not so, and what to do about it, where the detail does not say it. */
  | { readonly kind: 'fault'; readonly detail: string; readonly advice?: string }
  /** It could not be found out, or was not asked for. */
  | { readonly kind: 'unknown'; readonly detail: string; readonly advice?: string }

export interface Check {
  readonly name: string
  readonly look: () => Promise<Finding>
}

export type Result = { readonly name: string } & Finding

/** Problems that are findings themselves: nothing can work with them. What they say has the advice in it. */
const FAULTS: ReadonlySet<string> = new Set([
  'no-credentials',
  'expired-credentials',
  'wrong-credentials',
  'no-region',
])

export async function runChecks(checks: readonly Check[]): Promise<Result[]> {
  return Promise.all(checks.map(async ({ name, look }) => ({ name, ...(await found(look)) })))
}

async function found(look: Check['look']): Promise<Finding> {
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof AwsProblem)) throw error
    if (FAULTS.has(error.code)) return { kind: 'fault', detail: error.message }
    if (error.code === 'access-denied') {
      return {
        kind: 'unknown',
        detail: `not known: ${error.action} is not allowed`,
        advice: `Allow ${error.action} to whoever runs this command.`,
      }
    }
    return { kind: 'unknown', detail: `not known: ${error.message}` }
  }
}
