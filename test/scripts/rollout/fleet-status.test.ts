/** `defender status` for the devices of a target. */
import { afterEach, describe, expect, test } from 'vitest'
import { openDeployments } from '../../../scripts/aws/deployments.ts'
import { openFleetDevices } from '../../../scripts/aws/fleet-devices.ts'
import { AwsProblem } from '../../../scripts/aws/problem.ts'
import type { RolloutIo } from '../../../scripts/rollout/io.ts'
import { type Bench, foreignContent, openBench } from './bench.ts'

let bench: Bench
afterEach(() => bench.close())

const quick = { latencyMs: { min: 1000, max: 1000 }, deployMs: { min: 2000, max: 4000 } }
const GROUP = ['--thing-group', 'everyone']

async function open(
  more: Partial<Parameters<typeof openBench>[0]>,
  devices = 6,
  version = '1.1.0',
): Promise<void> {
  bench = await openBench({ devices, groups: { everyone: devices }, ...quick, ...more }, 4)
  await bench.deploy(foreignContent('everyone', { componentVersion: version }))
}

describe('the devices of a group', () => {
  test('are all as wanted', async () => {
    await open({ liteShare: 0.5 })
    const { status, out } = await bench.fleetStatus([...GROUP, '--all'])
    expect(out).toMatch(
      /^everyone: 6 of 6 core devices as wanted\nwanted: community\.greengrass\.DeviceDefender 1\.1\.0 by d0/,
    )
    expect(out).toMatch(/core-00001 +1\.1\.0 +SUCCEEDED +HEALTHY +(classic|lite) +as wanted/)
    expect(status).toBe(0)
  })

  test('are not where a version crashed, and say why', async () => {
    await open({ versions: { '1.1.0': { crashShare: 0.5 } }, liteShare: 1 })
    const { status, out } = await bench.fleetStatus(GROUP)
    expect(out).toMatch(/^everyone: [1-5] of 6 core devices as wanted/)
    expect(out).toMatch(
      /core-\d+ +1\.1\.0 +FAILED +UNHEALTHY +lite +the deployment failed; the device did not go back; the component is BROKEN/,
    )
    expect(status).toBe(1)
  })

  test('are not where they are off', async () => {
    await open({ offlineShare: 1 })
    const { status, events } = await bench.fleetStatus([...GROUP, '--output', 'json'])
    expect(events[0]).toMatchObject({ devices: 6, asWanted: 0, version: '1.1.0' })
    expect((events[0] as { statuses: { drift: string[] }[] }).statuses[0]?.drift).toEqual(
      expect.arrayContaining(['has not begun', 'the component is not there']),
    )
    expect(status).toBe(1)
  })

  test('are not where another version is wanted than they have', async () => {
    await open({})
    const { status, out } = await bench.fleetStatus([...GROUP, '--component-version', '2.0.0'])
    expect(out).toContain('has 1.1.0 instead of 2.0.0')
    expect(status).toBe(1)
  })

  test('are looked at until all is as wanted; who is so is not asked again', async () => {
    await open({ offlineShare: 0.5 }, 6)
    const { fleet, calls } = bench.aws
    calls.length = 0
    const stop = bench.aws.onCall(({ operation }) => {
      // After the first look all come back.
      if (operation === 'ListInstalledComponents')
        for (const thing of fleet.things()) fleet.setOnline(thing, true)
    })
    const { status, events } = await bench.fleetStatus([...GROUP, '--watch', '30', '--output', 'json'])
    stop()
    expect(status).toBe(0)
    expect(events.length).toBeGreaterThan(1)
    const asked = calls.filter(({ operation }) => operation === 'ListInstalledComponents').length
    // Eight components come in two pages.
    expect(asked).toBeLessThan(2 * 6 * events.length)
  })

  test('have their last reports where messages are given', async () => {
    await open({}, 2)
    bench.aws.fleet.advance(3_600_000)
    const lines = bench.aws.fleet.things().map((thing) => JSON.stringify(bench.aws.fleet.healthOf(thing)))
    bench.file('health.jsonl', `${lines.join('\n')}\n`)
    const { out } = await bench.fleetStatus([...GROUP, '--all', '--health-from', bench.folder])
    expect(out).toMatch(/last report/)
    expect(out).toMatch(/\d min ago +as wanted/)
  })
})

describe('AWS that throttles', () => {
  const problem = () =>
    new AwsProblem('throttled', 'greengrass:ListInstalledComponents', 'AWS throttles ListInstalledComponents')
  /** The n-th calls for components are refused, from one of them to another. */
  const throttled = (from: number, to: number): Partial<RolloutIo> => {
    let calls = 0
    return {
      openFleetDevices: async (options) => {
        const fleet = await openFleetDevices(options)
        return {
          ...fleet,
          componentsOf: async (thing) => {
            calls += 1
            if (calls >= from && calls <= to) throw problem()
            return fleet.componentsOf(thing)
          },
        }
      },
    }
  }

  test('for a moment is waited out', async () => {
    await open({})
    const { status, out, err } = await bench.fleetStatus(GROUP, throttled(2, 6))
    expect(out).toContain('everyone: 6 of 6 core devices as wanted')
    expect(err).toBe('')
    expect(status).toBe(0)
  })

  test('for long: what is known is shown, and that it is not all', async () => {
    await open({}, 20)
    const { status, out, err } = await bench.fleetStatus(GROUP, throttled(9, Number.POSITIVE_INFINITY))
    expect(out).toMatch(/^everyone: 8 of 20 core devices as wanted; 12 devices could not be asked/)
    expect(err).toContain('AWS throttles ListInstalledComponents')
    expect(status).toBe(2)
  })

  test('for long does not end the watching', async () => {
    await open({}, 20)
    const words = [...GROUP, '--watch', '30', '--output', 'json']
    // Long enough for each of the 8 workers to use up its 9 tries.
    const { status, events, err } = await bench.fleetStatus(words, throttled(9, 8 + 8 * 9))
    expect(events[0]).toMatchObject({ devices: 20, notAsked: 12, asWanted: 8 })
    expect(events.at(-1)).toMatchObject({ devices: 20, notAsked: 0, asWanted: 20 })
    expect(err).toContain('AWS throttles ListInstalledComponents')
    expect(status).toBe(0)
  })

  test('from the first call on does not end it either', async () => {
    await open({}, 2)
    let calls = 0
    const io: Partial<RolloutIo> = {
      openDeployments: async (options) => {
        const plane = await openDeployments(options)
        const latestId = async (arn: string) => {
          calls += 1
          if (calls <= 9) throw problem()
          return plane.latestId(arn)
        }
        return { ...plane, latestId }
      },
    }
    const { status, err } = await bench.fleetStatus([...GROUP, '--watch', '30'], io)
    expect(err).toContain('AWS throttles')
    expect(status).toBe(0)
  })
})

test('200 devices are asked at a rate that leaves room for others, and how far it is is shown', async () => {
  await open({}, 200)
  const { clock } = bench.aws.fleet
  const begun = clock.wallMs()
  const lines: string[] = []
  const { status } = await bench.fleetStatus(GROUP, { progress: (line) => lines.push(line) })
  expect(status).toBe(0)
  // 400 calls, 20 a second.
  expect(clock.wallMs() - begun).toBeGreaterThanOrEqual(19_000)
  expect(lines).toContain('100 of 200 devices asked')
  expect(lines.at(-1)).toBe('')
})

test('a device that was taken out of Greengrass since it was listed is told as without anything', async () => {
  await open({})
  const { status, out } = await bench.fleetStatus(GROUP, {
    openFleetDevices: async (options) => {
      const fleet = await openFleetDevices(options)
      const componentsOf = async (thing: string) => {
        if (thing !== 'core-00002') return fleet.componentsOf(thing)
        throw new AwsProblem('not-found', 'greengrass:ListInstalledComponents', 'no such core device')
      }
      return { ...fleet, componentsOf }
    },
  })
  expect(out).toMatch(/^everyone: 5 of 6 core devices as wanted\n/)
  expect(out).toMatch(/core-00002 .*the component is not there/)
  expect(status).toBe(1)
})

describe('a target', () => {
  test('that is one thing', async () => {
    bench = await openBench({ devices: 1, ...quick })
    await bench.deploy({
      ...foreignContent('x', { componentVersion: '1.1.0' }),
      targetArn: 'arn:aws:iot:eu-west-1:123456789012:thing/core-00001',
    })
    const { status, out } = await bench.fleetStatus(['--thing', 'core-00001'])
    expect(out).toContain('core-00001: 1 of 1 core device as wanted')
    expect(status).toBe(0)
  })

  const unknown = [
    {
      name: 'that is not there',
      words: ['--thing-group', 'nobody'],
      says: 'there is no thing group "nobody"',
    },
    {
      name: 'without the component',
      words: [...GROUP, '--component', 'com.example.Other'],
      says: 'does not hold com.example.Other: roll it out',
    },
    {
      name: 'whose messages are not there',
      words: [...GROUP, '--health-from', '/nowhere'],
      says: '--health-from /nowhere: cannot be read (ENOENT',
    },
  ]
  test.each(unknown)('$name', async ({ words, says }) => {
    await open({}, 1)
    const { status, err } = await bench.fleetStatus(words)
    expect(err).toContain(says)
    expect(status).toBe(2)
  })
})
