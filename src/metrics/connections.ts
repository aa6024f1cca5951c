/**
 * Established TCP connections of one snapshot: how many there are, and which come first when not all can be told.
 *
 * Order (the same state gives the same list): connections with a remote host not seen in a report before, then the newest
 * connections, then by remote address, remote port, local port and local address. A report that has to be cut keeps the
 * front of the list, so that a new peer cannot hide behind ten thousand old ones.
 */
import { formatAddress } from '../procfs/address.ts'
import type { SocketRow } from '../procfs/net-socket.ts'
import { SeenTable } from './seen-table.ts'
import type { Connection } from './snapshot.ts'

/**
 * Remote hosts that are remembered after their last connection has gone. A device talks to few; one that scans a network
 * sees new ones only, and then the memory may start afresh.
 */
const HOSTS_MAX = 65_536

/** Columns of a candidate, in the order in which candidates are compared, the smaller value first. */
const COLUMN = {
  isOldHost: 0,
  /** Cycles since the connection was first seen. */
  age: 1,
  family: 2,
  remote: 3,
  remotePort: 7,
  localPort: 8,
  local: 9,
} as const
const COLUMNS = 13
const CANDIDATES_MIN = 64
/** A remote host is kept as its family and address. */
const HOST_WORDS = 5
/** As many different elements of a list as a security profile is judged by. */
const REMOTE_HOSTS_MAX = 4_096

export class ConnectionTable {
  readonly #connections: SeenTable
  readonly #hosts: SeenTable
  readonly #listMax: number
  /** The best candidates, in no order. */
  #candidates = new Uint32Array(CANDIDATES_MIN * COLUMNS)
  #count = 0
  /** Once there are `listMax` candidates: where they are, as a binary heap with the last of them on top. */
  readonly #heap: Uint32Array
  #isHeap = false
  readonly #key = new Uint32Array(9)
  readonly #candidate = new Uint32Array(COLUMNS)
  #isListed = true
  /** Remote hosts of this cycle, each once: family and address. */
  #remoteHosts = new Uint32Array(CANDIDATES_MIN * HOST_WORDS)
  #remoteHostCount = 0
  #reportedCycle = 0
  #listedCycle = 0

  /** `seed`: any number, best a different one on each device. `listMax`: entries that the largest report could hold. */
  constructor(seed: number, listMax: number) {
    this.#connections = new SeenTable(seed, { kind: 'present' })
    this.#hosts = new SeenTable(seed, { kind: 'ever', keysMax: HOSTS_MAX })
    this.#listMax = listMax
    this.#heap = new Uint32Array(listMax)
  }

  /** All connections of this cycle, also those beyond `listMax`. */
  get total(): number {
    return this.#connections.size
  }

  /** Starts a snapshot. `isListed`: whether `list` will be asked for. */
  begin(isListed = true): void {
    this.#isListed = isListed
    if (isListed) this.#listedCycle = this.#hosts.cycle + 1
    this.#count = 0
    this.#remoteHostCount = 0
    this.#isHeap = false
    this.#connections.begin()
    this.#hosts.begin()
  }

  /** Takes one established connection; one that the kernel shows twice counts once. */
  add(socket: SocketRow): void {
    const wordCount = this.#fillKey(socket)
    const firstCycle = this.#connections.note(this.#key, 0, wordCount, socket.family)
    if (this.#connections.isDuplicate) return
    const hostFirstCycle = this.#hosts.note(socket.remote, firstWord(socket.family), 4, socket.family)
    if (!this.#hosts.isDuplicate) this.#addRemoteHost(socket)
    const isOldHost = hostFirstCycle > this.#reportedCycle ? 0 : 1
    if (!this.#isListed) return
    const age = this.#connections.cycle - firstCycle
    // Of ten thousand connections that have long been there most fall behind the list's end: told without copying.
    if (this.#isHeap && comesAfter(this.#candidates, this.#topAt(), socket, isOldHost, age)) return
    fillCandidate(this.#candidate, socket, isOldHost, age)
    this.#offer()
  }

  /** Both ends as words; answers how many. */
  #fillKey({ family, local, remote, localPort, remotePort }: SocketRow): number {
    const key = this.#key
    let count = 0
    for (let index = firstWord(family); index < 4; index += 1) {
      key[count] = local[index] as number
      key[count + 1] = remote[index] as number
      count += 2
    }
    key[count] = (localPort << 16) | remotePort
    return count + 1
  }

  /** The first `listMax` connections in order. */
  list(interfaceOf: (address: string) => string | undefined): Connection[] {
    const rows = this.#candidates
    const order = Array.from({ length: this.#count }, (_, index) => index)
    order.sort((left, right) => compareRows(rows, left * COLUMNS, rows, right * COLUMNS))
    return order.map((index) => toConnection(rows, index * COLUMNS, interfaceOf))
  }

  /** The addresses that something is connected to, each once; at most `REMOTE_HOSTS_MAX`. */
  remoteHosts(): string[] {
    const hosts = this.#remoteHosts
    return Array.from({ length: this.#remoteHostCount }, (_, index) =>
      formatAddress(hosts[index * HOST_WORDS] as 4 | 6, hosts, index * HOST_WORDS + 1),
    )
  }

  /** The last list has gone into a report: hosts seen up to then are no longer new to its readers. */
  markReported(): void {
    this.#reportedCycle = this.#listedCycle
  }

  #addRemoteHost({ family, remote }: SocketRow): void {
    if (this.#remoteHostCount === REMOTE_HOSTS_MAX) return
    const at = this.#remoteHostCount * HOST_WORDS
    if (at + HOST_WORDS > this.#remoteHosts.length) this.#remoteHosts = larger(this.#remoteHosts)
    this.#remoteHosts[at] = family
    for (let index = 0; index < 4; index += 1) this.#remoteHosts[at + 1 + index] = remote[index] as number
    this.#remoteHostCount += 1
  }

  #offer(): void {
    if (this.#count < this.#listMax) {
      if ((this.#count + 1) * COLUMNS > this.#candidates.length) this.#candidates = larger(this.#candidates)
      copyRow(this.#candidate, 0, this.#candidates, this.#count * COLUMNS)
      this.#count += 1
      return
    }
    if (this.#listMax === 0) return
    if (!this.#isHeap) this.#makeHeap()
    if (compareRows(this.#candidate, 0, this.#candidates, this.#topAt()) >= 0) return
    copyRow(this.#candidate, 0, this.#candidates, this.#topAt())
    this.#sink(0)
  }

  /** Where the candidate is that the next better one replaces. */
  #topAt(): number {
    return (this.#heap[0] as number) * COLUMNS
  }

  #makeHeap(): void {
    for (let index = 0; index < this.#count; index += 1) this.#heap[index] = index
    for (let node = (this.#count >> 1) - 1; node >= 0; node -= 1) this.#sink(node)
    this.#isHeap = true
  }

  /** Restores the heap below `node`: each candidate comes after both of its children. */
  #sink(node: number): void {
    const rows = this.#candidates
    const heap = this.#heap
    const held = heap[node] as number
    let hole = node
    for (;;) {
      let child = 2 * hole + 1
      if (child >= this.#count) break
      const right = heap[child + 1] as number
      if (
        child + 1 < this.#count &&
        compareRows(rows, right * COLUMNS, rows, (heap[child] as number) * COLUMNS) > 0
      ) {
        child += 1
      }
      const chosen = heap[child] as number
      if (compareRows(rows, held * COLUMNS, rows, chosen * COLUMNS) >= 0) break
      heap[hole] = chosen
      hole = child
    }
    heap[hole] = held
  }
}

/** An IPv4 address is the last of the four words; the zeros before it tell nothing. */
const firstWord = (family: 4 | 6): number => (family === 4 ? 3 : 0)

/** Whether the socket surely comes after the row; false when only the last columns could tell. */
function comesAfter(
  rows: Uint32Array,
  at: number,
  { family, remote }: SocketRow,
  isOldHost: number,
  age: number,
): boolean {
  let difference =
    isOldHost - (rows[at + COLUMN.isOldHost] as number) || age - (rows[at + COLUMN.age] as number)
  difference ||= family - (rows[at + COLUMN.family] as number)
  for (let index = 0; difference === 0 && index < 4; index += 1) {
    difference = (remote[index] as number) - (rows[at + COLUMN.remote + index] as number)
  }
  return difference > 0
}

function larger(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const twice = new Uint32Array(words.length * 2)
  twice.set(words)
  return twice
}

function fillCandidate(row: Uint32Array, socket: SocketRow, isOldHost: 0 | 1, age: number): void {
  const { family, local, localPort, remote, remotePort } = socket
  row[COLUMN.isOldHost] = isOldHost
  row[COLUMN.age] = age
  row[COLUMN.family] = family
  row[COLUMN.remotePort] = remotePort
  row[COLUMN.localPort] = localPort
  for (let index = 0; index < 4; index += 1) {
    row[COLUMN.remote + index] = remote[index] as number
    row[COLUMN.local + index] = local[index] as number
  }
}

/** Thirteen words: a loop, since the call of `set` or `copyWithin` costs more than it saves. */
function copyRow(from: Uint32Array, fromAt: number, to: Uint32Array, toAt: number): void {
  for (let column = 0; column < COLUMNS; column += 1) to[toAt + column] = from[fromAt + column] as number
}

/** Negative when the left row comes first in the list. */
function compareRows(left: Uint32Array, leftAt: number, right: Uint32Array, rightAt: number): number {
  for (let column = 0; column < COLUMNS; column += 1) {
    const difference = (left[leftAt + column] as number) - (right[rightAt + column] as number)
    if (difference !== 0) return difference
  }
  return 0
}

function toConnection(
  rows: Uint32Array,
  at: number,
  interfaceOf: (address: string) => string | undefined,
): Connection {
  const family = rows[at + COLUMN.family] as 4 | 6
  const localInterface = interfaceOf(formatAddress(family, rows, at + COLUMN.local))
  return {
    remoteAddress: formatAddress(family, rows, at + COLUMN.remote),
    remotePort: rows[at + COLUMN.remotePort] as number,
    localPort: rows[at + COLUMN.localPort] as number,
    ...(localInterface === undefined ? {} : { localInterface }),
  }
}
