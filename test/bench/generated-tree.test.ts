import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { floorOf } from './floor.ts'
import { generateTree } from './generated-tree.ts'
import { collectorOf } from './subject.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trees-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const treeOf = (lines: number): string => generateTree(folder, lines) ?? expect.fail('no room')

describe('a generated tree', () => {
  // Around the size of the pieces that it is written in.
  test.each([0, 1, 4_095, 4_096, 4_097, 10_000])('of %i lines has so many connections', (lines) => {
    const snapshot = collectorOf(treeOf(lines)).collect()
    expect(snapshot.establishedCount).toBe(lines)
    expect(snapshot.parts.flatMap(({ error, lineFaults }) => error ?? lineFaults)).toEqual([])
    expect(snapshot.counters?.interfaces.map(({ name, index }) => ({ name, index }))).toEqual([
      { name: 'eth0', index: 2 },
    ])
  })

  test('has lines as long as the kernel makes them', () => {
    const table = readFileSync(join(treeOf(12_345), '1/net/tcp'), 'latin1')
    expect(table.length).toBe(150 * 12_346)
    expect(new Set(table.split('\n').map(({ length }) => length))).toEqual(new Set([149, 0]))
  })

  test('has another remote host in each line', () => {
    const lines = readFileSync(join(treeOf(12_345), '1/net/tcp'), 'latin1')
      .split('\n')
      .slice(1, -1)
    const hosts = lines.map((line) => line.trim().split(/\s+/)[2]?.slice(0, 8))
    expect(new Set(hosts).size).toBe(12_345)
  })

  test('of more lines than can differ is refused', () => {
    expect(() => generateTree(folder, 2 ** 24 + 1)).toThrow('more than')
  })

  test('is not made where there is no room for it', () => {
    // A file system of the kernel's has no blocks at all.
    expect(generateTree('/proc', 1)).toBeUndefined()
  })
})

test('the floor reads every byte of the files that a collection reads', () => {
  const tree = treeOf(1_000)
  const names = ['tcp', 'tcp6', 'udp', 'udp6', 'dev', 'igmp', 'if_inet6'].map((name) => `1/net/${name}`)
  const bytes = [...names, 'sys/kernel/random/boot_id'].map((name) => statSync(join(tree, name)).size)
  expect(floorOf(tree)()).toBe(bytes.reduce((sum, size) => sum + size, 0))
})
