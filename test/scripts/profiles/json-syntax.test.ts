import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonFault } from '../../../scripts/profiles/json-syntax.ts'

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const cases: { name: string; text: string; offset: number; says: RegExp }[] = [
  { name: 'nothing', text: '', offset: 0, says: /the file ends where a value/ },
  { name: 'a comma too many in a list', text: '[1, ]', offset: 4, says: /"]" where a value/ },
  { name: 'a comma too many in an object', text: '{"a": 1,}', offset: 8, says: /"}" where a name/ },
  { name: 'no colon', text: '{"a" 1}', offset: 5, says: /where ":"/ },
  { name: 'two values', text: '1 2', offset: 2, says: /the end of the file/ },
  { name: 'a leading zero', text: '[01]', offset: 1, says: /"0"/ },
  { name: 'a bare word', text: '{"a": yes}', offset: 6, says: /"y" where a value/ },
  { name: 'a line break in a string', text: '["a\nb"]', offset: 1, says: /"\\""/ },
  { name: 'a wrong bracket', text: '[1}', offset: 2, says: /"," or "]"/ },
]

test.each(cases)('$name', ({ text, offset, says }) => {
  const fault = jsonFault(text)
  expect(fault?.offset).toBe(offset)
  expect(fault?.problem).toMatch(says)
})

test('it agrees with JSON.parse on what is JSON, whole or with a character changed', () => {
  const texts = fc.json().chain((json) =>
    fc.oneof(
      fc.constant(json),
      fc
        .tuple(
          fc.nat(json.length),
          fc.constantFrom('"', ',', '}', ']', ':', '0', '\\', 'e', '-', ' ', '\n', ''),
        )
        .map(([at, put]) => json.slice(0, at) + put + json.slice(at + 1)),
    ),
  )
  fc.assert(
    fc.property(texts, (text) => {
      expect(jsonFault(text) === undefined).toBe(isJson(text))
    }),
    { numRuns: 500 },
  )
})
