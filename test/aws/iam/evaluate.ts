/**
 * Whether policies allow an action on a resource. Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy
 * elements reference"; of its elements: Effect, Action, NotAction, Resource, NotResource. What is said under a condition
 * is taken for not said where it allows, and for said where it denies.
 */

export interface NamedPolicy {
  readonly name: string
  /** JSON text. */
  readonly document: string
}

export interface Decision {
  readonly decision: 'allowed' | 'explicitDeny' | 'implicitDeny'
  /** Names of the policies that it follows from. */
  readonly matched: readonly string[]
}

export function evaluate(policies: readonly NamedPolicy[], action: string, resource: string): Decision {
  const statements = policies.flatMap(({ name, document }) =>
    statementsOf(document).map((statement) => ({ name, statement })),
  )
  const deciding = (effect: string) =>
    statements
      .filter(({ statement }) => statement.Effect === effect && isAbout(statement, action, resource))
      .filter(({ statement }) => effect === 'Deny' || statement.Condition === undefined)
      .map(({ name }) => name)
  const denying = deciding('Deny')
  if (denying.length > 0) return { decision: 'explicitDeny', matched: denying }
  const allowing = deciding('Allow')
  return { decision: allowing.length > 0 ? 'allowed' : 'implicitDeny', matched: allowing }
}

type OneOrMore = string | readonly string[]

interface Statement {
  readonly Effect?: string
  readonly Action?: OneOrMore
  readonly NotAction?: OneOrMore
  readonly Resource?: OneOrMore
  readonly NotResource?: OneOrMore
  readonly Condition?: object
}

/** Throws a `SyntaxError` if the text is not JSON. */
export function statementsOf(document: string): readonly Statement[] {
  const { Statement } = JSON.parse(document) as { Statement?: Statement | readonly Statement[] }
  return Statement === undefined ? [] : ([Statement].flat() as Statement[])
}

function isAbout(statement: Statement, action: string, resource: string): boolean {
  const { Action, NotAction, Resource, NotResource } = statement
  const isAction =
    NotAction === undefined ? matchesAny(Action, action, 'i') : !matchesAny(NotAction, action, 'i')
  const isResource =
    NotResource === undefined ? matchesAny(Resource, resource, '') : !matchesAny(NotResource, resource, '')
  return isAction && isResource
}

/** `*` is any text, `?` any one character; actions are the same in any case. */
const matchesAny = (patterns: OneOrMore | undefined, text: string, flags: string) =>
  [patterns ?? []].flat().some((pattern) =>
    new RegExp(
      `^${pattern
        .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
      `s${flags}`,
    ).test(text),
  )
