/**
 * Established TCP connections of one snapshot: how many there are, and which come first when not all can be told.
 *
 * Order (the same state gives the same list): connections with a remote host not seen in a report before, then the newest
 * connections, then by remote address, remote port, local port and local address. A report that has to be cut keeps the
 * front of the list, so that a new peer cannot hide behind ten thousand old ones.
 */
import { formatAddress } from '../procfs/address.ts'
import type { SocketRow } from '../procfs/net-socket.ts'
import { BestRows } from './best-rows.ts'
import { SeenTable } from './seen-table.ts'
import type { Connection } from './snapshot.ts'

/**
 * Remote hosts that are remembered after their last connection has gone. A device talks to few; one that scans a network
 * sees new ones only, and then the memory may start afresh.
 */
const HOSTS_MAX = 65_536

/**
 * Words of a candidate, compared one after the other, the smaller value first: rank, remote address, both ports, local
 * address. An IPv4 address takes one word, an IPv6 one four; the rank tells which, so that the two are never compared further.
 */
const CANDIDATE_WORDS = 10
/** Elements that a list has room for at first. */
const ROOM_MIN = 64
/** A remote host is kept as its entry, family and address. */
const HOST_WORDS = 6
/** As many different elements of a list as a security profile is judged by. */
const REMOTE_HOSTS_MAX = 4_096

export class ConnectionTable {
  readonly #connections: SeenTable
  readonly #hosts: SeenTable
  /** Entry in `#hosts` by entry in `#connections`, so that a known connection's host need not be looked up. */
  #hostOf = new Uint32Array(ROOM_MIN)
  /** Whether all of `#hostOf` is of before a renumbering of one of the two. */
  #isHostOfStale = false
  #renumberings = 0
  readonly #candidates: BestRows
  readonly #key = new Uint32Array(9)
  #isListed = true
  /** Remote hosts of this cycle, each once: entry in `#hosts`, family and address. */
  #remoteHosts = new Uint32Array(ROOM_MIN * HOST_WORDS)
  #remoteHostCount = 0
  /** Text of an address by its entry in `#hosts`: most hosts of a cycle are those of the one before. */
  readonly #hostTexts = new Map<number, string>()
  #reportedCycle = 0
  #listedCycle = 0

  /** `seed`: any number, best a different one on each device. `listMax`: entries that the largest report could hold. */
  constructor(seed: number, listMax: number) {
    this.#connections = new SeenTable(seed, { kind: 'present' })
    this.#hosts = new SeenTable(seed, { kind: 'ever', keysMax: HOSTS_MAX })
    this.#candidates = new BestRows(CANDIDATE_WORDS, listMax)
  }

  /** All connections of this cycle, also those beyond `listMax`. */
  get total(): number {
    return this.#connections.size
  }

  /** Starts a snapshot. `isListed`: whether `list` will be asked for. */
  begin(isListed = true): void {
    this.#isListed = isListed
    if (isListed) this.#listedCycle = this.#hosts.cycle + 1
    this.#candidates.clear()
    this.#remoteHostCount = 0
    this.#connections.begin()
    this.#hosts.begin()
    const renumberings = this.#connections.renumberings + this.#hosts.renumberings
    this.#isHostOfStale = renumberings !== this.#renumberings
    if (this.#isHostOfStale || this.#hostTexts.size > 2 * REMOTE_HOSTS_MAX) this.#hostTexts.clear()
    this.#renumberings = renumberings
  }

  /** Takes one established connection; one that the kernel shows twice counts once. */
  add(socket: SocketRow): void {
    const wordCount = this.#fillKey(socket)
    const entry = this.#connections.note(this.#key, 0, wordCount, socket.family)
    if (this.#connections.isDuplicate) return
    const age = this.#connections.cycle - this.#connections.firstCycleOf(entry)
    const host = this.#noteHost(entry, age === 0, socket)
    if (!this.#hosts.isDuplicate) this.#addRemoteHost(host, socket)
    if (!this.#isListed) return
    const rank = rankOf(socket.family, this.#hosts.firstCycleOf(host) > this.#reportedCycle, age)
    const at = this.#candidates.take()
    fillCandidate(this.#candidates.words, at, socket, rank)
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

  /** Notes the host at the other end of a connection; a connection that is not new tells its entry. */
  #noteHost(connection: number, isNew: boolean, { family, remote }: SocketRow): number {
    if (!isNew && !this.#isHostOfStale) {
      const known = this.#hostOf[connection] as number
      this.#hosts.noteEntry(known)
      return known
    }
    const host = this.#hosts.note(remote, firstWord(family), 4, family)
    while (connection >= this.#hostOf.length) this.#hostOf = larger(this.#hostOf)
    this.#hostOf[connection] = host
    return host
  }

  /** The first `listMax` connections in order. */
  list(interfaceOf: (address: string) => string | undefined): Connection[] {
    return toConnections(this.#candidates.sorted(), this.#candidates.words, interfaceOf)
  }

  /** The addresses that something is connected to, each once; at most `REMOTE_HOSTS_MAX`. */
  remoteHosts(): string[] {
    return Array.from({ length: this.#remoteHostCount }, (_, index) => this.#textOf(index * HOST_WORDS))
  }

  /** Of the remote host at a place in `#remoteHosts`. */
  #textOf(at: number): string {
    const entry = this.#remoteHosts[at] as number
    const known = this.#hostTexts.get(entry)
    if (known !== undefined) return known
    const text = formatAddress(this.#remoteHosts[at + 1] as 4 | 6, this.#remoteHosts, at + 2)
    this.#hostTexts.set(entry, text)
    return text
  }

  /** The last list has gone into a report: hosts seen up to then are no longer new to its readers. */
  markReported(): void {
    this.#reportedCycle = this.#listedCycle
  }

  #addRemoteHost(entry: number, { family, remote }: SocketRow): void {
    if (this.#remoteHostCount === REMOTE_HOSTS_MAX) return
    const at = this.#remoteHostCount * HOST_WORDS
    if (at + HOST_WORDS > this.#remoteHosts.length) this.#remoteHosts = larger(this.#remoteHosts)
    this.#remoteHosts[at] = entry
    this.#remoteHosts[at + 1] = family
    for (let index = 0; index < 4; index += 1) this.#remoteHosts[at + 2 + index] = remote[index] as number
    this.#remoteHostCount += 1
  }
}

/** An IPv4 address is the last of the four words; the zeros before it tell nothing. */
const firstWord = (family: 4 | 6): number => (family === 4 ? 3 : 0)

/** 17 years of one cycle every two seconds. */
const AGE_MAX = 0x0fff_ffff
const OLD_HOST = AGE_MAX + 1

/**
 * What comes before the address: new hosts first, then the newest connections, then IPv4. One small integer, so that most
 * pairs are told apart by one comparison, and no number has to be put on the heap.
 */
const rankOf = (family: 4 | 6, isNewHost: boolean, age: number): number =>
  (Math.min(age, AGE_MAX) | (isNewHost ? 0 : OLD_HOST)) * 2 + (family === 4 ? 0 : 1)

function larger(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const twice = new Uint32Array(words.length * 2)
  twice.set(words)
  return twice
}

function fillCandidate(rows: Uint32Array, at: number, socket: SocketRow, rank: number): void {
  const { family, local, localPort, remote, remotePort } = socket
  const from = firstWord(family)
  const portsAt = at + 1 + (4 - from)
  rows[at] = rank
  rows[portsAt] = (remotePort << 16) | localPort
  for (let index = from; index < 4; index += 1) {
    rows[at + 1 + index - from] = remote[index] as number
    rows[portsAt + 1 + index - from] = local[index] as number
  }
}

/** The rows that begin at `starts`. */
function toConnections(
  starts: Uint32Array,
  rows: Uint32Array,
  interfaceOf: (address: string) => string | undefined,
): Connection[] {
  const remoteAddressAt = likeNeighbour(rows, formatAddress)
  const localInterfaceAt = likeNeighbour(rows, (family, words, at) =>
    interfaceOf(formatAddress(family, words, at)),
  )
  const connections: Connection[] = []
  for (const at of starts) {
    const family = ((rows[at] as number) & 1) === 0 ? 4 : 6
    const portsAt = at + 1 + (4 - firstWord(family))
    const ports = rows[portsAt] as number
    const remotePort = ports >>> 16
    const localPort = ports & 0xffff
    const remoteAddress = remoteAddressAt(family, at + 1)
    const localInterface = localInterfaceAt(family, portsAt + 1)
    connections.push(
      localInterface === undefined
        ? { remoteAddress, remotePort, localPort }
        : { remoteAddress, remotePort, localPort, localInterface },
    )
  }
  return connections
}

/** What is told of the address at a place; asked once for neighbours in the list, most of which share theirs. */
function likeNeighbour<T>(
  rows: Uint32Array,
  tell: (family: 4 | 6, rows: Uint32Array, at: number) => T,
): (family: 4 | 6, at: number) => T {
  let former: { readonly family: 4 | 6; readonly at: number; readonly told: T } | undefined
  return (family, at) => {
    if (former === undefined || former.family !== family || !isSameAddress(family, rows, former.at, at)) {
      // As if there were four words of an IPv4 address too, of which only the last is looked at.
      former = { family, at, told: tell(family, rows, at - firstWord(family)) }
    }
    return former.told
  }
}

function isSameAddress(family: 4 | 6, rows: Uint32Array, left: number, right: number): boolean {
  for (let word = firstWord(family); word < 4; word += 1) {
    const place = word - firstWord(family)
    if (rows[left + place] !== rows[right + place]) return false
  }
  return true
}
