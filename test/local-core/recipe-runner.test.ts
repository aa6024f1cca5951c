/** Lifecycles of tiny components: real shell scripts, in both nuclei. */
import { existsSync, statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LocalCoreEvent } from '../../src/local-core/events.ts'
import { type CoreUnderTest, connect, recipe, startCore } from './helpers.ts'

const start = async (
  mode: 'classic' | 'lite',
  lifecycle: string,
  options: Parameters<typeof startCore>[1] | object = {},
  configuration = '{}',
): Promise<CoreUnderTest> => {
  const under = await startCore(recipe(lifecycle, configuration), { mode, restartDelayMs: 5, ...options })
  await under.core.startComponent()
  return under
}
const script = (step: string, ...lines: string[]) =>
  `${step}:\n  Script: |\n${lines.map((line) => `    ${line}`).join('\n')}`
const states = ({ events }: CoreUnderTest) =>
  events.flatMap((event) => (event.event === 'component' ? [event.state] : []))
const lines = (events: readonly LocalCoreEvent[], stream = 'stdout') =>
  events.flatMap((event) => (event.event === 'log' && event.stream === stream ? [event.line] : []))
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
/** A busy machine takes its time to start a shell. */
const PATIENTLY = { timeout: 4_000 }
/** A child that leaves a trace as long as it lives. A zombie, which nobody here may be there to reap, leaves none. */
const LIVING_CHILD = 'while :; do echo x >> trace; sleep 0.01; done &'
const traceGrows = async ({ directory }: CoreUnderTest) => {
  const trace = join(directory, 'work', 'com.example.Probe', 'trace')
  const size = () => (existsSync(trace) ? statSync(trace).size : 0)
  const before = size()
  await new Promise((resolve) => setTimeout(resolve, 60))
  return size() > before
}
const logged = (under: CoreUnderTest, line: string) =>
  under.event((event) => event.event === 'log' && event.line === line)

describe.each(['classic', 'lite'] as const)('%s', (mode) => {
  test('install, run, an end in order: FINISHED, and not started again', async () => {
    const under = await start(
      mode,
      `install: echo installing\n${script('run', 'echo running', 'echo bad >&2')}`,
    )
    expect(await under.state('FINISHED')).toMatchObject({ exitCode: 0 })
    expect(states(under)).toEqual(['INSTALLED', 'STARTING', 'RUNNING', 'FINISHED'])
    expect(lines(under.events)).toEqual(['installing', 'running'])
    expect(lines(under.events, 'stderr')).toEqual(['bad'])
  })

  test('three strikes: BROKEN; installed once', async () => {
    const under = await start(mode, `install: echo installing\n${script('run', 'echo running', 'exit 7')}`)
    expect(await under.state('BROKEN')).toMatchObject({ reason: expect.stringContaining('3') })
    const once = ['STARTING', 'RUNNING', 'ERRORED']
    expect(states(under)).toEqual(['INSTALLED', ...once, ...once, ...once, 'BROKEN'])
    expect(await under.state('ERRORED')).toMatchObject({ exitCode: 7, reason: 'exited with 7' })
    expect(lines(under.events)).toEqual(['installing', 'running', 'running', 'running'])
  })

  test('strikes of more than an hour ago are forgotten, and a new start begins with none', async () => {
    let now = 0
    const under = await start(mode, script('run', 'exit 1'), { now: () => (now += 1_200_000) })
    const failures = () => states(under).filter((state) => state === 'ERRORED').length
    await expect.poll(failures, PATIENTLY).toBeGreaterThan(5)
    await under.core.stopComponent()
    expect(states(under)).not.toContain('BROKEN')
    expect(under.core.componentState).toBe('FINISHED')
  })

  test('a failing install: never started', async () => {
    const under = await start(mode, 'install: exit 3\nrun: echo running')
    await under.state('BROKEN')
    expect(states(under)).toEqual(['ERRORED', 'ERRORED', 'ERRORED', 'BROKEN'])
    expect(lines(under.events)).toEqual([])
  })

  test('an install that does not end is ended', async () => {
    const under = await start(mode, 'install: { Script: sleep 60, Timeout: 0.05 }\nrun: echo running')
    expect(await under.state('ERRORED')).toMatchObject({ reason: 'install: not done within 0.05 s' })
    await under.state('BROKEN')
  })

  test('stop: SIGTERM first, and the component may say its last words', async () => {
    const under = await start(
      mode,
      script('run', "trap 'echo bye; exit 0' TERM", 'echo ready', 'while :; do sleep 0.01; done'),
    )
    await logged(under, 'ready')
    await under.core.stopComponent()
    expect(states(under).slice(-2)).toEqual(['STOPPING', 'FINISHED'])
    expect(lines(under.events)).toContain('bye')
  })

  test('stop: SIGKILL for one that does not listen, and for all it started', async () => {
    const under = await start(
      mode,
      script('run', "trap '' TERM", LIVING_CHILD, 'echo ready', 'while :; do sleep 0.01; done'),
      { stopGraceMs: 50 },
    )
    await logged(under, 'ready')
    await expect.poll(() => traceGrows(under), PATIENTLY).toBe(true)
    await under.core.stopComponent()
    expect(await traceGrows(under)).toBe(false)
    expect(under.core.componentPid).toBeUndefined()
  })

  test('what a component leaves behind when it ends by itself does not stay', async () => {
    const under = await start(mode, script('run', LIVING_CHILD, 'until [ -e go ]; do sleep 0.01; done'))
    await expect.poll(() => traceGrows(under), PATIENTLY).toBe(true)
    await writeFile(join(under.directory, 'work', 'com.example.Probe', 'go'), '')
    await under.state('FINISHED')
    expect(await traceGrows(under)).toBe(false)
  })

  test('kill -9 is a failure: started again, with another token', async () => {
    const under = await start(mode, script('run', 'echo $SVCUID', 'exec sleep 60'))
    const first = await under.event((event) => event.event === 'log')
    under.core.faults.killComponent('SIGKILL')
    expect(await under.state('ERRORED')).toMatchObject({ exitCode: 137, reason: 'ended by SIGKILL' })
    await expect.poll(() => lines(under.events).length, PATIENTLY).toBe(2)
    const [old, fresh] = lines(under.events)
    expect(first).toMatchObject({ line: old })
    expect(fresh).not.toBe(old)
    await expect(connect(under.core.socketPath, old ?? '')).rejects.toThrow()
    await (await connect(under.core.socketPath, fresh ?? '')).close()
  })

  test('SIGTERM from elsewhere: an error for classic, a clean end for systemd', async () => {
    const under = await start(mode, script('run', 'echo ready', 'exec sleep 60'))
    await logged(under, 'ready')
    under.core.faults.killComponent('SIGTERM')
    await under.state(mode === 'classic' ? 'ERRORED' : 'FINISHED')
  })

  test('the environment: what the nucleus gives, PATH, HOME, LANG and what was added; nothing else', async () => {
    process.env.LOCAL_CORE_SECRET = 'not for components'
    const under = await start(mode, 'Setenv: { FROM_RECIPE: "{iot:thingName}" }\nrun: env', {
      environment: { NODE_V8_COVERAGE: '/tmp/coverage' },
    })
    delete process.env.LOCAL_CORE_SECRET
    await under.state('FINISHED')
    const given = Object.fromEntries(lines(under.events).map((line) => line.split(/=(.*)/s).slice(0, 2)))
    const shells = ['PWD', 'SHLVL', 'OLDPWD', '_']
    const inherited = ['PATH', 'HOME', 'LANG'].filter((name) => process.env[name] !== undefined)
    expect(
      Object.keys(given)
        .filter((name) => !shells.includes(name))
        .sort(),
    ).toEqual(
      [
        'AWS_CONTAINER_AUTHORIZATION_TOKEN',
        'AWS_DEFAULT_REGION',
        'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT',
        'AWS_IOT_THING_NAME',
        'AWS_REGION',
        'FROM_RECIPE',
        'GGC_VERSION',
        'GG_ROOT_CA_PATH',
        ...(mode === 'classic' ? ['GREENGRASS_COMPONENT_VERSION'] : []),
        ...inherited,
        'NODE_V8_COVERAGE',
        'SVCUID',
      ].sort(),
    )
    expect(given).toMatchObject({
      AWS_IOT_THING_NAME: 'probe-1',
      FROM_RECIPE: 'probe-1',
      PWD: expect.any(String),
    })
    expect(given.SVCUID).toBe(given.AWS_CONTAINER_AUTHORIZATION_TOKEN)
    expect(given.PWD).toBe(join(under.directory, 'work', 'com.example.Probe'))
  })

  test('long and unfinished lines arrive', async () => {
    const under = await start(mode, script('run', 'head -c 200000 /dev/zero | tr "\\\\0" x', 'printf end'))
    await under.state('FINISHED')
    expect(lines(under.events).join('').length).toBe(200_003)
  })
})

describe('classic', () => {
  test('startup is STARTING until the component says RUNNING', async () => {
    const under = await start('classic', script('startup', 'echo ready', 'exec sleep 60'))
    await logged(under, 'ready')
    expect(states(under)).toEqual(['INSTALLED', 'STARTING'])
    const client = await under.client()
    await client.updateState({ state: 'RUNNING' as never })
    expect(await under.state('RUNNING')).toMatchObject({ pid: under.core.componentPid })
  })

  test('startup that ends with 0 is RUNNING, until it is stopped', async () => {
    const under = await start('classic', 'startup: exit 0')
    expect(await under.state('RUNNING')).toMatchObject({ exitCode: 0 })
    await under.core.stopComponent()
    expect(under.core.componentState).toBe('FINISHED')
  })

  test('startup that is not RUNNING in time is an error; three are the end', async () => {
    const under = await start('classic', 'startup: { Script: exec sleep 60, Timeout: 0.05 }')
    expect(await under.state('ERRORED')).toMatchObject({ reason: 'timed out' })
    await under.state('BROKEN')
    expect(states(under)).not.toContain('RUNNING')
  })

  test('once RUNNING no time-out; a failure later is an error', async () => {
    const under = await start('classic', 'startup: { Script: sleep 1.2; exit 9, Timeout: 1 }')
    const client = await under.client()
    await client.updateState({ state: 'RUNNING' as never })
    expect(await under.state('ERRORED')).toMatchObject({ exitCode: 9 })
    expect(states(under).slice(0, 4)).toEqual(['INSTALLED', 'STARTING', 'RUNNING', 'ERRORED'])
  })

  test('UpdateState ERRORED: stopped and started again', async () => {
    const under = await start('classic', script('run', 'echo ready', 'exec sleep 60'))
    await logged(under, 'ready')
    await (await under.client()).updateState({ state: 'ERRORED' as never })
    expect(await under.state('ERRORED')).toMatchObject({ reason: 'the component reported ERRORED' })
    await expect.poll(() => states(under).filter((state) => state === 'RUNNING').length, PATIENTLY).toBe(2)
  })

  test('Skipif and shutdown', async () => {
    const under = await start(
      'classic',
      'install: { Skipif: onpath sh, Script: echo installing }\nrun: exec sleep 60\nshutdown: echo shutting down',
    )
    await under.state('RUNNING')
    await under.core.stopComponent()
    expect(lines(under.events)).toEqual(['shutting down'])
  })

  test('a configuration that the script refers to restarts it, another one does not', async () => {
    const lifecycle = script('run', 'echo "{configuration:/Word}"', 'exec sleep 60')
    const under = await start('classic', lifecycle, {}, '{ Word: one, Other: 1 }')
    await logged(under, 'one')
    await under.core.updateConfiguration({ Other: 2 })
    await under.core.updateConfiguration({ Word: 'two' })
    await logged(under, 'two')
    expect(lines(under.events)).toEqual(['one', 'two'])
  })

  test('a restart of the core restarts the component', async () => {
    const under = await start('classic', script('run', 'echo $SVCUID', 'exec sleep 60'))
    await under.event((event) => event.event === 'log')
    await under.core.faults.restart()
    await expect.poll(() => lines(under.events).length, PATIENTLY).toBe(2)
    expect(states(under)).not.toContain('ERRORED')
  })
})

describe('lite', () => {
  test('an unknown brace cuts the script off; what is left of it runs and all seems well', async () => {
    const under = await start('lite', script('run', 'echo one', `echo $${'{'}HOME}`, 'echo two'))
    expect(await under.state('FINISHED')).toMatchObject({ exitCode: 0 })
    expect(lines(under.events)).toEqual(['one', '$'])
  })

  test('a Setenv that is no string: nothing runs', async () => {
    const under = await start('lite', 'Setenv: { LIST: [1] }\nrun: echo running')
    expect(await under.state('FINISHED')).toMatchObject({ exitCode: 0 })
    expect(lines(under.events)).toEqual([])
  })

  test('startup breaks', async () => {
    const under = await start('lite', 'startup: echo starting')
    expect(await under.state('BROKEN')).toBeDefined()
    expect(lines(under.events)).toEqual([])
  })

  test('Skipif and shutdown have no effect', async () => {
    const under = await start(
      'lite',
      'install: { Skipif: onpath sh, Script: echo installing }\nrun: exec sleep 60\nshutdown: echo shutting down',
    )
    await under.state('RUNNING')
    await under.core.stopComponent()
    expect(lines(under.events)).toEqual(['installing'])
  })

  test('UpdateState has no effect', async () => {
    const under = await start('lite', script('run', 'exec sleep 60'))
    const { pid } = await under.state('RUNNING')
    await (await under.client()).updateState({ state: 'ERRORED' as never })
    expect(under.core.componentPid).toBe(pid)
  })

  test('a deployment of configuration restarts the component, a while after its events', async () => {
    const under = await start(
      'lite',
      script('run', 'echo "{configuration:/Word}"', 'exec sleep 60'),
      {
        configurationRestartDelayMs: 100,
      },
      '{ Word: one }',
    )
    await logged(under, 'one')
    await under.core.updateConfiguration({ Word: 'two' })
    expect(states(under).at(-1)).toBe('RUNNING')
    await logged(under, 'two')
  })

  test('a restart of the IPC daemon leaves the component alone', async () => {
    const under = await start('lite', script('run', 'echo ready', 'exec sleep 60'))
    await logged(under, 'ready')
    const pid = under.core.componentPid
    await under.core.faults.restart()
    expect(under.core.componentPid).toBe(pid)
  })
})

test.each(['classic', 'lite'] as const)('%s: RestartComponent, where it is permitted', async (mode) => {
  const policy = { operations: ['aws.greengrass#RestartComponent'], resources: ['*'] }
  const configuration = JSON.stringify({ accessControl: { 'aws.greengrass.Cli': { 'probe:cli:1': policy } } })
  const under = await start(mode, script('run', 'echo ready', 'exec sleep 60'), {}, configuration)
  await logged(under, 'ready')
  const client = await under.client()
  await expect(client.restartComponent({ componentName: 'com.example.Other' })).rejects.toThrow()
  const { restartStatus } = await client.restartComponent({ componentName: 'com.example.Probe' })
  expect(restartStatus).toBe('SUCCEEDED')
  await expect.poll(() => lines(under.events), PATIENTLY).toEqual(['ready', 'ready'])
  expect(states(under)).not.toContain('ERRORED')
})

describe('the core itself', () => {
  test('stop: nothing is left, and twice is once', async () => {
    const handles = () => process.getActiveResourcesInfo().filter((kind) => /Pipe|Process/.test(kind)).length
    const before = handles()
    const under = await start('classic', script('run', 'echo ready', 'exec sleep 60'))
    await logged(under, 'ready')
    const pid = under.core.componentPid ?? 0
    await under.core.stop()
    await under.core.stop()
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(under.core.socketPath)).toBe(false)
    await expect.poll(handles, PATIENTLY).toBe(before) // handles close in the next turns of the loop
    expect(
      under.events.filter(({ event }) => event === 'core').map((event) => 'state' in event && event.state),
    ).toEqual(['started', 'stopped'])
  })

  test('stop during a restart delay does not wait for it', async () => {
    const under = await start('classic', 'run: exit 1', { restartDelayMs: 60_000 })
    await under.state('ERRORED')
    await under.core.stop()
    expect(under.core.componentState).toBe('FINISHED')
  })

  test('policies that lite rejects', async () => {
    const configuration = JSON.stringify({
      accessControl: { 'aws.greengrass.ipc.mqttproxy': { p: { operations: ['*'], resources: ['a?'] } } },
    })
    await expect(startCore(recipe('run: "true"', configuration), { mode: 'lite' })).rejects.toThrow('"a?"')
    const under = await startCore(recipe('run: "true"'), { mode: 'lite' })
    expect(await under.core.updateConfiguration(JSON.parse(configuration))).toBe('rejected')
  })

  test('interpolated directories exist as a component needs them', async () => {
    const under = await start(
      'classic',
      script('run', 'echo hello > {work:path}/file', 'ls {kernel:rootPath}'),
    )
    await under.state('FINISHED')
    const file = join(under.directory, 'work', 'com.example.Probe', 'file')
    expect(await readFile(file, 'utf8')).toBe('hello\n')
    expect(lines(under.events)).toContain('ipc.socket')
  })
})
