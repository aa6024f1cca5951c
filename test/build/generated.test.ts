import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findStale, regenerate } from '../../scripts/build/generated.ts'
import { configurationSchema, parameterTable } from '../../scripts/build/reference.ts'
import { settings } from '../../src/config/settings.ts'

const MARKS = 'Before.\n<!-- parameters:begin -->\nold\n<!-- parameters:end -->\nAfter.\n'

let root: string
const write = (path: string, text: string) => writeFileSync(join(root, path), text)
const read = (path: string) => readFileSync(join(root, path), 'utf8')

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'generated-'))
  mkdirSync(join(root, 'component'))
  write('README.md', MARKS)
  write('component/README.md', MARKS)
})
afterEach(() => rmSync(root, { recursive: true }))

test('this checkout is up to date: run npm run generate', () => {
  expect(findStale(process.cwd())).toEqual([])
})

test('what is stale is found, written, and then no longer stale', () => {
  const all = [
    'component/configuration.schema.json',
    'component/profile.schema.json',
    'README.md',
    'component/README.md',
  ]
  expect(findStale(root)).toEqual(all)
  expect(regenerate(root)).toEqual(all)
  expect(findStale(root)).toEqual([])
  expect(regenerate(root)).toEqual([])
})

test('only what is between the marks is replaced', () => {
  regenerate(root)
  const [before, after] = read('README.md').split(parameterTable())
  expect(before).toBe('Before.\n<!-- parameters:begin -->\n')
  expect(after).toBe('\n<!-- parameters:end -->\nAfter.\n')
})

describe('says what is missing', () => {
  test.each([
    ['the file', undefined, /README\.md is missing/],
    ['the marks', 'Text.\n', /has no line "<!-- parameters:begin -->"/],
    [
      'their order',
      '<!-- parameters:end -->\n<!-- parameters:begin -->\n',
      /with a line "<!-- parameters:end -->" after it/,
    ],
  ])('%s', (_, text, says) => {
    if (text === undefined) rmSync(join(root, 'README.md'))
    else write('README.md', text)
    expect(() => regenerate(root)).toThrow(says)
  })
})

describe('the JSON Schema', () => {
  const schema = JSON.parse(configurationSchema())

  test('knows each parameter, with its default and an example, and no others', () => {
    expect(schema.additionalProperties).toBe(false)
    for (const [name, setting] of Object.entries(settings)) {
      expect(schema.properties[name]).toMatchObject({ default: setting.default, examples: [setting.example] })
      expect(schema.properties[name].description).toContain(setting.meaning)
    }
  })

  test('has the bounds, and numbers as text beside numbers', () => {
    expect(schema.properties.PublishRetryCount.anyOf).toEqual([
      { type: 'integer', minimum: 0, maximum: 72 },
      { type: 'string', pattern: expect.any(String) },
    ])
  })

  test('refuses unknown fields within a parameter', () => {
    expect(schema.properties.Interfaces.additionalProperties).toBe(false)
    const [, source] = schema.properties.CustomMetrics.additionalProperties.anyOf
    expect(source).toMatchObject({ required: ['Type'], additionalProperties: false })
  })
})

test('each row of the table has as many cells as its heading', () => {
  const rows = parameterTable()
    .split('\n')
    .filter((line) => line.startsWith('|'))
  expect(rows.length).toBeGreaterThan(Object.keys(settings).length)
  for (const row of rows) expect(row.match(/(?<!\\)\|/g), row).toHaveLength(6)
})
