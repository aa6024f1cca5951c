/**
 * Addresses seen, widened to the ranges that a profile may call normal: as narrow as the kind of network allows, and
 * wider where there would be too many. Sources: RFC 1918, RFC 4193, RFC 3927, RFC 4291, RFC 1122 (loopback).
 */
import { type Address, parseAddress } from '../../../src/detect/cidr.ts'
import { addressText, coveredBy } from '../prefix-text.ts'

export interface AddressRange {
  readonly cidr: string
  /** Those of the given ones that lie in it. */
  readonly addresses: readonly string[]
}

interface Kind {
  readonly cidrs: readonly string[]
  /** Leading bits kept, the narrowest first; the next is taken where the narrower give too many ranges. */
  readonly bits: readonly number[]
}

/**
 * Loopback keeps 127.0.0.0/16 (localhost, Debian's 127.0.1.1, systemd-resolved's 127.0.0.53) apart from the rest. Hosts
 * of the local network change their last octet; services on the Internet change address within their provider's block.
 */
const kinds: readonly Kind[] = [
  { cidrs: ['127.0.0.0/8'], bits: [16, 8] },
  { cidrs: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'], bits: [24, 16, 8] },
  { cidrs: ['0.0.0.0/0'], bits: [16, 12, 8] },
  { cidrs: ['::1/128'], bits: [128] },
  { cidrs: ['fc00::/7', 'fe80::/10'], bits: [64, 48, 10] },
  { cidrs: ['::/0'], bits: [32, 24, 16] },
]

/** Of one kind; with a few kinds a set stays readable, and far from the thousand elements that a profile may have. */
const RANGES_MAX = 40

export function rangesOf(addresses: readonly string[]): AddressRange[] {
  const parsed = addresses.flatMap((text) => {
    const address = parseAddress(text)
    return address === undefined ? [] : [{ text, address }]
  })
  const byKind = kinds.map((): Parsed[] => [])
  for (const each of parsed) {
    const kind = kinds.findIndex(({ cidrs }) => coveredBy(cidrs, each.text))
    byKind[kind]?.push(each)
  }
  return kinds.flatMap(({ bits }, index) => narrowest(byKind[index] ?? [], bits))
}

interface Parsed {
  readonly text: string
  readonly address: Address
}

function narrowest(parsed: readonly Parsed[], bits: readonly number[]): AddressRange[] {
  let ranges: AddressRange[] = []
  for (const each of bits) {
    const byCidr = new Map<string, string[]>()
    for (const { text, address } of parsed) {
      const cidr = addressText(address, each)
      const own = byCidr.get(cidr)
      if (own === undefined) byCidr.set(cidr, [text])
      else own.push(text)
    }
    ranges = [...byCidr].map(([cidr, addresses]) => ({ cidr, addresses }))
    if (ranges.length <= RANGES_MAX) break
  }
  return ranges.sort((a, b) => (a.cidr < b.cidr ? -1 : 1))
}
