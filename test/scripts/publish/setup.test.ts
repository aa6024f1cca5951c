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

  test('may go on reading the artifacts in another bucket', async () => {
    addRole(bench.aws.account, { name: 'TokenExchange' })
    addBucket(bench.aws.account, { name: 'second' })
    expect((await setup('--token-exchange-role', 'TokenExchange')).status).toBe(0)
    const words = ['--bucket', 'second', '--token-exchange-role', 'TokenExchange']
    const { out } = await bench.run(['setup', '--dry-run', ...words])
    expect(out).toContain(
      '        allow s3:GetObject on arn:aws:s3:::second/community.greengrass.DeviceDefender*\n',
    )
    expect((await setup(...words)).status).toBe(0)
    const [text = ''] = bench.aws.account.iam.roles.get('TokenExchange')?.inline.values() ?? []
    expect(JSON.parse(text).Statement).toEqual([
      {
        Sid: 'Artifacts',
        Effect: 'Allow',
        Action: ['s3:GetObject'],
        Resource: [BUCKET, 'second'].map(
          (name) => `arn:aws:s3:::${name}/community.greengrass.DeviceDefender*`,
        ),
      },
    ])
    for (const bucket of [BUCKET, 'second']) {
      const again = await setup('--bucket', bucket, '--token-exchange-role', 'TokenExchange')
      expect(again.out).toContain('Nothing to do.')
    }
  })

  test('whose policy somebody changes between plan and change is left alone', async () => {
    const { inline } = addRole(bench.aws.account, { name: 'TokenExchange' })
    const confirm = async () => true
    let looks = 0
    bench.aws.onCall(({ operation }) => {
      if (operation !== 'GetRolePolicy') return
      looks += 1
      // The plan is made again after the answer.
      if (looks === 2) inline.set('greengrass-defender-artifacts', '{"Statement":[]}')
    })
    const { status, err } = await bench.run(['setup', '--token-exchange-role', 'TokenExchange'], { confirm })
    expect(status).toBe(1)
    expect(err).toMatch(/was changed by somebody else since the plan was made/)
    expect(inline.get('greengrass-defender-artifacts')).toBe('{"Statement":[]}')
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
    expect(JSON.parse(role?.inline.get('greengrass-defender-alerts') ?? '')).toMatchObject({
      Statement: [{ Effect: 'Allow', Action: ['sns:Publish'], Resource: [TOPIC] }],
    })
    expect(rule()).toMatchObject({ actions: [{ sns: { roleArn: ARN } }] })
  })

  test('what differs of a rule of that name is shown before it is changed', async () => {
    await setup('--alerts-to-sns', TOPIC, '--role-arn', ARN)
    const words = ['--alerts-to-sns', TOPIC, '--role-arn', `${ARN}-2`]
    const { out } = await bench.run(['setup', '--dry-run', ...words])
    expect(out).toContain(`        sns.roleArn: ${ARN} -> ${ARN}-2\n`)
    expect((await setup(...words)).status).toBe(0)
    expect(rule()?.actions).toEqual([
      { sns: { targetArn: TOPIC, roleArn: `${ARN}-2`, messageFormat: 'RAW' } },
    ])
    expect((await setup(...words)).out).toContain('Nothing to do.')
  })

  describe('of a rule that colleagues have added to', () => {
    const errorAction = { s3: { roleArn: ARN, bucketName: 'lost', key: 'a' } }
    const log = { cloudwatchLogs: { roleArn: ARN, logGroupName: 'violations' } }
    const words = ['--alerts-to-sns', `${TOPIC}-2`, '--create-role', 'alerts']
    beforeEach(async () => {
      await setup('--alerts-to-sns', TOPIC, '--create-role', 'alerts')
      const payload = rule()
      if (payload === undefined) throw new Error('no rule')
      const actions = [log, ...(payload.actions as object[])]
      Object.assign(payload, { errorAction, actions, description: 'To whoever is on call' })
      bench.aws.calls.length = 0
    })

    test('all stays, with the first topic and its right, when another topic is added', async () => {
      const before = rule()?.actions as object[]
      expect(await setup(...words)).toMatchObject({ status: 0, err: '' })
      expect(rule()).toMatchObject({ errorAction, description: 'To whoever is on call', ruleDisabled: false })
      expect(rule()?.actions).toEqual([
        ...before,
        { sns: { targetArn: `${TOPIC}-2`, roleArn: ARN, messageFormat: 'RAW' } },
      ])
      const policy = bench.aws.account.iam.roles.get('alerts')?.inline.get('greengrass-defender-alerts')
      expect(JSON.parse(policy ?? '').Statement[0].Resource).toEqual([TOPIC, `${TOPIC}-2`])
      bench.aws.calls.length = 0
      expect((await setup(...words)).out).toContain('Nothing to do.')
      expect((await setup('--alerts-to-sns', TOPIC, '--create-role', 'alerts')).out).toContain(
        'Nothing to do.',
      )
      expect(changes()).toEqual([])
    })

    test('what they add between plan and change is not written over', async () => {
      let isFirst = true
      bench.aws.onCall(({ operation }) => {
        if (operation !== 'PutRolePolicy' || !isFirst) return
        isFirst = false
        Object.assign(rule() ?? {}, { actions: [log, log] })
      })
      const { status, err } = await setup(...words)
      expect(status).toBe(1)
      expect(err).toMatch(/topic rule .* was changed by somebody else since the plan was made/)
      expect(rule()?.actions).toEqual([log, log])
      expect((await setup(...words)).status).toBe(0)
    })
  })

  describe('a role of that name that there is already', () => {
    const iot = { Effect: 'Allow', Principal: { Service: 'iot.amazonaws.com' }, Action: 'sts:AssumeRole' }
    const ec2 = { ...iot, Principal: { Service: 'ec2.amazonaws.com' } }
    const cases: { name: string; Statement: object | object[]; isTaken: boolean }[] = [
      { name: 'for a server', Statement: [ec2], isTaken: true },
      { name: 'for AWS IoT and a server', Statement: [iot, ec2], isTaken: true },
      {
        name: 'for both in one statement',
        Statement: { ...iot, Principal: { Service: ['iot.amazonaws.com', 'ec2.amazonaws.com'] } },
        isTaken: true,
      },
      {
        name: 'for AWS IoT and an account',
        Statement: { ...iot, Principal: { Service: 'iot.amazonaws.com', AWS: '123456789012' } },
        isTaken: true,
      },
      { name: 'for anybody', Statement: { ...iot, Principal: '*' }, isTaken: true },
      { name: 'for nobody', Statement: [], isTaken: true },
      { name: 'for AWS IoT', Statement: [iot], isTaken: false },
      { name: 'for AWS IoT, in one statement', Statement: iot, isTaken: false },
    ]
    test.each(cases)('$name', async ({ Statement, isTaken }) => {
      const trust = { Version: '2012-10-17', Statement }
      const role = addRole(bench.aws.account, { name: 'app-server', trust })
      const { status, err } = await setup('--alerts-to-sns', TOPIC, '--create-role', 'app-server')
      expect(status).toBe(isTaken ? 1 : 0)
      expect([...role.inline.keys()]).toEqual(isTaken ? [] : ['greengrass-defender-alerts'])
      if (!isTaken) return
      expect(err).toMatch(/^the role app-server is there already, and others than AWS IoT may assume it/)
      expect(changes()).toEqual([])
    })
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
