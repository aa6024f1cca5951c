/** The exposition, the command, and whether the dashboard and the alert rules speak of what is exposed. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { metrics } from '../../../scripts/commands/metrics.ts'
import { exposition } from '../../../scripts/metrics/exposition.ts'
import type { Health } from '../../../src/report/health.ts'
import { readExposition } from './exposition-reader.ts'
import { readPromql } from './promql.ts'

const NOW = 1_795_506_600_000
const health: Health = {
  healthVersion: 1,
  stateIntervalSeconds: 300,
  agentVersion: '0.1.0',
  thingName: 'gateway-7',
  at: NOW - 10_000,
  nucleus: 'classic',
  isConnected: true,
  uptimeSeconds: 86_400,
  starts: 3,
  residentBytes: 52_000_000,
  reports: {
    handedOver: 288,
    accepted: 287,
    rejected: 1,
    lastAcceptedAt: NOW - 120_500,
    lastHandedOverAt: NOW - 120_900,
    isUnanswered: false,
  },
  outbox: { entries: 2, bytes: 900, oldestAt: NOW - 5000, dropped: { age: 4, bytes: 0 }, state: 'durable' },
  parts: [{ part: 'tcp', durationMs: 2.5, failures: 0 }],
  behaviors: [
    {
      securityProfileName: 'gateway',
      behaviorName: 'OnlyKnownPorts',
      metric: 'aws:listening-tcp-ports',
      state: 'in-alarm',
      detail: '4444',
      since: NOW - 60_000,
    },
    {
      securityProfileName: 'gateway',
      behaviorName: 'Exfiltration',
      metric: 'aws:all-bytes-out',
      state: 'ok',
      detail: '1204 of less-than 5000',
      value: 1204,
      threshold: 5000,
    },
  ],
}
const families = readExposition(exposition(health, NOW))
const sampleOf = (name: string, labels: Record<string, string> = {}) =>
  families
    .get(`greengrass_defender_${name}`)
    ?.series.find((series) => Object.entries(labels).every(([key, value]) => series.labels[key] === value))
    ?.value

describe('the exposition', () => {
  test.each([
    ['state_age_seconds', {}, 10],
    ['connected', {}, 1],
    ['reports_accepted_total', {}, 287],
    ['last_report_accepted_age_seconds', {}, 120.5],
    ['part_duration_seconds', { part: 'tcp' }, 0.0025],
    ['dropped_total', { reason: 'age' }, 4],
    ['behavior_state', { behavior: 'OnlyKnownPorts', state: 'in-alarm' }, 1],
    ['behavior_state', { behavior: 'OnlyKnownPorts', state: 'ok' }, 0],
    ['behavior_value', { behavior: 'Exfiltration' }, 1204],
    ['alarms', {}, 1],
    ['info', { version: '0.1.0', nucleus: 'classic' }, 1],
  ])('%s %j', (name, labels, value) => {
    expect(sampleOf(name, { thing: 'gateway-7', ...labels })).toBe(value)
  })

  test('what is not known has no series', () => {
    const { lastAcceptedAt: _, ...reports } = health.reports
    const text = exposition({ ...health, reports, parts: [], behaviors: [] }, NOW)
    for (const name of ['last_report_accepted', 'part_', 'behavior_']) expect(text).not.toContain(name)
    expect(readExposition(text).get('greengrass_defender_alarms')?.series[0]?.value).toBe(0)
  })

  test('a clock that was set back gives no negative age', () => {
    expect(exposition(health, NOW - 3_600_000)).not.toMatch(/_age_seconds\{.*\} -/)
  })

  test('any names can be read back as they were', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string(),
        fc.double(),
        (thingName, behaviorName, value) => {
          const [first] = health.behaviors
          const hostile = {
            ...health,
            thingName,
            behaviors: [{ ...first, behaviorName, value } as never, first as never],
          }
          const series = readExposition(exposition(hostile, NOW)).get(
            'greengrass_defender_behavior_state',
          )?.series
          expect(series?.[0]?.labels).toMatchObject({ thing: thingName, behavior: behaviorName })
        },
      ),
    )
  })
})

describe('defender metrics', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'defender-metrics-'))
    await writeFile(join(folder, 'status.json'), JSON.stringify(health))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const run = async (options: Parameters<typeof metrics>[0]) => {
    let out = ''
    let errors = ''
    const status = await metrics(options, {
      now: () => NOW,
      write: (text) => {
        out += text
      },
      writeError: (line) => {
        errors += line
      },
      findFile: async () => join(folder, 'status.json'),
    })
    return { status, out, errors }
  }

  test('prints what the file says', async () => {
    expect(await run({})).toEqual({ status: 0, out: exposition(health, NOW), errors: '' })
  })

  test('writes a file whole, and leaves nothing beside it', async () => {
    const output = join(folder, 'defender.prom')
    expect(await run({ output })).toEqual({ status: 0, out: '', errors: '' })
    expect(await readFile(output, 'utf8')).toBe(exposition(health, NOW))
    expect((await readdir(folder)).sort()).toEqual(['defender.prom', 'status.json'])
  })

  test.each([
    [
      'a file that is not there',
      { file: '/nonexistent/status.json' },
      '/nonexistent/status.json: cannot be read (ENOENT)',
    ],
    [
      'a folder that cannot be written',
      { output: '/nonexistent/a.prom' },
      '/nonexistent/a.prom: cannot be written (ENOENT)',
    ],
  ])('%s', async (_, options, errors) => {
    expect(await run(options)).toEqual({ status: 2, out: '', errors })
  })
})

const read = (name: string) =>
  readFile(new URL(`../../../component/grafana/${name}`, import.meta.url), 'utf8')

/** Metrics and labels that an expression may speak of. */
function expectKnown(expression: string): void {
  // Grafana puts its variables in before Prometheus sees the expression.
  const { selectors, byLabels } = readPromql(expression.replaceAll(/\$\w+/g, 'x'))
  expect(selectors.length).toBeGreaterThan(0)
  for (const { metric, labels, isRange } of selectors) {
    const family = families.get(metric)
    expect(family, metric).toBeDefined()
    const known = Object.keys(family?.series[0]?.labels ?? {})
    expect(known).toEqual(expect.arrayContaining([...labels]))
    expect(known).toEqual(expect.arrayContaining(byLabels))
    expect(isRange, `${metric} is ${family?.type}`).toBe(family?.type === 'counter')
  }
}

describe('alerts.yaml', async () => {
  const { groups } = parse(await read('alerts.yaml')) as {
    groups: { name: string; rules: Record<string, string & Record<string, string>>[] }[]
  }
  const rules = groups.flatMap((group) => group.rules)

  test('names are there once', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })

  test.each(rules.map((rule) => [String(rule.alert), rule]))('%s', (_, rule) => {
    expect(Object.keys(rule).sort()).toEqual(
      ['alert', 'annotations', 'expr', 'labels', ...('for' in rule ? ['for'] : [])].sort(),
    )
    if (rule.for !== undefined) expect(rule.for).toMatch(/^\d+[smh]$/)
    expect(rule.labels?.severity).toMatch(/^(warning|critical)$/)
    expectKnown(rule.expr as string)
    const labels = [...JSON.stringify(rule.annotations).matchAll(/\$labels\.(\w+)/g)].map(
      ([, label]) => label,
    )
    const [{ metric = '' } = {}] = readPromql(rule.expr as string).selectors
    expect(Object.keys(families.get(metric)?.series[0]?.labels ?? {})).toEqual(expect.arrayContaining(labels))
  })
})

describe('dashboard.json', async () => {
  interface Panel {
    readonly id: number
    readonly type: string
    readonly title: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets?: readonly { readonly expr: string; readonly refId: string }[]
  }
  const { panels, templating } = JSON.parse(await read('dashboard.json')) as {
    panels: Panel[]
    templating: { list: { name: string; query: string | { query: string } }[] }
  }
  const variables = templating.list.map(({ name }) => name)

  test('ids are there once, and no panel lies on another', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24)
      return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`)
    })
    expect(new Set(cells).size).toBe(cells.length)
  })

  test.each(panels.filter(({ type }) => type !== 'row').map((panel) => [panel.title, panel] as const))(
    '%s',
    (_, { targets = [] }) => {
      expect(targets.length).toBeGreaterThan(0)
      for (const { expr } of targets) {
        expectKnown(expr)
        for (const [, name] of expr.matchAll(/\$(\w+)/g)) expect(variables).toContain(name)
      }
    },
  )

  test('variables ask for labels that are there', () => {
    const queries = templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : query.query))
    expect(queries).toHaveLength(3)
    for (const query of queries) {
      const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? []
      expectKnown(selector)
      const [{ metric = '' } = {}] = readPromql(selector.replaceAll(/\$\w+/g, 'x')).selectors
      expect(Object.keys(families.get(metric)?.series[0]?.labels ?? {})).toContain(label)
    }
  })
})

describe('what the readers refuse', () => {
  test.each(['a_total{', 'sum(a', 'increase(a)', 'nosuch(a[1h])', 'a[1h]', 'a{b=c}', 'a b'])(
    'PromQL %s',
    (text) => {
      expect(() => readPromql(text)).toThrow()
    },
  )
  test.each([
    ['no end of line', '# HELP a b\n# TYPE a gauge\na 1'],
    ['a counter not named so', '# HELP a b\n# TYPE a counter\na 1\n'],
    ['a series twice', '# HELP a b\n# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n'],
    ['a bad escape', '# HELP a b\n# TYPE a gauge\na{x="\\q"} 1\n'],
  ])('text with %s', (_, text) => {
    expect(() => readExposition(text)).toThrow()
  })
})
