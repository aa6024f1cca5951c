/**
 * IPv6 addresses of the interfaces from `net/if_inet6`.
 *
 * Format: Linux `if6_seq_show`: `address ifindex prefixlen scope flags name`, the first five in hexadecimal, the address
 * as 32 digits in network order. The file is missing where IPv6 is off.
 */
import { formatAddress } from './address.ts'
import { LineFaultCounter, type LineFaults } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'

export interface InterfaceAddress6 {
  /** As in `address.ts`: RFC 5952 text. */
  readonly address: string
  readonly interface: string
  readonly interfaceIndex: number
}

export interface IfInet6 {
  readonly addresses: readonly InterfaceAddress6[]
  readonly faults?: LineFaults
}

const LINE = /^([0-9a-f]{32}) ([0-9a-f]{2,8}) [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2,8} +(\S+)$/

export function parseIfInet6(text: string): IfInet6 {
  const counter = new LineFaultCounter('net/if_inet6')
  const addresses: InterfaceAddress6[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue
    const [, digits, interfaceIndex, name] = LINE.exec(line) ?? []
    if (digits === undefined || interfaceIndex === undefined || name === undefined) {
      counter.add(index + 1, 'line', 'address, index, prefix length, scope, flags, name', line)
      continue
    }
    addresses.push({
      address: formatAddress(6, wordsOf(digits)),
      interface: name,
      interfaceIndex: Number.parseInt(interfaceIndex, 16),
    })
  }
  const { faults } = counter
  return faults === undefined ? { addresses } : { addresses, faults }
}

const wordsOf = (digits: string): number[] =>
  [0, 8, 16, 24].map((at) => Number.parseInt(digits.slice(at, at + 8), 16))

export const readIfInet6 = (proc: ProcFs): IfInet6 => parseIfInet6(proc.readText('net/if_inet6'))
