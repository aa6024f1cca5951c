/** The profiles delivered with the component, each against the test file beside it, as `defender test` runs them. */
import { describe, expect, test } from 'vitest'
import { readTestFiles } from '../../scripts/profiles/test-file.ts'
import { runTestFile } from '../../scripts/profiles/test-run.ts'
import { profileWarnings } from '../../src/detect/lint.ts'

const { files, faults } = await readTestFiles([new URL('../../component/profiles', import.meta.url).pathname])

test('the pack is there, and can be read', () => {
  expect(faults).toEqual([])
  expect(files.length).toBeGreaterThanOrEqual(5)
})

test('all its profiles fit on one target', () => {
  expect(new Set(files.map(({ profile }) => profile.profile.securityProfileName)).size).toBe(files.length)
  expect(files.length).toBeLessThanOrEqual(5)
})

describe.each(files.map((file) => ({ name: file.profile.profile.securityProfileName, file })))(
  '$name',
  ({ file }) => {
    const { tests, coverage } = runTestFile(file, () => 0)

    test('says what it means', () => {
      expect(profileWarnings(file.profile.profile)).toEqual([])
    })

    test('has a test that raises each of its behaviors', () => {
      expect(coverage.filter(({ raised }) => !raised)).toEqual([])
    })

    test.each(tests)('$name', ({ missing, unexpected }) => {
      expect({ missing, unexpected }).toEqual({ missing: [], unexpected: [] })
    })
  },
)
