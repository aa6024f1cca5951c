/** The order of versions, by the examples of semver.org and more. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareVersions, nextFreeVersion } from '../../../scripts/publish/version.ts'

/** semver.org 2.0.0, item 11, with what is no version before them all. */
const ASCENDING = [
  'v1',
  '0.9.10',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '1.0.1',
  '1.1.0',
  '1.10.0',
  '2.0.0',
]

test('the order of semver.org', () => {
  expect(ASCENDING.toReversed().toSorted(compareVersions)).toEqual(ASCENDING)
})

const version = fc.oneof(
  fc.constantFrom(...ASCENDING),
  fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map((numbers) => numbers.join('.')),
)

test('it is an order: antisymmetric and transitive', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)))
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
        expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
      }
    }),
  )
})

describe('the next free version', () => {
  const cases = [
    { name: 'after the one that is there', wanted: '0.1.0', taken: ['0.1.0'], gives: '0.1.1' },
    { name: 'after the highest', wanted: '0.1.0', taken: ['0.1.0', '0.1.10', '0.1.9'], gives: '0.1.11' },
    { name: 'of a higher minor', wanted: '0.1.0', taken: ['0.2.0', '0.1.0'], gives: '0.2.1' },
    { name: 'a release after its candidates', wanted: '1.0.0-rc.1', taken: ['1.0.0-rc.1'], gives: '1.0.0' },
    { name: 'of words', wanted: 'x', taken: [], gives: '0.0.1' },
  ]
  test.each(cases)('$name', ({ wanted, taken, gives }) => {
    expect(nextFreeVersion(wanted, taken)).toBe(gives)
  })

  test('is never taken', () => {
    fc.assert(
      fc.property(version, fc.array(version), (wanted, taken) => {
        expect([wanted, ...taken]).not.toContain(nextFreeVersion(wanted, taken))
      }),
    )
  })
})
