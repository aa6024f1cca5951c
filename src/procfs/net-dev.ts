/**
 * Interface counters from `net/dev`, cumulative since the interface appeared.
 *
 * Format: proc_net(5), Linux `dev_seq_printf_stats`: two header lines, then `name: ` and 16 columns; column 1 is bytes
 * received, 2 packets received, 9 bytes sent, 10 packets sent. Counters are 64-bit (32-bit on some old drivers), which is
 * more than a JavaScript number holds exactly, hence bigint.
 */
import { LineFaultCounter, type LineFaults } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'

export interface InterfaceCounters {
  readonly name: string
  readonly bytesIn: bigint
  readonly packetsIn: bigint
  readonly bytesOut: bigint
  readonly packetsOut: bigint
}

export interface NetDev {
  readonly interfaces: readonly InterfaceCounters[]
  readonly faults?: LineFaults
}

const HEADER_LINES = 2
const COLUMNS = 16
/** 2^64 - 1 has 20 digits. */
const COUNTER = /^\d{1,20}$/

export function parseNetDev(text: string): NetDev {
  const counter = new LineFaultCounter('net/dev')
  const interfaces: InterfaceCounters[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (index < HEADER_LINES || line === '') continue
    // The last colon, because an alias has one in its name (`eth0:1`).
    const colon = line.lastIndexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim()
    if (name === '') {
      counter.add(index + 1, 'name', 'a name and a colon', line)
      continue
    }
    const columns = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
    if (columns.length !== COLUMNS) {
      counter.add(index + 1, 'columns', `${COLUMNS} numbers`, line)
      continue
    }
    const bad = columns.find((column) => !COUNTER.test(column))
    if (bad !== undefined) {
      counter.add(index + 1, 'counter', 'a number of at most 20 digits', bad)
      continue
    }
    const value = (column: number) => BigInt(columns[column - 1] as string)
    interfaces.push({
      name,
      bytesIn: value(1),
      packetsIn: value(2),
      bytesOut: value(9),
      packetsOut: value(10),
    })
  }
  const { faults } = counter
  return faults === undefined ? { interfaces } : { interfaces, faults }
}

export const readNetDev = (proc: ProcFs): NetDev => parseNetDev(proc.readText('net/dev'))
