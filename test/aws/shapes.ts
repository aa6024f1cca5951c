/**
 * Values against the shapes of AWS's own service models: required members, lengths, patterns, enumerations, ranges.
 * A service's `shapes.json` holds the facts of the operations used, from the model that the AWS SDKs are generated from;
 * the wording of what is wrong follows the messages that AWS answers with.
 */

/** A `shapes.json`. */
export interface Model {
  readonly operations: Readonly<Record<string, OperationModel>>
  /** HTTP status by the code of an error. */
  readonly errors: Readonly<Record<string, number>>
  readonly shapes: Readonly<Record<string, Shape>>
}

interface OperationModel {
  readonly method: string
  readonly path: string
  readonly input: string
  /** Absent where the answer is empty. */
  readonly output?: string
  readonly errors: readonly string[]
  /** Of success, where it is not 200. */
  readonly status?: number
}

interface Shape {
  readonly type: string
  readonly required?: readonly string[]
  readonly members?: Readonly<Record<string, Member>>
  /** Shape of the elements of a list. */
  readonly member?: string
  /** Shapes of a map. */
  readonly key?: string
  readonly value?: string
  /** Of a number; of the length of text or of a list. */
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly enum?: readonly string[]
}

/** The name of a shape, where the member travels if not in the body, and its name there if it is another. */
type Member = string | { readonly shape: string; readonly in?: string; readonly as?: string }

type Place = 'body' | 'path' | 'query' | 'header' | 'payload'

export function shapeOf({ shapes }: Model, name: string): Shape {
  const shape = shapes[name]
  if (shape === undefined) throw new Error(`shapes.json has no shape ${name}`)
  return shape
}

export const shapeNameOf = (member: Member) => (typeof member === 'string' ? member : member.shape)

/** `payload` is a member that is the whole body. */
export const placeOf = (name: string, member: Member): { place: Place; wireName: string } =>
  typeof member === 'string'
    ? { place: 'body', wireName: name }
    : { place: (member.in ?? 'body') as Place, wireName: member.as ?? name }

/** What is wrong with a value; nothing if it fits. */
export function checkShape(model: Model, name: string, value: unknown, path = ''): string[] {
  const shape = shapeOf(model, name)
  switch (shape.type) {
    case 'structure':
      return checkStructure(model, shape, value, path)
    case 'list':
      return checkList(model, shape, value, path)
    case 'map':
      return checkMap(model, shape, value, path)
    case 'string':
      return typeof value === 'string' ? checkText(shape, value, path) : [notA('string', path)]
    case 'blob':
      return typeof value === 'string' ? [] : [notA('blob', path)]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [notA('boolean', path)]
    default:
      return checkNumber(shape, value, path)
  }
}

function checkStructure(model: Model, shape: Shape, value: unknown, path: string): string[] {
  if (!isObject(value)) return [notA('structure', path)]
  const members = shape.members ?? {}
  const missing = (shape.required ?? [])
    .filter((member) => value[member] === undefined || value[member] === null)
    .map((member) => unfit('null', join(path, member), 'Member must not be null'))
  // The service ignores members that it does not know; here they are a mistake of ours.
  const unknown = Object.keys(value)
    .filter((member) => !Object.hasOwn(members, member))
    .map((member) => `Unknown member '${join(path, member)}'`)
  const given = Object.entries(members).flatMap(([member, ref]) =>
    value[member] === undefined || value[member] === null
      ? []
      : checkShape(model, shapeNameOf(ref), value[member], join(path, member)),
  )
  return [...missing, ...unknown, ...given]
}

function checkList(model: Model, shape: Shape, value: unknown, path: string): string[] {
  if (!Array.isArray(value)) return [notA('list', path)]
  const length = checkLength(shape, value.length, JSON.stringify(value), path)
  return [
    ...length,
    ...value.flatMap((each, index) =>
      checkShape(model, shape.member as string, each, `${path}.${index + 1}.member`),
    ),
  ]
}

function checkMap(model: Model, shape: Shape, value: unknown, path: string): string[] {
  if (!isObject(value)) return [notA('map', path)]
  return Object.entries(value).flatMap(([key, each]) => [
    ...checkShape(model, shape.key as string, key, `${path}.${key}.key`),
    ...checkShape(model, shape.value as string, each, `${path}.${key}.value`),
  ])
}

function checkText(shape: Shape, value: string, path: string): string[] {
  if (shape.enum !== undefined && !shape.enum.includes(value)) {
    return [unfit(value, path, `Member must satisfy enum value set: [${shape.enum.join(', ')}]`)]
  }
  const length = checkLength(shape, value.length, value, path)
  if (shape.pattern === undefined || toRegExp(shape.pattern).test(value)) return length
  return [...length, unfit(value, path, `Member must satisfy regular expression pattern: ${shape.pattern}`)]
}

function checkLength({ min, max }: Shape, length: number, value: string, path: string): string[] {
  if (min !== undefined && length < min) {
    return [unfit(value, path, `Member must have length greater than or equal to ${min}`)]
  }
  if (max !== undefined && length > max) {
    return [unfit(value, path, `Member must have length less than or equal to ${max}`)]
  }
  return []
}

function checkNumber({ type, min, max }: Shape, value: unknown, path: string): string[] {
  if (typeof value !== 'number' || !Number.isFinite(value)) return [notA(type, path)]
  if ((type === 'integer' || type === 'long') && !Number.isInteger(value)) return [notA(type, path)]
  if (min !== undefined && value < min) {
    return [unfit(value, path, `Member must have value greater than or equal to ${min}`)]
  }
  if (max !== undefined && value > max) {
    return [unfit(value, path, `Member must have value less than or equal to ${max}`)]
  }
  return []
}

/** The model's patterns are Java's: anchored at both ends, and with POSIX's classes of characters. */
function toRegExp(pattern: string): RegExp {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  const visible = '(?:[^\\p{Z}\\p{Cc}\\p{Cs}\\p{Cn}]|\\x20)'
  const translated = pattern
    .replaceAll('[\\p{Graph}\\x20]', visible)
    .replaceAll('\\p{Cntrl}', '\\p{Cc}')
    .replaceAll('\\p{Upper}', 'A-Z')
    .replaceAll('\\p{Digit}', '0-9')
  const regExp = new RegExp(`^(?:${translated})$`, 'u')
  compiled.set(pattern, regExp)
  return regExp
}

/** As many as the tables have patterns. */
const compiled = new Map<string, RegExp>()

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const join = (path: string, member: string) => (path === '' ? member : `${path}.${member}`)
const notA = (type: string, path: string) => `Value at '${path}' is not of type ${type}`
const unfit = (value: unknown, path: string, constraint: string) =>
  `Value '${value}' at '${path}' failed to satisfy constraint: ${constraint}`
