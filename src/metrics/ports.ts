/**
 * Listening ports of one snapshot. One entry per (port, interface): a server with eight sockets on one port (SO_REUSEPORT)
 * is one listener.
 *
 * Order: never seen before, then newest, then by port and interface. A port that has been closed is forgotten, so that
 * it is new again when it comes back.
 *
 * UDP has no listening state. A socket counts when it is in state 07 and has no remote address, which is what `ss -lun`
 * lists; a connected socket (a client that waits for its server's answer) has another state and does not. What cannot be
 * told apart: a client that sends without connecting looks like a listener for as long as its socket is open.
 */
import { formatAddress, isWildcardAddress } from '../procfs/address.ts'
import type { SocketRow } from '../procfs/net-socket.ts'
import type { ListeningPort } from './snapshot.ts'

interface Entry {
  readonly port: number
  readonly interface: string | undefined
  firstCycle: number
  lastCycle: number
}

export class ListenerTable {
  /** By port, then by interface: few interfaces on many ports, and no text to be made for a port that is known. */
  readonly #entries = new Map<number, Entry[]>()
  #cycle = 0
  #total = 0

  /** Entries of this cycle. */
  get total(): number {
    return this.#total
  }

  /** Starts a snapshot. */
  begin(): void {
    this.#cycle += 1
    this.#total = 0
  }

  add(socket: SocketRow, interfaceOf: (address: string) => string | undefined): void {
    const address = formatAddress(socket.family, socket.local)
    const name = isWildcardAddress(socket.local) ? address : interfaceOf(address)
    const ofPort = this.#entries.get(socket.localPort) ?? []
    if (ofPort.length === 0) this.#entries.set(socket.localPort, ofPort)
    let entry = ofPort.find((known) => known.interface === name)
    if (entry === undefined) {
      entry = { port: socket.localPort, interface: name, firstCycle: this.#cycle, lastCycle: 0 }
      ofPort.push(entry)
    }
    if (entry.lastCycle === this.#cycle) return
    entry.lastCycle = this.#cycle
    this.#total += 1
  }

  /** Ends the snapshot: forgets what is closed and answers what is open, in order. */
  list(): ListeningPort[] {
    const open: Entry[] = []
    for (const [port, ofPort] of this.#entries) {
      const stillOpen = ofPort.filter((entry) => entry.lastCycle === this.#cycle)
      if (stillOpen.length === 0) this.#entries.delete(port)
      else if (stillOpen.length < ofPort.length) this.#entries.set(port, stillOpen)
      open.push(...stillOpen)
    }
    open.sort(compareEntries)
    return open.map((entry) => ({
      port: entry.port,
      ...(entry.interface === undefined ? {} : { interface: entry.interface }),
    }))
  }
}

function compareEntries(left: Entry, right: Entry): number {
  if (left.firstCycle !== right.firstCycle) return right.firstCycle - left.firstCycle
  if (left.port !== right.port) return left.port - right.port
  const [leftName, rightName] = [left.interface ?? '', right.interface ?? '']
  return leftName < rightName ? -1 : leftName > rightName ? 1 : 0
}
