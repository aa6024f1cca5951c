/**
 * `defender attack`: does, for a while and within this machine, what an intruder's program would do, so that one sees the
 * alarm that it raises. Harmless: nothing but sockets on loopback addresses, of which each is closed at the end.
 *
 * Each attack violates one behavior of the profile that `defender local` gives the agent (local-core/demo-profiles.ts);
 * tests hold the two together. Exit status 1 when an attack could not be done.
 */
import { Command } from 'commander'
import { Collector } from '../../src/metrics/collector.ts'
import { openProcFs } from '../../src/procfs/proc-fs.ts'
import { type Clock, systemClock } from '../../src/schedule/clock.ts'
import { type Loopback, loopback, type OpenSocket } from '../loopback.ts'
import { formatBytes, formatCount } from '../render/numbers.ts'
import { numberOption } from '../render/options.ts'

export interface AttackIo {
  readonly network: Loopback
  readonly clock: Pick<Clock, 'sleep'>
  readonly say: (line: string) => void
  /** Established TCP connections of this machine, both ends of its own counted; undefined if nobody knows. */
  readonly establishedCount: () => number | undefined
  /** Ends the attack, as Ctrl-C does. */
  readonly stopped: AbortSignal
}

interface Attack {
  readonly summary: string
  /** The behavior that it violates. */
  readonly raises: string
  /** Opens what it needs; `keep` takes what is to be closed in the end. Nothing is held up for longer than it takes. */
  readonly start: (io: AttackIo, keep: (socket: OpenSocket) => void) => Promise<void>
  /** The alarm clears when the attack has ended for so long; absent: with the next report. */
  readonly clears?: string
}

const LOCALHOST = '127.0.0.1'

/** Above the 500 MB in five minutes that the profile takes for normal; a second or two of a desktop's time. */
const EXFILTRATED_BYTES = 600_000_000
/** Below the 65,536 bytes of the loopback interface's MTU, and small enough to be many packets: 20,000. */
const DATAGRAM_BYTES = 30_000

/** An address that no program uses by default, unlike 127.0.0.1, Debian's 127.0.1.1 and systemd-resolved's 127.0.0.53. */
const BEACON_ADDRESS = '127.66.6.6'

const CONNECTIONS_MIN = 50
/** Just above the ceiling of the profile, whatever the machine has already. */
const ESTABLISHED_WANTED = 270
/** Two sockets for each connection are open in this process; a process may usually have 1,024. */
const CONNECTIONS_MAX = 300

export const attacks: Readonly<Record<string, Attack>> = {
  'listener-4444': {
    summary: 'listens on port 4444, as a well-known backdoor does',
    raises: 'BackdoorPort',
    start: async (io, keep) => {
      keep(await io.network.listen(LOCALHOST, 4444))
      io.say('listening on 127.0.0.1:4444')
    },
  },
  telnet: {
    summary: 'listens on port 23 (telnet), or 2323 where 23 is not permitted',
    raises: 'Telnet',
    start: listenAsTelnet,
  },
  exfiltration: {
    summary: 'sends 600 MB in 20,000 packets, to itself',
    raises: 'Exfiltration',
    clears: 'five minutes after the bytes were sent: so long is its window',
    start: async (io) => {
      const { bytes, packets } = await io.network.burst(EXFILTRATED_BYTES, DATAGRAM_BYTES, io.stopped)
      io.say(`sent ${formatBytes(bytes)} in ${formatCount(packets)} packets`)
      if (bytes < EXFILTRATED_BYTES) io.say('which may be too few: it was ended before all were sent')
    },
  },
  beacon: {
    summary: `keeps a connection to ${BEACON_ADDRESS}, an address never seen before`,
    raises: 'Beacon',
    start: async (io, keep) => {
      const server = await io.network.listen(BEACON_ADDRESS, 0)
      keep(server)
      keep(await io.network.connect(BEACON_ADDRESS, server.port))
      io.say(`connected to ${BEACON_ADDRESS}:${server.port}`)
    },
  },
  connections: {
    summary: 'opens fifty connections at once, or more where there are few',
    raises: 'ManyConnections',
    start: openConnections,
  },
}

async function listenAsTelnet({ network, say }: AttackIo, keep: (socket: OpenSocket) => void): Promise<void> {
  try {
    keep(await network.listen(LOCALHOST, 23))
    say('listening on 127.0.0.1:23')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    say('port 23 is not permitted: it takes root, or the setting')
    say('  sysctl net.ipv4.ip_unprivileged_port_start=23')
    keep(await network.listen(LOCALHOST, 2323))
    say("listening on 127.0.0.1:2323 instead, malware's usual second choice")
  }
}

async function openConnections(io: AttackIo, keep: (socket: OpenSocket) => void): Promise<void> {
  const missing = ESTABLISHED_WANTED - (io.establishedCount() ?? 0)
  const count = Math.min(CONNECTIONS_MAX, Math.max(CONNECTIONS_MIN, Math.ceil(missing / 2)))
  const server = await io.network.listen(LOCALHOST, 0)
  keep(server)
  for (let index = 0; index < count && !io.stopped.aborted; index += 1) {
    keep(await io.network.connect(LOCALHOST, server.port))
  }
  io.say(`${count} connections to 127.0.0.1:${server.port}, each counted at both its ends`)
}

const SECONDS_DEFAULT = 30
/** Ten minutes: two of the longest usual interval. */
const SECONDS_MAX = 600

const list = Object.entries(attacks)
  .map(([name, { summary }]) => `  ${name.padEnd(15)}${summary}`)
  .join('\n')

const HELP = `
Attacks:
${list}

All of it stays on loopback addresses of this machine and ends after --for.
To see the alarms, run in another terminal: npx defender local
An agent on a real device must have IncludeLoopback: true, and profiles that
the attack violates.

Examples:
  npx defender attack listener-4444
  npx defender attack beacon --for 120`

interface AttackOptions {
  readonly list?: true
  readonly for: number
}

export function attackCommand(): Command {
  return new Command('attack')
    .summary('simulate an attack on this machine, to see its alarm')
    .description('Simulates an attack within this machine, harmlessly, so that its alarm is seen.')
    .argument('[name]', 'which attack')
    .option('--list', 'print the attacks and the behavior that each violates')
    .option(
      '--for <seconds>',
      'how long',
      numberOption({ min: 1, max: SECONDS_MAX, integer: true }),
      SECONDS_DEFAULT,
    )
    .addHelpText('after', HELP)
    .action(async (name: string | undefined, options: AttackOptions) => {
      // Nobody reads on: what is open is closed with the process.
      process.stdout.on('error', (error: NodeJS.ErrnoException) =>
        process.exit(error.code === 'EPIPE' ? 0 : 1),
      )
      const say = (line: string) => process.stdout.write(`${line}\n`)
      if (options.list) return listAttacks(say)
      const stopped = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())
      await runAttack(name, options.for, attackIo(say, stopped.signal))
    })
}

/** On this machine. */
export const attackIo = (say: AttackIo['say'], stopped: AbortSignal): AttackIo => ({
  network: loopback,
  clock: systemClock,
  say,
  establishedCount,
  stopped,
})

export function listAttacks(say: (line: string) => void): void {
  for (const [name, { summary, raises }] of Object.entries(attacks)) {
    say(`${name.padEnd(15)}${summary}`)
    say(`${''.padEnd(15)}violates ${raises}`)
  }
}

/** Says what it does and what to expect, for who has started it in a terminal. */
export async function runAttack(name: string | undefined, seconds: number, io: AttackIo): Promise<void> {
  const attack = attackNamed(name)
  await performAttack(attack, seconds, io, (isHeld) => {
    io.say(`expect the alarm ${attack.raises} of the profile demo in \`defender local\``)
    if (isHeld) io.say(`until Ctrl-C, or for ${seconds} s`)
  })
  io.say(`ended; the alarm clears ${clearingOf(attack)}`)
}

function attackNamed(name: string | undefined): Attack {
  const attack = name !== undefined && Object.hasOwn(attacks, name) ? attacks[name] : undefined
  if (attack !== undefined) return attack
  const problem = name === undefined ? 'which attack?' : `there is no attack ${JSON.stringify(name)};`
  throw new Error(`${problem} there are ${Object.keys(attacks).join(', ')}`)
}

/** When its alarm will clear, in words. */
export const clearingOf = ({ clears }: Attack): string => clears ?? 'at the end of the next report interval'

/**
 * Attacks, holds what is open until the time is over, and closes it, whatever happens.
 * @param onStarted told whether anything is held: a burst is over when it has been sent, everything else is there for as
 * long as it is open
 */
export async function performAttack(
  attack: Attack,
  seconds: number,
  io: AttackIo,
  onStarted: (isHeld: boolean) => void = () => {},
): Promise<void> {
  const ended = new AbortController()
  const stopped = AbortSignal.any([io.stopped, ended.signal])
  const isOver = io.clock.sleep(seconds * 1000, stopped).then(() => ended.abort())
  const open: OpenSocket[] = []
  try {
    await attack.start({ ...io, stopped }, (socket) => open.push(socket))
    onStarted(open.length > 0)
    if (open.length > 0) await isOver
  } catch (error) {
    throw new Error(explain(error))
  } finally {
    ended.abort()
    // The later ones depend on the earlier ones.
    for (const socket of open.reverse()) await socket.close()
  }
}

function explain(error: unknown): string {
  const { code, message, port } = error as NodeJS.ErrnoException & { readonly port?: number }
  if (code === 'EADDRINUSE') {
    return `port ${port ?? ''} is in use by another program: where that is judged, its alarm is there already`
  }
  return message
}

/** As the agent counts them with IncludeLoopback. */
function establishedCount(): number | undefined {
  const collector = new Collector(openProcFs(), {
    includeLoopback: true,
    builtInMetrics: [],
    connectionsMax: 1,
    seed: 0,
    monotonicMs: () => systemClock.monotonicMs(),
  })
  return collector.collect('sample').establishedCount
}
