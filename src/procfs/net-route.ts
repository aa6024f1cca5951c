/**
 * IPv4 routes of the main table from `net/route`.
 *
 * Format: Linux `fib_route_seq_show`: a header, then tab-separated columns `Iface Destination Gateway Flags RefCnt Use
 * Metric Mask MTU Window IRTT`; addresses are 32-bit words in hexadecimal in the byte order of the machine.
 */
import { networkOrder } from './address.ts'
import { LineFaultCounter, type LineFaults } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'

export interface Route {
  readonly interface: string
  /** 32-bit words in network order. */
  readonly destination: number
  readonly mask: number
  /** 0 for a network that the interface is directly connected to. */
  readonly gateway: number
}

export interface NetRoute {
  readonly routes: readonly Route[]
  readonly faults?: LineFaults
}

const LINE =
  /^(\S+)\t([0-9A-F]{8})\t([0-9A-F]{8})\t[0-9A-F]{4}\t-?\d+\t\d+\t-?\d+\t([0-9A-F]{8})\t\d+\t\d+\t\d+\s*$/

export function parseNetRoute(text: string, isLittleEndian = true): NetRoute {
  const counter = new LineFaultCounter('net/route')
  const routes: Route[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (index === 0 || line.trim() === '') continue
    const [, name, destination, gateway, mask] = LINE.exec(line) ?? []
    if (name === undefined || destination === undefined || gateway === undefined || mask === undefined) {
      counter.add(index + 1, 'line', '11 columns', line)
      continue
    }
    // A route that refuses (blackhole, unreachable, prohibit) is on no interface.
    if (name === '*') continue
    const word = (hex: string) => networkOrder(Number.parseInt(hex, 16), isLittleEndian)
    routes.push({ interface: name, destination: word(destination), mask: word(mask), gateway: word(gateway) })
  }
  const { faults } = counter
  return faults === undefined ? { routes } : { routes, faults }
}

export const readNetRoute = (proc: ProcFs): NetRoute =>
  parseNetRoute(proc.readText('net/route'), proc.isLittleEndian)
