/** Killed after each request in turn: the same command again ends in the same state, and nothing is made twice. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addRole } from '../../aws/iam/state.ts'
import { type Bench, holdings, openBench } from './bench.ts'

const SETUP = [
  'setup',
  '--yes',
  '--bucket',
  'new-bucket',
  '--thing-group',
  'canary',
  '--token-exchange-role',
  'TokenExchange',
  '--create-role',
  'alerts',
  '--alerts-to-sns',
  'arn:aws:sns:eu-west-1:123456789012:detect',
]

interface Command {
  readonly name: string
  readonly words: readonly string[]
  readonly state: (bench: Bench) => unknown
  /** Of a run that nothing disturbs. */
  readonly changes: readonly string[]
}

const commands: Command[] = [
  {
    name: 'publish',
    words: ['publish', '--yes'],
    state: holdings,
    changes: ['PutObject', 'PutObject', 'CreateComponentVersion', 'CreateComponentVersion'],
  },
  {
    name: 'setup',
    words: SETUP,
    state: ({ aws: { account } }) => ({
      buckets: [...account.buckets.values()].map(({ name, settings }) => [
        name,
        // New buckets are closed and encrypted by themselves, in other words than ours.
        /(true.*){4}/.test(settings.get('publicAccessBlock') ?? ''),
        /AES256/.test(settings.get('encryption') ?? ''),
        settings.get('versioning'),
        settings.get('tagging'),
      ]),
      groups: [...account.registry.groups.keys()],
      roles: [...account.iam.roles.values()].map(({ name, trust, inline }) => [name, trust, [...inline]]),
      rules: [...account.topicRules.values()].map(({ name, payload }) => [name, payload]),
      tags: [...account.tags].map(([arn, tags]) => [arn, [...tags]]),
    }),
    changes: [
      'CreateBucket',
      'PutPublicAccessBlock',
      'PutBucketVersioning',
      'PutBucketTagging',
      'CreateThingGroup',
      'PutRolePolicy',
      'CreateRole',
      'PutRolePolicy',
      'CreateTopicRule',
    ],
  },
]

let bench: Bench
beforeEach(open)
afterEach(() => bench.close())

async function open(): Promise<void> {
  bench = await openBench()
  addRole(bench.aws.account, { name: 'TokenExchange' })
}

async function reopen(): Promise<void> {
  await bench.close()
  await open()
}

/** What may not be done twice. */
const makesSomething = (operation: string) => /^(Create|PutObject|PutRolePolicy)/.test(operation)

const changes = () => bench.aws.changes().map(({ operation }) => operation)

describe.each(commands)('$name', ({ words, state, changes: expected }) => {
  test('after each request', async () => {
    expect((await bench.run(words)).status).toBe(0)
    // In an account where encryption is not the default yet there is one more.
    expect(changes().filter((each) => each !== 'PutBucketEncryption')).toEqual(expected)
    const wanted = state(bench)
    const callsTotal = bench.aws.calls.length
    const made = changes().filter(makesSomething)
    expect(callsTotal).toBeGreaterThan(made.length)

    for (let survived = 0; survived < callsTotal; survived += 1) {
      await reopen()
      // Dead after so many answers: the last request is carried out, and nobody hears of it.
      process.env.AWS_MAX_ATTEMPTS = '1'
      bench.aws.fault({ skip: survived, effect: { kind: 'drop', when: 'after' } })
      bench.aws.fault({ skip: survived + 1, times: Infinity, effect: { kind: 'drop', when: 'before' } })
      const killed = await bench.run(words)
      expect(killed.status, `after ${survived}`).not.toBe(0)
      bench.aws.clearFaults()
      expect(await bench.run(words), `after ${survived}`).toMatchObject({ status: 0, err: '' })
      expect(state(bench), `after ${survived}`).toEqual(wanted)
      expect(changes().filter(makesSomething), `after ${survived}`).toEqual(made)
    }
  }, 60_000)

  test('with each answer lost once, the same run finds out and goes on', async () => {
    expect((await bench.run(words)).status).toBe(0)
    const wanted = state(bench)
    for (const operation of new Set(changes())) {
      await reopen()
      bench.aws.fault({ operation, effect: { kind: 'drop', when: 'after' } })
      expect(await bench.run(words), operation).toMatchObject({ status: 0, err: '' })
      expect(state(bench), operation).toEqual(wanted)
    }
  }, 60_000)

  test('twice: the second time there is nothing to do', async () => {
    await bench.run(words)
    bench.aws.calls.length = 0
    expect((await bench.run(words)).out).toContain('Nothing to do.')
    expect(changes()).toEqual([])
  })
})
