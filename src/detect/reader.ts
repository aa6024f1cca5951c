/**
 * Reads `unknown` JSON into typed values and collects every fault on the way, each with its path, the value that would
 * not do, and what would. A reader returns `undefined` where it noted a fault; the result is used only if there are none.
 */

export interface ProfileFault {
  /** `behaviors[2].criteria.value.cidrs[0]`; empty for the whole document. */
  readonly path: string
  /** What stands there, as JSON, cut to a readable length. Absent where something is missing. */
  readonly given?: string
  /** What is wrong and what would do. */
  readonly problem: string
}

export interface Context {
  readonly faults: ProfileFault[]
  /** Accept `"300"` for 300 and `"true"` for true: Greengrass nucleus lite delivers recipe values as strings. */
  readonly lenientNumbers: boolean
}

export type Reader<T> = (value: unknown, path: string, context: Context) => T | undefined

const GIVEN_CHARACTERS_MAX = 60

export function note(context: Context, path: string, problem: string, given?: unknown): undefined {
  context.faults.push(given === undefined ? { path, problem } : { path, given: shown(given), problem })
  return undefined
}

/** One line for each fault: `behaviors[0].criteria.durationSeconds: 301: must be 300, 600, 900, 1800 or 3600`. */
export function formatProfileFaults(faults: readonly ProfileFault[]): string {
  return faults
    .map(({ path, given, problem }) =>
      [path || '(profile)', ...(given === undefined ? [] : [given]), problem].join(': '),
    )
    .join('\n')
}

export const text =
  (rule: { min?: number; max?: number; pattern?: RegExp; meaning: string }): Reader<string> =>
  (value, path, context) => {
    const length = typeof value === 'string' ? value.length : -1
    const fits =
      typeof value === 'string' &&
      length >= (rule.min ?? 0) &&
      length <= (rule.max ?? Number.POSITIVE_INFINITY) &&
      (rule.pattern?.test(value) ?? true)
    return fits ? value : note(context, path, `must be ${rule.meaning}`, value)
  }

export const number =
  (rule: { min?: number; max?: number; integer?: boolean; meaning: string }): Reader<number> =>
  (value, path, context) => {
    const read = context.lenientNumbers ? fromNumberText(value) : value
    const fits =
      typeof read === 'number' &&
      Number.isFinite(read) &&
      (!rule.integer || Number.isInteger(read)) &&
      read >= (rule.min ?? Number.NEGATIVE_INFINITY) &&
      read <= (rule.max ?? Number.POSITIVE_INFINITY)
    return fits ? read : note(context, path, `must be ${rule.meaning}`, value)
  }

export const boolean: Reader<boolean> = (value, path, context) => {
  if (typeof value === 'boolean') return value
  if (context.lenientNumbers && (value === 'true' || value === 'false')) return value === 'true'
  return note(context, path, 'must be true or false', value)
}

export const oneOf =
  <T extends string | number>(choices: readonly T[]): Reader<T> =>
  (value, path, context) => {
    const wantsNumbers = typeof choices[0] === 'number'
    const read = wantsNumbers && context.lenientNumbers ? fromNumberText(value) : value
    const found = choices.find((choice) => choice === read)
    if (found !== undefined) return found
    const hint =
      typeof value === 'string' && !wantsNumbers ? didYouMean(value, choices as readonly string[]) : ''
    return note(context, path, `must be ${orList(choices)}${hint}`, value)
  }

export const list =
  <T>(element: Reader<T>, rule: { max?: number } = {}): Reader<readonly T[]> =>
  (value, path, context) => {
    if (!Array.isArray(value)) return note(context, path, 'must be a list', value)
    if (rule.max !== undefined && value.length > rule.max) {
      note(context, path, `has ${value.length} entries, the most is ${rule.max}`)
    }
    return value.map((item, index) => element(item, `${path}[${index}]`, context)) as T[]
  }

/**
 * An object with exactly these members. The result keeps the order in which the members were written, because an event
 * shows the behavior as its author wrote it.
 */
export const object =
  <T>(
    members: { readonly [K in keyof T]-?: Reader<T[K]> },
    required: readonly (keyof T & string)[],
    /** Members that are no fault of spelling but do not belong here, with the reason. */
    foreign: Readonly<Record<string, string>> = {},
  ): Reader<T> =>
  (value, path, context) => {
    if (!isObject(value)) return note(context, path, 'must be an object', value)
    const result: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      const at = path === '' ? key : `${path}.${key}`
      if (Object.hasOwn(members, key)) result[key] = members[key as keyof T](item, at, context)
      else if (Object.hasOwn(foreign, key)) note(context, at, foreign[key] as string)
      else note(context, at, `is not known here${didYouMean(key, Object.keys(members))}`)
    }
    for (const key of required) {
      if (!Object.hasOwn(value, key)) note(context, path === '' ? key : `${path}.${key}`, 'is missing')
    }
    return result as T
  }

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function orList(choices: readonly (string | number)[]): string {
  return choices.length < 2 ? choices.join('') : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
}

/** `; did you mean "..."?`, or nothing when no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const allowed = Math.max(2, Math.floor(word.length / 4))
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance)[0]
  return near === undefined ? '' : `; did you mean "${near.candidate}"?`
}

/** Levenshtein; words are short, but what a stranger writes need not be. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > NAME_DIFFERENCE_MAX) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
/** Words that differ more in length are no misspelling of each other; also keeps the table small. */
const NAME_DIFFERENCE_MAX = 10

function fromNumberText(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(value) ? Number(value) : value
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value)
  return json.length <= GIVEN_CHARACTERS_MAX ? json : `${json.slice(0, GIVEN_CHARACTERS_MAX)}...`
}
