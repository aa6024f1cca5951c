/** Things go into groups only after it was shown which, and out again only if they were put there from here. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { activeViolations } from '../../aws/detect-data.ts'
import { SEEDED_PROFILE, seedDetect, seededThing } from '../../aws/detect-seed.ts'
import { addThing } from '../../aws/registry.ts'
import { type AwsBench, event, idOf, jsonLines, NOW, openAwsBench } from './bench.ts'

let bench: AwsBench
beforeEach(async () => {
  bench = await openAwsBench(['quarantine', 'other'])
})
afterEach(() => bench.close())

const changes = () => bench.aws.changes().map(({ operation }) => operation)
const membersOf = (group: string) => [...(bench.aws.account.registry.groups.get(group)?.things ?? [])].sort()
const yes = { confirm: async () => true }

describe("Detect's tasks", () => {
  let ids: readonly string[]
  beforeEach(() => {
    seedDetect(bench.aws.account, { events: 300, thingsWithValues: 0 })
    for (let index = 0; index < 50; index += 1) addThing(bench.aws.account, { name: seededThing(index) })
    const action = (name: string, params: object) =>
      bench.aws.account.mitigationActions.set(name, {
        name,
        id: `id-${name}`,
        roleArn: 'arn:aws:iam::123456789012:role/m',
        params,
      } as never)
    action('isolate', { addThingsToThingGroupParams: { thingGroupNames: ['quarantine'] } })
    action('logging', {
      enableIoTLoggingParams: { roleArnForLogging: 'arn:aws:iam::123456789012:role/m', logLevel: 'INFO' },
    })
    const open = bench.aws.account.detect.events.filter(({ behavior }) => behavior.suppressAlerts !== true)
    ids = [0, 1].map(
      (index) => open.find(({ thingName }) => thingName === seededThing(index))?.violationId as string,
    )
  })
  const start = (words: readonly string[], io = {}) => bench.violations(['mitigate', 'start', ...words], io)

  test('are shown, asked for, and started', async () => {
    const questions: string[] = []
    const run = await start([...ids, '--action', 'isolate'], {
      confirm: async (question: string) => {
        questions.push(question)
        expect(changes()).toEqual([])
        return true
      },
    })
    expect(run).toMatchObject({ status: 0, err: '' })
    expect(run.out).toContain(`+ ${seededThing(0)} into quarantine (isolate)`)
    expect(questions).toHaveLength(1)
    expect(changes()).toEqual(['StartDetectMitigationActionsTask'])
    const [, task] = /Started (\S+)\./.exec(run.out) ?? []
    const described = await bench.violations(['mitigate', 'describe', task as string])
    expect(described.out).toMatch(/: successful, started .*, isolate: 2 done, 0 failed, 0 skipped/)
    expect(membersOf('quarantine')).toEqual([seededThing(0), seededThing(1)])
    const listed = await bench.violations(['mitigate', 'list', '--output', 'json'])
    expect(JSON.parse(listed.out).tasks).toMatchObject([{ taskId: task, status: 'SUCCESSFUL', executed: 2 }])
  })

  test('of a profile are those that the service chooses too', async () => {
    const words = ['--security-profile', SEEDED_PROFILE, '--behavior', 'bytes-out', '--only-active']
    const planned = await start([...words, '--action', 'isolate', '--output', 'json', '--dry-run'])
    const { fingerprint, moves } = JSON.parse(planned.out)
    const meant = activeViolations(bench.aws.account).filter(({ behavior }) => behavior.name === 'bytes-out')
    expect(moves.map(({ thingName }: { thingName: string }) => thingName)).toEqual(
      [...new Set(meant.map(({ thingName }) => thingName))].sort(),
    )
    expect(moves.length).toBeGreaterThan(0)
    expect(changes()).toEqual([])
    expect(await start([...words, '--action', 'isolate', '--fingerprint', fingerprint])).toMatchObject({
      status: 0,
    })
    await bench.violations(['mitigate', 'list'])
    expect(membersOf('quarantine')).toEqual(moves.map(({ thingName }: { thingName: string }) => thingName))
  })

  test.each([
    { name: 'neither ids nor a profile', words: ['--action', 'isolate'], says: 'give ids of violations' },
    { name: 'both', words: ['x', '--security-profile', 'p', '--action', 'isolate'], says: 'and not both' },
    {
      name: 'a behavior of no profile',
      words: ['x', '--behavior', 'b', '--action', 'isolate'],
      says: '--behavior goes with',
    },
    {
      name: '26 ids',
      words: [...Array.from({ length: 26 }, (_, index) => `id-${index}`), '--action', 'isolate'],
      says: 'a task takes 25',
    },
    { name: 'an id unknown', words: ['ffffffff', '--action', 'isolate'], says: 'no such violation' },
  ])('are refused: $name', async ({ words, says }) => {
    expect(await start(words, yes)).toMatchObject({ status: 2, err: expect.stringContaining(says) })
    expect(changes()).toEqual([])
  })

  test('are refused with actions that do not serve', async () => {
    for (const [action, says] of [
      ['none', 'no such mitigation action'],
      ['logging', 'puts no things into groups'],
    ] as const) {
      expect(await start([...ids, '--action', action], yes)).toMatchObject({
        status: 2,
        err: expect.stringContaining(says),
      })
    }
  })

  test('of ids are only those that the range and the state leave', async () => {
    const planned = await start([...ids, '--action', 'isolate', '--since', '1min', '--yes'])
    expect(planned).toMatchObject({ status: 0, out: expect.stringContaining('nothing to do') })
    expect(changes()).toEqual([])
  })

  test('are not started by a no, by nobody, or by another plan', async () => {
    const wish = [...ids, '--action', 'isolate']
    expect(await start(wish, { confirm: async () => false })).toMatchObject({ status: 1 })
    expect(await start(wish)).toMatchObject({ status: 1, err: expect.stringContaining('nobody is there') })
    expect(await start([...wish, '--fingerprint', '000000000000'])).toMatchObject({ status: 1 })
    const turn = {
      confirm: async () => {
        bench.aws.account.mitigationActions.set('isolate', {
          ...(bench.aws.account.mitigationActions.get('isolate') as object),
          params: { addThingsToThingGroupParams: { thingGroupNames: ['other'] } },
        } as never)
        return true
      },
    }
    expect(await start(wish, turn)).toMatchObject({
      status: 1,
      err: expect.stringContaining('became another one'),
    })
    expect(changes()).toEqual([])
  })

  test('whose answer was lost are started once, and that is no failure', async () => {
    process.env.AWS_MAX_ATTEMPTS = '2'
    bench.aws.fault({
      operation: 'StartDetectMitigationActionsTask',
      effect: { kind: 'drop', when: 'after' },
    })
    const run = await start([...ids, '--action', 'isolate', '--yes'])
    expect(run).toMatchObject({ status: 0, err: '' })
    expect(bench.aws.account.detect.tasks.size).toBe(1)
  })

  test('can be ended, and what was not come to is said', async () => {
    bench.aws.account.detect.secondsPerAction = 600
    const { out } = await start([...ids, '--action', 'isolate', '--yes', '--output', 'json'])
    const { taskId } = JSON.parse(out)
    const ended = await bench.violations(['mitigate', 'cancel', taskId])
    expect(ended).toMatchObject({ status: 0 })
    expect(ended.out).toContain('canceled')
    expect(ended.out).toContain('2 skipped')
    expect(await bench.violations(['mitigate', 'describe', 'none'])).toMatchObject({ status: 2 })
  })

  test('that failed for a thing name it', async () => {
    bench.aws.account.registry.things.delete(seededThing(1))
    const { out } = await start([...ids, '--action', 'isolate', '--yes', '--output', 'json'])
    const described = await bench.violations(['mitigate', 'describe', JSON.parse(out).taskId])
    expect(described.status).toBe(1)
    expect(described.out).toMatch(new RegExp(`${seededThing(1)} .*failed`))
  })
})

describe('things of violations that Detect does not know', () => {
  let source: readonly string[]
  beforeEach(() => {
    const events = [1, 2, 3].map((number) => event(number, { thingName: `gateway-${number}` }))
    source = ['--events', bench.file('in/all.jsonl', jsonLines(events))]
    for (const number of [1, 2]) addThing(bench.aws.account, { name: `gateway-${number}` })
    addThing(bench.aws.account, { name: 'gateway-9', groups: ['quarantine'] })
  })
  const things = (words: readonly string[], io = {}) =>
    bench.violations(
      ['mitigate', 'things', '--group', 'quarantine', '--record', bench.path('moved.json'), ...words],
      io,
    )

  test('are put into the group, and those alone are taken out again', async () => {
    const plan = await things([...source, '--state', 'in-alarm', '--dry-run'])
    expect(plan.out).toContain('+ add    gateway-1 (1 violation)')
    expect(plan.out).toContain('gateway-3 is not in the registry')
    expect(changes()).toEqual([])
    const [, fingerprint] = /--fingerprint (\S+)/.exec(plan.out) ?? []
    const run = await things([...source, '--state', 'in-alarm', '--fingerprint', fingerprint as string])
    expect(run).toMatchObject({ status: 0, err: '' })
    expect(membersOf('quarantine')).toEqual(['gateway-1', 'gateway-2', 'gateway-9'])
    expect(JSON.parse(bench.read('moved.json'))).toMatchObject([
      {
        region: 'eu-west-1',
        groupName: 'quarantine',
        thingName: 'gateway-1',
        at: NOW,
        violationIds: [idOf(1)],
      },
      { thingName: 'gateway-2' },
    ])

    const again = await things([...source, '--state', 'in-alarm', '--yes'])
    expect(again.out).toContain('gateway-1 is in quarantine already')
    expect(again.out).toContain('Nothing to do.')

    const one = await things(['--undo', idOf(2), '--yes'])
    expect(one).toMatchObject({ status: 0, err: '' })
    expect(membersOf('quarantine')).toEqual(['gateway-1', 'gateway-9'])
    await things(['--undo'], yes)
    expect(membersOf('quarantine')).toEqual(['gateway-9'])
    expect(JSON.parse(bench.read('moved.json'))).toEqual([])
    expect((await things(['--undo', '--yes'])).out).toContain('knows of no such thing')
  })

  test('of which one cannot be moved are moved but for that one', async () => {
    bench.aws.fault({
      operation: 'AddThingToThingGroup',
      effect: { kind: 'error', code: 'InvalidRequestException', message: 'Thing is in 10 groups already' },
    })
    const run = await things([...source, idOf(1), idOf(2), '--yes'])
    expect(run).toMatchObject({
      status: 1,
      err: expect.stringContaining('gateway-1: iot:AddThingToThingGroup'),
    })
    expect(membersOf('quarantine')).toEqual(['gateway-2', 'gateway-9'])
    expect(JSON.parse(bench.read('moved.json'))).toMatchObject([{ thingName: 'gateway-2' }])
  })

  test('whose answer was lost are found by the undoing', async () => {
    bench.aws.fault({ operation: 'AddThingToThingGroup', effect: { kind: 'drop', when: 'after' } })
    expect(await things([...source, idOf(1), '--yes'])).toMatchObject({ status: 1 })
    expect(membersOf('quarantine')).toEqual(['gateway-1', 'gateway-9'])
    await things(['--undo', '--yes'])
    expect(membersOf('quarantine')).toEqual(['gateway-9'])
  })

  test('are not all there are, unless that was said', async () => {
    expect(await things([...source, '--yes'])).toMatchObject({
      status: 2,
      err: expect.stringContaining('give ids'),
    })
  })

  test('do not go into a group that is not there', async () => {
    const run = await things([...source, idOf(1), '--yes', '--group', 'none'])
    expect(run).toMatchObject({ status: 2, err: expect.stringContaining('no such thing group') })
  })

  test('stay when somebody says no, and when the record cannot be read', async () => {
    expect(await things([...source, idOf(1)], { confirm: async () => false })).toMatchObject({ status: 1 })
    bench.file('moved.json', 'x')
    expect(await things([...source, idOf(1), '--yes'])).toMatchObject({
      status: 2,
      err: expect.stringContaining('is not JSON'),
    })
    expect(changes()).toEqual([])
  })
})
