/** What goes wrong at AWS or on the devices, and what an operator is told about it. */
import { afterEach, describe, expect, test } from 'vitest'
import { EXPIRED_KEY } from '../../aws/server.ts'
import { type Bench, foreignContent, openBench } from './bench.ts'

let bench: Bench
afterEach(() => bench.close())

const WORDS = ['--ring', 'canary', '--component-version', '1.1.0', '--yes', '--bake', '0s']
const quick = { latencyMs: { min: 1000, max: 1000 }, deployMs: { min: 2000, max: 4000 } }

async function open(more: Partial<Parameters<typeof openBench>[0]> = {}, devices = 2): Promise<void> {
  bench = await openBench({ devices, groups: { canary: devices }, ...quick, ...more })
  await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
}

describe('AWS', () => {
  const throttled = (operation: string, times: number) =>
    bench.aws.fault({ operation, times, effect: { kind: 'error', code: 'ThrottlingException' } })

  const refusals = [
    {
      name: 'knows no such group',
      words: ['--ring', 'canry', '--component-version', '1.1.0', '--yes'],
      before: () => undefined,
      says: 'there is no thing group "canry" in this account and region: look at the name and --region.',
    },
    {
      name: 'does not allow to deploy',
      before: () => bench.aws.deniedActions.add('greengrass:CreateDeployment'),
      says: 'greengrass:CreateDeployment is not allowed',
    },
    {
      name: 'does not allow to see who is in the group',
      before: () => bench.aws.deniedActions.add('iot:ListThingsInThingGroup'),
      says: 'iot:ListThingsInThingGroup is not allowed',
    },
    {
      name: 'throttles for long',
      before: () => throttled('ListDeployments', Number.POSITIVE_INFINITY),
      says: 'AWS throttles greengrass:ListDeployments',
    },
    {
      name: 'finds the credentials expired',
      before: () => {
        process.env.AWS_ACCESS_KEY_ID = EXPIRED_KEY
      },
      says: 'the AWS credentials have expired: sign in again',
    },
    {
      name: 'knows no such version',
      words: ['--ring', 'canary', '--component-version', '1.1', '--yes'],
      before: () => undefined,
      says: 'It takes a whole version as in 1.1.0.',
    },
  ]
  test.each(refusals)('$name', async ({ words = WORDS, before, says }) => {
    await open()
    before()
    const { status, err } = await bench
      .rollout(words)
      .catch((error: Error) => ({ status: 2, err: error.message }))
    expect(err).toContain(says)
    expect(status).toBe(2)
  })

  test('throttles for a moment, and the rollout goes on', async () => {
    await open()
    throttled('DescribeJob', 3)
    const { status } = await bench.rollout(WORDS)
    expect(status).toBe(0)
  })

  test('does not let the job be described: the devices are asked', async () => {
    await open()
    bench.aws.deniedActions.add('iot:DescribeJob')
    bench.aws.calls.length = 0
    const { status } = await bench.rollout(WORDS)
    expect(status).toBe(0)
    expect(bench.aws.calls.filter(({ operation }) => operation === 'DescribeJob')).toHaveLength(1)
  })

  test('loses the answer to CreateDeployment, which counts as given', async () => {
    await open()
    bench.aws.fault({ operation: 'CreateDeployment', times: 2, effect: { kind: 'drop', when: 'after' } })
    const { status } = await bench.rollout(WORDS)
    expect(status).toBe(0)
    expect(bench.aws.greengrass.deployments.size).toBe(2)
  })

  test('cancels the rest when the abort criteria are met', async () => {
    await open({ versions: { '1.1.0': { crashShare: 1 } } }, 70)
    const rate = ['--rate', '12', '--max-rate', '12', '--abort-percent', '50', '--min-success', '0']
    const { status, out } = await bench.rollout([...WORDS, ...rate])
    expect(out).toMatch(
      /gate deployment failed: 0 of 70 took the deployment, \d+ failed, \d+ have not answered; AWS canceled the rest/,
    )
    expect(out).toMatch(/core-\d+: the component failed three times and was given up/)
    expect(status).toBe(3)
  })
})

describe('devices', () => {
  test('that are off are waited for, and count as not succeeded', async () => {
    await open({ offlineShare: 0.5 }, 4)
    const { status, out } = await bench.rollout([...WORDS, '--max-wait', '10min'])
    expect(out).toMatch(
      /gate deployment failed: \d of 4 took the deployment, \d have not answered; at least 95 % must/,
    )
    // Those that are off cannot be taken back either, as long as they are.
    expect(status).toBe(4)
  })

  test('that are off need not count', async () => {
    await open({ offlineShare: 0.5 }, 4)
    const { status } = await bench.rollout([...WORDS, '--max-wait', '10min', '--min-success', '0.5'])
    expect(status).toBe(0)
  })

  test('that cannot fetch the artifact say why', async () => {
    await open({ versions: { '1.1.0': { noDownloadShare: 1 } } })
    const { status, out } = await bench.rollout(WORDS)
    expect(out).toContain(
      'the token-exchange role does not allow s3:GetObject on the bucket (S3_HEAD_OBJECT_ACCESS_DENIED); the device was not changed',
    )
    expect(status).toBe(3)
  })
})

test('an interruption stops the watching; the same command goes on', async () => {
  await open()
  const controller = new AbortController()
  const stop = bench.aws.onCall(({ operation }) => {
    if (operation === 'DescribeJob') controller.abort()
  })
  const first = await bench.rollout(WORDS, {
    interruption: () => ({ signal: controller.signal, stop: () => undefined }),
  })
  stop()
  expect(first.err).toContain(
    'interrupted: what was rolled out stays as it is: run the same command again to go on',
  )
  expect(first.status).toBe(1)
  expect((await bench.rollout(WORDS)).status).toBe(0)
  expect(bench.aws.greengrass.deployments.size).toBe(2)
})
