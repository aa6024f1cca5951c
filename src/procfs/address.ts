/**
 * IP addresses between the kernel's words and text. Four 32-bit words in network order, IPv4 in the last one.
 * IPv6 text is in the form of RFC 5952 (longest run of zeros compressed, lower case), as Node and `ss` write it.
 */

/** The address whose words begin at `at`. */
export function formatAddress(family: 4 | 6, words: ArrayLike<number>, at = 0): string {
  return family === 4 ? formatIPv4(words[at + 3] as number) : formatIPv6(words, at)
}

function formatIPv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

function formatIPv6(words: ArrayLike<number>, at: number): string {
  const groups: number[] = []
  for (let index = at; index < at + 4; index += 1) {
    const word = words[index] as number
    groups.push(word >>> 16, word & 0xffff)
  }
  const { start, length } = longestZeroRun(groups)
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  // RFC 5952, 4.2.2: a single group of zeros is not compressed.
  if (length < 2) return text(0, 8)
  return `${text(0, start)}::${text(start + length, 8)}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (let index = 0; index <= groups.length; index += 1) {
    if (groups[index] === 0) continue
    if (index - start > best.length) best = { start, length: index - start }
    start = index + 1
  }
  return best
}

/** `127.0.0.0/8` or `::1`. */
export function isLoopbackAddress(family: 4 | 6, words: ArrayLike<number>): boolean {
  if (family === 4) return (words[3] as number) >>> 24 === 127
  return words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1
}

/** `0.0.0.0` or `::`: bound to every address of the machine. */
export function isWildcardAddress(words: ArrayLike<number>): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 0
}

/** A word as the kernel prints it (in the machine's byte order) in network order. */
export function networkOrder(word: number, isLittleEndian: boolean): number {
  if (!isLittleEndian) return word >>> 0
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word & 0xff00) << 8) | (word << 24)) >>> 0
}
