/** The open interval's list: what an interval that begins like the last one shares with it is what it would have made. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Accumulated, type AccumulatedList, accumulate } from '../../src/detect/interval.ts'

const METRIC = 'aws:destination-ip-addresses'
const add = (sofar: Accumulated | undefined, cidrs: readonly string[], at: number, previous?: Accumulated) =>
  accumulate(METRIC, sofar, { cidrs }, at, previous) as AccumulatedList

const address = fc.integer({ min: 0, max: 6 }).map((host) => `192.0.2.${host}`)
const sample = fc.array(address, { maxLength: 8 })

/** First sights by element, from the definition alone. */
const firstSights = ({ elements, firstSeen }: AccumulatedList) =>
  new Map(elements.map((element, index) => [element, firstSeen[index]]))

test('each element once, with its first sight, whatever the samples of the interval before were', () => {
  fc.assert(
    fc.property(sample, sample, sample, sample, (first, second, third, fourth) => {
      const previous = add(add(undefined, first, 1), second, 2)
      const open = add(add(undefined, third, 3, previous), fourth, 4, previous)
      const expected = new Map<string, number | undefined>()
      const before = firstSights(previous)
      for (const [at, seen] of [third, fourth].entries()) {
        for (const each of seen) if (!expected.has(each)) expected.set(each, before.get(each) ?? at + 3)
      }
      expect(open.elements).toHaveLength(expected.size)
      expect(firstSights(open)).toEqual(expected)
      expect(open.total).toBe(expected.size)
    }),
  )
})

test('an interval that begins with the list of the last one takes it over as it is, in any order', () => {
  const hosts = Array.from({ length: 100 }, (_, host) => `192.0.2.${host}`)
  const previous = add(undefined, hosts, 1)
  const open = add(undefined, [...hosts].reverse(), 2, previous)
  expect(open.elements).toBe(previous.elements)
  expect(open.firstSeen).toBe(previous.firstSeen)
  expect(add(undefined, hosts.slice(1), 2, previous).elements).not.toBe(previous.elements)
  expect(add(undefined, [...hosts.slice(1), '192.0.2.1'], 2, previous).elements).toHaveLength(99)
})
