/** The conformance table: `test/fixtures/profiles/conformance/*.yaml`, each case citing the source that it follows. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { profileWarnings } from '../../src/detect/lint.ts'
import { parseSecurityProfile } from '../../src/detect/security-profile.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'
import { play, profileOf, startAt } from './scenario.ts'

interface Case {
  readonly name: string
  /** The public page that decides it, or "ours" where AWS leaves it open. */
  readonly follows: string
  /** Either a whole profile, or one behavior's metric and criteria. */
  readonly profile?: Record<string, unknown> | null
  readonly metric?: string
  readonly criteria?: Record<string, unknown>
  readonly customMetrics?: Record<string, CustomMetricType>
  readonly intervalSeconds?: number
  readonly series?: string | number | Record<string, string | number>
  /** Time in intervals since the start: 2 is the end of the second, 2.5 the middle of the third. */
  readonly events?: readonly {
    readonly at: number
    readonly type: string
    readonly value?: unknown
    readonly behavior?: string
  }[]
  readonly status?: { readonly state: string; readonly detail?: string }
  readonly faults?: readonly string[] | null
  readonly warnings?: readonly string[]
}

const folder = new URL('../fixtures/profiles/conformance/', import.meta.url)
const files = readdirSync(folder).sort()
const casesOf = (file: string) =>
  parse(readFileSync(new URL(file, folder), 'utf8'), { merge: true }) as Case[]

const all = files.flatMap((file) => casesOf(file))

test('the table has at least 120 cases, each with a name of its own and a source', () => {
  expect(all.length).toBeGreaterThanOrEqual(120)
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  expect(all.filter(({ follows }) => typeof follows !== 'string' || follows.length < 4)).toEqual([])
})

test('the table has every operator, every statistic and every duration', () => {
  const text = JSON.stringify(all)
  for (const operator of [
    'less-than',
    'less-than-equals',
    'greater-than',
    'greater-than-equals',
    'in-cidr-set',
  ]) {
    expect(text).toContain(`"${operator}"`)
  }
  for (const operator of ['not-in-cidr-set', 'in-port-set', 'not-in-port-set', 'in-set', 'not-in-set']) {
    expect(text).toContain(`"${operator}"`)
  }
  for (const statistic of [
    'p0',
    'p0.01',
    'p0.1',
    'p1',
    'p10',
    'p50',
    'p90',
    'p99',
    'p99.9',
    'p99.99',
    'p100',
  ]) {
    expect(text).toContain(`"statistic":"${statistic}"`)
  }
  for (const seconds of [300, 600, 900, 1800, 3600]) expect(text).toContain(`"durationSeconds":${seconds}`)
})

describe.each(files)('%s', (file) => {
  test.each(casesOf(file))('$name', (each) => {
    const input = expand(each.profile ?? oneBehavior(each))
    if (each.faults) {
      const parsed = parseSecurityProfile(input, {
        customMetricTypes: new Map(Object.entries(each.customMetrics ?? {})),
      })
      expect(parsed.ok ? [] : parsed.faults.map(({ path }) => path)).toEqual(each.faults)
      return
    }
    const profile = profileOf(input, each.customMetrics)
    if (each.warnings !== undefined)
      expect(profileWarnings(profile).map(({ code }) => code)).toEqual(each.warnings)
    if (each.series === undefined) return
    const series = typeof each.series === 'object' ? each.series : { [each.metric ?? '']: each.series }
    const intervalSeconds = each.intervalSeconds ?? 300
    const played = play({
      profiles: [profile],
      customMetrics: each.customMetrics ?? {},
      intervalSeconds,
      series,
    })
    if (each.events !== undefined) {
      const seen = played.events.map((event, index) => ({
        at: (event.violationEventTime - startAt) / intervalSeconds / 1000,
        type: event.violationEventType,
        ...(each.events?.[index]?.value === undefined ? {} : { value: event.metricValue }),
        ...(each.events?.[index]?.behavior === undefined ? {} : { behavior: event.behavior.name }),
      }))
      expect(seen).toEqual(each.events)
    }
    if (each.status !== undefined) {
      const status = played.engine.status(played.state)[0]
      expect({ state: status?.state, ...(each.status.detail ? { detail: status?.detail } : {}) }).toEqual(
        each.status,
      )
    }
  })
})

function oneBehavior({ metric, criteria }: Case) {
  return { securityProfileName: 'profile', behaviors: [{ name: 'behavior', metric, criteria }] }
}

/** `{ repeat: 3, of: x }` stands for a list of three; `#` in x is the position. */
function expand(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expand)
  if (typeof value !== 'object' || value === null) return value
  const { repeat, of } = value as { repeat?: number; of?: unknown }
  if (typeof repeat === 'number') {
    return Array.from({ length: repeat }, (_, index) =>
      expand(JSON.parse(JSON.stringify(of).replaceAll('#', `${index}`))),
    )
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, expand(each)]))
}
