import { describe, expect, it } from 'vitest'
import { fieldNames } from '../../src/report/field-names.ts'

describe('fieldNames', () => {
  const long = Object.values(fieldNames.long)
  const short = Object.values(fieldNames.short)

  it('has one spelling for each field', () => {
    expect(new Set(long).size).toBe(long.length)
    expect(new Set(short).size).toBe(short.length)
  })

  it('tells a long name from a short one', () => {
    expect(long.filter((name) => short.includes(name))).toEqual([])
  })
})
