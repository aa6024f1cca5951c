import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { thisMachine } from './machine.ts'
import {
  type LastRun,
  lastOf,
  lastText,
  type RunResult,
  readLast,
  writeLast,
  writeResults,
} from './results.ts'
import { exactly, summarize } from './statistics.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'results-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const result: RunResult = {
  at: '2026-11-24T10:00:00.000Z',
  version: '1.2.3',
  machine: thisMachine(),
  loadAverageBefore: 0.1,
  loadAverageAfter: 1.2,
  nodeFlags: ['--max-semi-space-size=1'],
  nodeEnvironment: { MALLOC_ARENA_MAX: '1' },
  groups: {
    start: {
      seconds: 3,
      figures: [{ name: 'connected', unit: 'ms', summary: summarize([100.123456, 100.123456, 120]) }],
      notes: ['a note'],
    },
    artifact: { seconds: 1, figures: [{ name: 'zip', unit: 'kB', summary: exactly(230.456) }], notes: [] },
    rest: { seconds: 1, figures: [], notes: [], error: 'no agent' },
  },
}

const former: LastRun = {
  at: '2026-01-01T00:00:00.000Z',
  version: '1.0.0',
  machine: thisMachine(),
  loadAverage: 9,
  figures: {
    start: { connected: { unit: 'ms', median: 500, runs: 3 }, gone: { unit: 'ms', median: 1, runs: 3 } },
    rest: { resident: { unit: 'MB', median: 50, runs: 1 } },
    detect: { samples: { unit: 'k/s', median: 900, runs: 7 } },
  },
}

describe('lastOf', () => {
  test('takes what was measured, and keeps what was not run or failed', () => {
    expect(lastOf(result, former)).toEqual({
      at: result.at,
      version: '1.2.3',
      machine: result.machine,
      loadAverage: 0.1,
      figures: {
        start: { connected: { unit: 'ms', median: 100.12, runs: 3 } },
        artifact: { zip: { unit: 'kB', median: 230.46, runs: 1 } },
        rest: former.figures.rest,
        detect: former.figures.detect,
      },
    })
  })

  test('the first of all', () => {
    expect(Object.keys(lastOf(result, undefined).figures)).toEqual(['start', 'artifact'])
  })
})

describe('the committed file', () => {
  test('has one figure a line, and is read as it was written', () => {
    const path = join(folder, 'last.json')
    const last = lastOf(result, former)
    writeLast(path, last)
    expect(readLast(path)).toEqual(last)
    expect(lastText(last)).toContain('      "connected": { "unit": "ms", "median": 100.12, "runs": 3 }\n')
  })

  test('is not there yet', () => {
    expect(readLast(join(folder, 'none.json'))).toBeUndefined()
  })

  test.each([
    { name: 'null', text: 'null' },
    { name: 'a list', text: '[]' },
    { name: 'without a machine', text: '{"figures":{}}' },
    { name: 'without figures', text: '{"machine":{"cpu":"x"}}' },
  ])('is none: $name', ({ text }) => {
    const path = join(folder, 'bad.json')
    writeFileSync(path, text)
    expect(() => readLast(path)).toThrow(`${path} holds no results`)
  })

  test('is not JSON', () => {
    const path = join(folder, 'bad.json')
    writeFileSync(path, '{')
    expect(() => readLast(path)).toThrow(SyntaxError)
  })
})

test('all results go to a file, in folders that are made for it', () => {
  const path = join(folder, 'a', 'b', 'bench.json')
  writeResults(path, result)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(result)
})
