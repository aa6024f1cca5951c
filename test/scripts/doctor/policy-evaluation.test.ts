/** What policies allow, by the rules of IAM and of AWS IoT. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Verdict, verdictOf } from '../../../scripts/doctor/policy-evaluation.ts'

const allow = (Action: unknown, Resource: unknown, more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})
const deny = (Action: unknown, Resource: unknown, more: object = {}) => ({
  ...allow(Action, Resource),
  Effect: 'Deny',
  ...more,
})
/** As policies have them: a name in braces after a dollar. */
const variable = (name: string) => `\${${name}}`
const publish = 'iot:Publish'
const topic = (name: string) => `arn:aws:iot:eu-west-1:123456789012:topic/${name}`

describe('one action on one resource', () => {
  const cases: { name: string; statements: unknown; resource?: string; gives: Verdict }[] = [
    { name: 'no document', statements: [], gives: 'not-allowed' },
    { name: 'another action', statements: [allow('iot:Connect', '*')], gives: 'not-allowed' },
    { name: 'another resource', statements: [allow(publish, topic('b'))], gives: 'not-allowed' },
    {
      name: 'a variable that has no value',
      statements: [allow(publish, topic(variable('x')))],
      gives: 'not-allowed',
    },
    { name: 'no resource at all', statements: [allow(publish, undefined)], gives: 'not-allowed' },
    { name: 'exactly', statements: [allow(publish, topic('a'))], gives: 'allowed' },
    { name: 'a statement that is no list', statements: allow(publish, topic('a')), gives: 'allowed' },
    { name: 'lists', statements: [allow(['iot:X', publish], ['x', topic('a')])], gives: 'allowed' },
    { name: 'wildcards', statements: [allow('iot:*', topic('*'))], gives: 'allowed' },
    { name: 'one character', statements: [allow(publish, topic('?'))], gives: 'allowed' },
    { name: 'actions in any case', statements: [allow('IOT:publish', '*')], gives: 'allowed' },
    {
      name: "the thing's name",
      statements: [allow(publish, topic(variable('iot:Connection.Thing.ThingName')))],
      gives: 'allowed',
    },
    {
      name: 'all but others',
      statements: [{ Effect: 'Allow', NotAction: 'iot:Connect', NotResource: topic('b') }],
      gives: 'allowed',
    },
    { name: 'a deny', statements: [allow('*', '*'), deny(publish, topic('a'))], gives: 'denied' },
    {
      name: 'a condition',
      statements: [allow(publish, '*', { Condition: { Bool: {} } })],
      gives: 'conditional',
    },
    {
      name: 'a deny under a condition',
      statements: [allow(publish, '*'), deny(publish, '*', { Condition: { Bool: {} } })],
      gives: 'conditional',
    },
  ]
  test.each(cases)('$name: $gives', ({ statements, resource = topic('a'), gives }) => {
    const document = JSON.stringify({ Statement: statements })
    const variables = { 'iot:Connection.Thing.ThingName': 'a' }
    expect(verdictOf([document], publish, resource, variables)).toBe(gives)
  })

  test('a document that is no JSON allows nothing', () => {
    expect(verdictOf(['{'], publish, topic('a'))).toBe('not-allowed')
  })
})

test('patterns match as the regular expression that they stand for', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 })
  fc.assert(
    fc.property(pattern, text, (Resource, resource) => {
      const regular = new RegExp(`^${Resource.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      const verdict = verdictOf([JSON.stringify({ Statement: allow('x:y', Resource) })], 'x:y', resource)
      expect(verdict).toBe(regular.test(resource) ? 'allowed' : 'not-allowed')
    }),
    { numRuns: 500 },
  )
})

test('a pattern of many stars takes no time', () => {
  const document = JSON.stringify({ Statement: allow('x:y', `${'*a'.repeat(30)}b`) })
  const begin = performance.now()
  expect(verdictOf([document], 'x:y', 'a'.repeat(5000))).toBe('not-allowed')
  expect(performance.now() - begin).toBeLessThan(1000)
})
