import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyFilter, filterIn, queryOf } from '../../../scripts/violations/report/client/filter.ts'
import {
  hashOf,
  instantIn,
  parseRoute,
  thingPath,
  violationPath,
} from '../../../scripts/violations/report/client/route.ts'
import { exampleReport, TUTORIAL } from './example.ts'

const { violations } = exampleReport({ thingCount: 8, violationCount: 50, datapointCount: 1 })
const [violation] = violations as [(typeof violations)[number]]

describe('addresses', () => {
  test.each([
    { hash: '', gives: { page: 'overview', query: {} } },
    { hash: '#', gives: { page: 'overview', query: {} } },
    { hash: '#/?state=cleared', gives: { page: 'overview', query: { state: 'cleared' } } },
    { hash: '#/violation', gives: { page: 'unknown', query: {} } },
    { hash: '#/violation/', gives: { page: 'unknown', query: {} } },
    { hash: '#/elsewhere/1', gives: { page: 'unknown', query: {} } },
    { hash: '#/violation/ab%2Fc', gives: { page: 'violation', id: 'ab/c', query: {} } },
    { hash: '#/violation/ab/t%201', gives: { page: 'violation', id: 'ab', thingName: 't 1', query: {} } },
    { hash: '#/thing/100%', gives: { page: 'thing', thingName: '100%', query: {} } },
  ])('$hash', ({ hash, gives }) => {
    expect(parseRoute(hash)).toEqual(gives)
  })

  test('any name and any query come back', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' })
    fc.assert(
      fc.property(text, text, text, (id, thingName, value) => {
        const told = { ...violation, id, thingName }
        expect(parseRoute(hashOf(violationPath(told, true), { metric: value }))).toEqual({
          page: 'violation',
          id,
          thingName,
          query: { metric: value },
        })
        expect(parseRoute(hashOf(thingPath(thingName)))).toEqual({ page: 'thing', thingName, query: {} })
      }),
    )
  })

  test.each(['', 'x', 'NaN', 'Infinity'])('"%s" is no instant', (text) => {
    expect(instantIn({ at: text }, 'at')).toBeUndefined()
  })
})

describe('filters', () => {
  test.each([
    { name: 'nothing', filter: {}, keeps: () => true },
    {
      name: 'a part of a thing in any case',
      filter: { thing: 'WAY-07' },
      keeps: (each: typeof violation) => each.thingName === 'gateway-07',
    },
    {
      name: 'a behavior',
      filter: { behavior: 'SlowBytesOut' },
      keeps: (each: typeof violation) => each.behavior.name === 'SlowBytesOut',
    },
    {
      name: 'a profile',
      filter: { profile: 'baseline-connections' },
      keeps: (each: typeof violation) => each.securityProfileName === 'baseline-connections',
    },
    {
      name: 'a state',
      filter: { state: 'in-alarm' },
      keeps: (each: typeof violation) => each.state === 'in-alarm',
    },
    {
      name: 'a time: what was in alarm at some time in it',
      filter: { from: TUTORIAL.endedAt, to: TUTORIAL.endedAt },
      keeps: (each: typeof violation) =>
        each.startedAt <= TUTORIAL.endedAt && (each.endedAt ?? Number.MAX_VALUE) >= TUTORIAL.endedAt,
    },
  ])('$name', ({ filter, keeps }) => {
    const found = applyFilter(violations, filter)
    expect(found.length).toBeGreaterThan(0)
    expect(found).toEqual(violations.filter(keeps))
  })

  test('come back from the address', () => {
    const filter = { thing: 'a&b=c', profile: 'p', behavior: '%', state: 'cleared', from: 5, to: 7 }
    const route = parseRoute(hashOf('/', queryOf(filter)))
    expect(filterIn(route.query)).toEqual(filter)
  })
})
