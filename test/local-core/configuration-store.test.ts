import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ConfigurationStore,
  type LeafChange,
  parsePointer,
} from '../../src/local-core/configuration-store.ts'

const watched = (store: ConfigurationStore, keyPath: string[] = []) => {
  const changes: LeafChange[] = []
  store.watch(keyPath, (next) => changes.push(...next))
  return changes
}
const defaults = { interval: 300, deep: { a: 1, b: [1, 2] }, empty: {} }

test.each([
  { pointer: '', keys: [] },
  { pointer: '/a/b', keys: ['a', 'b'] },
  { pointer: '/a~1b/c~0d', keys: ['a/b', 'c~d'] },
  { pointer: '/a~01', keys: ['a~1'] },
])('pointer $pointer', ({ pointer, keys }) => {
  expect(parsePointer(pointer)).toEqual(keys)
})

describe('get', () => {
  const store = new ConfigurationStore(defaults)
  test.each([
    { path: ['deep', 'missing'], value: undefined },
    { path: ['interval', 'x'], value: undefined },
    { path: ['constructor'], value: undefined },
    { path: ['__proto__'], value: undefined },
    { path: ['deep', 'b', '0'], value: undefined }, // a list is a leaf
    { path: [], value: defaults },
    { path: ['deep', 'b'], value: [1, 2] },
  ])('$path', ({ path, value }) => {
    expect(store.get(path)).toEqual(value)
  })

  test('gives a copy', () => {
    const copy = store.get(['deep']) as { a: number }
    copy.a = 2
    expect(store.get(['deep', 'a'])).toBe(1)
  })
})

describe('a deployment', () => {
  test('merges objects, replaces lists, tells each changed leaf once', () => {
    const store = new ConfigurationStore(defaults)
    const changes = watched(store)
    store.deploy({ deep: { a: 1, b: [3], c: { d: null } }, interval: 300 }, [], 10)
    expect(store.get([])).toEqual({ ...defaults, deep: { a: 1, b: [3], c: { d: null } } })
    expect(changes).toEqual([
      { keyPath: ['deep', 'b'], removed: false },
      { keyPath: ['deep', 'c', 'd'], removed: false },
    ])
  })

  test('resets to the default, or away, before it merges', () => {
    const store = new ConfigurationStore(defaults)
    store.deploy({ interval: 5, added: { x: 1 } }, [], 10)
    const changes = watched(store)
    store.deploy({ added: { y: 2 } }, ['/interval', '/added'], 20)
    expect(store.get([])).toEqual({ ...defaults, added: { y: 2 } })
    expect(changes).toEqual([
      { keyPath: ['interval'], removed: false },
      { keyPath: ['added', 'x'], removed: true },
      { keyPath: ['added', 'y'], removed: false },
    ])
    store.deploy({}, [''], 30)
    expect(store.get([])).toEqual(defaults)
  })

  test('a reset below what is not there changes nothing', () => {
    const store = new ConfigurationStore(defaults)
    store.deploy({}, ['/missing/deeper', '/interval/x'], 10)
    expect(store.get([])).toEqual(defaults)
  })

  test('a preview changes nothing', () => {
    const store = new ConfigurationStore(defaults)
    const changes = watched(store)
    expect(store.preview({ interval: 1 }, [])).toEqual({ ...defaults, interval: 1 })
    expect(store.get([])).toEqual(defaults)
    expect(changes).toEqual([])
  })

  test('a key named __proto__ is a key', () => {
    const store = new ConfigurationStore({})
    store.deploy(JSON.parse('{"__proto__":{"polluted":1}}'), [], 10)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect(store.get(['__proto__', 'polluted'])).toBe(1)
  })
})

describe("a component's update", () => {
  test('goes before a default, not before a later write', () => {
    const store = new ConfigurationStore(defaults)
    expect(store.update(['deep'], { a: 2 }, 50)).toBe(true)
    expect(store.update(['deep'], { a: 3 }, 40)).toBe(false)
    expect(store.update(['deep', 'a'], 4, 60)).toBe(true)
    expect(store.get(['deep', 'a'])).toBe(4)
  })

  test('writes all or nothing', () => {
    const store = new ConfigurationStore(defaults)
    store.update(['interval'], 1, 100)
    expect(store.update([], { interval: 2, other: 3 }, 50)).toBe(false)
    expect(store.get(['other'])).toBeUndefined()
  })
})

test('a watcher below a key hears of that key alone, until it ends', () => {
  const store = new ConfigurationStore(defaults)
  const changes: LeafChange[] = []
  const end = store.watch(['deep'], (next) => changes.push(...next))
  store.deploy({ interval: 1 }, [], 1)
  store.deploy({ deep: { a: 2 } }, [], 2)
  end()
  store.deploy({ deep: { a: 3 } }, [], 3)
  expect(changes).toEqual([{ keyPath: ['deep', 'a'], removed: false }])
})

test('after any deployments the told leaves are exactly those that differ', () => {
  const leaf = fc.oneof(fc.integer(), fc.string({ maxLength: 3 }), fc.constant(null))
  const tree = fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.oneof(leaf, fc.dictionary(fc.constantFrom('a', 'b'), leaf)),
  )
  fc.assert(
    fc.property(tree, tree, tree, (first, second, third) => {
      const store = new ConfigurationStore(first)
      store.deploy(second, [], 1)
      const before = store.get([])
      const changes = watched(store)
      store.deploy(third, ['/a'], 2)
      const told = new Set(changes.map(({ keyPath }) => JSON.stringify(keyPath)))
      expect(told.size).toBe(changes.length)
      expect(changes.length === 0).toBe(
        JSON.stringify(sorted(before)) === JSON.stringify(sorted(store.get([]))),
      )
      for (const { keyPath, removed } of changes) expect(store.get(keyPath) === undefined).toBe(removed)
    }),
  )
})

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .sort()
          .map(([key, item]) => [key, sorted(item)]),
      )
    : value
