/**
 * Established TCP connections of one snapshot: how many there are, and which come first when not all can be told.
 *
 * Order (the same state gives the same list): connections with a remote host that was never seen before, then the newest
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

export class ConnectionTable {
  readonly #connections: SeenTable
  readonly #hosts: SeenTable
  readonly #listMax: number
  /** The best candidates; once there are `listMax`, a binary heap with the one on top that the next better replaces. */
  #candidates = new Uint32Array(CANDIDATES_MIN * COLUMNS)
  #count = 0
  #isHeap = false
  readonly #key = new Uint32Array(9)
  readonly #candidate = new Uint32Array(COLUMNS)
  readonly #held = new Uint32Array(COLUMNS)

  /** `seed`: any number, best a different one on each device. `listMax`: entries that the largest report could hold. */
  constructor(seed: number, listMax: number) {
    this.#connections = new SeenTable(seed, { kind: 'present' })
    this.#hosts = new SeenTable(seed, { kind: 'ever', keysMax: HOSTS_MAX })
    this.#listMax = listMax
  }

  /** All connections of this cycle, also those beyond `listMax`. */
  get total(): number {
    return this.#connections.size
  }

  /** Starts a snapshot. */
  begin(): void {
    this.#count = 0
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
    const isOldHost = hostFirstCycle === this.#hosts.cycle ? 0 : 1
    fillCandidate(this.#candidate, socket, isOldHost, this.#connections.cycle - firstCycle)
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

  #offer(): void {
    if (this.#count < this.#listMax) {
      if ((this.#count + 1) * COLUMNS > this.#candidates.length) this.#grow()
      copyRow(this.#candidate, 0, this.#candidates, this.#count * COLUMNS)
      this.#count += 1
      return
    }
    if (!this.#isHeap) {
      for (let node = (this.#count >> 1) - 1; node >= 0; node -= 1) this.#sink(node)
      this.#isHeap = true
    }
    if (this.#count === 0 || compareRows(this.#candidate, 0, this.#candidates, 0) >= 0) return
    copyRow(this.#candidate, 0, this.#candidates, 0)
    this.#sink(0)
  }

  #grow(): void {
    const length = Math.min(this.#candidates.length * 2, Math.max(this.#listMax, CANDIDATES_MIN) * COLUMNS)
    const larger = new Uint32Array(length)
    larger.set(this.#candidates)
    this.#candidates = larger
  }

  /** Restores the heap below `node`: each row comes after (is worse than) both of its children. */
  #sink(node: number): void {
    const rows = this.#candidates
    const held = this.#held
    copyRow(rows, node * COLUMNS, held, 0)
    let hole = node
    for (;;) {
      let child = 2 * hole + 1
      if (child >= this.#count) break
      if (child + 1 < this.#count && compareRows(rows, (child + 1) * COLUMNS, rows, child * COLUMNS) > 0)
        child += 1
      if (compareRows(held, 0, rows, child * COLUMNS) >= 0) break
      copyRow(rows, child * COLUMNS, rows, hole * COLUMNS)
      hole = child
    }
    copyRow(held, 0, rows, hole * COLUMNS)
  }
}

/** An IPv4 address is the last of the four words; the zeros before it tell nothing. */
const firstWord = (family: 4 | 6): number => (family === 4 ? 3 : 0)

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
