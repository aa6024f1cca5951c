/** Prefixes as text: of another length, or the one network that a host belongs to. */
import { type Address, compilePrefixes, hasHostBits, parsePrefix } from '../../src/detect/cidr.ts'

interface AddressBits {
  readonly address: Address
  readonly bits: number
  readonly width: number
}

export function parseAddressBits(text: string): AddressBits | undefined {
  const prefix = parsePrefix(text)
  return prefix === undefined
    ? undefined
    : { ...prefix, width: typeof prefix.address === 'number' ? 32 : 128 }
}

/** The network of `bits` bits that holds the address: `10.0.0.0/8`, `2001:db8::/32`. */
export function addressText(address: Address, bits: number): string {
  const words = typeof address === 'number' ? [address] : address
  const masked = words.map((word, index) => {
    const kept = Math.min(Math.max(bits - index * 32, 0), 32)
    return kept === 0 ? 0 : (word & (0xffffffff << (32 - kept))) >>> 0
  })
  if (typeof address === 'number') {
    const word = masked[0] as number
    return `${[24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.')}/${bits}`
  }
  return `${shortened(masked.flatMap((word) => [word >>> 16, word & 0xffff]))}/${bits}`
}

/** RFC 5952 section 4.2: the longest run of zero groups, of two at least, becomes `::`. */
function shortened(groups: readonly number[]): string {
  let best = { start: -1, length: 1 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  if (best.start < 0) return text(groups)
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`
}

/** The other half of the next larger network; `bits` is at least 1. */
export function siblingOf(address: Address, bits: number): string {
  const flip = (word: number, index: number) =>
    Math.floor((bits - 1) / 32) === index ? (word ^ (0x80000000 >>> ((bits - 1) % 32))) >>> 0 : word
  const flipped: Address =
    typeof address === 'number'
      ? flip(address, 0)
      : [flip(address[0], 0), flip(address[1], 1), flip(address[2], 2), flip(address[3], 3)]
  return addressText(flipped, bits)
}

/** Whether one of the prefixes holds all of another. */
export function coveredBy(cidrs: readonly string[], cidr: string): boolean {
  const inner = parseAddressBits(cidr)
  if (inner === undefined) return false
  return cidrs.some((each) => {
    const outer = parseAddressBits(each)
    if (outer === undefined || outer.width !== inner.width || outer.bits > inner.bits) return false
    return compilePrefixes([outer]).has(inner.address)
  })
}

/** The network that a prefix with host bits means; `undefined` if it has none. */
export function networkOf(text: string): string | undefined {
  const prefix = parsePrefix(text)
  return prefix === undefined || !hasHostBits(prefix) ? undefined : addressText(prefix.address, prefix.bits)
}
