/** The commands' own manners: asking, fingerprints, pruning, the edge, changes by hand, output for programs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Bench, openBench } from './bench.ts'

const ALL_THINGS = 'arn:aws:iot:eu-west-1:123456789012:all/things'

let bench: Bench
beforeEach(async () => {
  // Lists come in pages of two.
  bench = await openBench({ pageMax: 2 })
})
afterEach(() => bench.close())

const ports = (name: string, allowed: readonly number[], more: object = {}) =>
  bench.file(`${name}.json`, {
    securityProfileName: name,
    behaviors: [
      {
        name: 'ports',
        metric: 'aws:listening-tcp-ports',
        criteria: { comparisonOperator: 'in-port-set', value: { ports: allowed } },
      },
    ],
    ...more,
  })

async function create(
  names: readonly string[],
  more: object = { targets: ['all/things'] },
): Promise<string[]> {
  const files = names.map((name) => ports(name, [22], more))
  expect((await bench.run(['apply', ...files, '--yes'])).status).toBe(0)
  bench.aws.calls.length = 0
  return files
}

describe('apply', () => {
  test('asks, and a no changes nothing', async () => {
    const questions: string[] = []
    const confirm = async (question: string) => {
      questions.push(question)
      return false
    }
    const { status, err } = await bench.run(['apply', ports('gateways', [22])], { confirm })
    expect(status).toBe(1)
    expect(err).toBe('nothing was changed\n')
    expect(questions).toEqual([expect.stringMatching(/^Carry out [0-9a-f]{12}\?$/)])
    expect(bench.aws.changes()).toEqual([])
  })

  test('asks, and a yes goes on', async () => {
    const { status } = await bench.run(['apply', ports('gateways', [22])], { confirm: async () => true })
    expect(status).toBe(0)
    expect(bench.aws.changes()).toHaveLength(1)
  })

  test('a yes to a plan that became another one meanwhile changes nothing', async () => {
    const files = await create(['gateways'])
    ports('gateways', [22, 80])
    const confirm = async () => {
      const stored = bench.aws.account.profiles.get('gateways')
      if (stored !== undefined) stored.version = 7
      return true
    }
    const { status, err } = await bench.run(['apply', ...files], { confirm })
    expect(status).toBe(1)
    expect(err).toMatch(/^nothing was changed: meanwhile the plan became another one/)
    expect(bench.aws.changes()).toEqual([])
  })

  test('without anybody to ask it names the fingerprint to give', async () => {
    const { status, err } = await bench.run(['apply', ports('gateways', [22])])
    expect(status).toBe(1)
    expect(err).toMatch(/nobody is there to be asked\. Add --fingerprint [0-9a-f]{12}, or --yes\./)
  })

  test.each([
    { name: '', more: [] },
    { name: ', in a dry run too', more: ['--dry-run'] },
  ])('with the fingerprint of another plan it refuses$name', async ({ more }) => {
    const words = ['apply', ports('gateways', [22]), '--fingerprint', '5f1c9a0b7d3e', ...more]
    const { status, err } = await bench.run(words)
    expect(status).toBe(1)
    expect(err).toMatch(/the plan is no longer 5f1c9a0b7d3e but [0-9a-f]{12}\./)
    expect(bench.aws.changes()).toEqual([])
  })

  test('--dry-run shows and does not', async () => {
    const { status, out } = await bench.run(['apply', ports('gateways', [22]), '--yes', '--dry-run'])
    expect(status).toBe(0)
    expect(out).toContain('+ create  security profile gateways')
    expect(bench.aws.changes()).toEqual([])
  })

  test('for programs it prints one JSON document', async () => {
    const { out } = await bench.run(['apply', ports('gateways', [22]), '--yes', '--output', 'json'])
    expect(JSON.parse(out)).toMatchObject({
      region: 'eu-west-1',
      outcome: 'complete',
      done: [{ action: 'create', of: 'security-profile', name: 'gateways' }],
      notDone: [],
    })
  })

  test('a failure in that document has its code', async () => {
    bench.aws.deniedActions.add('iot:CreateSecurityProfile')
    const { status, out } = await bench.run(['apply', ports('gateways', [22]), '--yes', '--output', 'json'])
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'access-denied', change: { name: 'gateways' } },
      notDone: [{ name: 'gateways' }],
    })
  })
})

describe('what no file speaks of', () => {
  test('is left alone without --prune', async () => {
    await create(['a', 'b', 'c', 'd'])
    const { out } = await bench.run(['plan', ports('a', [22], { targets: ['all/things'] })])
    expect(out).toContain('No changes')
  })

  test('goes with --prune, its targets first', async () => {
    const files = await create(['a', 'b', 'c', 'd'])
    const kept = files.slice(0, 3)
    expect((await bench.run(['drift', ...kept, '--prune'])).status).toBe(1)
    const { status } = await bench.run(['apply', ...kept, '--prune', '--yes'])
    expect(status).toBe(0)
    expect(bench.aws.changes().map(({ operation }) => operation)).toEqual([
      'DetachSecurityProfile',
      'DeleteSecurityProfile',
    ])
  })

  test('goes with --force only where it is more than a third', async () => {
    const [kept = ''] = await create(['a', 'b', 'c', 'd'])
    const { status, err } = await bench.run(['apply', kept, '--prune', '--yes'])
    expect(status).toBe(1)
    expect(err).toContain(
      'the plan deletes 3 of 4 profiles, custom metrics and dimensions and detaches 3 of 4 targets, more than a third: if that is meant, add --force',
    )
    expect(bench.aws.changes()).toEqual([])
    expect((await bench.run(['apply', kept, '--prune', '--yes', '--force'])).status).toBe(0)
    expect([...bench.aws.account.profiles.keys()]).toEqual(['a'])
  })

  test('targets and tags that a file is silent about stay', async () => {
    await create(['gateways'], { targets: ['all/things'], tags: [{ Key: 'owner', Value: 'a' }] })
    const { out } = await bench.run(['plan', ports('gateways', [22])])
    expect(out).toContain('No changes')
    const emptied = ports('gateways', [22], { targets: [], tags: [] })
    expect((await bench.run(['plan', emptied])).out).toContain('2 changes: 1 delete, 1 detach.')
  })

  test('a target that is full is emptied before the next profile comes', async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const files = await create(names)
    const moved = ports('e', [22], { targets: [] })
    const added = ports('f', [22], { targets: ['all/things'] })
    const { status, err } = await bench.run(['apply', ...files.slice(0, 4), moved, added, '--yes'])
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(bench.aws.account.profiles.get('f')?.targets).toEqual(new Set([ALL_THINGS]))
  })
})

describe('--to edge', () => {
  test('prints what the component takes, without what only AWS can use', async () => {
    const roleArn = 'arn:aws:iam::123456789012:role/alerts'
    const file = bench.file('mixed.json', {
      securityProfileName: 'mixed',
      behaviors: [
        {
          name: 'ports',
          metric: 'aws:listening-tcp-ports',
          criteria: { comparisonOperator: 'in-port-set', value: { ports: [22] } },
        },
        {
          name: 'failures',
          metric: 'aws:num-authorization-failures',
          criteria: { comparisonOperator: 'less-than', value: { count: 5 }, durationSeconds: 300 },
        },
      ],
      alertTargets: { SNS: { alertTargetArn: 'arn:aws:sns:eu-west-1:123456789012:alerts', roleArn } },
      metricsExportConfig: { mqttTopic: 'export', roleArn },
      targets: ['gateways'],
      tags: [{ Key: 'owner', Value: 'a' }],
    })
    const { status, out, err } = await bench.run(['plan', file, '--to', 'edge'])
    expect(status).toBe(0)
    const { SecurityProfiles } = JSON.parse(out)
    expect(Object.keys(SecurityProfiles.mixed)).toEqual(['securityProfileName', 'behaviors'])
    expect(SecurityProfiles.mixed.behaviors).toHaveLength(2)
    expect(err).toContain('note: mixed: failures is not judged on the device: aws:num-authorization-failures')
    expect(bench.aws.calls).toEqual([])
  })

  test('writes it to a file', async () => {
    const path = join(bench.folder, 'merge.json')
    const { status, out } = await bench.run([
      'apply',
      ports('gateways', [22]),
      '--to',
      'edge',
      '--write',
      path,
    ])
    expect({ status, out }).toEqual({ status: 0, out: '' })
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')).SecurityProfiles)).toEqual(['gateways'])
  })

  test('refuses more profiles than the component takes', async () => {
    const files = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ports(name, [22]))
    const { status, err, out } = await bench.run(['plan', ...files, '--to', 'edge'])
    expect({ status, out }).toEqual({ status: 1, out: '' })
    expect(err).toContain('6 security profiles, a target takes 5')
  })
})

describe('by hand', () => {
  test('attach and detach', async () => {
    await create(['gateways'], {})
    const attached = await bench.run(['attach', 'gateways', 'all/things', 'cameras', '--yes'])
    expect(attached.status).toBe(0)
    expect(attached.out).toContain('+ attach  gateways to all/things')
    expect(bench.aws.account.profiles.get('gateways')?.targets.size).toBe(2)
    expect((await bench.run(['attach', 'gateways', ALL_THINGS, '--yes'])).out).toContain('No changes')
    const detached = await bench.run(['detach', 'gateways', ALL_THINGS, '--yes'])
    expect(detached.out).toContain('- detach  gateways from all/things')
    expect(bench.aws.account.profiles.get('gateways')?.targets.size).toBe(1)
  })

  test('delete detaches first', async () => {
    await create(['a', 'b'])
    const { status } = await bench.run(['delete', 'a', 'b', '--yes'])
    expect(status).toBe(0)
    expect(bench.aws.changes().map(({ operation }) => operation)).toEqual([
      'DetachSecurityProfile',
      'DeleteSecurityProfile',
      'DetachSecurityProfile',
      'DeleteSecurityProfile',
    ])
  })

  test.each([
    ['attach', 'nobody', 'all/things'],
    ['detach', 'nobody', 'all/things'],
    ['delete', 'nobody'],
  ])('%s of a profile that is not there says so', async (...words) => {
    const { status, err } = await bench.run([...words, '--yes'])
    expect({ status, err }).toEqual({
      status: 1,
      err: 'there is no security profile "nobody" in eu-west-1\n',
    })
  })
})

describe('import', () => {
  test('takes what belongs to each profile, and the plan of all files is empty', async () => {
    const file = bench.file('all.json', {
      securityProfileName: 'all:parts',
      securityProfileDescription: 'all parts',
      behaviors: [
        {
          name: 'peers',
          metric: 'peers',
          criteria: {
            comparisonOperator: 'not-in-cidr-set',
            value: { cidrs: ['10.0.0.0/8', '2001:db8::/32'] },
          },
          suppressAlerts: true,
        },
        {
          name: 'usual',
          metric: 'aws:all-bytes-out',
          criteria: {
            comparisonOperator: 'less-than-equals',
            statisticalThreshold: { statistic: 'p99.9' },
            durationSeconds: 600,
          },
        },
      ],
      additionalMetricsToRetainV2: [
        {
          metric: 'aws:num-messages-sent',
          metricDimension: { dimensionName: 'telemetry', operator: 'NOT_IN' },
        },
      ],
      customMetrics: { peers: { type: 'ip-address-list', displayName: 'Peers' } },
      dimensions: { telemetry: { stringValues: ['telemetry/#'] } },
      targets: ['gateways', 'all/unregistered-things', 'cameras'],
      tags: [{ Key: 'owner', Value: 'a' }],
    })
    expect((await bench.run(['apply', file, '--yes'])).status).toBe(0)
    await create(['second', 'third'])
    const directory = join(bench.folder, 'imported')
    const { status, err, out } = await bench.run(['import', '--directory', directory])
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(
      out
        .trim()
        .split('\n')
        .map((path) => path.slice(directory.length + 1)),
    ).toEqual(['all%3Aparts.yaml', 'second.yaml', 'third.yaml'])
    const text = readFileSync(join(directory, 'all%3Aparts.yaml'), 'utf8')
    expect(text).toMatch(/^# Imported from arn:aws:iot:eu-west-1:123456789012:securityprofile\/all:parts\n/)
    expect((await bench.run(['drift', directory, '--prune'])).out).toContain('No changes')
  })

  test('says what a profile has that files may not say', async () => {
    await create(['odd'])
    const stored = bench.aws.account.profiles.get('odd')
    if (stored !== undefined) stored.behaviors = [{ name: 'no-metric' }]
    const { status, err } = await bench.run(['import', 'odd', '--directory', join(bench.folder, 'imported')])
    expect(status).toBe(1)
    expect(err).toMatch(/odd\.yaml:\d+:\d+: behaviors\[0\]\.metric: is missing/)
  })

  test('--dry-run prints and writes nothing', async () => {
    await create(['gateways'])
    const directory = join(bench.folder, 'never')
    const { status, out } = await bench.run(['import', '--directory', directory, '--dry-run'])
    expect(status).toBe(0)
    expect(out).toContain('securityProfileName: gateways\n')
    expect(() => readFileSync(directory)).toThrow(/ENOENT/)
  })

  test('of an account without profiles says so', async () => {
    const { status, err } = await bench.run(['import', '--directory', bench.folder])
    expect({ status, err }).toEqual({ status: 1, err: 'there is no security profile in eu-west-1\n' })
  })
})
