/**
 * The attacks of `defender attack`, done for real against real agents in both modes: each raises its own alarm and no other,
 * told once on local publish/subscribe and once through AWS IoT Core, and the alarm clears when the attack is over.
 *
 * Attacks and agents meet in a network of their own where the machine allows one (network_namespaces(7),
 * user_namespaces(7)): the attack runs in it, and the agents read its `/proc/<pid>/net`. Elsewhere they meet in the machine's
 * own network, where other programs may raise alarms too; that there is no other alarm is then not asked.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attacks } from '../../scripts/commands/attack.ts'
import type { ViolationEvent } from '../../src/detect/violation.ts'
import { demoProfiles } from '../../src/local-core/demo-profiles.ts'
import { type Agent, type MessageEvent, startAgent } from '../helpers/agent.ts'

const defender = fileURLToPath(new URL('../../dist/scripts/defender.js', import.meta.url))

/** How long an attack lasts if nobody ends it; each is ended as soon as its alarm was seen. */
const ATTACK_SECONDS = 60

const cases = [
  { attack: 'listener-4444', raises: 'BackdoorPort', value: { ports: [4444] } },
  { attack: 'telnet', raises: 'Telnet', value: { ports: [expect.toBeOneOf([23, 2323])] } },
  { attack: 'beacon', raises: 'Beacon', value: { cidrs: ['127.66.6.6'] } },
  { attack: 'connections', raises: 'ManyConnections', value: { count: expect.any(Number) } },
  // The last one: its window is five minutes long, so its alarm stands to the end.
  { attack: 'exfiltration', raises: 'Exfiltration', value: { count: expect.any(Number) }, isLong: true },
]

const network = openNetwork()
const cleanUps: (() => Promise<void> | void)[] = []
const agents: Agent[] = []

beforeAll(async () => {
  const procPath = await network.procPath()
  const started = (['classic', 'lite'] as const).map((mode) =>
    startAgent(
      { onTestFinished: (action) => cleanUps.push(action) },
      {
        mode,
        configuration: {
          SampleIntervalSeconds: 1,
          LocalSampleIntervalSeconds: 0.25,
          IncludeLoopback: true,
          SecurityProfiles: demoProfiles,
          ...(procPath !== undefined && { ProcPath: procPath }),
        },
      },
    ),
  )
  agents.push(...(await Promise.all(started)))
  // An interval of normal life first: what was there before an attack is no news.
  await Promise.all(agents.map((agent) => agent.nextReport()))
})

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
  network.close()
})

test('every attack is here', () => {
  expect(cases.map(({ attack }) => attack).sort()).toEqual(Object.keys(attacks).sort())
})

describe('in both modes', () => {
  test.each(cases)('$attack raises $raises', async ({ attack, raises, value, isLong }) => {
    const before = agents.map((agent) => agent.messages.length)
    const since = (agent: Agent) => violationsOf(agent.messages.slice(before[agents.indexOf(agent)]))
    const eventOf = (agent: Agent, type: ViolationEvent['violationEventType'], via: MessageEvent['via']) =>
      agent.until(`${type} of ${raises} by ${via}`, () =>
        since(agent).find(
          (each) => each.via === via && each.type === type && each.event.behavior.name === raises,
        ),
      )
    const bothWays = (type: ViolationEvent['violationEventType']) =>
      Promise.all(
        agents.map((agent) => Promise.all([eventOf(agent, type, 'local'), eventOf(agent, type, 'iot-core')])),
      )

    const running = network.run([defender, 'attack', attack, '--for', `${ATTACK_SECONDS}`])
    const raised = await bothWays('in-alarm')
    if (isLong !== true) running.kill('SIGTERM')
    const [exitCode] = running.exitCode === null ? await once(running, 'exit') : [running.exitCode]
    expect(exitCode).toBe(0)
    if (isLong !== true) {
      const cleared = await bothWays('alarm-cleared')
      expect(cleared.map(ids)).toEqual(raised.map(ids))
    }

    for (const [local, cloud] of raised) {
      expect(local.event.metricValue).toEqual(value)
      expect(cloud.event).toEqual(local.event)
    }
    for (const agent of agents) {
      const told = since(agent)
      // One violation, and each of its events once by each way.
      const own = told.filter(({ event }) => event.behavior.name === raises)
      expect(new Set(own.map(({ event }) => event.violationId)).size).toBe(1)
      expect(own).toHaveLength(isLong === true ? 2 : 4)
      if (network.isOurs) expect(told).toEqual(own)
    }
  })
})

interface Told {
  readonly via: MessageEvent['via']
  readonly type: ViolationEvent['violationEventType']
  readonly event: ViolationEvent
}

const violationsOf = (messages: readonly MessageEvent[]): Told[] =>
  messages
    .filter(({ topic }) => /^greengrass-defender\/[^/]+\/violations$/.test(topic))
    .map(({ via, payload }) => {
      const event = payload as ViolationEvent
      return { via, type: event.violationEventType, event }
    })

const ids = (told: readonly Told[]) => told.map(({ event }) => event.violationId)

/** A network namespace with a loopback interface and nothing else, held by a process that waits; or the machine's own. */
function openNetwork() {
  const tree = mkdtempSync(join(tmpdir(), 'attack-'))
  const setUp = 'ip link set lo up && echo up && exec cat'
  const isOurs = spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status === 0
  const holder = isOurs
    ? spawn('unshare', ['-rn', 'sh', '-c', setUp], { stdio: ['pipe', 'pipe', 'ignore'] })
    : undefined
  return {
    isOurs,
    /** Network files of that network, the rest of this machine; undefined: /proc itself. */
    async procPath(): Promise<string | undefined> {
      if (holder === undefined) return undefined
      await once(holder.stdout, 'data')
      for (const file of ['stat', 'meminfo', 'uptime', 'loadavg', 'sys']) {
        symlinkSync(join('/proc', file), join(tree, file))
      }
      symlinkSync(`/proc/${holder.pid}`, join(tree, '1'))
      return tree
    },
    run(argv: readonly string[]): ChildProcess {
      const enter = ['nsenter', '-t', `${holder?.pid}`, '-U', '-n', '--preserve-credentials']
      const [program = '', ...given] = [...(isOurs ? enter : []), process.execPath, ...argv]
      return spawn(program, given, { stdio: ['ignore', 'ignore', 'inherit'] })
    },
    close(): void {
      holder?.kill('SIGKILL')
      rmSync(tree, { recursive: true, force: true })
    },
  }
}
