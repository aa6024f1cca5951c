/** The profiles delivered with the component, each against the test file beside it. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { profileWarnings } from '../../src/detect/lint.ts'
import type { SecurityProfile } from '../../src/detect/security-profile.ts'
import { play, profileOf, startAt } from './scenario.ts'

interface ProfileTest {
  readonly profile: string
  readonly interval: string
  readonly tests: readonly {
    readonly name: string
    readonly series: Record<string, string>
    readonly alarms: readonly {
      readonly at: string
      readonly behavior: string
      readonly event: string
      readonly value?: unknown
    }[]
  }[]
}

const folder = new URL('../../component/profiles/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8')
const profileIn = (file: string): SecurityProfile => profileOf(JSON.parse(read(file)))
const testsOf = (file: string) => parse(read(file.replace('.json', '.test.yaml'))) as ProfileTest

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

function seconds(duration: string): number {
  const [, amount, unit = ''] = /^(\d+)([smhd])$/.exec(duration) ?? []
  const perUnit = unitSeconds[unit]
  if (perUnit === undefined) throw new Error(`not a duration: ${JSON.stringify(duration)}`)
  return Number(amount) * perUnit
}

test('the pack is there', () => {
  expect(files.length).toBeGreaterThanOrEqual(5)
})

test('all its profiles fit on one target', () => {
  expect(new Set(files.map((file) => profileIn(file).securityProfileName)).size).toBe(files.length)
  expect(files.length).toBeLessThanOrEqual(5)
})

describe.each(files)('%s', (file) => {
  const profile = profileIn(file)
  const { interval, tests, profile: tested } = testsOf(file)

  test('says what it means', () => {
    expect(tested).toBe(file)
    expect(profileWarnings(profile)).toEqual([])
  })

  test('has a test that raises each of its behaviors', () => {
    const raised = tests.flatMap(({ alarms }) => alarms.filter(({ event }) => event === 'in-alarm'))
    const names = (profile.behaviors ?? []).map(({ name }) => name)
    expect(names.filter((name) => !raised.some(({ behavior }) => behavior === name))).toEqual([])
  })

  test.each(tests)('$name', ({ series, alarms }) => {
    const { events } = play({ profiles: [profile], intervalSeconds: seconds(interval), series })
    const seen = events.map((event, index) => ({
      at: (event.violationEventTime - startAt) / 1000,
      behavior: event.behavior.name,
      event: event.violationEventType,
      ...(alarms[index]?.value === undefined ? {} : { value: event.metricValue }),
    }))
    expect(seen).toEqual(alarms.map((alarm) => ({ ...alarm, at: seconds(alarm.at) })))
  })
})
