/**
 * The socket tables `net/tcp`, `net/tcp6`, `net/udp` and `net/udp6`: one line a socket, parsed as bytes.
 *
 * Format: Linux `get_tcp4_sock`, `get_tcp6_sock`, `udp4_format_sock`, `udp6_format_sock`; Documentation/networking/proc_net_tcp.
 *   `  sl: local_address:port rem_address:port st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`
 * Addresses are 32-bit words in hexadecimal, each in the byte order of the machine; ports are in plain order.
 */
import { scanLines } from './lines.ts'
import { LineFaultCounter, type LineFaults } from './parse-error.ts'
import type { ProcFs, ReadInto } from './proc-fs.ts'

/** Socket states as the kernel writes them (include/net/tcp_states.h); UDP uses the same numbers. */
export const socketState = { established: 0x01, unconnected: 0x07, listen: 0x0a } as const

export type SocketTable = 'net/tcp' | 'net/tcp6' | 'net/udp' | 'net/udp6'

/**
 * One socket. The same object is filled again for each line: read what is needed during the call and keep no reference.
 * Addresses are four 32-bit words in network order. IPv4 addresses, also IPv4-mapped ones of the IPv6 tables, stand in
 * the last word with `family` 4 and zeros before it.
 */
export interface SocketRow {
  family: 4 | 6
  state: number
  readonly local: Uint32Array
  localPort: number
  readonly remote: Uint32Array
  remotePort: number
}

export interface TableScan {
  readonly sockets: number
  readonly faults?: LineFaults
}

/** Reads one table and calls `onSocket` for each of its sockets. Throws ProcReadError when it cannot be read. */
export const readSockets = (
  proc: ProcFs,
  table: SocketTable,
  onSocket: (row: SocketRow) => void,
): TableScan => proc.read(table, (read) => parseSockets(table, read, onSocket, proc.isLittleEndian))

export function parseSockets(
  table: SocketTable,
  read: ReadInto,
  onSocket: (row: SocketRow) => void,
  isLittleEndian = true,
): TableScan {
  const wordCount = table.endsWith('6') ? 4 : 1
  const counter = new LineFaultCounter(table)
  let sockets = 0

  const scan = scanLines(read, (bytes, start, end, line) => {
    if (line === 1) return // column names
    const field = parseSocketLine(bytes, start, end, wordCount, isLittleEndian)
    if (field !== undefined) {
      counter.add(line, field, EXPECTED[field], bytes.toString('latin1', start, end))
      return
    }
    sockets += 1
    onSocket(row)
  })
  if (scan.firstOverlong !== undefined)
    counter.add(scan.firstOverlong, 'line', 'at most 64 KiB', 'a longer one')
  if (scan.endsWithinLine) counter.add(scan.lines + 1, 'line', 'a newline at its end', 'the end of the file')
  const { faults } = counter
  return faults === undefined ? { sockets } : { sockets, faults }
}

const EXPECTED = {
  sl: 'a number and a colon',
  local_address: 'hex:hex',
  rem_address: 'hex:hex',
  st: 'two hex digits',
} as const
type SocketField = keyof typeof EXPECTED

const row: SocketRow = {
  family: 4,
  state: 0,
  local: new Uint32Array(4),
  localPort: 0,
  remote: new Uint32Array(4),
  remotePort: 0,
}

/**
 * Value of each two hexadecimal digits by their two bytes as a little-endian number; -1 for anything else. Of its 128 KiB
 * the lines of a table touch 22 cache lines, one for each digit that may come second.
 */
const HEX_BYTE = new Int16Array(0x10000).fill(-1)
const DIGITS = Buffer.from('0123456789ABCDEFabcdef')
for (const high of DIGITS) {
  for (const low of DIGITS) {
    HEX_BYTE[high | (low << 8)] = Number.parseInt(String.fromCharCode(high, low), 16)
  }
}
const COLON = 0x3a
const SPACE = 0x20
/** `sl` is at least 4 wide and grows with the number of sockets; 12 digits are more than a table can hold. */
const SL_WIDTH_MAX = 12

/** Fills `row` from one line; answers the name of the first field that is not as documented, if any. */
function parseSocketLine(
  bytes: Buffer,
  start: number,
  end: number,
  wordCount: number,
  isLittleEndian: boolean,
): SocketField | undefined {
  let at = start
  const slEnd = Math.min(end, start + SL_WIDTH_MAX)
  while (at < slEnd && bytes[at] !== COLON) at += 1
  if (bytes[at] !== COLON || bytes[at + 1] !== SPACE) return 'sl'
  at += 2

  const addressWidth = wordCount * 8 + 1 + 4
  // All up to the blank behind the state must be on this line: what follows in the buffer is another one.
  if (at + addressWidth + 1 > end) return 'local_address'
  if (at + 2 * (addressWidth + 1) > end) return 'rem_address'
  if (at + 2 * (addressWidth + 1) + 3 > end) return 'st'

  let port = parseEndpoint(bytes, at, wordCount, isLittleEndian, row.local)
  if (port < 0 || bytes[at + addressWidth] !== SPACE) return 'local_address'
  row.localPort = port
  at += addressWidth + 1

  port = parseEndpoint(bytes, at, wordCount, isLittleEndian, row.remote)
  if (port < 0 || bytes[at + addressWidth] !== SPACE) return 'rem_address'
  row.remotePort = port
  at += addressWidth + 1

  const state = hexByte(bytes, at)
  if (state < 0 || bytes[at + 2] !== SPACE) return 'st'
  row.state = state
  row.family = wordCount === 1 || unmap(row.local, row.remote) ? 4 : 6
  return undefined
}

/** Reads `address:port` at `at` into `words`; answers the port, or -1 when a digit is none. */
function parseEndpoint(
  bytes: Buffer,
  at: number,
  wordCount: number,
  isLittleEndian: boolean,
  words: Uint32Array,
): number {
  let all = 0 // negative as soon as one of them is
  let place = at
  for (let index = 4 - wordCount; index < 4; index += 1) {
    const a = hexByte(bytes, place)
    const b = hexByte(bytes, place + 2)
    const c = hexByte(bytes, place + 4)
    const d = hexByte(bytes, place + 6)
    all |= a | b | c | d
    // The digits show the number that the machine sees in four bytes that are in network order.
    words[index] = isLittleEndian
      ? (d << 24) | (c << 16) | (b << 8) | a
      : (a << 24) | (b << 16) | (c << 8) | d
    place += 8
  }
  if (wordCount === 1) words[0] = words[1] = words[2] = 0
  const high = hexByte(bytes, place + 1)
  const low = hexByte(bytes, place + 3)
  return (all | high | low) < 0 || bytes[place] !== COLON ? -1 : (high << 8) | low
}

/** The two digits at `at`; negative when one of them is none. */
const hexByte = (bytes: Buffer, at: number): number =>
  HEX_BYTE[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number

/**
 * An IPv6 socket that speaks IPv4 shows `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2) on both sides: it is an IPv4 connection.
 * Changes both addresses to IPv4 and answers true if so. A listener on `::ffff:a.b.c.d` has `::` as its remote side.
 */
function unmap(local: Uint32Array, remote: Uint32Array): boolean {
  if (!isMapped(local)) return false
  local[2] = 0
  if (isMapped(remote)) remote[2] = 0
  return true
}

const isMapped = (words: Uint32Array): boolean => words[0] === 0 && words[1] === 0 && words[2] === 0xffff
