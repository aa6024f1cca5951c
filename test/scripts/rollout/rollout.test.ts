/** Rolling out: what is carried over, the gates, the way back, races. */
import { afterEach, describe, expect, test } from 'vitest'
import type { FleetObservations } from '../../../scripts/rollout/observations.ts'
import type { FleetAws } from '../../aws/fleet/start.ts'
import { type Bench, COMPONENT, foreignContent, foreignPart, groupArn, openBench } from './bench.ts'

let bench: Bench
afterEach(() => bench.close())

const DAY_MS = 86_400_000
const VERSION = ['--component-version', '1.1.0', '--yes']
const deployed = () =>
  bench.aws.changes('greengrass').filter(({ operation }) => operation === 'CreateDeployment')
const versionsIn = (things: readonly string[]) =>
  things.map(
    (thing) =>
      bench.aws.greengrass.coreDevices
        .find(thing)
        ?.installed()
        .find(({ name }) => name === COMPONENT)?.version,
  )

/** What the agents of the fleet would have sent by now. */
const seen = ({ fleet }: FleetAws): FleetObservations => ({
  strangeLines: 0,
  refresh: async () => undefined,
  of: (thing) => {
    const health = fleet.healthOf(thing)
    if (health === undefined) return undefined
    const violationsAt = fleet.violationsOf(thing, 0).map(({ violationEventTime }) => violationEventTime)
    return {
      firstAt: Date.UTC(2026, 0, 15, 12),
      lastAt: Math.max(health.at, ...violationsAt),
      violationsAt,
      health: {
        at: health.at,
        uptimeSeconds: health.uptimeSeconds,
        ...(health.reports.lastAcceptedAt === undefined
          ? {}
          : { lastAcceptedAt: health.reports.lastAcceptedAt }),
      },
    }
  },
})

describe('one group', () => {
  test('gets the version; seven components of others, policies, tags, name stay to the byte', async () => {
    bench = await openBench({ devices: 6, groups: { canary: 6 } }, 2)
    await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
    const before = JSON.stringify(foreignPart(await bench.latest('canary')))
    expect(JSON.parse(before)).toEqual(foreignPart(foreignContent('canary')))
    const { status, out } = await bench.rollout(['--ring', 'canary', ...VERSION])
    expect(status).toBe(0)
    expect(out).toContain('  ~ community.greengrass.DeviceDefender\n        version: "1.0.0" -> "1.1.0"\n')
    expect(out).toContain('  = com.example.Camera 4.0.0-rc.1, unchanged\n')
    expect(out).toContain('gate reports not observed: no --health-from was given')
    expect(JSON.stringify(foreignPart(await bench.latest('canary')))).toBe(before)
    expect(versionsIn(bench.aws.fleet.things())).toEqual(Array(6).fill('1.1.0'))
  })

  test('gets configuration from a file, profiles and --set over what it had', async () => {
    bench = await openBench({ devices: 1, groups: { canary: 1 } })
    const merge = JSON.stringify({ LogLevel: 'debug', Interfaces: { Allow: ['eth*'], Deny: ['veth*'] } })
    await bench.deploy(
      foreignContent('canary', {
        componentVersion: '1.1.0',
        configurationUpdate: { merge, reset: ['/ReportFormat'] },
      }),
    )
    const config = bench.file('config.yaml', 'SampleIntervalSeconds: 600\nInterfaces:\n  Allow: [wlan0]\n')
    const profile = bench.file('gateway.json', {
      securityProfileName: 'gateway',
      behaviors: [
        {
          name: 'ports',
          metric: 'aws:listening-tcp-ports',
          criteria: { comparisonOperator: 'in-port-set', value: { ports: [22] } },
        },
      ],
      targets: ['all/things'],
    })
    const words = ['--config', config, '--profiles', profile, '--set', 'MaxReportBytes=7000']
    const more = ['--set', 'BaselineProfiles=["connections"]', '--reset', '/Interfaces/Deny']
    const { status, out } = await bench.rollout(['--ring', 'canary', ...VERSION, ...words, ...more])
    expect(status).toBe(0)
    expect(out).toContain('configuration.SampleIntervalSeconds: (default) -> 600')
    const { configurationUpdate } = (await bench.latest('canary')).components[COMPONENT] ?? {}
    expect(JSON.parse(configurationUpdate?.merge ?? '')).toEqual({
      LogLevel: 'debug',
      Interfaces: { Allow: ['wlan0'] },
      SampleIntervalSeconds: 600,
      SecurityProfiles: { gateway: { securityProfileName: 'gateway', behaviors: [expect.anything()] } },
      MaxReportBytes: '7000',
      BaselineProfiles: ['connections'],
    })
    expect(configurationUpdate?.reset).toEqual(['/ReportFormat', '/Interfaces/Deny', '/SecurityProfiles'])
  })

  test('is not written again', async () => {
    bench = await openBench({ devices: 2, groups: { canary: 2 } })
    await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
    const words = ['--ring', 'canary', ...VERSION, '--set', 'LogLevel=debug']
    expect((await bench.rollout(words)).status).toBe(0)
    const before = deployed().length
    const { status, out } = await bench.rollout(words)
    expect(status).toBe(0)
    expect(out).toContain('canary (2 core devices) - written already, will be watched')
    expect(deployed()).toHaveLength(before)
  })

  test('that has no deployment gets one with this component alone, and is told so', async () => {
    bench = await openBench({ devices: 2, groups: { canary: 2 } })
    const { status, err } = await bench.rollout(['--ring', 'canary', ...VERSION])
    expect(status).toBe(0)
    expect(err).toContain('note: canary: the target has no deployment yet')
    expect(err).toContain('no version of aws.greengrass.Nucleus is named')
    const content = await bench.latest('canary')
    expect(content).toMatchObject({
      deploymentName: 'canary',
      components: { [COMPONENT]: { componentVersion: '1.1.0' } },
      iotJobConfiguration: {
        abortConfig: { criteriaList: [{ failureType: 'FAILED', action: 'CANCEL', thresholdPercentage: 5 }] },
        timeoutConfig: { inProgressTimeoutInMinutes: 60 },
      },
      deploymentPolicies: { failureHandlingPolicy: 'ROLLBACK' },
    })
  })

  test('keeps a job configuration, but for what a flag asks', async () => {
    bench = await openBench({ devices: 2, groups: { canary: 2 } })
    await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
    const { status } = await bench.rollout([
      '--ring',
      'canary',
      ...VERSION,
      '--max-rate',
      '7',
      '--failure-handling',
      'DO_NOTHING',
    ])
    expect(status).toBe(0)
    const content = await bench.latest('canary')
    expect(content.iotJobConfiguration).toEqual({
      ...foreignContent('canary').iotJobConfiguration,
      jobExecutionsRolloutConfig: { maximumPerMinute: 7 },
    })
    expect(content.deploymentPolicies).toEqual({
      ...foreignContent('canary').deploymentPolicies,
      failureHandlingPolicy: 'DO_NOTHING',
    })
  })

  test('is only shown with --dry-run, and the fingerprint is that of the real run', async () => {
    bench = await openBench({ devices: 2, groups: { canary: 2 } })
    await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
    const words = ['--ring', 'canary', '--component-version', '1.1.0', '--bake', '0s']
    const dry = await bench.rollout([...words, '--dry-run', '--output', 'json'])
    expect(dry.status).toBe(0)
    expect(deployed()).toHaveLength(1)
    const { fingerprint } = dry.events.at(-1) as { fingerprint: string }
    const other = await bench.rollout([...words, '--fingerprint', '0123456789ab'])
    expect(other.status).toBe(1)
    expect(other.err).toContain(`the plan is no longer 0123456789ab but ${fingerprint}`)
    const nobody = await bench.rollout(words)
    expect(nobody.status).toBe(1)
    expect(nobody.err).toContain(`nobody is there to be asked. Add --fingerprint ${fingerprint}, or --yes.`)
    expect((await bench.rollout([...words, '--fingerprint', fingerprint])).status).toBe(0)
    // And once more, as a pipeline would after it was killed.
    expect((await bench.rollout([...words, '--fingerprint', fingerprint])).status).toBe(0)
    expect(deployed()).toHaveLength(2)
  })

  test('asks, and a yes to a plan that became another one changes nothing', async () => {
    bench = await openBench({ devices: 1, groups: { canary: 1 } })
    await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
    const confirm = async () => {
      await bench.deploy(foreignContent('canary', { componentVersion: '1.0.1' }))
      return true
    }
    const { status, err } = await bench.rollout(['--ring', 'canary', '--component-version', '1.1.0'], {
      confirm,
    })
    expect(status).toBe(1)
    expect(err).toContain('meanwhile the plan became another one')
    // Both have asked with the same token.
    expect(bench.aws.greengrass.deployments.size).toBe(2)
  })
})

describe('a bad value is refused before AWS is asked', () => {
  const cases = [
    {
      name: 'in a file, with its place',
      words: () => ['--config', bench.file('c.yaml', 'LogLevel: info\nSampleIntervalSeconds: 0\n')],
      says: /c\.yaml:2:24: SampleIntervalSeconds: 0 is below 0\.01, the least it can be/,
    },
    {
      name: 'of a parameter that is not known',
      words: () => ['--set', 'SampleIntervalSecond=600'],
      says: /--set SampleIntervalSecond=600: SampleIntervalSecond: is not a known parameter; did you mean SampleIntervalSeconds\?/,
    },
    {
      name: 'in a map',
      words: () => ['--set', 'Interfaces.Allow="eth0"'],
      says: /--set Interfaces\.Allow="eth0": Interfaces\.Allow: "eth0" is not a list/,
    },
    {
      name: 'of a parameter that has a name of JavaScript',
      words: () => ['--set', 'constructor=1'],
      says: /--set constructor=1: constructor: is not a known parameter/,
    },
    { name: 'without a value', words: () => ['--set', 'LogLevel'], says: /--set LogLevel: is not key=value/ },
    {
      name: 'as a pointer',
      words: () => ['--reset', 'LogLevel'],
      says: /--reset LogLevel: is not a JSON pointer/,
    },
    {
      name: 'as a file that is not there',
      words: () => ['--config', '/nowhere/c.json'],
      says: /\/nowhere\/c\.json: cannot be read \(ENOENT\)/,
    },
    {
      name: 'as a file that is not JSON',
      words: () => ['--config', bench.file('c.json', '{"LogLevel": }')],
      says: /c\.json:1:14: /,
    },
    {
      name: 'as a file that is a list',
      words: () => ['--config', bench.file('c.json', '[]')],
      says: /c\.json: is not a map of parameters/,
    },
  ]
  test.each(cases)('$name', async ({ words, says }) => {
    bench = await openBench({ devices: 1, groups: { canary: 1 } })
    const { status, err } = await bench.rollout(['--ring', 'canary', ...VERSION, ...words()])
    expect(err).toMatch(says)
    expect(status).toBe(2)
    expect(bench.aws.calls).toEqual([])
  })
})

describe('rings', () => {
  const RINGS = ['--ring', 'canary', '--ring', 'tenth', '--ring', 'everyone']
  const rings = { canary: 6, tenth: 4, everyone: 5 }

  async function openRings(versions: Parameters<typeof openBench>[0]['versions'], more: object = {}) {
    bench = await openBench({ devices: 15, groups: rings, versions: versions ?? {}, ...more })
    for (const name of Object.keys(rings)) {
      const configurationUpdate = { merge: '{ "LogLevel": "warn" }' }
      await bench.deploy(foreignContent(name, { componentVersion: '1.0.0', configurationUpdate }))
    }
    bench.aws.calls.length = 0
  }

  test('get the version one after the other', async () => {
    await openRings({})
    const { status, events } = await bench.rollout([...RINGS, ...VERSION, '--output', 'json'])
    expect(status).toBe(0)
    expect(events.filter(({ event }) => event === 'written').map(({ ring }) => ring)).toEqual([
      'canary',
      'tenth',
      'everyone',
    ])
    expect(versionsIn(bench.aws.fleet.things())).toEqual(Array(15).fill('1.1.0'))
  })

  test('stop at the first where a version crashes on 30 % of the devices, which is taken back with its configuration', async () => {
    await openRings({ '1.1.0': { crashShare: 0.3 } })
    const before = await Promise.all(Object.keys(rings).map((name) => bench.latest(name)))
    const { status, out, err } = await bench.rollout([
      ...RINGS,
      ...VERSION,
      '--set',
      'SampleIntervalSeconds=600',
    ])
    expect(status).toBe(3)
    expect(out).toMatch(
      /canary: gate deployment failed: \d of 6 took the deployment, [1-9]\d* failed.*at least 95 % must/,
    )
    expect(out).toMatch(/core-\d+: .*\(COMPONENT_BROKEN\); the device went back to the former revision/)
    expect(err).toContain('canary: a gate failed; what this rollout has written is taken back')
    expect(deployed().map(({ input }) => input.targetArn)).toEqual([groupArn('canary'), groupArn('canary')])
    const after = await Promise.all(Object.keys(rings).map((name) => bench.latest(name)))
    expect(after.map(foreignPart)).toEqual(before.map(foreignPart))
    expect(after[0]?.components[COMPONENT]).toEqual({
      componentVersion: '1.0.0',
      configurationUpdate: { merge: '{ "LogLevel": "warn" }', reset: ['/SampleIntervalSeconds'] },
    })
    expect(versionsIn(bench.aws.fleet.things())).toEqual(Array(15).fill('1.0.0'))
    for (const thing of bench.aws.fleet.things()) {
      expect(bench.aws.fleet.configurationOf(thing, COMPONENT)).toEqual({ LogLevel: 'warn' })
    }
  })

  test('are all taken back when one fails, lite devices too', async () => {
    await openRings({ '1.1.0': { crashShare: 0.3 } }, { liteShare: 0.5 })
    const lax = ['--min-success', '0.3', '--min-healthy', '0', '--bake', '0s']
    expect((await bench.rollout([...RINGS, ...VERSION, ...lax])).status).toBe(0)
    expect(versionsIn(bench.aws.fleet.things())).toContain('1.1.0')
    const strict = await bench.rollout([...RINGS, '--component-version', '1.1.0', '--yes', '--bake', '0s'])
    expect(strict.status).toBe(3)
    expect(strict.out).toContain('everyone: taken back to 1.0.0')
    expect(strict.out).toContain('tenth: taken back to 1.0.0')
    expect(strict.out).toContain('canary: taken back to 1.0.0')
    expect(versionsIn(bench.aws.fleet.things())).toEqual(Array(15).fill('1.0.0'))
  })

  test('stop where a healthy version raises ten times the violations', async () => {
    await openRings({ '1.0.0': { violationsPerDay: 4 }, '1.1.0': { violationsPerDay: 40 } })
    bench.aws.fleet.advance(7 * DAY_MS)
    const { status, out } = await bench.rollout(
      [...RINGS, ...VERSION, '--health-from', 'x', '--bake', '3h'],
      {
        openObservations: () => seen(bench.aws),
      },
    )
    expect(out).toMatch(
      /canary: gate violations failed: \d+ violations in .* on 6 devices, by their past .* would be usual; at most .* may be \(3 times\)/,
    )
    expect(status).toBe(3)
    expect(versionsIn(bench.aws.fleet.things())).toEqual(Array(15).fill('1.0.0'))
  })

  test('go on where the violations are as they were', async () => {
    await openRings({ '1.0.0': { violationsPerDay: 4 }, '1.1.0': { violationsPerDay: 4 } })
    bench.aws.fleet.advance(7 * DAY_MS)
    const { status, out } = await bench.rollout(
      [...RINGS, ...VERSION, '--health-from', 'x', '--bake', '30min'],
      {
        openObservations: () => seen(bench.aws),
      },
    )
    expect(out).not.toContain('gate violations failed')
    expect(out).toContain('canary: gate reports passed')
    expect(status).toBe(0)
  })

  test('stop where no report is accepted any more', async () => {
    await openRings({ '1.1.0': { silentShare: 0.5 } })
    bench.aws.fleet.advance(DAY_MS)
    const { status, out } = await bench.rollout(
      [...RINGS, ...VERSION, '--health-from', 'x', '--bake', '30min'],
      {
        openObservations: () => seen(bench.aws),
      },
    )
    expect(out).toMatch(/canary: gate reports failed: \d of 6 devices had a report accepted/)
    expect(status).toBe(3)
  })

  test('stop where the component breaks after its deployment succeeded', async () => {
    await openRings({ '1.1.0': { lateCrashShare: 0.4 } })
    const { status, out } = await bench.rollout([...RINGS, ...VERSION])
    expect(out).toMatch(
      /canary: gate component failed: the component is RUNNING in version 1\.1\.0 on \d of 6/,
    )
    expect(status).toBe(3)
  })

  test('do not begin again what was taken back, unless --again', async () => {
    await openRings({ '1.1.0': { crashShare: 0.3 } })
    expect((await bench.rollout([...RINGS, ...VERSION])).status).toBe(3)
    const before = deployed().length
    const { status, err } = await bench.rollout([...RINGS, ...VERSION])
    expect(status).toBe(3)
    expect(err).toContain(
      '1.1.0 with this configuration was taken back from canary before. To try it once more add --again.',
    )
    expect(deployed()).toHaveLength(before)
    expect((await bench.rollout([...RINGS, ...VERSION, '--again'])).status).toBe(3)
    expect(deployed()).toHaveLength(before + 2)
  })

  test('without core devices are refused', async () => {
    bench = await openBench({ devices: 1, groups: { canary: 0, everyone: 1 } })
    const { status, err } = await bench.rollout(['--ring', 'canary', '--ring', 'everyone', ...VERSION])
    expect(status).toBe(1)
    expect(err).toContain('canary has no core devices: its gates would see nothing')
  })

  test('that share devices are pointed out', async () => {
    bench = await openBench({
      devices: 3,
      groups: { canary: ['core-00001'], everyone: ['core-00001', 'core-00002'] },
    })
    await bench.deploy(foreignContent('everyone', { componentVersion: '1.0.0' }))
    const { err } = await bench.rollout(['--ring', 'canary', '--ring', 'everyone', ...VERSION, '--dry-run'])
    expect(err).toContain('1 device of canary also in everyone, which asks for 1.0.0 until its turn')
  })
})

describe('the nucleus lite', () => {
  test('takes no deployment for a thing', async () => {
    bench = await openBench({ devices: 1, liteShare: 1 })
    const { status, err } = await bench.rollout(['--thing', 'core-00001', ...VERSION])
    expect(status).toBe(1)
    expect(err).toContain('core-00001 runs the nucleus lite, which takes deployments for thing groups only')
  })

  test('does not go back by itself, and is taken back', async () => {
    bench = await openBench({
      devices: 6,
      groups: { canary: 6 },
      liteShare: 1,
      versions: { '1.1.0': { crashShare: 1 } },
    })
    await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
    const { status, out, err } = await bench.rollout(['--ring', 'canary', ...VERSION])
    expect(err).toContain('6 lite devices cannot go back by themselves')
    expect(out).toContain('the device did not go back')
    expect(out).toContain('canary: 6 of 6 are back')
    expect(status).toBe(3)
  })

  test('is no hindrance to a thing that is classic', async () => {
    bench = await openBench({ devices: 1 })
    const { status } = await bench.rollout(['--thing', 'core-00001', ...VERSION])
    expect(status).toBe(0)
  })
})

describe('somebody else', () => {
  const theirs = () => {
    const content = foreignContent('canary', { componentVersion: '1.0.0' })
    return {
      ...content,
      components: { ...content.components, 'com.example.Camera': { componentVersion: '5.0.0' } },
    }
  }
  const open = async () => {
    bench = await openBench({ devices: 2, groups: { canary: 2 } })
    await bench.deploy(foreignContent('canary', { componentVersion: '1.0.0' }))
  }
  /** Somebody's CreateDeployment, between two calls of ours. */
  function cutIn(operation: string, times = 1): void {
    let left = times
    const stop = bench.aws.onCall((call) => {
      if (call.operation !== operation) return
      left -= 1
      if (left > 0) return
      stop()
      const { targetArn, components, tags: _, ...content } = theirs()
      const store = bench.aws.greengrass
      const former = store.latest.get(targetArn)
      const deploymentId = 'd1111111-0000-4000-8000-000000000001'
      if (former === undefined) throw new Error('nothing to follow')
      const deployment = {
        ...former,
        deploymentId,
        arn: former.arn.replace(former.deploymentId, deploymentId),
        revisionId: String(Number(former.revisionId) + 1),
        content: { ...content, components },
        components: components as typeof former.components,
        token: 'theirs',
        status: 'ACTIVE' as const,
      }
      former.status = 'INACTIVE'
      store.revisions.set(targetArn, Number(deployment.revisionId))
      store.deployments.set(deploymentId, deployment)
      store.latest.set(targetArn, deployment)
    })
  }

  test('who writes after our plan wins, and we are told', async () => {
    await open()
    const confirm = async () => true
    // ListDeployments: the plan, the plan after the answer, and then the look before writing.
    cutIn('GetDeployment', 2)
    const { status, err } = await bench.rollout(['--ring', 'canary', '--component-version', '1.1.0'], {
      confirm,
    })
    expect(err).toContain('canary: somebody else was faster: the deployment in force is no longer')
    expect(status).toBe(1)
    expect((await bench.latest('canary')).components['com.example.Camera']?.componentVersion).toBe('5.0.0')
  })

  test('who writes between our look and our writing has their changes carried over', async () => {
    await open()
    cutIn('ListDeployments', 2)
    const { status, err } = await bench.rollout(['--ring', 'canary', ...VERSION, '--bake', '0s'])
    expect(err).toMatch(/at the same moment somebody wrote d1111111\S+: what it changed is carried over into/)
    expect(status).toBe(0)
    const { components } = await bench.latest('canary')
    expect(components['com.example.Camera']?.componentVersion).toBe('5.0.0')
    expect(components[COMPONENT]?.componentVersion).toBe('1.1.0')
  })

  test('who writes right after us wins, and we are told', async () => {
    await open()
    cutIn('CreateDeployment')
    const { status, err } = await bench.rollout(['--ring', 'canary', ...VERSION])
    expect(err).toContain('somebody else wrote d1111111-0000-4000-8000-000000000001 right after')
    expect(status).toBe(1)
  })

  test('who changes the component while it is watched is not overruled', async () => {
    await open()
    cutIn('DescribeJob')
    const { status, err } = await bench.rollout(['--ring', 'canary', ...VERSION])
    expect(err).toContain('canary: somebody has changed community.greengrass.DeviceDefender there meanwhile')
    expect(status).toBe(1)
    expect((await bench.latest('canary')).components[COMPONENT]?.componentVersion).toBe('1.0.0')
  })

  test('with the same command at the same time: one of both writes', async () => {
    await open()
    const both = await Promise.all([
      bench.rollout(['--ring', 'canary', ...VERSION]),
      bench.rollout(['--ring', 'canary', ...VERSION]),
    ])
    expect(both.map(({ status }) => status)).toContain(0)
    // Both have asked with the same token.
    expect(bench.aws.greengrass.deployments.size).toBe(2)
  })
})
