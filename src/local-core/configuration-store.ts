/**
 * One component's configuration: a tree of JSON values with the time at which each leaf was written.
 *
 * Sources: Greengrass developer guide, "Interact with component configuration" and "Update component configurations"
 * (reset, then merge; objects are merged, lists replaced); the nucleus keeps a recipe's defaults at timestamp 1, so that
 * any later write goes before them.
 */
import { isObject } from './json-object.ts'

export type KeyPath = readonly string[]
export type ConfigurationObject = Readonly<Record<string, unknown>>

/** A leaf that got another value, or was removed. */
export interface LeafChange {
  readonly keyPath: KeyPath
  readonly removed: boolean
}

/** Every leaf of a default is as old as can be. */
const DEFAULTS_AT = 1

export class ConfigurationStore {
  readonly #defaults: ConfigurationObject
  #root: Record<string, unknown>
  /** Epoch milliseconds of the last write, by leaf; a leaf that is not here is a default. */
  readonly #writtenAt = new Map<string, number>()
  readonly #watchers = new Set<{ keyPath: KeyPath; onChanges: (changes: readonly LeafChange[]) => void }>()

  constructor(defaults: ConfigurationObject) {
    this.#defaults = defaults
    this.#root = structuredClone(defaults) as Record<string, unknown>
  }

  /** The value at the path, or undefined when there is none (JSON has no undefined). A copy. */
  get(keyPath: KeyPath): unknown {
    return structuredClone(valueAt(this.#root, keyPath))
  }

  /** What a deployment would make of it, without doing it: shown to components that validate. */
  preview(merge: ConfigurationObject, reset: readonly string[]): ConfigurationObject {
    const copy = structuredClone(this.#root)
    for (const pointer of reset) resetIn(copy, this.#defaults, parsePointer(pointer))
    mergeInto(copy, merge)
    return copy
  }

  /** A deployment's update: `reset` pointers go back to the recipe's defaults, then `merge` is laid over. */
  deploy(merge: ConfigurationObject, reset: readonly string[], at: number): void {
    this.#replace(this.preview(merge, reset), at)
  }

  /**
   * A component's own update. False when a leaf was written later than `at`: then nothing is changed, for the
   * component decided without knowing that value.
   */
  update(keyPath: KeyPath, value: unknown, at: number): boolean {
    const next = structuredClone(this.#root)
    mergeInto(next, wrap(keyPath, value))
    const stale = differences(this.#root, next).some(
      (change) => (this.#writtenAt.get(keyOf(change)) ?? DEFAULTS_AT) > at,
    )
    if (stale) return false
    this.#replace(next, at)
    return true
  }

  /** Calls back once per change with the leaves at or below the path. Returns the function that ends it. */
  watch(keyPath: KeyPath, onChanges: (changes: readonly LeafChange[]) => void): () => void {
    const watcher = { keyPath, onChanges }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  #replace(next: Record<string, unknown>, at: number): void {
    const changes = differences(this.#root, next)
    this.#root = next
    for (const change of changes) this.#writtenAt.set(keyOf(change), at)
    for (const watcher of [...this.#watchers]) {
      const seen = changes.filter((change) =>
        watcher.keyPath.every((key, index) => change.keyPath[index] === key),
      )
      if (seen.length > 0) watcher.onChanges(seen)
    }
  }
}

/** RFC 6901: `/Interfaces/Deny` to its keys; the empty pointer is the whole. */
export function parsePointer(pointer: string): KeyPath {
  if (pointer === '') return []
  const keys = pointer.startsWith('/') ? pointer.slice(1) : pointer
  return keys.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Own members only: a key such as `constructor` must not find what every object inherits. */
export function valueAt(root: unknown, keyPath: KeyPath): unknown {
  let value = root
  for (const key of keyPath) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

function resetIn(root: Record<string, unknown>, defaults: ConfigurationObject, keyPath: KeyPath): void {
  const last = keyPath.at(-1)
  if (last === undefined) {
    for (const key of Object.keys(root)) delete root[key]
    Object.assign(root, structuredClone(defaults))
    return
  }
  const parent = valueAt(root, keyPath.slice(0, -1))
  if (isObject(parent)) delete parent[last]
  const original = valueAt(defaults, keyPath)
  if (original !== undefined) mergeInto(root, wrap(keyPath, structuredClone(original)))
}

function mergeInto(target: Record<string, unknown>, source: ConfigurationObject): void {
  for (const [key, value] of Object.entries(source)) {
    const present = Object.hasOwn(target, key) ? target[key] : undefined
    if (isObject(value) && isObject(present)) mergeInto(present, value)
    else define(target, key, structuredClone(value))
  }
}

/** Assignment would treat the key `__proto__` as something else than a key. */
const define = (target: object, key: string, value: unknown) =>
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })

function wrap(keyPath: KeyPath, value: unknown): Record<string, unknown> {
  let wrapped = value
  for (const key of keyPath.toReversed()) wrapped = define({}, key, wrapped)
  return isObject(wrapped) ? wrapped : {}
}

function differences(before: unknown, after: unknown, keyPath: KeyPath = []): LeafChange[] {
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...keys].flatMap((key) =>
      differences(valueAt(before, [key]), valueAt(after, [key]), [...keyPath, key]),
    )
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (isObject(after) && Object.keys(after).length > 0) return differences({}, after, keyPath)
  return [{ keyPath, removed: after === undefined }]
}

const keyOf = (change: LeafChange) => JSON.stringify(change.keyPath)
