import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ProcReadError } from '../../src/procfs/parse-error.ts'
import { openProcFs } from '../../src/procfs/proc-fs.ts'
import { recordedTree, writeTree } from '../helpers/proc.ts'

const trees: string[] = []
const tree = (files: Record<string, string>) => {
  const root = writeTree(files)
  trees.push(root)
  return root
}
afterEach(() => {
  for (const root of trees.splice(0)) rmSync(root, { recursive: true })
})

describe('whose network files', () => {
  test('/proc itself: our own namespace, and the kernel tells its addresses', () => {
    const proc = openProcFs()
    expect(proc.warning).toBeUndefined()
    expect(proc.ownAddresses()?.get('127.0.0.1')).toBe('lo')
  })

  test('another mount: the namespace of process 1', () => {
    const proc = openProcFs(recordedTree('container'))
    expect(proc.warning).toBeUndefined()
    expect(proc.readText('net/dev')).toContain('docker0')
    expect(proc.ownAddresses()).toBeUndefined()
  })

  test('without process 1: the warning says whose namespace is read instead', () => {
    const root = tree({ 'net/dev': 'x' })
    const proc = openProcFs(root)
    expect(proc.readText('net/dev')).toBe('x')
    expect(proc.warning).toBe(
      `${root}/1/net cannot be read (ENOENT); reading ${root}/net instead, which on a mounted /proc is the network namespace of this process, not the host's`,
    )
  })
})

describe('what cannot be read', () => {
  test('a missing file says so, and that it is missing', () => {
    const proc = openProcFs(tree({ 'net/dev': '' }))
    const read = () => proc.readText('net/tcp6')
    expect(read).toThrow('net/tcp6: ENOENT')
    expect(read).toThrow(expect.objectContaining({ file: 'net/tcp6', isMissing: true }))
  })

  test('a folder in place of a file', () => {
    const root = tree({ 'net/dev': '' })
    mkdirSync(join(root, 'net/tcp'))
    expect(() => openProcFs(root).readText('net/tcp')).toThrow(expect.objectContaining({ isMissing: false }))
  })

  test('a pipe without a writer does not make us wait', () => {
    const root = tree({ 'net/dev': '' })
    spawnSync('mkfifo', [join(root, 'net/tcp')])
    expect(() => openProcFs(root).readText('net/tcp')).toThrow('net/tcp: is not a regular file')
  })

  test('a text longer than any of the kernel is given up', () => {
    const root = tree({ 'net/dev': '' })
    writeFileSync(join(root, 'stat'), Buffer.alloc(1024 * 1024 + 1, 0x20))
    expect(() => openProcFs(root).readText('stat')).toThrow(ProcReadError)
  })
})
