/** The profile of AWS's first tutorial, from a file to an account and back. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bench, openBench } from './bench.ts'

const published = fileURLToPath(
  new URL('../../fixtures/profiles/published/DataExfiltrationCheck.json', import.meta.url),
)

let bench: Bench
let path: string
beforeAll(async () => {
  bench = await openBench()
  const profile = JSON.parse(readFileSync(published, 'utf8')) as object
  path = bench.file('exfiltration.json', { ...profile, targets: ['all/things'] })
})
afterAll(() => bench.close())

test('the plan is to create and to attach; nothing is changed by it', async () => {
  const { status, out, err } = await bench.run(['plan', path])
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(out).toContain('+ create  security profile DataExfiltrationCheck (1 behavior)')
  expect(out).toContain('+ attach  DataExfiltrationCheck to all/things')
  expect(out).toContain('2 changes: 1 create, 1 attach.')
  expect(out).toMatch(/Apply with: --fingerprint [0-9a-f]{12}\n$/)
  expect(bench.aws.changes()).toEqual([])
})

test('apply makes exactly the two calls of the tutorial', async () => {
  const planned = await bench.run(['plan', path])
  const [, fingerprint = ''] = /--fingerprint (\w+)/.exec(planned.out) ?? []
  const { status, out } = await bench.run(['apply', path, '--fingerprint', fingerprint])
  expect(status).toBe(0)
  expect(out).toContain('Done.')
  const { targets: _, ...rule } = JSON.parse(readFileSync(path, 'utf8'))
  expect(bench.aws.changes()).toEqual([
    { operation: 'CreateSecurityProfile', input: rule },
    {
      operation: 'AttachSecurityProfile',
      input: {
        securityProfileName: 'DataExfiltrationCheck',
        securityProfileTargetArn: 'arn:aws:iot:eu-west-1:123456789012:all/things',
      },
    },
  ])
})

test('the second plan is empty, and there is no drift', async () => {
  const plan = await bench.run(['plan', path])
  expect(plan.out).toBe('account 123456789012, eu-west-1\nNo changes: the account is so already.\n')
  expect((await bench.run(['drift', path])).status).toBe(0)
})

test('import writes a file whose plan is empty', async () => {
  const directory = join(bench.folder, 'imported')
  const { status, out, err } = await bench.run(['import', '--directory', directory])
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(out).toBe(`${join(directory, 'DataExfiltrationCheck.yaml')}\n`)
  expect(readdirSync(directory)).toEqual(['DataExfiltrationCheck.yaml'])
  expect((await bench.run(['plan', directory])).out).toContain('No changes')
})

test('import writes over nothing without --force', async () => {
  const directory = join(bench.folder, 'imported')
  const { status, err } = await bench.run(['import', '--directory', directory])
  expect(status).toBe(1)
  expect(err).toContain('DataExfiltrationCheck.yaml: is there already: add --force')
})

test('a change behind our back is drift, and apply takes it back', async () => {
  const stored = bench.aws.account.profiles.get('DataExfiltrationCheck')
  if (stored === undefined) throw new Error('not created')
  stored.behaviors = stored.behaviors.map((each) => ({
    ...each,
    criteria: { ...each.criteria, consecutiveDatapointsToAlarm: 5 },
  }))
  stored.version = 2
  stored.targets.add('arn:aws:iot:eu-west-1:123456789012:thinggroup/cameras')

  const { status, out } = await bench.run(['drift', path])
  expect(status).toBe(1)
  expect(out).toContain('behaviors.PacketExfiltration.criteria.consecutiveDatapointsToAlarm: 5 -> 1')
  expect(out).toContain('- detach  DataExfiltrationCheck from cameras')

  bench.aws.calls.length = 0
  expect((await bench.run(['apply', path, '--yes'])).status).toBe(0)
  expect(bench.aws.changes().map(({ operation, input }) => [operation, input.expectedVersion])).toEqual([
    ['UpdateSecurityProfile', 2],
    ['DetachSecurityProfile', undefined],
  ])
  expect((await bench.run(['drift', path])).status).toBe(0)
})
