import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type SeenMemory, SeenTable } from '../../src/metrics/seen-table.ts'

const key = (value: number) => new Uint32Array([value, value ^ 0xffff])

/** The same in the plainest way: a map from key to first and last cycle. */
function model(memory: SeenMemory) {
  const seen = new Map<number, { first: number; last: number }>()
  let cycle = 0
  return {
    begin: () => {
      if (memory.kind === 'ever' && seen.size > memory.keysMax) {
        for (const [value, { last }] of seen) if (last < cycle) seen.delete(value)
      }
      cycle += 1
    },
    note: (value: number) => {
      const known = seen.get(value)
      const isGap = memory.kind === 'present' && known !== undefined && known.last < cycle - 1
      const first = known === undefined || isGap ? cycle : known.first
      seen.set(value, { first, last: cycle })
      return { first, isDuplicate: known?.last === cycle }
    },
  }
}

const cycles = fc.array(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }), { maxLength: 12 })

test.each<SeenMemory>([{ kind: 'present' }, { kind: 'ever', keysMax: 50 }])(
  'answers as a plain map does: $kind',
  (memory) => {
    fc.assert(
      fc.property(cycles, fc.integer(), (turns, seed) => {
        const table = new SeenTable(seed, memory)
        const expected = model(memory)
        for (const values of turns) {
          table.begin()
          expected.begin()
          for (const value of values) {
            const first = table.note(key(value), 0, 2, 4)
            expect({ first, isDuplicate: table.isDuplicate }).toEqual(expected.note(value))
          }
          expect(table.size).toBe(new Set(values).size)
        }
      }),
    )
  },
)

test('50,000 keys: no two are taken for one, whatever the seed', () => {
  for (const seed of [0, 1, 0xffffffff]) {
    const table = new SeenTable(seed, { kind: 'present' })
    table.begin()
    for (let value = 0; value < 50_000; value += 1)
      table.note(new Uint32Array([0, 0, 0, value, value << 16]), 0, 5, 4)
    expect(table.size).toBe(50_000)
  }
})
