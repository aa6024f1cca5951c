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
            const first = table.firstCycleOf(table.note(key(value), 0, 2, 4))
            expect({ first, isDuplicate: table.isDuplicate }).toEqual(expected.note(value))
          }
          expect(table.size).toBe(new Set(values).size)
        }
      }),
    )
  },
)

/** Cycles as the kernel's lists are: the former one with some keys gone and some new ones at any place. */
const changes = fc.array(
  fc.record({
    gone: fc.array(fc.nat(), { maxLength: 40 }),
    come: fc.array(fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 300 }) }), { maxLength: 90 }),
  }),
  { maxLength: 12 },
)

function apply(
  values: readonly number[],
  { gone, come }: { gone: number[]; come: { at: number; value: number }[] },
) {
  const next = [...values]
  for (const place of gone) next.splice(place % (next.length + 1), 1)
  for (const { at, value } of come) next.splice(at % (next.length + 1), 0, value)
  return next
}

test.each<SeenMemory>([{ kind: 'present' }, { kind: 'ever', keysMax: 50 }])(
  'the order of the former cycle is a help and no more: $kind',
  (memory) => {
    fc.assert(
      fc.property(changes, (turns) => {
        const table = new SeenTable(7, memory)
        const expected = model(memory)
        let values: number[] = []
        for (const turn of turns) {
          table.begin()
          expected.begin()
          values = apply(values, turn)
          for (const value of values) {
            const first = table.firstCycleOf(table.note(key(value), 0, 2, 4))
            expect({ first, isDuplicate: table.isDuplicate }).toEqual(expected.note(value))
          }
        }
      }),
    )
  },
)

test('an entry noted by its number is as good as its key, until the entries are renumbered', () => {
  const table = new SeenTable(1, { kind: 'present' })
  table.begin()
  const entries = [1, 2, 3].map((value) => table.note(key(value), 0, 2, 4))
  table.begin()
  for (const entry of entries.slice(1)) table.noteEntry(entry)
  expect(table.isDuplicate).toBe(false)
  table.noteEntry(entries[2] as number)
  expect(table.isDuplicate).toBe(true)
  expect(table.size).toBe(2)
  table.begin()
  expect(table.note(key(3), 0, 2, 4)).toBe(entries[2])
  expect(table.firstCycleOf(entries[2] as number)).toBe(1)
  expect(table.renumberings).toBe(0)
  table.begin() // two of three were not there
  expect(table.renumberings).toBe(1)
  expect(table.firstCycleOf(table.note(key(3), 0, 2, 4))).toBe(1)
  expect(table.firstCycleOf(table.note(key(2), 0, 2, 4))).toBe(4)
})

test('50,000 keys: no two are taken for one, whatever the seed', () => {
  for (const seed of [0, 1, 0xffffffff]) {
    const table = new SeenTable(seed, { kind: 'present' })
    table.begin()
    for (let value = 0; value < 50_000; value += 1)
      table.note(new Uint32Array([0, 0, 0, value, value << 16]), 0, 5, 4)
    expect(table.size).toBe(50_000)
  }
})
