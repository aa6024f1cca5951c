/** `/proc` trees for tests: the recorded ones, and ones made of text. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const recordedTrees = ['x86-64', 'armv7-board', 'container', 'ipv6-off', 'least'] as const

export const fixture = (path: string): string =>
  fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url))

export const recordedTree = (name: (typeof recordedTrees)[number]): string => fixture(`proc/${name}`)

/** Writes the files below a new temporary folder and answers its path; the caller removes it. */
export function writeTree(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(tmpdir(), 'proc-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}
