/** Killed after each request, and run again: the same end, and nothing twice. */
import { afterEach, describe, expect, test } from 'vitest'
import { type DeploymentsPlane, openDeployments } from '../../../scripts/aws/deployments.ts'
import { type FleetDevices, openFleetDevices } from '../../../scripts/aws/fleet-devices.ts'
import type { RolloutIo } from '../../../scripts/rollout/io.ts'
import { type Bench, COMPONENT, foreignContent, openBench } from './bench.ts'

let bench: Bench
afterEach(() => bench.close())

class Killed extends Error {}

/** Doors at which the process ends after its n-th request: it was carried out, and nothing came of the answer. */
function killedAfter(requests: number): Partial<RolloutIo> {
  let left = requests
  const mortal = <T extends DeploymentsPlane | FleetDevices>(door: T): T =>
    new Proxy(door, {
      get: (target, name) => {
        const member = target[name as keyof T] as unknown
        if (typeof member !== 'function' || name === 'close') return member
        return async (...args: unknown[]) => {
          if (left <= 0) throw new Killed()
          const answer: unknown = await member(...args)
          left -= 1
          if (left === 0) throw new Killed()
          return answer
        }
      },
    })
  return {
    openDeployments: async (options) => mortal(await openDeployments(options)),
    openFleetDevices: async (options) => mortal(await openFleetDevices(options)),
  }
}

const WORDS = [
  '--ring',
  'canary',
  '--ring',
  'everyone',
  '--component-version',
  '1.1.0',
  '--yes',
  '--bake',
  '0s',
]

async function open(
  crashShare: number,
  more: readonly string[],
): Promise<(io?: Partial<RolloutIo>) => Promise<number | undefined>> {
  bench = await openBench({
    devices: 2,
    groups: { canary: 1, everyone: 1 },
    versions: { '1.1.0': { crashShare } },
    latencyMs: { min: 1000, max: 1000 },
    deployMs: { min: 2000, max: 2000 },
  })
  for (const group of ['canary', 'everyone']) {
    await bench.deploy(foreignContent(group, { componentVersion: '1.0.0' }))
  }
  return async (io = {}) => (await bench.rollout([...WORDS, ...more], io)).status
}

async function stateNow() {
  const { greengrass, fleet } = bench.aws
  return {
    deployments: greengrass.deployments.size,
    latest: [await bench.latest('canary'), await bench.latest('everyone')],
    installed: fleet.things().map(
      (thing) =>
        greengrass.coreDevices
          .find(thing)
          ?.installed()
          .find(({ name }) => name === COMPONENT)?.version,
    ),
  }
}

async function runThrough(crashShare: number, more: readonly string[], status: number): Promise<void> {
  const whole = await open(crashShare, more)
  expect(await whole()).toBe(status)
  const wanted = await stateNow()
  await bench.close()
  for (let requests = 1; ; requests += 1) {
    const run = await open(crashShare, more)
    const first = await run(killedAfter(requests)).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error
      return 'killed'
    })
    if (first !== 'killed') {
      expect(requests).toBeGreaterThan(20)
      expect(first).toBe(status)
      return
    }
    const { greengrass } = bench.aws
    // Where nothing was written yet, the second run is the first.
    if (greengrass.deployments.size > 2) {
      const before = greengrass.deployments.size
      expect([await run(), requests]).toEqual([status, requests])
      expect({ requests, before, ...(await stateNow()) }).toEqual({ requests, before, ...wanted })
    }
    await bench.close()
  }
}

describe('a rollout killed after each of its requests', () => {
  test('ends rolled out', () => runThrough(0, [], 0), 240_000)
  test('ends taken back, where the version fails', () => runThrough(1, [], 3), 240_000)
})
