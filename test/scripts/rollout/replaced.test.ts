/** Somebody's revision that ours has replaced unseen, because the command ended before it could look: found the next time. */
import { afterEach, describe, expect, test } from 'vitest'
import {
  type DeploymentContent,
  type DeploymentsPlane,
  openDeployments,
} from '../../../scripts/aws/deployments.ts'
import type { RolloutIo } from '../../../scripts/rollout/io.ts'
import { type Bench, COMPONENT, foreignContent, groupArn, openBench } from './bench.ts'

let bench: Bench
afterEach(() => bench.close())

const quick = { latencyMs: { min: 1000, max: 1000 }, deployMs: { min: 2000, max: 4000 } }
const WORDS = ['--ring', 'canary', '--component-version', '1.1.0', '--bake', '0s']
const NEW = { 'com.example.New': { componentVersion: '9.0.0' } }

async function open(crashShare = 0): Promise<void> {
  bench = await openBench({
    devices: 2,
    groups: { canary: 2 },
    versions: { '1.1.0': { crashShare } },
    ...quick,
  })
  await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
}

const theirs = (part: object = { componentVersion: '1.0.0' }): DeploymentContent => {
  const content = foreignContent('canary', part)
  return { ...content, components: { ...content.components, ...NEW } }
}

/** A door at which somebody's revision comes right before our n-th one, which the process may not survive. */
function cutIn(options: {
  readonly content?: DeploymentContent
  readonly before?: readonly number[]
  readonly killedAfter?: number
}): Partial<RolloutIo> {
  const { content = theirs(), before = [1], killedAfter } = options
  let created = 0
  return {
    openDeployments: async (given) => {
      const plane = await openDeployments(given)
      let isKilled = false
      const unlessKilled =
        <T extends readonly unknown[], R>(call: (...args: T) => Promise<R>) =>
        async (...args: T) => {
          if (isKilled) throw new Error('killed')
          return call(...args)
        }
      return {
        ...plane,
        latestId: unlessKilled(plane.latestId),
        get: unlessKilled(plane.get),
        revisions: unlessKilled(plane.revisions),
        create: unlessKilled(async (next: DeploymentContent, token: string) => {
          created += 1
          if (before.includes(created)) {
            const mark = { 'com.example.Mark': { componentVersion: `0.0.${created}` } }
            await bench.deploy({ ...content, components: { ...content.components, ...mark } })
          }
          const id = await plane.create(next, token)
          if (created === killedAfter) isKilled = true
          return id
        }),
      } satisfies DeploymentsPlane
    },
  }
}

const fingerprintOf = async () =>
  /--fingerprint (\w+)/.exec((await bench.rollout([...WORDS, '--dry-run'])).out)?.[1] ?? ''

describe('a rollout that was killed right after writing', () => {
  test('carries over what it had replaced when it is run again, by its fingerprint too', async () => {
    await open()
    const words = [...WORDS, '--fingerprint', await fingerprintOf()]
    await expect(bench.rollout(words, cutIn({ killedAfter: 1 }))).rejects.toThrow('killed')
    expect((await bench.latest('canary')).components['com.example.New']).toBeUndefined()
    const { status, err } = await bench.rollout(words)
    expect(err).toMatch(/note: canary: an earlier run has replaced d0\S+2, which it had not seen: what that/)
    expect(err).toMatch(/somebody wrote d0\S+2: what it changed is carried over into d0\S+4/)
    expect(status).toBe(0)
    const { components } = await bench.latest('canary')
    expect(components['com.example.New']).toEqual(NEW['com.example.New'])
    expect(components[COMPONENT]?.componentVersion).toBe('1.1.0')
    // And nothing more the third time.
    const size = bench.aws.greengrass.deployments.size
    expect((await bench.rollout([...WORDS, '--yes'])).status).toBe(0)
    expect(bench.aws.greengrass.deployments.size).toBe(size)
  })

  test('and again before it could see what came between its first and its second revision', async () => {
    await open()
    const words = [...WORDS, '--yes']
    const io = cutIn({ before: [1, 2], killedAfter: 2 })
    await expect(bench.rollout(words, io)).rejects.toThrow('killed')
    const { status } = await bench.rollout(words)
    expect(status).toBe(0)
    expect((await bench.latest('canary')).components['com.example.Mark']).toEqual({
      componentVersion: '0.0.2',
    })
  })

  test('only says so where others have changed the deployment since', async () => {
    await open()
    const words = [...WORDS, '--yes']
    await expect(bench.rollout(words, cutIn({ killedAfter: 1 }))).rejects.toThrow('killed')
    const content = await bench.latest('canary')
    const other = { 'com.example.Other': { componentVersion: '3.0.0' } }
    await bench.deploy({ ...content, components: { ...content.components, ...other } })
    const { status, err } = await bench.rollout(words)
    expect(err).toContain(
      'and the deployment was changed since: see whether what that changed is still wanted',
    )
    expect(status).toBe(0)
    const { components } = await bench.latest('canary')
    expect(components['com.example.Other']).toBeDefined()
  })
})

test('what comes between twice is carried over twice', async () => {
  await open()
  const { status, err } = await bench.rollout([...WORDS, '--yes'], cutIn({ before: [1, 2] }))
  expect(err.match(/is carried over into/g)).toHaveLength(2)
  expect(status).toBe(0)
  expect((await bench.latest('canary')).components['com.example.Mark']).toEqual({ componentVersion: '0.0.2' })
})

test('who writes each time that we do is told, and we stop', async () => {
  await open()
  const { status, err } = await bench.rollout([...WORDS, '--yes'], cutIn({ before: [1, 2, 3, 4, 5] }))
  expect(err).toContain('somebody keeps writing revisions of this deployment at the same moment')
  expect(status).toBe(1)
})

test('what was carried over is taken back to what it was made from', async () => {
  await open(1)
  const part = { componentVersion: '1.0.0', configurationUpdate: { merge: '{"LogLevel":"debug"}' } }
  const { status } = await bench.rollout([...WORDS, '--yes'], cutIn({ content: theirs(part) }))
  expect(status).toBe(3)
  const { components } = await bench.latest('canary')
  expect(components[COMPONENT]).toEqual(part)
  expect(components['com.example.New']).toBeDefined()
})

describe('a rollback', () => {
  const back = ['--ring', 'canary', '--yes', '--bake', '0s']

  test('that was killed right after writing carries over what it had replaced', async () => {
    await open()
    expect((await bench.rollout([...WORDS, '--yes'])).status).toBe(0)
    const io = cutIn({ content: theirs({ componentVersion: '1.1.0' }), killedAfter: 1 })
    await expect(bench.rollback(back, io)).rejects.toThrow('killed')
    const { status } = await bench.rollback(back)
    expect(status).toBe(0)
    const { components } = await bench.latest('canary')
    expect(components['com.example.New']).toBeDefined()
    expect(components[COMPONENT]?.componentVersion).toBe('1.0.0')
  })

  test('also resets what a revision has merged that came between', async () => {
    await open()
    const merge = (value: object) => ({
      componentVersion: '1.1.0',
      configurationUpdate: { merge: JSON.stringify(value) },
    })
    await bench.deploy(foreignContent('canary', merge({ SampleIntervalSeconds: '900' })))
    const content = theirs(merge({ SampleIntervalSeconds: '900', LogLevel: 'debug' }))
    const { status } = await bench.rollback(back, cutIn({ content }))
    expect(status).toBe(0)
    for (const thing of bench.aws.fleet.things())
      expect(bench.aws.fleet.configurationOf(thing, COMPONENT)).toEqual({})
  })
})

test('an older revision that stands before ours, because the one between was deleted, is no news', async () => {
  bench = await openBench({ devices: 1, groups: { canary: 1 }, ...quick })
  const old = { 'com.example.Old': { componentVersion: '1.0.0' } }
  await bench.deploy({
    targetArn: groupArn('canary'),
    components: { [COMPONENT]: { componentVersion: '1.0.0' }, ...old },
  })
  const second = await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
  const { status, err } = await bench.rollout([...WORDS, '--yes'], {
    openDeployments: async (given) => {
      const plane = await openDeployments(given)
      const revisions = async (arn: string) =>
        (await plane.revisions(arn)).filter(({ deploymentId }) => deploymentId !== second)
      return { ...plane, revisions }
    },
  })
  expect(err).not.toContain('carried over')
  expect(status).toBe(0)
  expect((await bench.latest('canary')).components['com.example.Old']).toBeUndefined()
})
