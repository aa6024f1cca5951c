/**
 * What a policy has to say besides what it says already: colleagues may have set it up for another bucket or topic, or
 * by hand, and what devices were allowed yesterday they are allowed tomorrow. Source: IAM user guide, "IAM JSON policy
 * elements reference".
 */
import type { PolicyDocument } from '../../doctor/policies/documents.ts'
import { textsOf } from '../../doctor/policy-evaluation.ts'

type Statement = PolicyDocument['Statement'][number]

/**
 * The policy with all that is wanted, or `undefined` if it has that.
 * @param existing JSON text as IAM has it
 */
export function withStatements(existing: string, wanted: PolicyDocument): object | undefined {
  const document = JSON.parse(existing) as { Statement?: unknown }
  const present = [document.Statement ?? []].flat() as Readonly<Record<string, unknown>>[]
  const missing = wanted.Statement.filter((each) => !present.some((statement) => covers(statement, each)))
  if (missing.length === 0) return undefined
  return missing.reduce<{ Statement: readonly Readonly<Record<string, unknown>>[] }>(
    ({ Statement, ...rest }, each) => ({ ...rest, Statement: added(Statement, each) }),
    { ...document, Statement: present },
  )
}

/** Word for word: where wildcards or conditions say the same, one more statement does no harm. */
function covers(statement: Readonly<Record<string, unknown>>, wanted: Statement): boolean {
  return (
    isPlainAllow(statement) &&
    isSubset(wanted.Action, textsOf(statement.Action)) &&
    isSubset(wanted.Resource, textsOf(statement.Resource))
  )
}

/** To the resources of a statement that allows the same of others; otherwise as one more. */
function added(
  statements: readonly Readonly<Record<string, unknown>>[],
  wanted: Statement,
): readonly Readonly<Record<string, unknown>>[] {
  const like = statements.find(
    (each) =>
      isPlainAllow(each) &&
      each.Resource !== undefined &&
      isSubset(wanted.Action, textsOf(each.Action)) &&
      isSubset(textsOf(each.Action), wanted.Action),
  )
  if (like !== undefined) {
    const Resource = [...new Set([...textsOf(like.Resource), ...wanted.Resource])]
    return statements.map((each) => (each === like ? { ...each, Resource } : each))
  }
  // IAM takes a Sid once only.
  const { Sid, ...unnamed } = wanted
  const isTaken = Sid === undefined || statements.some((each) => each.Sid === Sid)
  return [...statements, isTaken ? unnamed : { Sid, ...unnamed }]
}

const isPlainAllow = (statement: Readonly<Record<string, unknown>>) =>
  statement.Effect === 'Allow' && statement.Condition === undefined

const isSubset = (some: readonly string[], all: readonly string[]) => some.every((each) => all.includes(each))
