/** For each `test/fixtures/profiles/bad/*.bad.*` the message it gives, in the `.txt` beside it. */
import { readdirSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { formatFault } from '../../../scripts/profiles/fault.ts'
import { readProfileFiles } from '../../../scripts/profiles/file.ts'
import { isTestName, readTestFiles } from '../../../scripts/profiles/test-file.ts'

const folder = fileURLToPath(new URL('../../fixtures/profiles/bad/', import.meta.url))
const files = readdirSync(folder).filter((name) => !name.endsWith('.txt'))

test('there are bad files of many kinds', () => {
  expect(files.length).toBeGreaterThanOrEqual(18)
})

test.each(files)('%s', async (name) => {
  const read = isTestName(name)
    ? await readTestFiles([folder + name])
    : await readProfileFiles([folder + name])
  expect(read.files).toEqual([])
  const told = read.faults.map((fault) => formatFault({ ...fault, path: relative(folder, fault.path) }))
  expect(`${told.join('\n')}\n`).toBe(readFileSync(`${folder}${name}.txt`, 'utf8'))
})
