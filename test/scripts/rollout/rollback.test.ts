/** Rolling back: the component's part and nothing else, its configuration too. */
import { afterEach, describe, expect, test } from 'vitest'
import { type Bench, COMPONENT, foreignContent, foreignPart, openBench } from './bench.ts'

let bench: Bench
afterEach(() => bench.close())

const quick = { latencyMs: { min: 1000, max: 1000 }, deployMs: { min: 2000, max: 4000 } }
const BACK = ['--ring', 'everyone', '--yes', '--bake', '0s']

const withMerge = (componentVersion: string, merge: object) => ({
  componentVersion,
  configurationUpdate: { merge: JSON.stringify(merge) },
})

async function open(parts: readonly object[]): Promise<readonly string[]> {
  bench = await openBench({ devices: 2, groups: { everyone: 2 }, ...quick })
  const ids: string[] = []
  for (const part of parts) {
    ids.push(await bench.deploy(foreignContent('everyone', part)))
    bench.aws.fleet.advance(1000)
  }
  return ids
}

const configurations = () =>
  bench.aws.fleet.things().map((thing) => bench.aws.fleet.configurationOf(thing, COMPONENT))

describe('a rollback', () => {
  test('brings version and configuration back; seven components of others stay to the byte', async () => {
    await open([
      withMerge('1.0.0', { LogLevel: 'warn' }),
      withMerge('1.1.0', { LogLevel: 'debug', SampleIntervalSeconds: 600, Interfaces: { Deny: ['veth*'] } }),
    ])
    const before = JSON.stringify(foreignPart(await bench.latest('everyone')))
    const { status, out } = await bench.rollback(BACK)
    expect(status).toBe(0)
    expect(out).toContain('version: "1.1.0" -> "1.0.0"')
    expect(out).toContain('configuration.SampleIntervalSeconds: 600 -> (default)')
    const content = await bench.latest('everyone')
    expect(JSON.stringify(foreignPart(content))).toBe(before)
    expect(content.components[COMPONENT]).toEqual({
      componentVersion: '1.0.0',
      configurationUpdate: { merge: '{"LogLevel":"warn"}', reset: ['/SampleIntervalSeconds', '/Interfaces'] },
    })
    expect(configurations()).toEqual([{ LogLevel: 'warn' }, { LogLevel: 'warn' }])
  })

  test('leaves alone what others have changed since', async () => {
    const [id = ''] = await open([withMerge('1.0.0', {}), withMerge('1.1.0', {})])
    const content = await bench.latest('everyone')
    await bench.deploy({
      ...content,
      components: { ...content.components, 'com.example.New': { componentVersion: '9.0.0' } },
    })
    const { status } = await bench.rollback([...BACK, '--deployment-id', id])
    expect(status).toBe(0)
    const { components } = await bench.latest('everyone')
    expect(components['com.example.New']).toEqual({ componentVersion: '9.0.0' })
    expect(components[COMPONENT]?.componentVersion).toBe('1.0.0')
  })

  test('done twice does not go further back', async () => {
    await open([withMerge('0.9.0', {}), withMerge('1.0.0', {}), withMerge('1.1.0', {})])
    expect((await bench.rollback(BACK)).status).toBe(0)
    const size = bench.aws.greengrass.deployments.size
    expect((await bench.rollback(BACK)).status).toBe(0)
    expect(bench.aws.greengrass.deployments.size).toBe(size)
    expect((await bench.latest('everyone')).components[COMPONENT]?.componentVersion).toBe('1.0.0')
  })

  test('to a version goes as far as needed, and resets what all revisions since have merged', async () => {
    await open([
      withMerge('0.9.0', { LogLevel: 'warn' }),
      withMerge('1.0.0', { ReportFormat: 'cbor' }),
      withMerge('1.1.0', { SampleIntervalSeconds: 600 }),
    ])
    const { status } = await bench.rollback([...BACK, '--to-version', '0.9.0'])
    expect(status).toBe(0)
    expect((await bench.latest('everyone')).components[COMPONENT]).toEqual({
      componentVersion: '0.9.0',
      configurationUpdate: {
        merge: '{"LogLevel":"warn"}',
        reset: ['/SampleIntervalSeconds', '/ReportFormat'],
      },
    })
    expect(configurations()).toEqual([{ LogLevel: 'warn' }, { LogLevel: 'warn' }])
  })

  test('to the version that is there changes nothing', async () => {
    await open([withMerge('1.0.0', {})])
    const { status, out } = await bench.rollback([...BACK, '--to-version', '1.0.0'])
    expect(status).toBe(0)
    expect(out).toContain('is so already, nothing to write')
    expect(bench.aws.greengrass.deployments.size).toBe(1)
  })

  test('of a rollout keeps that from being begun again by accident', async () => {
    await open([withMerge('1.0.0', {})])
    const rollout = ['--ring', 'everyone', '--component-version', '1.1.0', '--yes', '--bake', '0s']
    expect((await bench.rollout(rollout)).status).toBe(0)
    expect((await bench.rollback(BACK)).status).toBe(0)
    const { status, err } = await bench.rollout(rollout)
    expect(status).toBe(3)
    expect(err).toContain('was taken back from everyone before')
  })

  test('that fails on the devices is not complete', async () => {
    await open([withMerge('1.0.0', {}), withMerge('1.1.0', {})])
    for (const thing of bench.aws.fleet.things()) bench.aws.fleet.setOnline(thing, false)
    const { status, out } = await bench.rollback([...BACK, '--max-wait', '5min'])
    expect(out).toContain('not complete.')
    expect(status).toBe(1)
  })

  const refusals = [
    {
      name: 'where there is no former revision',
      parts: [withMerge('1.0.0', {})],
      words: [],
      says: 'no revision before the present one had another version or configuration of',
    },
    {
      name: 'to a version that was not deployed',
      parts: [withMerge('1.0.0', {})],
      words: ['--to-version', '0.1.0'],
      says: 'none of its last 50 revisions had community.greengrass.DeviceDefender 0.1.0: roll it out with',
    },
    {
      name: 'to a deployment of another target',
      parts: [withMerge('1.0.0', {})],
      words: ['--deployment-id', 'd-elsewhere'],
      says: 'none of its last 50 revisions is d-elsewhere',
    },
    {
      name: 'of a component that is not deployed',
      parts: [withMerge('1.0.0', {})],
      words: ['--component', 'com.example.Other'],
      says: 'com.example.Other is not deployed to everyone',
    },
    {
      name: 'of a group without a deployment',
      parts: [],
      words: [],
      says: 'everyone has no deployment: there is nothing to roll back',
    },
  ]
  test.each(refusals)('is refused $name', async ({ parts, words, says }) => {
    await open(parts)
    const { status, err } = await bench.rollback([...BACK, ...words])
    expect(err).toContain(says)
    expect(status).toBe(1)
    expect(bench.aws.greengrass.deployments.size).toBe(parts.length)
  })

  test('needs a target', async () => {
    await open([])
    const { status, err } = await bench.rollback(['--yes'])
    expect(err).toContain('give a target: --ring with the name of a thing group, or --thing')
    expect(status).toBe(2)
  })
})
