/** What happens while a ring is judged: interruptions, faults that pass, gates that see nothing, rings of others. */
import { afterEach, describe, expect, test } from 'vitest'
import { openDeployments } from '../../../scripts/aws/deployments.ts'
import { type FleetDevices, openFleetDevices } from '../../../scripts/aws/fleet-devices.ts'
import { AwsProblem } from '../../../scripts/aws/problem.ts'
import type { RolloutIo } from '../../../scripts/rollout/io.ts'
import type { DeviceObservations, FleetObservations } from '../../../scripts/rollout/observations.ts'
import { type Bench, COMPONENT, foreignContent, groupArn, openBench } from './bench.ts'

let bench: Bench
afterEach(() => bench.close())

const quick = { latencyMs: { min: 1000, max: 1000 }, deployMs: { min: 2000, max: 4000 } }
const VERSION = ['--component-version', '1.1.0', '--yes', '--bake', '0s']
const WORDS = ['--ring', 'canary', ...VERSION]
const BOTH = ['--ring', 'canary', '--ring', 'everyone', ...VERSION]

async function open(
  groups: Readonly<Record<string, number>> = { canary: 4 },
  more: Partial<Parameters<typeof openBench>[0]> = {},
): Promise<void> {
  const devices = Object.values(groups).reduce((sum, count) => sum + count, 0)
  bench = await openBench({ devices, groups, ...quick, ...more })
  for (const group of Object.keys(groups))
    await bench.deploy(foreignContent(group, { componentVersion: '1.0.0' }))
}

const versionOf = async (group: string) => (await bench.latest(group)).components[COMPONENT]?.componentVersion

const withFleet = (change: (fleet: FleetDevices) => Partial<FleetDevices>): Partial<RolloutIo> => ({
  openFleetDevices: async (options) => {
    const fleet = await openFleetDevices(options)
    return { ...fleet, ...change(fleet) }
  },
})

test('an interruption while devices are sampled takes nothing back', async () => {
  await open({ canary: 40 })
  const controller = new AbortController()
  let calls = 0
  const stop = bench.aws.onCall(({ operation }) => {
    if (operation !== 'ListInstalledComponents') return
    calls += 1
    if (calls === 3) controller.abort()
  })
  const { status, err } = await bench.rollout(WORDS, {
    interruption: () => ({ signal: controller.signal, stop: () => undefined }),
  })
  stop()
  expect(err).toContain('interrupted: what was rolled out stays as it is')
  expect(status).toBe(1)
  expect(await versionOf('canary')).toBe('1.1.0')
})

describe('a fault while devices are asked', () => {
  const problem = (code: 'throttled' | 'not-found') =>
    new AwsProblem(code, 'greengrass:ListInstalledComponents', `ListInstalledComponents: ${code}`)

  test('that passes is waited out', async () => {
    await open()
    let faults = 3
    const io = withFleet((fleet) => ({
      componentsOf: async (thing) => {
        faults -= 1
        if (faults >= 0) throw problem('throttled')
        return fleet.componentsOf(thing)
      },
    }))
    const { status, out } = await bench.rollout(WORDS, io)
    expect(out).toContain('RUNNING in version 1.1.0 on 4 of 4 devices asked')
    expect(status).toBe(0)
  })

  test('that does not pass leaves the ring as it is, and says so', async () => {
    await open()
    const io = withFleet(() => ({ componentsOf: async () => Promise.reject(problem('throttled')) }))
    const { status, err } = await bench.rollout(WORDS, io)
    expect(err).toContain('canary: what was rolled out stays as it is: run the same command again')
    expect(status).toBe(2)
    expect(await versionOf('canary')).toBe('1.1.0')
  })

  test('one that is no core device any more counts as without the component', async () => {
    await open()
    const io = withFleet((fleet) => ({
      componentsOf: async (thing) =>
        thing === 'core-00002' ? Promise.reject(problem('not-found')) : fleet.componentsOf(thing),
    }))
    const { status, out } = await bench.rollout([...WORDS, '--min-success', '0.7'], io)
    expect(out).toContain('RUNNING in version 1.1.0 on 3 of 4 devices asked')
    expect(status).toBe(0)
  })
})

test('a second ring that may not be written leaves the first one, and its name is told', async () => {
  await open({ canary: 2, everyone: 2 })
  let created = 0
  const { status, err } = await bench.rollout(BOTH, {
    openDeployments: async (options) => {
      const plane = await openDeployments(options)
      return {
        ...plane,
        create: async (content, token) => {
          created += 1
          if (created === 2)
            throw new AwsProblem('access-denied', 'greengrass:CreateDeployment', 'not allowed')
          return plane.create(content, token)
        },
      }
    },
  })
  expect(err).toContain('canary: what was rolled out stays as it is: run the same command again to go on')
  expect(err).toContain('not allowed')
  expect(status).toBe(2)
})

describe('a ring that somebody else has given the version', () => {
  test('is not said to be taken back when it fails', async () => {
    await open({ canary: 4 }, { versions: { '1.1.0': { crashShare: 1 } } })
    await bench.deploy(foreignContent('canary', { componentVersion: '1.1.0' }))
    const before = bench.aws.greengrass.deployments.size
    const { status, out, err } = await bench.rollout(WORDS)
    expect(err).toContain('canary: a gate failed; this rollout has written nothing that could be taken back')
    expect(out).not.toContain('taken back.')
    expect(status).toBe(4)
    expect(bench.aws.greengrass.deployments.size).toBe(before)
  })

  test('keeps it when it fails, and what this rollout has written is taken back', async () => {
    await open({ canary: 2, everyone: 2 })
    await bench.deploy(foreignContent('everyone', { componentVersion: '1.1.0' }))
    const io = withFleet((fleet) => ({
      componentsOf: async (thing) => (thing > 'core-00002' ? [] : fleet.componentsOf(thing)),
    }))
    const { status, out, err } = await bench.rollout(BOTH, io)
    expect(err).toContain('everyone keeps what it has: it was not written by this rollout')
    expect(out).toContain('canary: taken back to 1.0.0')
    expect(out).toContain('not all taken back.')
    expect(status).toBe(4)
  })
})

describe('the same command again', () => {
  const fingerprintOf = async () =>
    /--fingerprint (\w+)/.exec((await bench.rollout([...BOTH, '--dry-run'])).out)?.[1] ?? ''

  test('with its fingerprint goes on taking back where it was killed', async () => {
    await open({ canary: 2, everyone: 2 })
    const words = [...BOTH.filter((word) => word !== '--yes'), '--fingerprint', await fingerprintOf()]
    let created = 0
    const sick = withFleet((fleet) => ({
      componentsOf: async (thing) => (thing > 'core-00002' ? [] : fleet.componentsOf(thing)),
    }))
    const killed = bench.rollout(words, {
      ...sick,
      openDeployments: async (options) => {
        const plane = await openDeployments(options)
        return {
          ...plane,
          create: async (content, token) => {
            const id = await plane.create(content, token)
            created += 1
            // Two rings are written, and the larger one is taken back first.
            if (created === 3) throw new Error('killed')
            return id
          },
        }
      },
    })
    await expect(killed).rejects.toThrow('killed')
    expect([await versionOf('canary'), await versionOf('everyone')]).toEqual(['1.1.0', '1.0.0'])
    const { status, err } = await bench.rollout(words)
    expect(err).toContain('was taken back from everyone before')
    expect(status).toBe(3)
    expect(await versionOf('canary')).toBe('1.0.0')
  })

  test('with another wish for the deployment writes that, and what it can be taken back to stays', async () => {
    await open({ canary: 2 })
    expect((await bench.rollout(WORDS)).status).toBe(0)
    const words = [...WORDS, '--failure-handling', 'DO_NOTHING', '--device-timeout', '9']
    const { status, out } = await bench.rollout(words)
    expect(out).toContain('deploymentPolicies.failureHandlingPolicy: "ROLLBACK" -> "DO_NOTHING"')
    expect(out).not.toContain('version: ')
    expect(status).toBe(0)
    const after = await bench.latest('canary')
    expect(after.deploymentPolicies?.failureHandlingPolicy).toBe('DO_NOTHING')
    expect(after.iotJobConfiguration).toEqual({
      ...foreignContent('canary').iotJobConfiguration,
      timeoutConfig: { inProgressTimeoutInMinutes: 9 },
    })
    const size = bench.aws.greengrass.deployments.size
    expect((await bench.rollout(words)).out).toContain('written already, will be watched')
    expect(bench.aws.greengrass.deployments.size).toBe(size)
    expect((await bench.rollback(['--ring', 'canary', '--yes', '--bake', '0s'])).status).toBe(0)
    const back = await bench.latest('canary')
    expect(back.components[COMPONENT]?.componentVersion).toBe('1.0.0')
    expect(back.deploymentPolicies).toEqual(foreignContent('canary').deploymentPolicies)
    expect(back.iotJobConfiguration).toEqual(foreignContent('canary').iotJobConfiguration)
  })

  test('deploys again what was canceled meanwhile', async () => {
    await open({ canary: 2 })
    const controller = new AbortController()
    const stop = bench.aws.onCall(({ operation }) => {
      if (operation === 'DescribeJob') controller.abort()
    })
    const interruption = () => ({ signal: controller.signal, stop: () => undefined })
    expect((await bench.rollout(WORDS, { interruption })).status).toBe(1)
    stop()
    await cancel('canary')
    const { status, err } = await bench.rollout(WORDS)
    expect(err).toContain('the deployment in force is CANCELED: what it holds is deployed again')
    expect(status).toBe(0)
    expect(bench.aws.greengrass.deployments.size).toBe(3)
  })
})

async function cancel(group: string): Promise<void> {
  const { CancelDeploymentCommand, GreengrassV2Client } = await import('@aws-sdk/client-greengrassv2')
  const client = new GreengrassV2Client({ endpoint: bench.aws.endpoint })
  const deploymentId = bench.aws.greengrass.latest.get(groupArn(group))?.deploymentId
  await client.send(new CancelDeploymentCommand({ deploymentId }))
  client.destroy()
}

test('a cancelation is seen where the job may not be described', async () => {
  await open({ canary: 4 })
  bench.aws.deniedActions.add('iot:DescribeJob')
  for (const thing of bench.aws.fleet.things()) bench.aws.fleet.setOnline(thing, false)
  let looks = 0
  const begun = bench.aws.fleet.clock.wallMs()
  const io = withFleet((fleet) => ({
    deploymentsOf: async (thing) => {
      looks += 1
      if (looks === 1) await cancel('canary')
      // The devices that are off have heard nothing.
      return (await fleet.deploymentsOf(thing)).map((each) => ({ ...each, status: 'QUEUED' }))
    },
  }))
  const { out } = await bench.rollout([...WORDS, '--max-wait', '60min'], io)
  expect(out).toContain('AWS canceled the rest, as the abort criteria ask or because somebody did')
  // The way back is watched for an hour; the rollout itself was over at once.
  expect(bench.aws.fleet.clock.wallMs() - begun).toBeLessThan(70 * 60_000)
})

describe('gates that observe nothing', () => {
  const silent: FleetObservations = { strangeLines: 0, refresh: async () => undefined, of: () => undefined }
  const from = { openObservations: () => silent }

  test('are told at the end', async () => {
    await open()
    const { status, events } = await bench.rollout([...WORDS, '--output', 'json'])
    expect(events.at(-1)).toMatchObject({
      outcome: 'complete',
      notObserved: [
        { ring: 'canary', gate: 'reports' },
        { ring: 'canary', gate: 'violations' },
      ],
    })
    expect(status).toBe(0)
    const text = await bench.rollout(WORDS)
    expect(text.out).toContain('complete; not observed: reports of canary; violations of canary.')
  })

  test('fail with --require-observed', async () => {
    await open()
    const { status } = await bench.rollout([...WORDS, '--require-observed', '--health-from', 'x'], from)
    expect(status).toBe(3)
    expect(await versionOf('canary')).toBe('1.0.0')
  })

  test('of which it is known before are refused with it', async () => {
    await open()
    const { status, err } = await bench.rollout([...WORDS, '--require-observed'])
    expect(err).toContain('--require-observed needs --health-from')
    expect(status).toBe(2)
    expect(await versionOf('canary')).toBe('1.0.0')
  })

  test('do not pass a storm of violations without a past', async () => {
    await open()
    const { clock } = bench.aws.fleet
    const of = (): DeviceObservations => ({
      firstAt: clock.wallMs(),
      lastAt: clock.wallMs(),
      violationsAt: Array<number>(500).fill(clock.wallMs()),
    })
    const words = [...WORDS, '--health-from', 'x']
    const { status, out } = await bench.rollout(words, { openObservations: () => ({ ...silent, of }) })
    expect(out).toMatch(/gate violations failed: \d+ violations, and nothing from before to compare with/)
    expect(status).toBe(3)
  })
})

describe('messages that cannot be read for a moment while a ring bakes', () => {
  const failing = (times: number): Partial<RolloutIo> => {
    let [reads, faults] = [0, times]
    return {
      openObservations: () => ({
        strangeLines: 0,
        of: () => undefined,
        refresh: async () => {
          reads += 1
          if (reads === 1 || faults === 0) return
          faults -= 1
          throw Object.assign(new Error('EBUSY: busy'), { code: 'EBUSY' })
        },
      }),
    }
  }
  const words = ['--ring', 'canary', '--component-version', '1.1.0', '--yes', '--health-from', 'x']

  test('are read once they can be', async () => {
    await open()
    expect((await bench.rollout(words, failing(3))).status).toBe(0)
  })

  test('end the run with a sentence if they never can', async () => {
    await open()
    const { status, err } = await bench.rollout(words, failing(Number.POSITIVE_INFINITY))
    expect(err).toContain('canary: what was rolled out stays as it is')
    expect(err).toContain('--health-from x: cannot be read (EBUSY')
    expect(status).toBe(2)
  })
})

test('tags of CloudFormation are left out, and that it owns the deployment is told', async () => {
  await open()
  const { status, err } = await bench.rollout(WORDS, {
    openDeployments: async (options) => {
      const plane = await openDeployments(options)
      return {
        ...plane,
        get: async (id) => {
          const found = await plane.get(id)
          if (found === undefined) return undefined
          const tags = { ...found.content.tags, 'aws:cloudformation:stack-name': 'line-4' }
          return { ...found, content: { ...found.content, tags } }
        },
      }
    },
  })
  expect(err).toContain(
    'this deployment is of the CloudFormation stack line-4, whose next update will overwrite',
  )
  expect(status).toBe(0)
  expect((await bench.latest('canary')).tags).toMatchObject({ team: 'line-4' })
})
