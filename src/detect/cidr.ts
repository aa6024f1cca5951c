/**
 * IP addresses and sets of prefixes. A set is compiled once into sorted, merged ranges, so that a look-up is a binary
 * search whatever the number of prefixes.
 *
 * Text forms: RFC 4291 section 2.2 for IPv6, dotted decimal without leading zeros for IPv4 (RFC 6943 section 3.1.1 on
 * why a leading zero is refused). An IPv4-mapped IPv6 address is the IPv4 address, in sets and in look-ups alike:
 * a dual-stack socket shows the same peer either way. The families are otherwise separate; `::/0` holds no IPv4.
 */

/** IPv4 as an unsigned 32-bit number; IPv6 as four of them, most significant first. */
export type Address = number | readonly [number, number, number, number]

interface Prefix {
  readonly address: Address
  /** Leading bits that count: 0-32 or 0-128. */
  readonly bits: number
}

const MAPPED_WORD = 0xffff // ::ffff:0:0/96, RFC 4291 section 2.5.5.2

/** `undefined` for text that is no address. A zone (`fe80::1%eth0`) is ignored: it names an interface, not a host. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseIpv4(text)
  const zone = text.indexOf('%')
  const words = parseIpv6(zone < 0 ? text : text.slice(0, zone))
  return words === undefined ? undefined : unmapped(words)
}

/** `192.0.2.0/24`, `2001:db8::/32`, or a bare address. Bits beyond the prefix are ignored. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const host = slash < 0 ? text : text.slice(0, slash)
  const isIpv6 = host.includes(':')
  const written = isIpv6 ? parseIpv6(host) : parseIpv4(host)
  if (written === undefined) return undefined
  const width = isIpv6 ? 128 : 32
  const bits = slash < 0 ? width : parseBits(text.slice(slash + 1), width)
  if (bits === undefined) return undefined
  if (typeof written === 'number') return { address: written, bits }
  const address = unmapped(written)
  // A prefix shorter than /96 reaches beyond the mapped block and stays IPv6.
  return typeof address === 'number' && bits >= 96 ? { address, bits: bits - 96 } : { address: written, bits }
}

/** Whether an address has bits set beyond its prefix, as in `10.0.0.1/8`: legal, but seldom meant. */
export function hasHostBits({ address, bits }: Prefix): boolean {
  return compare(firstOf(address, bits), address) !== 0
}

export interface PrefixSet {
  has(address: Address): boolean
}

export function compilePrefixes(prefixes: readonly Prefix[]): PrefixSet {
  const ipv4 = mergedRanges(prefixes.filter(({ address }) => typeof address === 'number'))
  const ipv6 = mergedRanges(prefixes.filter(({ address }) => typeof address !== 'number'))
  const starts = Uint32Array.from(ipv4, ({ first }) => first as number)
  const ends = Uint32Array.from(ipv4, ({ last }) => last as number)
  return {
    has: (address) =>
      typeof address === 'number' ? inSortedRanges(starts, ends, address) : inRanges(ipv6, address),
  }
}

/** Order by number, IPv4 before IPv6. */
export function compare(a: Address, b: Address): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1
  if (typeof b === 'number') return 1
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]
}

interface Range {
  readonly first: Address
  readonly last: Address
}

function mergedRanges(prefixes: readonly Prefix[]): Range[] {
  const ranges = prefixes.map(({ address, bits }) => ({
    first: firstOf(address, bits),
    last: lastOf(address, bits),
  }))
  ranges.sort((a, b) => compare(a.first, b.first) || compare(b.last, a.last))
  const merged: Range[] = []
  for (const range of ranges) {
    const previous = merged.at(-1)
    // Two prefixes either nest or are apart, so a range that starts inside the previous one ends inside it.
    if (previous === undefined || compare(range.first, previous.last) > 0) merged.push(range)
  }
  return merged
}

function inSortedRanges(starts: Uint32Array, ends: Uint32Array, address: number): boolean {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] as number) <= address) low = middle + 1
    else high = middle
  }
  return low > 0 && address <= (ends[low - 1] as number)
}

function inRanges(ranges: readonly Range[], address: Address): boolean {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare((ranges[middle] as Range).first, address) <= 0) low = middle + 1
    else high = middle
  }
  const candidate = ranges[low - 1]
  return candidate !== undefined && compare(address, candidate.last) <= 0
}

/** The part of a prefix mask that falls into a 32-bit word beginning at bit `from`. */
function wordMask(bits: number, from: number): number {
  const set = Math.min(Math.max(bits - from, 0), 32)
  return set === 0 ? 0 : (0xffffffff << (32 - set)) >>> 0
}

function mapWords(address: Address, bits: number, change: (word: number, mask: number) => number): Address {
  if (typeof address === 'number') return change(address, wordMask(bits, 0)) >>> 0
  const word = (index: 0 | 1 | 2 | 3) => change(address[index], wordMask(bits, index * 32)) >>> 0
  return [word(0), word(1), word(2), word(3)]
}

const firstOf = (address: Address, bits: number) => mapWords(address, bits, (word, mask) => word & mask)
const lastOf = (address: Address, bits: number) => mapWords(address, bits, (word, mask) => word | ~mask)

function unmapped(words: readonly [number, number, number, number]): Address {
  return words[0] === 0 && words[1] === 0 && words[2] === MAPPED_WORD ? words[3] : words
}

function parseBits(text: string, width: number): number | undefined {
  if (!/^(0|[1-9]\d{0,2})$/.test(text)) return undefined
  const bits = Number(text)
  return bits <= width ? bits : undefined
}

function parseIpv4(text: string): number | undefined {
  let value = 0
  let octet = -1
  let octets = 1
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 46 /* . */) {
      if (octet < 0 || octets === 4) return undefined
      value = value * 256 + octet
      octet = -1
      octets++
    } else if (code >= 48 && code <= 57 && octet !== 0) {
      octet = (octet < 0 ? 0 : octet * 10) + (code - 48)
      if (octet > 255) return undefined
    } else return undefined
  }
  return octets === 4 && octet >= 0 ? value * 256 + octet : undefined
}

function parseIpv6(text: string): [number, number, number, number] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] as string, halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] as string, true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  // `::` stands for at least one group of zeros.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail]
  const word = (index: number) => (((groups[index] as number) << 16) | (groups[index + 1] as number)) >>> 0
  return [word(0), word(2), word(4), word(6)]
}

/** 16-bit groups; the last two may be written as an IPv4 address. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else {
      const ipv4 = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : undefined
      if (ipv4 === undefined) return undefined
      groups.push(ipv4 >>> 16, ipv4 & 0xffff)
    }
  }
  return groups
}
