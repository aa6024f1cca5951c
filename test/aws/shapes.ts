/**
 * Values against the shapes of AWS's own service model: required members, lengths, patterns, enumerations, ranges.
 * `shapes.json` holds the facts of the operations used, from the model that the AWS SDKs are generated from (service
 * `iot`, version 2015-05-28); the wording of what is wrong follows the messages that AWS answers with.
 */
import table from './shapes.json' with { type: 'json' }

export interface Shape {
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

/** The name of a shape, and where the member travels if not in the body. */
type Member = string | { readonly shape: string; readonly in?: string }

interface Operation {
  readonly method: string
  readonly path: string
  readonly input: string
  readonly output: string
  readonly errors: readonly string[]
}

export type OperationName = keyof typeof table.operations

export const operations: Readonly<Record<OperationName, Operation>> = table.operations
export const errorStatuses: Readonly<Record<string, number>> = table.errors
const shapes: Readonly<Record<string, Shape>> = table.shapes

export function shapeOf(name: string): Shape {
  const shape = shapes[name]
  if (shape === undefined) throw new Error(`shapes.json has no shape ${name}`)
  return shape
}

export const placeOf = (member: Member) => (typeof member === 'string' ? 'body' : (member.in ?? 'body'))
export const shapeNameOf = (member: Member) => (typeof member === 'string' ? member : member.shape)

/** What is wrong with a value; nothing if it fits. */
export function checkShape(name: string, value: unknown, path = ''): string[] {
  const shape = shapeOf(name)
  switch (shape.type) {
    case 'structure':
      return checkStructure(shape, value, path)
    case 'list':
      return checkList(shape, value, path)
    case 'map':
      return checkMap(shape, value, path)
    case 'string':
      return typeof value === 'string' ? checkText(shape, value, path) : [notA('string', path)]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [notA('boolean', path)]
    default:
      return checkNumber(shape, value, path)
  }
}

function checkStructure(shape: Shape, value: unknown, path: string): string[] {
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
      : checkShape(shapeNameOf(ref), value[member], join(path, member)),
  )
  return [...missing, ...unknown, ...given]
}

function checkList(shape: Shape, value: unknown, path: string): string[] {
  if (!Array.isArray(value)) return [notA('list', path)]
  const length = checkLength(shape, value.length, JSON.stringify(value), path)
  return [
    ...length,
    ...value.flatMap((each, index) =>
      checkShape(shape.member as string, each, `${path}.${index + 1}.member`),
    ),
  ]
}

function checkMap(shape: Shape, value: unknown, path: string): string[] {
  if (!isObject(value)) return [notA('map', path)]
  return Object.entries(value).flatMap(([key, each]) => [
    ...checkShape(shape.key as string, key, `${path}.${key}.key`),
    ...checkShape(shape.value as string, each, `${path}.${key}.value`),
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

/** The model's patterns are Java's: anchored at both ends, and with POSIX's class of visible characters. */
const toRegExp = (pattern: string) =>
  new RegExp(
    `^(?:${pattern.replaceAll('[\\p{Graph}\\x20]', '(?:[^\\p{Z}\\p{Cc}\\p{Cs}\\p{Cn}]|\\x20)')})$`,
    'u',
  )

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const join = (path: string, member: string) => (path === '' ? member : `${path}.${member}`)
const notA = (type: string, path: string) => `Value at '${path}' is not of type ${type}`
const unfit = (value: unknown, path: string, constraint: string) =>
  `Value '${value}' at '${path}' failed to satisfy constraint: ${constraint}`
