/**
 * A device made of files: a `/proc` whose traffic, listeners and boots a test makes, and of which it knows what each report
 * should add up to. Files are replaced as a whole, as a reader sees the kernel's.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleanup } from './agent.ts'
import { netDev, type Traffic } from './agent-tree.ts'
import { writeTree } from './proc.ts'
import { table, tcpLine } from './sockets.ts'

export const noTraffic: Traffic = { bytesIn: 0, packetsIn: 0, bytesOut: 0, packetsOut: 0 }

export const plus = (left: Traffic, right: Traffic): Traffic => ({
  bytesIn: left.bytesIn + right.bytesIn,
  packetsIn: left.packetsIn + right.packetsIn,
  bytesOut: left.bytesOut + right.bytesOut,
  packetsOut: left.packetsOut + right.packetsOut,
})

/** On before the agent was: none of it is to be reported. */
const BEFORE: Traffic = { bytesIn: 1_000_000, packetsIn: 1_000, bytesOut: 2_000_000, packetsOut: 2_000 }
/** The one interface besides `lo`. */
const NAME = 'ens5'
const SSH = 22

export class FaultDevice {
  /** For `ProcPath`. */
  readonly procPath: string
  #counters: Traffic = BEFORE
  #carried = noTraffic
  #index = 2

  constructor(cleanup: Cleanup) {
    this.procPath = writeTree({
      '1/net/tcp6': table([]),
      '1/net/udp': table([]),
      '1/net/udp6': table([]),
      // No IPv6: the kernel's number of the interface is known from one file, and changes in one step.
      '1/net/if_inet6': '',
      '1/net/fib_trie': 'Main:\n',
      '1/net/route': 'Iface\tDestination\n',
    })
    cleanup.onTestFinished(() => rmSync(this.procPath, { recursive: true, force: true }))
    this.#writeIndex()
    this.#writeCounters()
    this.listen([])
    this.#writeBootId()
  }

  /** What has flowed since the agent's first reading: all reports together have to tell it. */
  get carried(): Traffic {
    return this.#carried
  }

  flow(traffic: Traffic): void {
    this.#counters = plus(this.#counters, traffic)
    this.#carried = plus(this.#carried, traffic)
    this.#writeCounters()
  }

  /** Listening TCP ports on all addresses, besides that of SSH. */
  listen(ports: readonly number[]): void {
    const lines = [SSH, ...ports].map((port, index) =>
      tcpLine(index, { local: `00000000:${port.toString(16).toUpperCase().padStart(4, '0')}`, state: '0A' }),
    )
    this.write('net/tcp', table(lines))
  }

  /** All counters begin again, and so much has flowed since. */
  reboot(traffic: Traffic): void {
    this.write('net/dev', netDev({}))
    this.#writeBootId()
    this.#startAfresh(traffic)
  }

  /** The driver is reset: the counters begin again, the interface stays the same. */
  resetInterface(traffic: Traffic): void {
    this.#startAfresh(traffic)
  }

  /** Taken away and made anew under the same name; the kernel numbers interfaces upwards. */
  remakeInterface(traffic: Traffic): void {
    this.write('net/dev', netDev({}))
    this.#index += 1
    this.#writeIndex()
    this.#startAfresh(traffic)
  }

  /** Counters as of a driver that counts to 2^32; nothing of this is traffic. To be followed by a reset or a reboot. */
  countersStandAt(counters: Traffic): void {
    this.#counters = counters
    this.#writeCounters()
  }

  /** The bytes pass 2^32 and begin at 0 again. */
  wrap32(traffic: Traffic): void {
    const next = plus(this.#counters, traffic)
    this.#carried = plus(this.#carried, traffic)
    this.#counters = { ...next, bytesIn: next.bytesIn % 2 ** 32, bytesOut: next.bytesOut % 2 ** 32 }
    this.#writeCounters()
  }

  /** Any other file of the network's. */
  write(file: `net/${string}`, text: string): void {
    replaceFile(join(this.procPath, '1', file), text)
  }

  #startAfresh(traffic: Traffic): void {
    this.#counters = traffic
    this.#carried = plus(this.#carried, traffic)
    this.#writeCounters()
  }

  #writeCounters(): void {
    this.write('net/dev', netDev({ lo: { ...noTraffic, bytesIn: 50, bytesOut: 50 }, [NAME]: this.#counters }))
  }

  #writeIndex(): void {
    const group = '\t\t\t\t010000E0     1 0:00000000\t\t0'
    const rows = [
      `1\tlo        :     1      V3`,
      group,
      `${this.#index}\t${NAME}      :     1      V3`,
      group,
    ]
    this.write(
      'net/igmp',
      ['Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter', ...rows, ''].join('\n'),
    )
  }

  #writeBootId(): void {
    const folder = join(this.procPath, 'sys/kernel/random')
    mkdirSync(folder, { recursive: true })
    replaceFile(join(folder, 'boot_id'), `${randomUUID()}\n`)
  }
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

/** A random amount that is never nothing. */
export function someTraffic(random: () => number): Traffic {
  const upTo = (max: number) => 1 + Math.floor(random() * max)
  return { bytesIn: upTo(100_000), packetsIn: upTo(100), bytesOut: upTo(1_000_000), packetsOut: upTo(1_000) }
}

/** Chance that is the same in each run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
