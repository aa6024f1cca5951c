/** The logger in a process of its own: what the nucleus reads is that process's standard output. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'logger-'))
const bundle = join(directory, 'logger.cjs')
beforeAll(async () => {
  await build({
    entryPoints: ['src/log/logger.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  })
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

type Line = Record<string, unknown>

/** Runs statements that use `log`; answers the lines of standard output, which is all that may be written. */
async function logged(statements: string, level = 'info'): Promise<Line[]> {
  const program = `const log = require(${JSON.stringify(bundle)}).createLogger('${level}'); ${statements}`
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', program])
  expect(stderr).toBe('')
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)
}

test('one JSON object a line, with level, message and the time in front or behind', async () => {
  const before = Date.now()
  const [line, ...more] = await logged(`log.info('running', { thingName: 'core-1', intervalSeconds: 300 })`)
  expect(more).toEqual([])
  const { timestamp, ...rest } = line ?? {}
  expect(rest).toEqual({ level: 'info', message: 'running', thingName: 'core-1', intervalSeconds: 300 })
  expect(Object.keys(line ?? {}).slice(0, 2)).toEqual(['level', 'message'])
  expect(Date.parse(String(timestamp))).toBeGreaterThanOrEqual(before)
})

test.each([
  { level: 'error', seen: ['e'] },
  { level: 'warn', seen: ['e', 'w'] },
  { level: 'info', seen: ['e', 'w', 'i'] },
  { level: 'debug', seen: ['e', 'w', 'i', 'd'] },
])('level $level writes $seen', async ({ level, seen }) => {
  const all = `log.error('e'); log.warn('w'); log.info('i'); log.debug('d')`
  expect((await logged(all, level)).map(({ message }) => message)).toEqual(seen)
})

test('the level can be changed while running', async () => {
  const lines = await logged(
    `log.debug('1'); log.setLevel('debug'); log.debug('2'); log.setLevel('error'); log.warn('3')`,
  )
  expect(lines.map(({ message }) => message)).toEqual(['2'])
})

describe('fields', () => {
  const cases: { name: string; fields: string; gives: Line }[] = [
    { name: 'a bigint', fields: '{ n: 2n ** 64n }', gives: { n: '18446744073709551616' } },
    { name: 'an error', fields: `{ error: new Error('no') }`, gives: { error: { message: 'no' } } },
    {
      name: 'an error with a code',
      fields: `{ error: Object.assign(new TypeError('no'), { code: 'ENOENT' }) }`,
      gives: { error: { message: 'no', code: 'ENOENT' } },
    },
    {
      name: 'an error within a list',
      fields: `{ all: [new Error('a'), { error: new Error('b') }] }`,
      gives: { all: [{ message: 'a' }, { error: { message: 'b' } }] },
    },
    { name: 'undefined', fields: '{ reportId: undefined, code: 1 }', gives: { code: 1 } },
    { name: 'several lines of text', fields: `{ faults: 'a\\nb' }`, gives: { faults: 'a\nb' } },
    {
      name: 'level and message, which are taken',
      fields: `{ level: 'debug', message: 'mine' }`,
      gives: {},
    },
    {
      name: 'something that refers to itself',
      fields: '(() => { const a = {}; a.a = a; return { a } })()',
      gives: { a: { a: '[Circular]' } },
    },
    { name: 'bytes of a terminal', fields: `{ text: '\\u001b[31mred' }`, gives: { text: '\u001b[31mred' } },
  ]
  let lines: Line[] = []
  beforeAll(async () => {
    lines = await logged(cases.map(({ fields }) => `log.warn('said', ${fields})`).join('\n'))
  })
  test.each(cases.map((one, index) => ({ ...one, index })))('$name', ({ gives, index }) => {
    const { timestamp, ...rest } = lines[index] ?? {}
    expect(rest).toEqual({ level: 'warn', message: 'said', ...gives })
    expect(timestamp).toBeTypeOf('string')
  })
})

test("an error's stack is for level debug only", async () => {
  const [line] = await logged(`log.error('stopped', { error: new Error('no') })`, 'debug')
  expect(line?.error).toMatchObject({ message: 'no', stack: expect.stringContaining('Error: no\n    at ') })
})
