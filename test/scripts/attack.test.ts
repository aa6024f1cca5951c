import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  type AttackIo,
  attackCommand,
  attacks,
  listAttacks,
  runAttack,
} from '../../scripts/commands/attack.ts'
import { type Loopback, loopback } from '../../scripts/loopback.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { demoProfiles } from '../../src/local-core/demo-profiles.ts'
import type { Datapoint } from '../../src/metrics/datapoint.ts'
import { engineOf } from '../detect/scenario.ts'
import { ManualClock, settle } from '../helpers/manual-clock.ts'

/** What a machine shows of itself, and what an attack adds to it. */
interface Machine {
  ports: Set<number>
  hosts: Set<string>
  established: number
  bytesOut: number
  packetsOut: number
}

/** A developer's machine with all that is open on it; traffic is that of ten seconds, 300 MB in five minutes. */
const ordinary = (): Machine => ({
  ports: new Set([22, 53, 631, 3000, 5432, 6379, 8080, 8642, 9229]),
  hosts: new Set([
    '127.0.0.1',
    '::1',
    '127.0.0.53',
    '127.0.1.1',
    '192.168.1.20',
    '52.94.236.248',
    '2001:db8::7',
  ]),
  established: 150,
  bytesOut: 10_000_000,
  packetsOut: 15_000,
})

const datapointsOf = ({ ports, hosts, established, bytesOut, packetsOut }: Machine): Datapoint[] => [
  { metric: 'aws:listening-tcp-ports', value: { ports: [...ports] } },
  { metric: 'aws:destination-ip-addresses', value: { cidrs: [...hosts] } },
  { metric: 'aws:num-established-tcp-connections', value: { count: established } },
  { metric: 'aws:num-listening-tcp-ports', value: { count: ports.size } },
  { metric: 'aws:all-bytes-out', value: { count: bytesOut } },
  { metric: 'aws:all-packets-out', value: { count: packetsOut } },
]

/** Sockets that change the machine instead of the world. */
function fakeNetwork(machine: Machine, refuse: Record<number, string> = {}): Loopback {
  return {
    listen: async (_host, wanted) => {
      const code = refuse[wanted]
      if (code !== undefined) throw Object.assign(new Error(code), { code, port: wanted })
      const port = wanted === 0 ? 40_000 : wanted
      machine.ports.add(port)
      return { port, close: async () => void machine.ports.delete(port) }
    },
    connect: async (host) => {
      machine.hosts.add(host)
      machine.established += 2
      const close = async () => {
        machine.established -= 2
      }
      return { port: 1, close }
    },
    burst: async (bytes, datagramBytes, signal) => {
      if (signal.aborted) return { bytes: 0, packets: 0 }
      const packets = Math.ceil(bytes / datagramBytes)
      machine.bytesOut += bytes
      machine.packetsOut += packets
      return { bytes, packets }
    },
  }
}

interface Attempt {
  readonly clock: ManualClock
  readonly stop: AbortController
  readonly said: string[]
  readonly done: Promise<void>
}

function start(
  name: string | undefined,
  machine: Machine,
  network = fakeNetwork(machine),
  seconds = 30,
): Attempt {
  const clock = new ManualClock()
  const stop = new AbortController()
  const said: string[] = []
  const io: AttackIo = {
    network,
    clock,
    say: (line) => said.push(line),
    establishedCount: () => machine.established,
    stopped: stop.signal,
  }
  return { clock, stop, said, done: runAttack(name, seconds, io) }
}

/** The connections of an attack, one after the other, are a matter of many promises. */
const settled = async () => {
  for (let index = 0; index < 5; index += 1) await settle()
}

const parsed = parseConfig({ SecurityProfiles: demoProfiles })
const profiles = parsed.ok ? parsed.config.securityProfiles : []

/** Names of the behaviors that are in alarm after each of the machine's states. */
function alarms(...states: Machine[]): string[][] {
  const engine = engineOf(profiles)
  let { state } = engine.resume(undefined, 0, 10_000)
  return states.map((machine, index) => {
    const outcome = engine.evaluate(state, datapointsOf(machine), (index + 1) * 10_000, (index + 2) * 10_000)
    state = outcome.state
    return engine.status(state).flatMap((each) => (each.state === 'in-alarm' ? [each.behavior.name] : []))
  })
}

const copyOf = (machine: Machine): Machine => ({
  ...machine,
  ports: new Set(machine.ports),
  hosts: new Set(machine.hosts),
})

describe('the profile and the attacks', () => {
  it('is a configuration that the agent takes, without a remark', () => {
    expect(parsed).toMatchObject({ ok: true, notes: [] })
    expect(profiles.map(({ securityProfileName }) => securityProfileName)).toEqual(['demo'])
  })

  it('has one behavior for each attack', () => {
    const behaviors = profiles.flatMap(({ behaviors = [] }) => behaviors.map(({ name }) => name))
    expect(Object.values(attacks).map(({ raises }) => raises)).toEqual(behaviors)
  })

  it('finds nothing wrong with an ordinary machine', () => {
    expect(alarms(ordinary())).toEqual([[]])
  })

  const machines: { name: string; machine: () => Machine }[] = [
    { name: 'a busy machine', machine: ordinary },
    {
      name: 'an idle one',
      machine: () => ({
        ports: new Set([22]),
        hosts: new Set(),
        established: 0,
        bytesOut: 900,
        packetsOut: 9,
      }),
    },
  ]
  const cases = machines.flatMap(({ name, machine }) =>
    Object.keys(attacks).map((attack) => ({ attack, name, machine })),
  )
  it.each(cases)('$attack on $name raises its own alarm alone, which clears', async ({ attack, machine }) => {
    const before = machine()
    const during = copyOf(before)
    const { clock, done, said } = start(attack, during)
    await settled()
    const seen = copyOf(during)
    await clock.advance(30_000)
    await done
    const after = { ...during, hosts: before.hosts, bytesOut: before.bytesOut }
    // Traffic is what came since the last look; its window of five minutes still holds what the burst sent.
    const own = attacks[attack]?.raises
    const left = own === 'Exfiltration' ? [own] : []
    expect(alarms(before, seen, after)).toEqual([[], [own], left])
    expect(said.join('\n')).toContain(`expect the alarm ${own} of the profile demo`)
    expect(after.ports).toEqual(before.ports)
    expect(during.established).toBe(before.established)
  })
})

describe('an attack', () => {
  it('lasts as long as it is told to, and closes what it opened', async () => {
    const machine = ordinary()
    const { clock, done, said } = start('listener-4444', machine, fakeNetwork(machine), 60)
    await settled()
    await clock.advance(59_999)
    expect(machine.ports).toContain(4444)
    await clock.advance(1)
    await done
    expect(machine.ports).not.toContain(4444)
    expect(said).toEqual([
      'listening on 127.0.0.1:4444',
      'expect the alarm BackdoorPort of the profile demo in `defender local`',
      'until Ctrl-C, or for 60 s',
      'ended; the alarm clears at the end of the next report interval',
    ])
    expect(clock.sleeperCount).toBe(0)
  })

  it('ends at Ctrl-C', async () => {
    const machine = ordinary()
    const { stop, done, clock } = start('connections', machine)
    await settled()
    stop.abort()
    await done
    expect(machine).toEqual(ordinary())
    expect(clock.sleeperCount).toBe(0)
  })

  it('that is over at once does not wait', async () => {
    const machine = ordinary()
    const { done, clock, said } = start('exfiltration', machine)
    await done
    expect(clock.sleeperCount).toBe(0)
    expect(said[0]).toBe('sent 600 MB in 20,000 packets')
  })

  it('that was ended too early says so', async () => {
    const machine = ordinary()
    const io = fakeNetwork(machine)
    const network: Loopback = { ...io, burst: async () => ({ bytes: 1_000_000, packets: 34 }) }
    const { done, said } = start('exfiltration', machine, network)
    await done
    expect(said.slice(0, 2)).toEqual([
      'sent 1.0 MB in 34 packets',
      'which may be too few: it was ended before all were sent',
    ])
  })

  it.each([
    { established: 0, opens: 135 },
    { established: 150, opens: 60 },
    { established: 200, opens: 50 },
    { established: 5000, opens: 50 },
  ])('opens $opens connections where there are $established', async ({ established, opens }) => {
    const machine = { ...ordinary(), established }
    const { stop, done } = start('connections', machine)
    await settled()
    expect(machine.established - established).toBe(2 * opens)
    stop.abort()
    await done
  })

  it('takes 2323 for 23, and says why, where 23 is not permitted', async () => {
    const machine = ordinary()
    const { stop, done, said } = start('telnet', machine, fakeNetwork(machine, { 23: 'EACCES' }))
    await settled()
    expect(machine.ports).toContain(2323)
    expect(alarms(machine)).toEqual([['Telnet']])
    stop.abort()
    await done
    expect(said.slice(0, 3)).toEqual([
      'port 23 is not permitted: it takes root, or the setting',
      '  sysctl net.ipv4.ip_unprivileged_port_start=23',
      "listening on 127.0.0.1:2323 instead, malware's usual second choice",
    ])
  })

  const failures: {
    name: string
    attack: string | undefined
    refuse?: Record<number, string>
    says: RegExp
  }[] = [
    { name: 'no name', attack: undefined, says: /^which attack\? there are listener-4444, telnet, / },
    {
      name: 'another name',
      attack: 'fork-bomb',
      says: /^there is no attack "fork-bomb"; there are listener/,
    },
    { name: 'a name of every object', attack: 'constructor', says: /^there is no attack "constructor"/ },
    {
      name: 'a port that is taken',
      attack: 'listener-4444',
      refuse: { 4444: 'EADDRINUSE' },
      says: /^port 4444 is in use by another program/,
    },
    { name: 'a taken port 23', attack: 'telnet', refuse: { 23: 'EADDRINUSE' }, says: /^port 23 is in use/ },
    {
      name: 'no port for telnet at all',
      attack: 'telnet',
      refuse: { 23: 'EACCES', 2323: 'EADDRINUSE' },
      says: /^port 2323 is in use/,
    },
  ]
  it.each(failures)('fails with $name', async ({ attack, refuse = {}, says }) => {
    const machine = ordinary()
    const { done, clock } = start(attack, machine, fakeNetwork(machine, refuse))
    await expect(done).rejects.toThrow(says)
    expect(machine).toEqual(ordinary())
    expect(clock.sleeperCount).toBe(0)
  })

  it('closes what it has when the rest fails', async () => {
    const machine = ordinary()
    const network = fakeNetwork(machine)
    const connectThen = { ...network, connect: () => Promise.reject(new Error('EMFILE')) }
    await expect(start('connections', machine, connectThen).done).rejects.toThrow('EMFILE')
    expect(machine).toEqual(ordinary())
  })
})

describe('the sockets', () => {
  const never = new AbortController().signal

  it.each(['0.0.0.0', '::', '192.168.1.1', 'localhost', '1270.0.0.1', '10.127.0.0'])(
    'refuse %s',
    async (host) => {
      await expect(loopback.listen(host, 0)).rejects.toThrow('is not a loopback address')
      await expect(loopback.connect(host, 9)).rejects.toThrow('is not a loopback address')
    },
  )

  it('listen, are connected to, and are gone when they are closed', async () => {
    const server = await loopback.listen('127.66.6.7', 0)
    const client = await loopback.connect('127.66.6.7', server.port)
    const other = connect(server.port, '127.66.6.7').resume()
    await once(other, 'connect')
    const closed = once(other, 'close')
    await client.close()
    await server.close()
    await closed
    await expect(loopback.connect('127.66.6.7', server.port)).rejects.toThrow('ECONNREFUSED')
  })

  it('say which port is taken', async () => {
    const server = await loopback.listen('127.0.0.1', 0)
    await expect(loopback.listen('127.0.0.1', server.port)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port: server.port,
    })
    await server.close()
  })

  it('send exactly as much as they are told to', async () => {
    expect(await loopback.burst(100_001, 1_000, never)).toEqual({ bytes: 100_001, packets: 101 })
  })

  it('stop sending when they are told to', async () => {
    const stop = new AbortController()
    setImmediate(() => stop.abort())
    const { bytes } = await loopback.burst(1e9, 1_000, stop.signal)
    expect(bytes).toBeLessThan(1e9)
    expect(await loopback.burst(1e9, 1_000, AbortSignal.abort())).toEqual({ bytes: 0, packets: 0 })
  })

  it('pass an error of the kernel on', async () => {
    // A datagram is longer than UDP can carry.
    await expect(loopback.burst(70_000, 70_000, never)).rejects.toThrow('EMSGSIZE')
  })
})

describe('the command line', () => {
  it('lists each attack and what it violates', () => {
    const lines: string[] = []
    listAttacks((line) => lines.push(line))
    expect(lines).toHaveLength(2 * Object.keys(attacks).length)
    expect(lines.slice(0, 2)).toEqual([
      'listener-4444  listens on port 4444, as a well-known backdoor does',
      '               violates BackdoorPort',
    ])
  })

  it('has help that fits into 80 columns and names every attack', () => {
    const command = attackCommand()
    let help = ''
    command.configureOutput({ getOutHelpWidth: () => 80, writeOut: (text) => (help += text) }).outputHelp()
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    for (const name of Object.keys(attacks)) expect(help).toContain(`\n  ${name} `)
  })

  it.each(['0', '601', '1.5', 'soon'])('refuses --for %s', (seconds) => {
    const command = attackCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
    expect(() => command.parse(['--list', '--for', seconds], { from: 'user' })).toThrow(
      /whole number from 1 to 600/,
    )
  })
})
