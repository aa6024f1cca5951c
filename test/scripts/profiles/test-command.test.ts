import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runTests, type TestOptions } from '../../../scripts/commands/test.ts'
import { Written } from './helpers.ts'

const pack = fileURLToPath(new URL('../../../component/profiles', import.meta.url))
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defender-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const profile = `securityProfileName: gateway
behaviors:
  - name: Telnet
    metric: aws:listening-tcp-ports
    criteria: { comparisonOperator: not-in-port-set, value: { ports: [23, 2323] } }
  - name: Sent
    metric: aws:num-messages-sent
    criteria: { comparisonOperator: less-than, value: { count: 9 }, durationSeconds: 300 }
`

async function run(tests: string, options: Partial<TestOptions> = {}) {
  await writeFile(join(folder, 'gateway.yaml'), profile)
  await writeFile(join(folder, 'gateway.test.yaml'), tests)
  const io = new Written()
  const status = await runTests([folder], { output: 'text', ...options }, io)
  return { status, text: io.text.replaceAll(`${folder}/`, ''), errors: io.errors }
}

const passing = `tests:
  - name: telnet <opens> & closes
    series: { aws:listening-tcp-ports: "[22] [22,23] [22]" }
    alarms:
      - { at: 10m, behavior: Telnet, event: in-alarm, value: { ports: [23] } }
      - { at: 15m, behavior: Telnet, event: alarm-cleared }
`
const failing = passing.replace('at: 15m', 'at: 20m').replace('ports: [23]', 'ports: [24]')

describe('text', () => {
  test('what passed, and how far it reaches', async () => {
    const { status, text } = await run(passing)
    expect(status).toBe(0)
    expect(text).toBe(`gateway.test.yaml (gateway)
  ok      telnet <opens> & closes
  covered 1 of 1 behavior

1 test in 1 file, 0 failed
`)
  })

  test('what failed, as a test file would write it', async () => {
    const { status, text } = await run(failing)
    expect(status).toBe(1)
    expect(text).toContain(`  FAILED  telnet <opens> & closes (gateway.test.yaml:2)
          expected, not seen:  { at: 10m, behavior: Telnet, event: in-alarm, value: { ports: [24] } }
          expected, not seen:  { at: 20m, behavior: Telnet, event: alarm-cleared }
          seen, not expected:  { at: 10m, behavior: Telnet, event: in-alarm, value: { ports: [23] } }
          seen, not expected:  { at: 15m, behavior: Telnet, event: alarm-cleared, value: { ports: [] } }
`)
  })

  test('changes that no test notices, with their place', async () => {
    const { status, text, errors } = await run(passing, { mutate: true, minScore: 90 })
    expect(status).toBe(1)
    expect(text).toContain('no test notices:  Telnet value.ports[1]: 2323 -> left out (gateway.yaml:5:75)')
    expect(errors.at(-1)).toMatch(/^the mutation score is [\d.]+ %, less than 90 %$/)
  })

  test('a behavior that no test raises is named', async () => {
    const { status, text } = await run('tests: []\n')
    expect([status, text]).toEqual([
      0,
      expect.stringContaining('covered 0 of 1 behavior; never in alarm: Telnet'),
    ])
  })
})

test('a file that cannot be read is in the summary', async () => {
  await run(passing)
  const io = new Written()
  expect(await runTests([folder, join(folder, 'none.test.yaml')], { output: 'text' }, io)).toBe(2)
  expect(io.text).toMatch(/\n1 test in 1 file, 0 failed; 1 file with faults\n$/)
})

test('JUnit: escaped, with a failure for each test that failed', async () => {
  const { status, text } = await run(failing, { output: 'junit' })
  expect(status).toBe(1)
  expect(text).toContain('<testsuite name="gateway.test.yaml (gateway)" tests="1" failures="1">')
  expect(text).toContain('name="telnet &lt;opens&gt; &amp; closes"')
  expect(text).toContain('<failure message="gateway.test.yaml:2">')
})

test('JSON: everything', async () => {
  const { text } = await run(passing, { output: 'json', mutate: true })
  const report = JSON.parse(text)
  expect(report.files[0].tests[0]).toMatchObject({ passed: true, missing: [], unexpected: [] })
  expect(report.mutationScore).toBeLessThan(1)
  expect(report.mutations[0].survivors.length).toBeGreaterThan(0)
})

test('a folder without tests cannot be read', async () => {
  const io = new Written()
  expect(await runTests([join(folder, 'none')], { output: 'text' }, io)).toBe(2)
  expect(io.errors[0]).toMatch(/cannot be read \(ENOENT\)/)
  expect(io.text).toBe('')
})

test('the shipped pack: every behavior raised and cleared, at least nine of ten changes noticed', async () => {
  const io = new Written()
  expect(await runTests([pack], { output: 'json', mutate: true, minScore: 90 }, io)).toBe(0)
  const report = JSON.parse(io.text)
  const coverage = report.files.flatMap((file: { coverage: object[] }) => file.coverage)
  expect(coverage.length).toBeGreaterThanOrEqual(12)
  expect(coverage.every((each: { raised: boolean; cleared: boolean }) => each.raised && each.cleared)).toBe(
    true,
  )
  expect(
    report.mutations.reduce((sum: number, { mutants }: { mutants: number }) => sum + mutants, 0),
  ).toBeGreaterThan(150)
})
