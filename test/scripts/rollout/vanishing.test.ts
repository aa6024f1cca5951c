/** Messages that are cleared away while their folder is read. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FolderObservations } from '../../../scripts/rollout/observations.ts'

/** Right before each of these calls, what has its name in it disappears. */
vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs/promises')>()
  const vanishing =
    <T>(name: string, call: (path: string, ...rest: never[]) => T) =>
    (path: string, ...rest: never[]) => {
      if (path.includes(`gone-before-${name}`)) rmSync(path, { recursive: true, force: true })
      return call(path, ...rest)
    }
  return {
    ...original,
    readdir: vanishing('readdir', original.readdir as never),
    stat: vanishing('stat', original.stat as never),
    open: vanishing('open', original.open as never),
  }
})

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'defender-vanishing-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const health = (thingName: string) => `${JSON.stringify({ healthVersion: 1, thingName, at: 10 })}\n`

test.each(['stat', 'open', 'readdir'])('before %s: the others are read', async (name) => {
  const path = join(folder, `gone-before-${name}${name === 'readdir' ? '' : '.jsonl'}`)
  if (name === 'readdir') mkdirSync(path)
  else writeFileSync(path, health('gone'))
  writeFileSync(join(folder, 'stays.jsonl'), health('here'))
  const observations = new FolderObservations(folder)
  await observations.refresh()
  expect(observations.of('here')).toBeDefined()
  expect(observations.of('gone')).toBeUndefined()
})

test('the folder itself has to be there', async () => {
  await expect(new FolderObservations(join(folder, 'nowhere')).refresh()).rejects.toThrow('ENOENT')
})
