/**
 * Component configurations as a deployment changes them: `merge` lays a document over what is there, maps into maps and
 * anything else in the place of what was; `reset` names what goes back to the recipe's default before that.
 * Sources: Greengrass V2 developer guide, "Update component configurations"; JSON Pointer, RFC 6901.
 */
import type { Data, DataMap } from '../plan/normal.ts'
import { stableJson } from '../plan/stable-json.ts'

export const isMap = (value: unknown): value is DataMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What a merge of `over` leaves where `under` was merged before. */
export function merged(under: DataMap, over: DataMap): DataMap {
  const result: Record<string, Data> = { ...under }
  for (const [key, value] of Object.entries(over)) {
    const old = Object.hasOwn(under, key) ? under[key] : undefined
    define(result, key, isMap(old) && isMap(value) ? merged(old, value) : value)
  }
  return result
}

/** The document without what a reset of this pointer takes back; maps that are left empty go too. */
export function withoutPointer(document: DataMap, pointer: string): DataMap {
  const [key, ...rest] = keysOf(pointer)
  return key === undefined ? {} : withoutKeys(document, key, rest)
}

function withoutKeys(document: DataMap, key: string, rest: readonly string[]): DataMap {
  const { [key]: value, ...others } = document
  if (value === undefined) return document
  const [next, ...after] = rest
  if (next === undefined) return others
  if (!isMap(value)) return document
  const inner = withoutKeys(value, next, after)
  if (inner === value) return document
  return Object.keys(inner).length === 0 ? others : { ...document, [key]: inner }
}

/**
 * The shortest list of pointers whose reset, before a merge of `after`, leaves nothing of a merge of `before`: what only
 * `before` has, and where a map stands against something else.
 */
export function pointersToUndo(before: DataMap, after: DataMap, path: readonly string[] = []): string[] {
  return Object.entries(before).flatMap(([key, value]) => {
    const here = [...path, key]
    const next = Object.hasOwn(after, key) ? after[key] : undefined
    if (next === undefined) return [pointerOf(here)]
    if (isMap(value) && isMap(next)) return pointersToUndo(value, next, here)
    return isMap(value) || isMap(next) ? [pointerOf(here)] : []
  })
}

/** Pointers of everything that a merge of this document sets. */
export function leavesOf(document: DataMap, path: readonly string[] = []): string[] {
  return Object.entries(document).flatMap(([key, value]) => {
    const here = [...path, key]
    return isMap(value) && Object.keys(value).length > 0 ? leavesOf(value, here) : [pointerOf(here)]
  })
}

/** Of the document only what stands at this pointer, or in the place of a map on the way to it. */
export const within = (document: DataMap, pointer: string): DataMap => partAt(document, keysOf(pointer))

function partAt(document: DataMap, [key, ...rest]: readonly string[]): DataMap {
  if (key === undefined) return document
  if (!Object.hasOwn(document, key)) return {}
  const value = document[key] as Data
  const inner = isMap(value) ? partAt(value, rest) : value
  return isMap(inner) && rest.length > 0 && Object.keys(inner).length === 0 ? {} : { [key]: inner }
}

/** Whether older revisions can no longer say what stands at this pointer after this reset and merge. */
export function settles(merge: DataMap, reset: readonly string[], pointer: string): boolean {
  if (reset.some((each) => each === pointer || pointer.startsWith(`${each}/`))) return true
  let value: Data = merge
  for (const key of keysOf(pointer)) {
    if (!isMap(value)) return true
    if (!Object.hasOwn(value, key)) return false
    value = value[key] as Data
  }
  return !isMap(value)
}

export const sameData = (a: unknown, b: unknown): boolean => stableJson(a) === stableJson(b)

/** RFC 6901: `~` and `/` in a key are written `~0` and `~1`. */
export const pointerOf = (keys: readonly string[]): string =>
  keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** Empty for the whole document. */
const keysOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))

export const isPointer = (text: string): boolean => /^(\/([^~/]|~[01])*)*$/.test(text)

/** A key may be `__proto__`, which must not be what JavaScript means by it. */
function define(target: Record<string, Data>, key: string, value: Data): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}
