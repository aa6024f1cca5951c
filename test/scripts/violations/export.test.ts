/** Each format against a schema of what its specification requires, with violations of every kind and hostile text. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ViolationEvent } from '../../../src/detect/violation.ts'
import {
  type AwsBench,
  type Bench,
  bytesOut,
  cleared,
  event,
  HOUR,
  idOf,
  jsonLines,
  NOW,
  openAwsBench,
  openBench,
} from './bench.ts'

const ajv = new Ajv2020({ allErrors: true, strict: false })
const validatorOf = (name: string) => {
  const validate = ajv.compile(
    JSON.parse(readFileSync(new URL(`schemas/${name}.json`, import.meta.url), 'utf8')),
  )
  return (value: unknown) => {
    validate(value)
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}
const validators = {
  json: validatorOf('violation'),
  ocsf: validatorOf('ocsf-detection-finding'),
  asff: validatorOf('asff-batch'),
  splunk: validatorOf('splunk-hec-event'),
}

const hostile = '=HYPERLINK("http://x","y")\u001b[2J<script>'
const ended = (alarm: ViolationEvent, violationEventType: ViolationEvent['violationEventType']) => ({
  ...cleared(alarm, HOUR),
  violationEventType,
})
const port = event(1)
const traffic = event(2, { behavior: bytesOut, metricValue: { count: 5_000_000 }, thingName: 'gateway-2' })
const silent = event(3, { violationEventTime: NOW - 72 * HOUR })
const muted = event(4, { behavior: { ...bytesOut, suppressAlerts: true }, metricValue: { count: 2_000_000 } })
const address = event(5, {
  behavior: {
    name: 'destinations',
    metric: 'aws:destination-ip-addresses',
    criteria: { comparisonOperator: 'in-cidr-set', value: { cidrs: ['10.0.0.0/8'] } },
  },
  metricValue: { cidrs: ['203.0.113.7', '2001:db8::7'] },
})
const strange = event(6, {
  thingName: hostile,
  securityProfileName: '@profile',
  behavior: { ...port.behavior, name: '-1+2' },
})
const valueless = event(7, {})
const { metricValue: _, ...withoutValue } = valueless

const all = [
  port,
  traffic,
  ended(traffic, 'alarm-cleared'),
  silent,
  ended(silent, 'alarm-invalidated'),
  muted,
  address,
  strange,
  withoutValue,
]

let bench: Bench
let source: readonly string[]
beforeEach(() => {
  bench = openBench()
  source = ['--events', bench.file('in/all.jsonl', jsonLines(all))]
})
afterEach(() => bench.close())

async function exported(format: string, ...words: string[]): Promise<string> {
  const account = format === 'asff' ? ['--account', '123456789012', '--region', 'eu-west-1'] : []
  const run = await bench.violations(['export', '--format', format, ...source, ...account, ...words])
  expect(run).toMatchObject({ status: 0, err: '' })
  return run.out
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('validates', () => {
  test('json', async () => {
    const violations = JSON.parse(await exported('json')) as unknown[]
    expect(violations).toHaveLength(7)
    for (const violation of violations) expect(validators.json(violation)).toEqual([])
  })

  test.each(['ocsf', 'splunk'] as const)('%s', async (format) => {
    const values = linesOf(await exported(format))
    expect(values).toHaveLength(format === 'ocsf' ? 7 : 9)
    for (const value of values) expect(validators[format](value)).toEqual([])
  })

  test('asff', async () => {
    const requests = linesOf(await exported('asff'))
    expect(requests).toHaveLength(1)
    expect(validators.asff(requests[0])).toEqual([])
  })

  test('and the schemas find what is missing', async () => {
    const [finding] = linesOf(await exported('ocsf'))
    expect(validators.ocsf({ ...finding, finding_info: { title: 'x' } })).not.toEqual([])
    const [request] = linesOf(await exported('asff'))
    const { Severity: _, ...without } = request.Findings[0]
    expect(validators.asff({ Findings: [without] })).not.toEqual([])
  })
})

test('long names stay within what the formats take', async () => {
  const long = 'x'.repeat(128)
  const ports = Array.from({ length: 2000 }, (_, index) => index + 1)
  const given = event(1, {
    thingName: long,
    securityProfileName: long,
    behavior: { ...port.behavior, name: long },
    violationId: 'a'.repeat(128),
    metricValue: { ports },
  })
  source = ['--events', bench.file('long.json', given)]
  for (const request of linesOf(await exported('asff'))) expect(validators.asff(request)).toEqual([])
})

describe('OCSF', () => {
  const byUid = async () =>
    new Map(linesOf(await exported('ocsf')).map((each) => [String(each.metadata.uid), each]))

  test('opens what lasts and closes what is over', async () => {
    const found = await byUid()
    expect(found.get(idOf(1))).toMatchObject({ activity_id: 1, type_uid: 200401, status_id: 1 })
    expect(found.get(idOf(2))).toMatchObject({
      activity_id: 3,
      type_uid: 200403,
      status_id: 4,
      time: NOW - HOUR,
      end_time: NOW - HOUR,
    })
  })

  test('has the process, the port and the peers', async () => {
    const found = await byUid()
    expect(found.get(idOf(1))?.evidences).toEqual([
      {
        src_endpoint: { port: 23, name: 'gateway-1' },
        process: {
          pid: 812,
          name: 'telnetd',
          file: { name: 'telnetd', path: '/usr/sbin/telnetd', type_id: 1 },
        },
      },
    ])
    expect(found.get(idOf(5))?.observables.map(({ value }: { value: string }) => value)).toEqual([
      '203.0.113.7',
      '2001:db8::7',
    ])
  })
})

describe('Security Hub', () => {
  const findings = async (...words: string[]) =>
    new Map(
      linesOf(await exported('asff', ...words))
        .flatMap(({ Findings }) => Findings)
        .map((each) => [each.ProductFields['greengrass-defender/violationId'] as string, each]),
    )

  test('gets an id that stays the same, and an archived record once it is over', async () => {
    source = ['--events', bench.file('one.jsonl', jsonLines([traffic]))]
    const before = (await findings()).get(idOf(2))
    source = ['--events', bench.file('two.jsonl', jsonLines([traffic, ended(traffic, 'alarm-cleared')]))]
    const after = (await findings()).get(idOf(2))
    expect(before).toMatchObject({ RecordState: 'ACTIVE', Workflow: { Status: 'NEW' } })
    expect(after).toMatchObject({
      Id: before.Id,
      CreatedAt: before.CreatedAt,
      RecordState: 'ARCHIVED',
      Workflow: { Status: 'RESOLVED' },
    })
    expect(Date.parse(after.UpdatedAt)).toBeGreaterThan(Date.parse(before.UpdatedAt))
  })

  test('gets the severity that was given, and a lower one of what weighs less', async () => {
    await bench.violations(['verify', idOf(5), 'false', ...source])
    const found = await findings('--severity', 'HIGH')
    const labels = [1, 3, 4, 5].map((number) => found.get(idOf(number)).Severity.Label)
    expect(labels).toEqual(['HIGH', 'LOW', 'LOW', 'INFORMATIONAL'])
    expect(found.get(idOf(5))).toMatchObject({
      VerificationState: 'FALSE_POSITIVE',
      FindingProviderFields: { Severity: { Label: 'INFORMATIONAL' } },
    })
  })

  test('gets at most 100 in a request', async () => {
    const many = Array.from({ length: 250 }, (_, index) => event(index + 1))
    source = ['--events', bench.file('many.jsonl', jsonLines(many))]
    const requests = linesOf(await exported('asff'))
    expect(requests.map(({ Findings }) => Findings.length)).toEqual([100, 100, 50])
    for (const request of requests) expect(validators.asff(request)).toEqual([])
  })

  test('needs an account of twelve digits', async () => {
    const run = await bench.violations(['export', '--format', 'asff', ...source, '--account', '12'])
    expect(run).toMatchObject({ status: 2, err: expect.stringContaining('twelve digits') })
  })
})

test('Splunk gets an event for each that was told, in seconds', async () => {
  const lines = linesOf(await exported('splunk', '--thing', 'gateway-2'))
  expect(lines.map(({ time, event: { violationEventType } }) => [time, violationEventType])).toEqual([
    [(NOW - 2 * HOUR) / 1000, 'in-alarm'],
    [(NOW - HOUR) / 1000, 'alarm-cleared'],
  ])
})

describe('CSV', () => {
  test('has the same columns in each line, quoted where it must be', async () => {
    const [head = '', ...rows] = (await exported('csv')).trimEnd().split('\n')
    expect(rows).toHaveLength(7)
    for (const row of rows) expect(cellsOf(row)).toHaveLength(head.split(',').length)
    const row = rows.map(cellsOf).find(([id]) => id === idOf(2)) as string[]
    expect(row[head.split(',').indexOf('durationSeconds')]).toBe('3600')
    expect(row[head.split(',').indexOf('value')]).toBe('5000000')
  })

  test('has no cell that a spreadsheet takes for a formula', async () => {
    const rows = (await exported('csv')).trimEnd().split('\n').map(cellsOf)
    const cells = rows.flat()
    expect(cells.filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([])
    expect(cells).toContain(`'${hostile}`)
    expect(cells).toContain("'-1+2")
    expect(cells).toContain("'@profile")
  })

  test('goes into a file', async () => {
    const path = bench.path('out.csv')
    const run = await bench.violations(['export', '--format', 'csv', ...source, '--write', path])
    expect(run).toMatchObject({ status: 0, out: '', err: `7 violations written to ${path}\n` })
    expect(bench.read('out.csv').split('\n')).toHaveLength(9)
  })
})

/** RFC 4180, of one line. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  )

test('the account of the credentials is asked for where none is given', async () => {
  const aws: AwsBench = await openAwsBench()
  try {
    const file = aws.file('one.json', port)
    const run = await aws.violations(['export', '--format', 'asff', '--events', file])
    expect(run).toMatchObject({ status: 0, err: '' })
    const [{ Findings }] = linesOf(run.out) as [{ Findings: { AwsAccountId: string; Region: string }[] }]
    expect(Findings[0]).toMatchObject({ AwsAccountId: '123456789012', Region: 'eu-west-1' })
  } finally {
    await aws.close()
  }
})
