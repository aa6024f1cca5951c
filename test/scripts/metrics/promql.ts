/**
 * The part of PromQL that the rules and the dashboard use, read as a grammar: whatever it takes, Prometheus takes too.
 * Gives the selectors, so that a test can tell whether such metrics and labels exist.
 *
 *   expression = term { (comparison | "or") term }
 *   term       = number | function "(" arguments ")" | aggregation ["by" "(" labels ")"] "(" expression ")" | selector
 *   selector   = metric ["{" label op string {"," ...} "}"] ["[" duration "]"]
 */

export interface Selector {
  readonly metric: string
  readonly labels: readonly string[]
  readonly isRange: boolean
}

/** Functions by whether they take a range. */
const functions: Readonly<Record<string, boolean>> = { increase: true, rate: true, vector: false }
const aggregations = new Set(['sum', 'max', 'min', 'count', 'avg'])
const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?)(?![\w])|([a-zA-Z_:][\w:]*)|("(?:[^"\\]|\\.)*")|(=~|!~|==|!=|>=|<=|[=<>{}()[\],])|(\d+[smhdw]))/y

export function readPromql(text: string): { readonly selectors: Selector[]; readonly byLabels: string[] } {
  const tokens = tokensOf(text)
  const selectors: Selector[] = []
  const byLabels: string[] = []
  let at = 0
  const fail = (): never => {
    throw new Error(`${text}: not expected: ${tokens[at] ?? 'the end'}`)
  }
  const take = (wanted?: string): string => {
    const token = tokens[at]
    if (token === undefined || (wanted !== undefined && token !== wanted)) return fail()
    at += 1
    return token
  }
  const isNext = (token: string) => tokens[at] === token

  function expression(): void {
    term(false)
    while (['==', '!=', '>', '<', '>=', '<=', 'or'].includes(tokens[at] ?? '')) {
      take()
      term(false)
    }
  }

  function term(wantsRange: boolean): void {
    const token = take()
    if (/^\d/.test(token)) return
    if (aggregations.has(token)) {
      if (isNext('by')) {
        take()
        take('(')
        do byLabels.push(take())
        while (isNext(',') && take())
        take(')')
      }
      take('(')
      expression()
      take(')')
    } else if (isNext('(')) {
      const range = functions[token]
      if (range === undefined) throw new Error(`${text}: no such function: ${token}`)
      take('(')
      if (range) term(true)
      else expression()
      take(')')
    } else selector(token, wantsRange)
  }

  function selector(metric: string, wantsRange: boolean): void {
    if (!/^[a-zA-Z_:]/.test(metric)) fail()
    const labels: string[] = []
    if (isNext('{')) {
      take()
      while (!isNext('}')) {
        labels.push(take())
        if (!['=', '!=', '=~', '!~'].includes(take())) fail()
        if (!take().startsWith('"')) fail()
        if (!isNext('}')) take(',')
      }
      take('}')
    }
    const isRange = isNext('[')
    if (isRange) {
      take()
      if (!/^\d+[smhdw]$/.test(take())) fail()
      take(']')
    }
    if (isRange !== wantsRange) throw new Error(`${text}: ${metric} ${isRange ? 'has' : 'lacks'} a range`)
    selectors.push({ metric, labels, isRange })
  }

  expression()
  if (at < tokens.length) fail()
  return { selectors, byLabels }
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null)
      throw new Error(`${text}: cannot be read from ${JSON.stringify(text.slice(start))} on`)
    tokens.push(match[0].trim())
  }
  return tokens
}
