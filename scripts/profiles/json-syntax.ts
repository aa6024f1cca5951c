/**
 * Where a text stops being JSON. `JSON.parse` says whether, but not always where; and a YAML parser would let pass what
 * the AWS CLI does not take: comments, single quotes, a comma too many. Source: RFC 8259, grammar.
 */
export interface JsonFault {
  readonly offset: number
  readonly problem: string
}

const token =
  /[\t\n\r ]*(?:("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b)|([[\]{},:]))/uy

/** What may come next; each state is a sentence of its own in the message. */
const expectations = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  'name or }': 'a name in double quotes or "}"',
  name: 'a name in double quotes',
  ':': '":"',
  ', or ]': '"," or "]"',
  ', or }': '"," or "}"',
  end: 'the end of the file',
} as const
type State = keyof typeof expectations

/** `undefined` if the whole text is one JSON value. */
export function jsonFault(text: string): JsonFault | undefined {
  const open: ('[' | '{')[] = []
  let state: State = 'value'
  let offset = 0
  for (;;) {
    token.lastIndex = offset
    const [whole = '', string, scalar, mark] = token.exec(text) ?? []
    const next: State | undefined = whole === '' ? undefined : step(state, open, string, scalar, mark)
    if (next === undefined) return faultAt(text, offset, state)
    state = next
    offset += whole.length
  }
}

/** The state after one token, or `undefined` where it has no place; `open` is changed with it. */
function step(
  state: State,
  open: ('[' | '{')[],
  string: string | undefined,
  scalar: string | undefined,
  mark: string | undefined,
): State | undefined {
  const takesValue = state === 'value' || state === 'value or ]'
  if (string !== undefined && (state === 'name' || state === 'name or }')) return ':'
  if (string !== undefined || scalar !== undefined) return takesValue ? after(open) : undefined
  if ((mark === '[' || mark === '{') && takesValue) {
    open.push(mark)
    return mark === '[' ? 'value or ]' : 'name or }'
  }
  if (
    (mark === ']' && (state === 'value or ]' || state === ', or ]')) ||
    (mark === '}' && (state === 'name or }' || state === ', or }'))
  ) {
    open.pop()
    return after(open)
  }
  if (mark === ':' && state === ':') return 'value'
  if (mark === ',' && state === ', or ]') return 'value'
  return mark === ',' && state === ', or }' ? 'name' : undefined
}

function after(open: readonly string[]): State {
  const around = open.at(-1)
  return around === undefined ? 'end' : around === '[' ? ', or ]' : ', or }'
}

function faultAt(text: string, before: number, state: State): JsonFault | undefined {
  const offset = before + (/^[\t\n\r ]*/.exec(text.slice(before)) as RegExpExecArray)[0].length
  const isEnd = offset >= text.length
  if (state === 'end' && isEnd) return undefined
  const found = isEnd ? 'the file ends' : `there is ${JSON.stringify(text.slice(offset, offset + 1))}`
  return { offset, problem: `is not JSON: ${found} where ${expectations[state]} is expected` }
}
