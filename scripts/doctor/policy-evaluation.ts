/**
 * Whether policy documents allow an action on a resource, for AWS IoT policies and for the plain cases of IAM's:
 * a deny goes before every allow, and without an allow nothing is allowed. Conditions are not judged: an allow with one
 * is a maybe. Sources: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements"; AWS IoT developer
 * guide, "AWS IoT Core policies" and "Thing policy variables".
 */

export type Verdict = 'allowed' | 'denied' | 'not-allowed' | 'conditional'

interface Statement {
  readonly Effect?: unknown
  readonly Action?: unknown
  readonly NotAction?: unknown
  readonly Resource?: unknown
  readonly NotResource?: unknown
  readonly Condition?: unknown
}

/** @param variables values of `${…}` in resources: by their names, as `iot:Connection.Thing.ThingName` */
export function verdictOf(
  documents: readonly string[],
  action: string,
  resource: string,
  variables: Readonly<Record<string, string>> = {},
): Verdict {
  const applying = documents
    .flatMap(statementsOf)
    .filter((statement) => concerns(statement, action, resource, variables))
  const of = (effect: string, isConditional: boolean) =>
    applying.some(({ Effect, Condition }) => Effect === effect && (Condition !== undefined) === isConditional)
  if (of('Deny', false)) return 'denied'
  if (!of('Allow', false)) return of('Allow', true) ? 'conditional' : 'not-allowed'
  return of('Deny', true) ? 'conditional' : 'allowed'
}

function statementsOf(document: string): Statement[] {
  try {
    const { Statement } = JSON.parse(document) as { Statement?: unknown }
    return [Statement ?? []].flat() as Statement[]
  } catch {
    // AWS takes no such document, so it allows nothing.
    return []
  }
}

function concerns(
  { Action, NotAction, Resource, NotResource }: Statement,
  action: string,
  resource: string,
  variables: Readonly<Record<string, string>>,
): boolean {
  const isAction = (patterns: unknown) =>
    textsOf(patterns).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()))
  const isResource = (patterns: unknown) =>
    textsOf(patterns).some((pattern) => matches(withValues(pattern, variables), resource))
  return (
    (NotAction === undefined ? isAction(Action) : !isAction(NotAction)) &&
    (NotResource === undefined ? isResource(Resource) : !isResource(NotResource))
  )
}

/** The texts of an element of a statement, which has one or a list of them. */
export const textsOf = (value: unknown): string[] => [value].flat().filter((each) => typeof each === 'string')

/** A variable without a value matches nothing: it stays as it is, and no resource has such a name. */
const withValues = (pattern: string, variables: Readonly<Record<string, string>>): string =>
  pattern.replace(/\$\{([^}]+)\}/g, (whole, name: string) => variables[name] ?? whole)

/**
 * `*` is any text and `?` any one character. Each `*` is left as soon as the next piece fits, which is as good as any
 * later place for it, and takes no longer than the product of the lengths.
 */
function matches(pattern: string, text: string): boolean {
  let [at, from, starAt, starFrom] = [0, 0, -1, 0]
  while (from < text.length) {
    if (pattern[at] === '*') {
      starAt = at++
      starFrom = from
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[from])) {
      at++
      from++
    } else if (starAt >= 0) {
      at = starAt + 1
      from = ++starFrom
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
