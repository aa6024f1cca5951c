/** The schema for editors: it is what `profiles schema` prints, and it and the readers agree on what they both judge. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { profileSchemaText } from '../../../scripts/profiles/schema.ts'
import { readTexts } from './helpers.ts'

type Schema = Readonly<Record<string, unknown>>

const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))
const root = JSON.parse(profileSchemaText()) as Schema

test('component/profile.schema.json is what would be generated now', () => {
  expect(readFileSync(path('component/profile.schema.json'), 'utf8')).toBe(profileSchemaText())
})

/** The keywords that the schema uses, of JSON Schema 2020-12; another one is a mistake of this test. */
function fits(schema: Schema | boolean, value: unknown): boolean {
  if (typeof schema === 'boolean') return schema
  return Object.entries(schema).every(([keyword, rule]) => {
    const check = keywords[keyword]
    if (check === undefined) throw new Error(`the test does not know the keyword ${keyword}`)
    return check(rule as never, value, schema)
  })
}

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const always = () => true
const size = (value: unknown) => (isObject(value) ? Object.keys(value).length : 0)

const keywords: Readonly<Record<string, (rule: never, value: unknown, schema: Schema) => boolean>> = {
  $schema: always,
  $defs: always,
  title: always,
  description: always,
  default: always,
  deprecated: always,
  $ref: (rule: string, value) =>
    fits((root.$defs as Record<string, Schema>)[rule.replace('#/$defs/', '')] ?? false, value),
  type: (rule: string, value) =>
    rule === 'object'
      ? isObject(value)
      : rule === 'array'
        ? Array.isArray(value)
        : rule === 'integer'
          ? Number.isInteger(value)
          : typeof value === rule,
  enum: (rule: unknown[], value) => rule.includes(value),
  oneOf: (rule: Schema[], value) => rule.filter((each) => fits(each, value)).length === 1,
  anyOf: (rule: Schema[], value) => rule.some((each) => fits(each, value)),
  allOf: (rule: Schema[], value) => rule.every((each) => fits(each, value)),
  not: (rule: Schema, value) => !fits(rule, value),
  if: (rule: Schema, value, schema) => !fits(rule, value) || fits(schema.then as Schema, value),
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
  then: always,
  properties: (rule: Record<string, Schema>, value) =>
    !isObject(value) ||
    Object.entries(rule).every(([key, each]) => !(key in value) || fits(each, value[key])),
  additionalProperties: (rule: Schema | boolean, value, schema) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([key, each]) => key in ((schema.properties ?? {}) as object) || fits(rule, each),
    ),
  propertyNames: (rule: Schema, value) =>
    !isObject(value) || Object.keys(value).every((key) => fits(rule, key)),
  required: (rule: string[], value) => !isObject(value) || rule.every((key) => key in value),
  dependentRequired: (rule: Record<string, string[]>, value) =>
    !isObject(value) ||
    Object.entries(rule).every(([key, all]) => !(key in value) || all.every((each) => each in value)),
  minProperties: (rule: number, value) => size(value) >= rule,
  maxProperties: (rule: number, value) => size(value) <= rule,
  items: (rule: Schema, value) => !Array.isArray(value) || value.every((each) => fits(rule, each)),
  minItems: (rule: number, value) => !Array.isArray(value) || value.length >= rule,
  maxItems: (rule: number, value) => !Array.isArray(value) || value.length <= rule,
  uniqueItems: (_: boolean, value) => !Array.isArray(value) || new Set(value).size === value.length,
  minLength: (rule: number, value) => typeof value !== 'string' || value.length >= rule,
  maxLength: (rule: number, value) => typeof value !== 'string' || value.length <= rule,
  pattern: (rule: string, value) => typeof value !== 'string' || new RegExp(rule, 'u').test(value),
  minimum: (rule: number, value) => typeof value !== 'number' || value >= rule,
  maximum: (rule: number, value) => typeof value !== 'number' || value <= rule,
}

describe('takes what is valid', () => {
  const files = [
    ...readdirSync(path('component/profiles'))
      .filter((name) => name.endsWith('.json'))
      .map((name) => `component/profiles/${name}`),
    'test/fixtures/profiles/published/DataExfiltrationCheck.json',
  ]
  test.each(files)('%s', (file) => {
    expect(fits(root, JSON.parse(readFileSync(path(file), 'utf8')))).toBe(true)
  })
})

describe('refuses what is not', () => {
  const folder = path('test/fixtures/profiles/bad')
  const names = [
    'belongings.bad.yaml',
    'everything-at-once.bad.yaml',
    'behavior-list.bad.json',
    'describe-output.bad.json',
    'skeleton.bad.json',
    'scalar.bad.yaml',
  ]
  test.each(names)('%s', (name) => {
    expect(fits(root, parse(readFileSync(`${folder}/${name}`, 'utf8')))).toBe(false)
  })
})

/** Cases of the conformance table in which a single behavior is right or wrong by itself. */
interface Case {
  readonly name: string
  readonly metric?: string
  readonly criteria?: object
  readonly profile?: object | null
  readonly faults?: readonly string[] | null
}

describe('and the readers agree', () => {
  const table = parse(readFileSync(path('test/fixtures/profiles/conformance/limits.yaml'), 'utf8'), {
    merge: true,
  }) as Case[]
  const cases = table.flatMap(({ name, metric, criteria, profile }) => {
    const input = profile ?? { securityProfileName: 'p', behaviors: [{ name: 'b', metric, criteria }] }
    return metric === undefined && !profile ? [] : [{ name, input }]
  })
  /** What only the whole profile, the address syntax or the type of a custom metric tells. */
  const beyond =
    /unique|twice|one name|custom|elements|address|prefix|zone|digits|visible|2\^63|same name|thousand|more than/i

  test.each(cases.filter(({ name }) => !beyond.test(name)))('$name', ({ input }) => {
    const read = readTexts({ 'p.json': JSON.stringify(input) })
    expect(fits(root, input)).toBe(read.faults.length === 0)
  })

  test('on enough of them', () => {
    expect(cases.filter(({ name }) => !beyond.test(name)).length).toBeGreaterThan(25)
  })
})
