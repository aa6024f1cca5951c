/**
 * The kinds of values that parameters take. Each is a schema, whose errors are the problems of `problem.ts`, with
 * `takes`, the same bounds in words for people.
 *
 * Numbers, booleans and null may come as strings that hold them: nucleus lite hands over the scalars of a YAML recipe
 * so, and AWS recommends to write numbers in recipes as strings, since the classic nucleus may turn them into floats
 * (developer guide, "AWS IoT Greengrass component recipe reference"). A string that holds anything else, a unit or a
 * blank, is not a number.
 */
import * as z from 'zod/mini'
import { cronProblem } from './cron.ts'
import { oneOfText, unknownProblem } from './problem.ts'

export interface Value<Output, Input = unknown> {
  readonly schema: z.ZodMiniType<Output, Input>
  readonly takes: string
}

interface Bounds {
  readonly min: number
  readonly max: number
}

type Given = { readonly input?: unknown }

const INTEGER = /^-?\d{1,15}(\.0{1,15})?$/
const DECIMAL = /^-?\d{1,15}(\.\d{1,15})?$/

export function integer({ min, max }: Bounds): Value<number, number | string> {
  const takes = `a whole number from ${min} to ${max}`
  const error = ({ input }: Given) => numberProblem(input, { min, max }, takes)
  const schema = z.int({ error }).check(z.minimum(min, { error }), z.maximum(max, { error }))
  return { schema: alsoAsText(schema, INTEGER, Number, error), takes }
}

export function decimal({ min, max }: Bounds): Value<number, number | string> {
  const takes = `a number from ${min} to ${max}`
  const error = ({ input }: Given) => numberProblem(input, { min, max }, takes)
  const schema = z.number({ error }).check(z.minimum(min, { error }), z.maximum(max, { error }))
  return { schema: alsoAsText(schema, DECIMAL, Number, error), takes }
}

/** A number within the bounds, or 0 for never. */
export function decimalOrZero({ min, max }: Bounds): Value<number, number | string> {
  const takes = `a number from ${min} to ${max}, or 0`
  const error = ({ input }: Given) => {
    const problem = numberProblem(input, { min, max }, takes)
    return problem.startsWith('is below') ? `is below ${min}, the least it can be but for 0` : problem
  }
  const schema = z
    .number({ error })
    .check(z.refine((given) => given === 0 || (given >= min && given <= max), { error }))
  return { schema: alsoAsText(schema, DECIMAL, Number, error), takes }
}

export function flag(): Value<boolean, boolean | string> {
  const takes = 'true or false'
  const error = () => `is not ${takes}`
  return {
    schema: alsoAsText(z.boolean({ error }), /^(true|false)$/, (text) => text === 'true', error),
    takes,
  }
}

export function oneOf<const Word extends string>(...words: readonly [Word, ...Word[]]): Value<Word, Word> {
  const takes = oneOfText(words)
  const error = ({ input }: Given) => {
    const near = typeof input === 'string' ? words.find((word) => word === input.toLowerCase()) : undefined
    return near === undefined ? `is not ${takes}` : `is not ${takes}; did you mean ${near}?`
  }
  return { schema: z.enum(words, { error }), takes }
}

/** The word itself, or what the other kind takes. */
export function wordOr<const Word extends string, Output, Input>(
  word: Word,
  other: Value<Output, Input>,
): Value<Word | Output, Word | Input> {
  const takes = `${word}, or ${other.takes}`
  return { schema: z.union([z.literal(word), other.schema], { error: () => `is not ${takes}` }), takes }
}

/** Text that `problemOf` finds nothing wrong with. */
export function text(takes: string, problemOf: (given: string) => string | undefined): Value<string, string> {
  const schema = z.string({ error: () => `is not ${takes}` }).check(
    z.refine((given) => problemOf(given) === undefined, {
      error: ({ input }: Given) => problemOf(String(input)) ?? `is not ${takes}`,
    }),
  )
  return { schema, takes }
}

type Nothing = '' | 'null' | null | undefined

/** Absent, null, empty text or the text "null" mean that there is none. */
export function optional<Output, Input>(
  value: Value<Output, Input>,
): Value<Output | undefined, Input | Nothing> {
  const takes = `${value.takes}, or empty`
  const error = () => `is not ${takes}`
  const given = z.union([z.null(), z.enum(['', 'null']), value.schema], { error })
  const present = (output: unknown) =>
    output === null || output === '' || output === 'null' ? undefined : (output as Output)
  return { schema: z.optional(convert(given, present)), takes }
}

/** The schema, with each value that it lets through converted. */
export function convert<Between, Output, Input>(
  schema: z.ZodMiniType<Between, Input>,
  conversion: (value: Between) => Output,
): z.ZodMiniType<Output, Input> {
  return z.pipe(
    schema as z.ZodMiniType<unknown, Input>,
    z.transform((value) => conversion(value as Between)),
  ) as z.ZodMiniType<Output, Input>
}

/** limits.h, PATH_MAX: the longest path that Linux takes, with its final NUL. */
const PATH_BYTES_MAX = 4095

/** unix(7): `sun_path` has 108 bytes, the last of which is a NUL. */
const SOCKET_PATH_BYTES_MAX = 107

export const absolutePath = (): Value<string, string> => pathOf('an absolute path', PATH_BYTES_MAX)

/** Where a Unix socket can be. */
export const socketPath = (): Value<string, string> =>
  pathOf(`an absolute path of at most ${SOCKET_PATH_BYTES_MAX} bytes`, SOCKET_PATH_BYTES_MAX)

function pathOf(takes: string, bytesMax: number): Value<string, string> {
  return text(takes, (given) => {
    if (!given.startsWith('/')) return `is not ${takes}: it does not begin with /`
    if (/\p{Cc}/u.test(given)) return `is not ${takes}: it holds a control character`
    return Buffer.byteLength(given) > bytesMax ? `is longer than ${bytesMax} bytes` : undefined
  })
}

export function cronExpression(): Value<string, string> {
  return text('a cron expression', cronProblem)
}

/** A list whose members are all of one kind. */
export function list<Output, Input>(
  member: Value<Output, Input>,
  { min = 0, max }: { readonly min?: number; readonly max: number },
): Value<Output[], Input[]> {
  const takes = `a list of ${min === 0 ? 'at most' : `${min} to`} ${max}, each ${member.takes}`
  const error = ({ input }: Given) =>
    !Array.isArray(input)
      ? `is not ${takes}`
      : input.length > max
        ? `has ${input.length} members, ${max} is the most`
        : `has ${input.length} members, ${min} is the least`
  const schema = z
    .array(member.schema, { error })
    .check(z.minLength(min, { error }), z.maxLength(max, { error }))
  return { schema, takes }
}

type Shape = Readonly<Record<string, z.ZodMiniType>>

/** An object with exactly these fields, of which each may be left out if its schema allows it. */
export function fields<const Fields extends Shape>(shape: Fields) {
  const known = Object.keys(shape)
  const takes = `a map of ${known.join(', ')}`
  return z
    .looseObject(shape, { error: () => `is not ${takes}` })
    .check(z.superRefine((given, context) => unknownFields(given, known).forEach(context.addIssue), ALWAYS))
}

/** Checks with this run even where others have failed, so that one fault does not hide another. */
export const ALWAYS = { when: () => true }

/** An issue for each field that is not known. */
function unknownFields(given: unknown, known: readonly string[]) {
  const unknown = Object.keys(isMap(given) ? given : {}).filter((key) => !known.includes(key))
  return unknown.map((key) => keyIssue(key, unknownProblem(key, known, 'field')))
}

/** An issue with the key itself, not with the value that it has. */
export function keyIssue(key: string, message: string) {
  return { code: 'custom' as const, path: [key], message, params: { about: 'key' } }
}

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function alsoAsText<Output>(
  schema: z.ZodMiniType<Output, Output>,
  pattern: RegExp,
  conversion: (text: string) => Output,
  error: (issue: Given) => string,
): z.ZodMiniType<Output, Output | string> {
  const spelled = convert(z.string({ error }).check(z.regex(pattern, { error })), conversion)
  return z.union([schema, z.pipe(spelled, schema)], { error })
}

function numberProblem(input: unknown, { min, max }: Bounds, takes: string): string {
  const number = typeof input === 'string' && DECIMAL.test(input) ? Number(input) : input
  if (typeof number !== 'number') return `is not ${takes}`
  if (number < min) return `is below ${min}, the least it can be`
  if (number > max) return `is above ${max}, the most it can be`
  return `is not ${takes}`
}
