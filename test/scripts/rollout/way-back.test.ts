/** What a way back restores: configuration that older revisions had merged, policies, the job configuration. */
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { ComponentPart, DeploymentContent } from '../../../scripts/aws/deployments.ts'
import type { DataMap } from '../../../scripts/plan/normal.ts'
import {
  leavesOf,
  merged,
  settles,
  within,
  withoutPointer,
} from '../../../scripts/rollout/configuration-tree.ts'
import { jobOver, jobWishes } from '../../../scripts/rollout/job.ts'
import { mergedBy, restoredPart } from '../../../scripts/rollout/revision.ts'
import { type Bench, COMPONENT, foreignContent, foreignPart, openBench } from './bench.ts'

const quick = { latencyMs: { min: 1000, max: 1000 }, deployMs: { min: 2000, max: 4000 } }
const ROLLOUT = ['--ring', 'canary', '--component-version', '1.1.0', '--yes', '--bake', '0s']
const BACK = ['--ring', 'canary', '--yes', '--bake', '0s']

const part = (componentVersion: string, merge?: object, reset: readonly string[] = []): ComponentPart => ({
  componentVersion,
  configurationUpdate: {
    ...(merge === undefined ? {} : { merge: JSON.stringify(merge) }),
    ...(reset.length === 0 ? {} : { reset: [...reset] }),
  },
})

/** What a device's configuration becomes, as a nucleus does it. */
const applied = (device: DataMap, { configurationUpdate: update = {} }: ComponentPart): DataMap =>
  merged((update.reset ?? []).reduce(withoutPointer, device), JSON.parse(update.merge ?? '{}') as DataMap)

describe('the part that is restored', () => {
  const value = fc.constantFrom<unknown>(1, 'x', [1], { a: 1 }, { a: { b: 2 } }, { b: 3, c: { a: 1 } })
  const anyPart = fc
    .tuple(
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { maxKeys: 3, noNullPrototype: true }),
      fc.array(fc.constantFrom('', '/a', '/b', '/a/a', '/c/c'), { maxLength: 2 }),
    )
    .map(([merge, reset]) => part('1.0.0', merge, reset))

  test('leaves a device with all that it had from former revisions, whatever came since', () => {
    fc.assert(
      fc.property(
        fc.array(anyPart, { minLength: 1, maxLength: 4 }),
        fc.array(anyPart, { minLength: 1, maxLength: 4 }),
        (until, since) => {
          const had = until.reduce(applied, {})
          const now = since.reduce(applied, had)
          const former = until.at(-1) as ComponentPart
          const newestFirst = [...since].reverse()
          expect(pruned(applied(now, restoredPart(former, newestFirst, had)))).toEqual(pruned(had))
        },
      ),
    )
  })

  /** Maps with nothing in them configure nothing. */
  function pruned(given: unknown): unknown {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
    const entries = Object.entries(given).map(([key, each]) => [key, pruned(each)] as const)
    const full = entries.filter(([, each]) => each !== undefined)
    return full.length === 0 ? undefined : Object.fromEntries(full.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
})

describe('pointers', () => {
  test('of all that a merge sets', () => {
    expect(leavesOf({ a: { b: 1, 'c/d': {} }, e: [1] })).toEqual(['/a/b', '/a/c~1d', '/e'])
  })

  const parts = [
    { name: 'a value', pointer: '/a/b', gives: { a: { b: 1 } } },
    { name: 'what stands in the place of a map', pointer: '/e/f', gives: { e: 2 } },
    { name: 'the whole', pointer: '', gives: { a: { b: 1, c: 3 }, e: 2 } },
    { name: 'nothing where nothing is', pointer: '/a/x', gives: {} },
  ]
  test.each(parts)('to $name', ({ pointer, gives }) => {
    expect(within({ a: { b: 1, c: 3 }, e: 2 }, pointer)).toEqual(gives)
  })

  const settling = [
    { name: 'a reset of the same', merge: {}, reset: ['/a'], pointer: '/a', is: true },
    { name: 'a reset of all', merge: {}, reset: [''], pointer: '/a/b', is: true },
    { name: 'a value', merge: { a: 1 }, reset: [], pointer: '/a/b', is: true },
    { name: 'a map, which leaves what else is in it', merge: { a: {} }, reset: [], pointer: '/a', is: false },
    { name: 'something beside', merge: { b: 1 }, reset: ['/ab'], pointer: '/a', is: false },
  ]
  test.each(settling)('are settled or not by $name', ({ merge, reset, pointer, is }) => {
    expect(settles(merge, reset, pointer)).toBe(is)
  })
})

describe('a job configuration', () => {
  const criteria = {
    failureType: 'TIMED_OUT' as const,
    action: 'CANCEL' as const,
    thresholdPercentage: 1,
    minNumberOfExecutedThings: 1,
  }
  const present = {
    jobExecutionsRolloutConfig: { maximumPerMinute: 5 },
    abortConfig: { criteriaList: [criteria] },
    timeoutConfig: { inProgressTimeoutInMinutes: 77 },
  }
  const cases = [
    { name: 'nothing', asked: {}, gives: present },
    {
      name: 'a timeout',
      asked: { deviceTimeoutMinutes: 30 },
      gives: { ...present, timeoutConfig: { inProgressTimeoutInMinutes: 30 } },
    },
    {
      name: 'a highest rate',
      asked: { maxPerMinute: 7 },
      gives: { ...present, jobExecutionsRolloutConfig: { maximumPerMinute: 7 } },
    },
    {
      name: 'a first rate, not above the highest',
      asked: { ratePerMinute: 50 },
      gives: {
        ...present,
        jobExecutionsRolloutConfig: {
          maximumPerMinute: 5,
          exponentialRate: {
            baseRatePerMinute: 5,
            incrementFactor: 2,
            rateIncreaseCriteria: { numberOfSucceededThings: 2 },
          },
        },
      },
    },
    {
      name: 'a share of failures, beside that of timeouts',
      asked: { abortPercent: 20 },
      gives: {
        ...present,
        abortConfig: {
          criteriaList: [
            criteria,
            {
              failureType: 'FAILED',
              action: 'CANCEL',
              thresholdPercentage: 20,
              minNumberOfExecutedThings: 10,
            },
          ],
        },
      },
    },
  ]
  test.each(cases)('keeps what it has when asked for $name', ({ asked, gives }) => {
    expect(jobOver(present, asked)).toEqual(gives)
    expect(jobOver(gives as typeof present, asked)).toEqual(gives)
  })

  test('changes a share of failures in its place', () => {
    const before = {
      abortConfig: { criteriaList: [{ ...criteria, failureType: 'FAILED' as const }, criteria] },
    }
    expect(jobOver(before, { abortPercent: 9 }).abortConfig?.criteriaList).toEqual([
      { ...criteria, failureType: 'FAILED', thresholdPercentage: 9 },
      criteria,
    ])
  })

  test('is made whole where there is none', () => {
    expect(jobWishes({ maxPerMinute: 20 }, 0.05).configuration).toMatchObject({
      jobExecutionsRolloutConfig: { maximumPerMinute: 20, exponentialRate: { baseRatePerMinute: 20 } },
      abortConfig: { criteriaList: [{ thresholdPercentage: 5 }] },
      timeoutConfig: { inProgressTimeoutInMinutes: 60 },
    })
  })
})

describe('with AWS', () => {
  let bench: Bench
  afterEach(() => bench.close())

  async function open(parts: readonly (ComponentPart | undefined)[], crashShare = 0): Promise<string[]> {
    bench = await openBench({
      devices: 2,
      groups: { canary: 2 },
      versions: { '1.1.0': { crashShare } },
      ...quick,
    })
    const ids: string[] = []
    for (const each of parts) {
      ids.push(await bench.deploy(foreignContent('canary', each)))
      bench.aws.fleet.advance(1000)
    }
    return ids
  }
  const configured = () => bench.aws.fleet.configurationOf('core-00001', COMPONENT)
  const partNow = async () => (await bench.latest('canary')).components[COMPONENT]

  test('a rollback merges again what devices had from before the former revision', async () => {
    await open([part('1.0.0', { SampleIntervalSeconds: '600', LogLevel: 'warn' }), part('1.1.0')])
    expect((await bench.rollout([...ROLLOUT, '--set', 'SampleIntervalSeconds=900'])).status).toBe(0)
    expect(configured()).toEqual({ SampleIntervalSeconds: '900', LogLevel: 'warn' })
    expect((await bench.rollback(BACK)).status).toBe(0)
    expect(configured()).toEqual({ SampleIntervalSeconds: '600', LogLevel: 'warn' })
    expect(mergedBy(await partNow())).toEqual({ SampleIntervalSeconds: '600' })
  })

  test('so does taking back', async () => {
    await open([part('1.0.0', { SampleIntervalSeconds: '600' }), part('1.0.1')], 1)
    expect((await bench.rollout([...ROLLOUT, '--set', 'SampleIntervalSeconds=900'])).status).toBe(3)
    expect(configured()).toEqual({ SampleIntervalSeconds: '600' })
  })

  test('a component that had left the devices has lost what was configured before', async () => {
    await open([part('1.0.0', { LogLevel: 'warn' }), undefined, part('1.0.1')])
    expect((await bench.rollout([...ROLLOUT, '--set', 'LogLevel=debug'])).status).toBe(0)
    expect((await bench.rollback(BACK)).status).toBe(0)
    expect(mergedBy(await partNow())).toEqual({})
    expect((await partNow())?.configurationUpdate?.reset).toEqual(['/LogLevel'])
  })

  test('where history ends is told', async () => {
    await open([...Array.from({ length: 52 }, (_, index) => part(`0.0.${index}`))])
    expect((await bench.rollout([...ROLLOUT, '--set', 'LogLevel=debug'])).status).toBe(0)
    const { status, err } = await bench.rollback(BACK)
    expect(err).toMatch(/note: canary: what revisions before d0\S+ have configured is not known/)
    expect(status).toBe(0)
  })

  const bare = (): DeploymentContent => {
    const {
      iotJobConfiguration: _,
      deploymentPolicies: __,
      ...others
    } = foreignContent('canary', part('1.0.0'))
    return others
  }

  test('policies and job configuration go back with a rollback', async () => {
    await open([])
    await bench.deploy(bare())
    const before = foreignPart(await bench.latest('canary'))
    expect((await bench.rollout([...ROLLOUT, '--failure-handling', 'DO_NOTHING'])).status).toBe(0)
    const between = await bench.latest('canary')
    expect(between.deploymentPolicies?.failureHandlingPolicy).toBe('DO_NOTHING')
    expect(between.iotJobConfiguration).not.toEqual({})
    expect((await bench.rollback(BACK)).status).toBe(0)
    expect(foreignPart(await bench.latest('canary'))).toEqual(before)
  })

  test('they go back when a rollout is taken back, also what a second run has asked for', async () => {
    await open([], 1)
    await bench.deploy(bare())
    const before = foreignPart(await bench.latest('canary'))
    const lax = ['--min-success', '0', '--min-healthy', '0']
    expect((await bench.rollout([...ROLLOUT, ...lax])).status).toBe(0)
    const { status } = await bench.rollout([...ROLLOUT, '--failure-handling', 'DO_NOTHING'])
    expect(status).toBe(3)
    expect(foreignPart(await bench.latest('canary'))).toEqual(before)
    expect((await partNow())?.componentVersion).toBe('1.0.0')
  })

  test('they are kept where somebody has changed them since, and that is told', async () => {
    await open([])
    await bench.deploy(bare())
    expect((await bench.rollout([...ROLLOUT, '--failure-handling', 'DO_NOTHING'])).status).toBe(0)
    const content = await bench.latest('canary')
    const iotJobConfiguration = { timeoutConfig: { inProgressTimeoutInMinutes: 5 } }
    await bench.deploy({ ...content, iotJobConfiguration })
    const { status, err } = await bench.rollback(BACK)
    expect(err).toContain('note: canary: iotJobConfiguration was changed since, and is kept')
    expect(status).toBe(0)
    const after = await bench.latest('canary')
    expect(after.iotJobConfiguration).toEqual(iotJobConfiguration)
    expect(after.deploymentPolicies?.failureHandlingPolicy).toBe('ROLLBACK')
  })

  test('of a thing with the nucleus lite is refused', async () => {
    bench = await openBench({ devices: 1, liteShare: 1, ...quick })
    const targetArn = 'arn:aws:iot:eu-west-1:123456789012:thing/core-00001'
    for (const version of ['1.0.0', '1.1.0'])
      await bench.deploy({ targetArn, components: { [COMPONENT]: { componentVersion: version } } })
    const before = bench.aws.greengrass.deployments.size
    const { status, err } = await bench.rollback(['--thing', 'core-00001', '--yes'])
    expect(err).toContain('core-00001 runs the nucleus lite, which takes deployments for thing groups only')
    expect(status).toBe(1)
    expect(bench.aws.greengrass.deployments.size).toBe(before)
  })
})
