/** Files that appear after `defender profiles suggest` looked for them and before it writes. */
import { existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { suggest } from '../../../scripts/commands/suggest.ts'
import { quietDay, writeHistory } from './days.ts'
import { Written } from './helpers.ts'

const looked = vi.hoisted(() => ({ after: (_path: string): void => undefined }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const thenAppears =
    (look: (path: string) => Promise<unknown>) =>
    (path: string): Promise<unknown> =>
      look(path).finally(() => looked.after(path))
  return { ...real, stat: thenAppears(real.stat), lstat: thenAppears(real.lstat) }
})

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defender-meanwhile-'))
})
afterEach(async () => {
  looked.after = () => undefined
  await rm(folder, { recursive: true, force: true })
})

test.each(['gateway.yaml', 'gateway.test.yaml'])('%s of somebody else stays', async (name) => {
  await writeHistory(join(folder, 'gateway-1'), quietDay(0))
  const [out, path] = [join(folder, 'gateway.yaml'), join(folder, name)]
  looked.after = (seen) => {
    if (seen === path) writeFileSync(path, 'mine')
  }
  await expect(suggest([join(folder, 'gateway-1')], { name: 'p', out }, new Written())).rejects.toThrow(
    `${path}: is there already: add --force to write over it`,
  )
  expect(await readFile(path, 'utf8')).toBe('mine')
  // Not the profile without its tests.
  expect([out, join(folder, 'gateway.test.yaml')].filter((each) => existsSync(each))).toEqual([path])
})
