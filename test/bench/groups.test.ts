import { expect, test } from 'vitest'
import { withoutHash } from './artifact.ts'
import { groups, groupsOption } from './groups.ts'
import { reportSize } from './report-size.ts'

test.each(['', 'nothing', 'start,nothing', 'start,', 'Start'])('--only %j is refused', (text) => {
  expect(() => groupsOption(text)).toThrow(/There is no .*there are real, /)
})

test('--only chooses groups, in their own order', () => {
  expect(groupsOption('detect, start,start').map(({ name }) => name)).toEqual(['start', 'detect'])
})

test('each group has a name of its own', () => {
  expect(new Set(groups.map(({ name }) => name)).size).toBe(groups.length)
})

test('report sizes: short names and CBOR save bytes, and what is cut fits', async () => {
  const { figures } = await reportSize.run({} as never)
  const size = (name: string) => figures.find((figure) => figure.name === name)?.summary.median ?? Number.NaN
  for (const count of ['10', '100', '1,000']) {
    expect(size(`${count} json short`)).toBeLessThan(size(`${count} json long`))
    expect(size(`${count} cbor long`)).toBeLessThan(size(`${count} json long`))
    expect(size(`${count} cbor short`)).toBeLessThan(size(`${count} cbor long`))
  }
  const cut = figures.filter(({ name }) => name.includes('lite'))
  expect(cut.length).toBeGreaterThan(3)
  for (const { summary } of cut) expect(summary.median).toBeLessThanOrEqual(7_300)
  expect(new Set(figures.map(({ name }) => name)).size).toBe(figures.length)
})

test.each([
  { name: 'main.js', gives: 'main.js' },
  { name: 'chunk-634LZBXD.js', gives: 'chunk.js' },
  { name: 'cbor-x-LIBMMNPR.js', gives: 'cbor-x.js' },
  { name: 'THIRD-PARTY-NOTICES.txt', gives: 'THIRD-PARTY-NOTICES.txt' },
])('the part $name is $gives', ({ name, gives }) => {
  expect(withoutHash(name)).toBe(gives)
})
