/** `defender setup`: what it makes, leaves alone and refuses. */
import { CommanderError } from 'commander'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { topicsUsed } from '../../../scripts/recipe/topics-used.ts'
import type { ViolationEvent } from '../../../src/detect/violation.ts'
import { addRole } from '../../aws/iam/state.ts'
import { addBucket } from '../../aws/s3/state.ts'
import { type Bench, BUCKET, openBench } from './bench.ts'

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench.close())

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:detect'
const changes = () => bench.aws.changes().map(({ operation }) => operation)
const setup = (...words: string[]) => bench.run(['setup', '--yes', ...words])

describe('the bucket', () => {
  test('is made closed, encrypted and versioned, in the region', async () => {
    bench.aws.account.buckets.clear()
    const { status, err } = await setup()
    expect({ status, err }).toEqual({ status: 0, err: '' })
    const bucket = bench.aws.account.buckets.get(BUCKET)
    expect(bucket?.region).toBe('eu-west-1')
    const settings = Object.fromEntries(bucket?.settings ?? [])
    expect(settings.publicAccessBlock).toMatch(/(true.*){4}/s)
    expect(settings.versioning).toContain('Enabled')
    expect(settings.encryption).toContain('AES256')
    expect(settings.tagging).toContain('greengrass-defender')
  })

  test('that is there gets what it lacks', async () => {
    const { out } = await bench.run(['setup', '--dry-run'])
    expect(out).toContain(`~ update  bucket ${BUCKET}: block all public access`)
    expect(out).not.toContain('+ create')
    expect(changes()).toEqual([])
    expect((await setup()).status).toBe(0)
    expect((await setup()).out).toContain(`= bucket ${BUCKET}: private, encrypted, versioned\nNothing to do.`)
  })

  test('whose name is taken by another account', async () => {
    addBucket(bench.aws.account, { name: 'theirs', owner: '999999999999' })
    const { status, err } = await setup('--bucket', 'theirs')
    expect(status).toBe(2)
    expect(err).toMatch(/the bucket theirs belongs to another account than 123456789012/)
    expect(changes()).toEqual([])
  })
})

test('a thing group is made once', async () => {
  expect((await setup('--thing-group', 'canary')).out).toContain('create  thing group canary: done')
  expect((await setup('--thing-group', 'canary')).out).toContain('= thing group canary')
  expect(changes().filter((each) => each === 'CreateThingGroup')).toHaveLength(1)
})

describe("the devices' role", () => {
  test('is allowed to read the artifacts, and what else it is allowed stays', async () => {
    addRole(bench.aws.account, { name: 'TokenExchange', inline: { logs: { Statement: [] } } })
    expect((await setup('--token-exchange-role', 'TokenExchange')).status).toBe(0)
    const { inline } = bench.aws.account.iam.roles.get('TokenExchange') ?? { inline: new Map() }
    expect([...inline.keys()]).toEqual(['logs', 'greengrass-defender-artifacts'])
    expect(JSON.parse(inline.get('greengrass-defender-artifacts') ?? '')).toMatchObject({
      Statement: [
        {
          Action: ['s3:GetObject'],
          Resource: [`arn:aws:s3:::${BUCKET}/community.greengrass.DeviceDefender*`],
        },
      ],
    })
  })

  test('that does not exist is not made', async () => {
    const { status, err } = await setup('--token-exchange-role', 'Nobody')
    expect(status).toBe(1)
    expect(err).toMatch(/^there is no role Nobody: the Greengrass installer makes it/)
    expect(changes()).toEqual([])
  })
})

describe('violations to SNS', () => {
  const rule = () => bench.aws.account.topicRules.get('greengrass_defender_violations')?.payload
  const ARN = 'arn:aws:iam::123456789012:role/alerts'

  test('by a rule with a given role', async () => {
    expect((await setup('--alerts-to-sns', TOPIC, '--role-arn', ARN)).status).toBe(0)
    expect(rule()).toMatchObject({
      actions: [{ sns: { targetArn: TOPIC, roleArn: ARN, messageFormat: 'RAW' } }],
      ruleDisabled: false,
    })
  })

  test("the rule selects from the agent's topic the members that Device Defender's message has", async () => {
    await setup('--alerts-to-sns', TOPIC, '--role-arn', ARN)
    const [, selected = '', filter = ''] = /^SELECT (.*) FROM '(.*)'$/.exec(String(rule()?.sql)) ?? []
    const topics = topicsUsed().map(({ topic }) => topic)
    const pattern = new RegExp(`^${filter.replace('+', '[^/]+')}$`)
    expect(new Set(topics.filter((topic) => pattern.test(topic)))).toEqual(
      new Set(['greengrass-defender/some-thing/violations']),
    )
    const event: ViolationEvent = {
      violationEventTime: 1,
      thingName: 'a',
      behavior: { name: 'b', metric: 'aws:num-listening-tcp-ports' },
      violationEventType: 'in-alarm',
      metricValue: { count: 1 },
      violationId: 'c',
      securityProfileName: 'd',
      evidence: { kind: 'invalidation', reason: 'behavior-removed', since: 0 },
    }
    const { evidence: _, ...message } = event
    expect(selected.split(', ').sort()).toEqual(Object.keys(message).sort())
  })

  test('with a role that is made for it, for AWS IoT of this account alone', async () => {
    expect((await setup('--alerts-to-sns', TOPIC, '--create-role', 'alerts')).status).toBe(0)
    const role = bench.aws.account.iam.roles.get('alerts')
    expect(JSON.parse(role?.trust ?? '')).toMatchObject({
      Statement: [
        {
          Principal: { Service: 'iot.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
        },
      ],
    })
    expect(role?.inline.get('greengrass-defender-alerts')).toContain(`"sns:Publish","Resource":"${TOPIC}"`)
    expect(rule()).toMatchObject({ actions: [{ sns: { roleArn: ARN } }] })
  })

  test('a rule of that name that does something else is shown before it is replaced', async () => {
    await setup('--alerts-to-sns', TOPIC, '--role-arn', ARN)
    const words = ['--alerts-to-sns', `${TOPIC}-2`, '--role-arn', ARN]
    const { out } = await bench.run(['setup', '--dry-run', ...words])
    expect(out).toContain(`        sns.targetArn: ${TOPIC} -> ${TOPIC}-2\n`)
    expect((await setup(...words)).status).toBe(0)
    expect(rule()).toMatchObject({ actions: [{ sns: { targetArn: `${TOPIC}-2` } }] })
    expect((await setup(...words)).out).toContain('Nothing to do.')
  })

  const refused = [
    { name: 'no role', words: ['--alerts-to-sns', TOPIC], status: 2, says: /give either --role-arn, or/ },
    { name: 'a role for nothing', words: ['--create-role', 'x'], status: 2, says: /are for the rule of/ },
    {
      name: 'a topic in another region',
      words: ['--alerts-to-sns', TOPIC.replace('eu-west-1', 'us-east-1'), '--role-arn', ARN],
      status: 1,
      says: /the SNS topic is in us-east-1, and a rule in eu-west-1 cannot reach it/,
    },
  ]
  test.each(refused)('$name', async ({ words, status, says }) => {
    const run = await setup(...words)
    expect(run.err).toMatch(says)
    expect(run.status).toBe(status)
    expect(changes()).toEqual([])
  })

  test('a topic that is no ARN', async () => {
    await expect(setup('--alerts-to-sns', 'detect')).rejects.toThrow(CommanderError)
  })
})

test('a step that fails: what was done stays and is said, the next run does the rest', async () => {
  bench.aws.deniedActions.add('iot:CreateThingGroup')
  const { status, out, err } = await setup('--thing-group', 'canary', '--output', 'json')
  expect(status).toBe(1)
  expect(err).toMatch(/^create thing group canary failed: iot:CreateThingGroup is not allowed/)
  expect(JSON.parse(out)).toMatchObject({
    outcome: 'failed',
    failure: { code: 'access-denied' },
    notDone: [{ subject: 'thing group canary' }],
  })
  bench.aws.deniedActions.clear()
  bench.aws.calls.length = 0
  expect((await setup('--thing-group', 'canary')).status).toBe(0)
  expect(changes()).toEqual(['CreateThingGroup'])
})
