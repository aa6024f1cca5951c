import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { CustomMetricValue } from '../../src/metrics/snapshot.ts'
import { type ExternalSource, readCustomMetric } from '../../src/sources/custom-metric.ts'

const directory = mkdtempSync(join(tmpdir(), 'custom-metric-'))
afterAll(() => rmSync(directory, { recursive: true }))

const path = join(directory, 'state.json')
writeFileSync(path, '{"battery":{"percent":81},"peers":["192.0.2.7","::1"],"state":"N/A"}')

const bounds = { timeoutMs: 10_000, outputBytesMax: 1_000 }

describe('readCustomMetric', () => {
  const failing: { name: string; source: ExternalSource; code: string; message: string }[] = [
    {
      name: 'a value of another type',
      source: { kind: 'file', type: 'number', path, jsonPointer: '/state' },
      code: 'value',
      message: `custom metric battery: ${path}: /state: expected a number, got "N/A"`,
    },
    {
      name: 'output of another type',
      source: { kind: 'program', type: 'number', argv: ['/bin/echo', 'N/A'], ...bounds },
      code: 'value',
      message: 'custom metric battery: /bin/echo: text: expected a number, got "N/A"',
    },
    {
      name: 'a program that fails',
      source: { kind: 'program', type: 'number', argv: ['false'], ...bounds },
      code: 'failed',
      message: 'custom metric battery: false: exit code 1',
    },
    {
      name: 'a file that is not there',
      source: { kind: 'file', type: 'number', path: '/no/such' },
      code: 'unreadable',
      message: "custom metric battery: ENOENT: no such file or directory, open '/no/such'",
    },
  ]
  it.each(failing)('says which metric it was: $name', async ({ source, code, message }) => {
    await expect(readCustomMetric('battery', source)).rejects.toMatchObject({
      name: 'SourceError',
      code,
      message,
    })
  })

  const cases: { name: string; source: ExternalSource; value: CustomMetricValue }[] = [
    {
      name: 'a number of a file',
      source: { kind: 'file', type: 'number', path, jsonPointer: '/battery/percent' },
      value: { type: 'number', number: 81 },
    },
    {
      name: 'a list of a file',
      source: { kind: 'file', type: 'ip-address-list', path, jsonPointer: '/peers' },
      value: { type: 'ip-address-list', ips: ['192.0.2.7', '::1'] },
    },
    {
      name: 'the lines of a program',
      source: { kind: 'program', type: 'string-list', argv: ['printf', 'a\\nb\\n'], ...bounds },
      value: { type: 'string-list', strings: ['a', 'b'] },
    },
  ]
  it.each(cases)('reads $name', async ({ source, value }) => {
    expect(await readCustomMetric('battery', source, new AbortController().signal)).toEqual(value)
  })
})
