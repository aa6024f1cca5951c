import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compare, compilePrefixes, hasHostBits, parseAddress, parsePrefix } from '../../src/detect/cidr.ts'

/** An address as its family and one big number, by another road than the code under test. */
type Plain = { family: 4 | 6; value: bigint; width: number }

function plain(address: ReturnType<typeof parseAddress>): Plain {
  if (address === undefined) throw new Error('no address')
  if (typeof address === 'number') return { family: 4, value: BigInt(address), width: 32 }
  return { family: 6, value: address.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n), width: 128 }
}

const ipv4 = fc.oneof(
  fc.ipV4(),
  fc.constantFrom('10.0.0.0', '10.0.0.255', '255.255.255.255', '0.0.0.0', '10.0.1.0'),
)
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc.constantFrom('::', '::1', '2001:db8::', '2001:db8::ffff', '::ffff:10.0.0.1', 'ffff::'),
)
const prefixes = fc.array(
  fc.oneof(
    fc.tuple(ipv4, fc.nat(32)).map(([address, bits]) => `${address}/${bits}`),
    fc.tuple(ipv6, fc.nat(128)).map(([address, bits]) => `${address}/${bits}`),
    ipv4,
    ipv6,
  ),
  { maxLength: 12 },
)

test('a compiled set holds what a prefix by prefix comparison of bits holds', () => {
  let inside = 0
  fc.assert(
    fc.property(
      prefixes,
      fc.array(fc.oneof(ipv4, ipv6), { minLength: 1, maxLength: 20 }),
      (written, addresses) => {
        const parsed = written.map((each) => parsePrefix(each)).filter((each) => each !== undefined)
        const set = compilePrefixes(parsed)
        // The first addresses of the prefixes themselves, and their neighbours, are the interesting ones.
        for (const text of [...addresses, ...written.map((each) => each.split('/')[0] as string)]) {
          const address = parseAddress(text)
          if (address === undefined) continue
          const { family, value, width } = plain(address)
          const naive = parsed.some((prefix) => {
            const other = plain(prefix.address)
            return (
              other.family === family &&
              value >> BigInt(width - prefix.bits) === other.value >> BigInt(width - prefix.bits)
            )
          })
          expect(set.has(address)).toBe(naive)
          if (naive) inside++
        }
      },
    ),
    { numRuns: 300 },
  )
  expect(inside).toBeGreaterThan(500)
})

test('reads what Node takes for an address, and nothing else', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0123456789abcF:.') })),
      (text) => {
        expect(parseAddress(text) !== undefined).toBe(isIPv4(text) || isIPv6(text))
      },
    ),
    { numRuns: 2000 },
  )
})

describe('prefixes', () => {
  const bad = [
    '',
    '/',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    '::/129',
    '1::2::3',
    ':::',
    'localhost',
    '10.0.0',
    '1.2.3.4.5',
    '01.2.3.4',
  ]
  test.each(bad)('%j is refused', (text) => {
    expect(parsePrefix(text)).toBeUndefined()
  })
  test.each([
    ['10.0.0.0/8', false],
    ['10.0.0.1/8', true],
    ['10.0.0.1', false],
    ['2001:db8::/32', false],
    ['2001:db8::1/32', true],
    ['0.0.0.0/0', false],
    ['128.0.0.0/0', true],
  ])('%s has bits beyond its prefix: %s', (text, expected) => {
    const prefix = parsePrefix(text)
    expect(prefix && hasHostBits(prefix)).toBe(expected)
  })
})

test('IPv4 sorts before IPv6, each by number', () => {
  const sorted = ['2001:db8::1', '200.0.0.1', '::1', '10.0.0.1']
    .map((text) => parseAddress(text))
    .sort((a, b) => compare(a ?? 0, b ?? 0))
  expect(sorted).toEqual(['10.0.0.1', '200.0.0.1', '::1', '2001:db8::1'].map((text) => parseAddress(text)))
})

test('a thousand prefixes are searched, not walked', () => {
  const many = (count: number) =>
    compilePrefixes(
      Array.from({ length: count }, (_, index) => parsePrefix(`10.${index >> 8}.${index & 255}.0/25`)).filter(
        (each) => each !== undefined,
      ),
    )
  const time = (set: ReturnType<typeof many>) => {
    let best = Number.POSITIVE_INFINITY
    for (let run = 0; run < 7; run++) {
      const begin = process.hrtime.bigint()
      let found = 0
      for (let index = 0; index < 20_000; index++)
        if (set.has((10 << 24) | ((index * 40_503) & 0xffffff))) found++
      best = Math.min(best, Number(process.hrtime.bigint() - begin))
      expect(found).toBeGreaterThan(0)
    }
    return best
  }
  // Linear would take some 4,000 times as long; the machine may be busy.
  expect(time(many(65_536)) / time(many(16))).toBeLessThan(1_000)
})
