/**
 * Whose sockets these are: for a listening port, or for the address at the other end of connections, a process that holds
 * such a socket. Asked for the evidence of a violation only, since it costs a second reading of the socket tables, for
 * their inodes, and a look at the descriptors of every process.
 *
 * Format of the tables: see `net-socket.ts`; behind the state of a socket stand
 *   `tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode`.
 * The inode is 0 where no process has the socket yet (a connection that waits to be accepted).
 */
import { formatAddress, networkOrder } from './address.ts'
import { scanLines } from './lines.ts'
import { type SocketTable, socketState } from './net-socket.ts'
import { ProcReadError } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'
import { findSocketHolders, type Process, type SocketSearch } from './processes.ts'

export type WantedSocket =
  | { readonly kind: 'listener'; readonly protocol: 'tcp' | 'udp'; readonly port: number }
  /** Established TCP connections to that bare address. */
  | { readonly kind: 'remote'; readonly address: string }

type Unknown =
  | 'permission denied' // not found among the processes that we may see
  | 'no such socket' // closed since
  | 'no process holds it' // the kernel's own, of another PID namespace, or not accepted yet
  | 'time ran out'
  | 'too many asked for'
  | 'cannot be read'

export type SocketOwner = Process | { readonly unknown: Unknown }

export interface OwnerSearchOptions {
  readonly monotonicMs: () => number
  /** Milliseconds for all of it: the agent does nothing else meanwhile. */
  readonly budgetMs?: number
}

const BUDGET_MS_DEFAULT = 200

/** As many offenders as a violation shows. */
const WANTED_MAX = 100

/** The answers, in the order of what was asked for. Never throws for what `/proc` does. */
export function findSocketOwners(
  proc: ProcFs,
  wanted: readonly WantedSocket[],
  { monotonicMs, budgetMs = BUDGET_MS_DEFAULT }: OwnerSearchOptions,
): SocketOwner[] {
  const endMs = monotonicMs() + budgetMs
  const isTimeUp = () => monotonicMs() >= endMs
  try {
    const tables = readInodes(proc, wanted.slice(0, WANTED_MAX), isTimeUp)
    const inodes = new Set([...tables.inodes.values()].flat())
    const search =
      inodes.size === 0
        ? { holders: noHolders, deniedCount: 0, isCut: false }
        : findSocketHolders(proc, inodes, isTimeUp)
    return wanted.map((each, index) =>
      index < WANTED_MAX ? ownerOf(keyOf(each), tables, search) : { unknown: 'too many asked for' },
    )
  } catch (error) {
    if (!(error instanceof ProcReadError)) throw error
    return wanted.map(() => ({ unknown: 'cannot be read' }))
  }
}

const noHolders: ReadonlyMap<string, Process> = new Map()

interface Inodes {
  /** By `keyOf`; a socket that is there but nobody's has an empty list. */
  readonly inodes: ReadonlyMap<string, readonly string[]>
  /** The time ran out before the tables ended. */
  readonly isCut: boolean
}

function ownerOf(key: string, { inodes, isCut }: Inodes, search: SocketSearch): SocketOwner {
  const candidates = inodes.get(key)
  for (const inode of candidates ?? []) {
    const holder = search.holders.get(inode)
    if (holder !== undefined) return holder
  }
  if (isCut || search.isCut) return { unknown: 'time ran out' }
  if (candidates === undefined) return { unknown: 'no such socket' }
  if (candidates.length > 0 && search.deniedCount > 0) return { unknown: 'permission denied' }
  return { unknown: 'no process holds it' }
}

const keyOf = (wanted: WantedSocket): string =>
  wanted.kind === 'listener' ? `${wanted.protocol} ${wanted.port}` : wanted.address

/** Inodes kept of one address or port: any of them will do, and each may belong to another process. */
const INODES_MAX = 32

function readInodes(proc: ProcFs, wanted: readonly WantedSocket[], isTimeUp: () => boolean): Inodes {
  const keys = new Set(wanted.map(keyOf))
  const inodes = new Map<string, string[]>()
  const add = (key: string, inode: string) => {
    if (!keys.has(key)) return
    const known = inodes.get(key) ?? []
    inodes.set(key, known)
    if (inode !== '0' && known.length < INODES_MAX) known.push(inode)
  }
  const wantsAddresses = wanted.some(({ kind }) => kind === 'remote')
  const addressOf = wantsAddresses ? addressFormatter(proc.isLittleEndian) : undefined
  let isCut = false
  const scan = (table: SocketTable) => {
    isCut ||= isTimeUp()
    if (!isCut) {
      isCut = scanTable(proc, table, isTimeUp, (socket) => addSocket(table, socket, addressOf, add))
    }
  }
  if (wantsAddresses || wanted.some((each) => each.kind === 'listener' && each.protocol === 'tcp')) {
    scan('net/tcp')
    scan('net/tcp6')
  }
  if (wanted.some((each) => each.kind === 'listener' && each.protocol === 'udp')) {
    scan('net/udp')
    scan('net/udp6')
  }
  return { inodes, isCut }
}

/** Answers whether the time ran out. A table that the kernel does not have (IPv6 is off) is an empty one. */
function scanTable(
  proc: ProcFs,
  table: SocketTable,
  isTimeUp: () => boolean,
  onSocket: (socket: SocketFields) => void,
): boolean {
  let isCut = false
  try {
    proc.read(table, (read) => {
      const untilTimeIsUp = (buffer: Uint8Array, offset: number, length: number) => {
        isCut ||= isTimeUp()
        return isCut ? 0 : read(buffer, offset, length)
      }
      scanLines(untilTimeIsUp, (bytes, start, end) => {
        const socket = SOCKET_LINE.exec(bytes.toString('latin1', start, end))
        if (socket?.groups !== undefined) onSocket(socket.groups as unknown as SocketFields)
      })
    })
  } catch (error) {
    if (!(error instanceof ProcReadError && error.isMissing)) throw error
  }
  return isCut
}

/** What is not in this format is left out, as is the line of headings; the reading for the report counts such lines. */
const SOCKET_LINE =
  /^ *\d+: [0-9A-F]+:(?<port>[0-9A-F]{4}) (?<remote>[0-9A-F]+):(?<remotePort>[0-9A-F]{4}) (?<state>[0-9A-F]{2}) \S+ \S+ \S+ +\d+ +\d+ (?<inode>\d+) /

type SocketFields = Readonly<Record<'port' | 'remote' | 'remotePort' | 'state' | 'inode', string>>

/** The same sockets as count in a report: `metrics/collector.ts`. */
function addSocket(
  table: SocketTable,
  { port, remote, remotePort, state, inode }: SocketFields,
  addressOf: ((hex: string) => string) | undefined,
  add: (key: string, inode: string) => void,
): void {
  const isTcp = table.startsWith('net/tcp')
  switch (Number.parseInt(state, 16)) {
    case socketState.listen:
      if (isTcp) add(`tcp ${Number.parseInt(port, 16)}`, inode)
      return
    case socketState.unconnected:
      if (!isTcp && remotePort === '0000') add(`udp ${Number.parseInt(port, 16)}`, inode)
      return
    case socketState.established:
      if (isTcp && addressOf !== undefined) add(addressOf(remote), inode)
  }
}

/** The kernel's hexadecimal words as text, each address once; IPv4-mapped IPv6 as IPv4, as in reports. */
function addressFormatter(isLittleEndian: boolean): (hex: string) => string {
  const known = new Map<string, string>()
  return (hex) => {
    let address = known.get(hex)
    if (address === undefined) {
      const words = (hex.match(/.{8}/g) ?? []).map((word) =>
        networkOrder(Number.parseInt(word, 16), isLittleEndian),
      )
      const isMapped = words.length === 4 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff
      const isIPv4 = words.length === 1 || isMapped
      address = isIPv4 ? formatAddress(4, [0, 0, 0, words.at(-1) ?? 0]) : formatAddress(6, words)
      known.set(hex, address)
    }
    return address
  }
}
