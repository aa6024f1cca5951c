import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HistoryRecord, readRecords } from '../../../scripts/profiles/history/records.ts'
import { datapointsOfReport } from '../../../scripts/profiles/history/report-datapoints.ts'
import { findSources } from '../../../scripts/profiles/history/sources.ts'
import { historyLines, quietDay, writeFiles, writeHistory } from './days.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defender-history-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function readAll(...paths: string[]) {
  const { sources, problems } = await findSources(paths)
  const records: HistoryRecord[] = []
  const told = [...problems]
  for (const source of sources) {
    for await (const batch of readRecords(source, { onProblem: (problem) => told.push(problem) }))
      records.push(...batch)
  }
  return { kinds: sources.map(({ kind, device }) => `${kind} ${device}`), records, problems: told }
}

const day = quietDay(0).slice(0, 20)
const expected = (device: string) => day.map(({ at, datapoints }) => ({ device, at, datapoints }))

describe('the same reports from', () => {
  test("the component's own files, a device in each folder", async () => {
    await writeHistory(join(folder, 'gateway-1', 'history'), day)
    await writeHistory(join(folder, 'gateway-2', 'history'), day)
    const { kinds, records, problems } = await readAll(folder)
    expect(kinds).toEqual(['history gateway-1', 'history gateway-2'])
    expect(records).toMatchObject([...expected('gateway-1'), ...expected('gateway-2')])
    expect(problems).toEqual([])
  })

  test('what `defender history --output json` printed', async () => {
    await writeFiles(folder, { 'gateway-1.jsonl': historyLines(day) })
    expect(await readAll(folder)).toEqual({
      kinds: ['lines gateway-1'],
      records: expected('gateway-1'),
      problems: [],
    })
  })

  test("Detect's metrics export, many things in one file, the highest version of each", async () => {
    const entries = day.flatMap(({ at, datapoints }) =>
      ['gateway-1', 'gateway-2'].flatMap((thing) =>
        datapoints.flatMap(({ metric: name, value }) => [
          { name, thing, value: { count: 0 }, version: 1, timestamp: at },
          { name, thing, value, version: 2, timestamp: at },
        ]),
      ),
    )
    const ignored = {
      name: 'aws:num-messages-sent',
      thing: 'gateway-1',
      value: { count: 1 },
      timestamp: day[0]?.at,
      dimension: { name: 't' },
    }
    const batches = [entries.slice(0, 100), [...entries.slice(100), ignored]].map((metrics) => ({
      version: '1.0',
      metrics,
    }))
    await writeFiles(folder, { 'export.json': batches.map((batch) => `${JSON.stringify(batch)}\n`).join('') })
    const { kinds, records } = await readAll(join(folder, 'export.json'))
    expect(kinds).toEqual(['export export'])
    for (const device of ['gateway-1', 'gateway-2']) {
      expect(records.filter((record) => record.device === device)).toEqual(expected(device))
    }
  })
})

const report = (reportId: number, more: object = {}) => ({
  header: { report_id: reportId, version: '1.0' },
  metrics: {
    listening_tcp_ports: { ports: [{ port: 22 }, { port: 22, interface: 'eth0' }], total: 3 },
    listening_udp_ports: { total: 1 },
    network_stats: { bytes_in: 1, bytes_out: 2, packets_in: 3, packets_out: 4 },
    tcp_connections: {
      established_connections: {
        connections: [
          { remote_addr: '192.0.2.7:443' },
          { remote_addr: '[2001:db8::7]:443' },
          { remote_addr: '192.0.2.7:8883' },
        ],
        total: 9,
      },
    },
  },
  custom_metrics: { load: [{ number: 0.5 }], users: [{ string_list: ['root'] }], odd: [{ number: 'x' }] },
  ...more,
})

test('a report gives the datapoints that Detect makes of it', () => {
  expect(datapointsOfReport(report(1))).toEqual([
    { metric: 'aws:all-bytes-out', value: { count: 2 } },
    { metric: 'aws:all-bytes-in', value: { count: 1 } },
    { metric: 'aws:all-packets-out', value: { count: 4 } },
    { metric: 'aws:all-packets-in', value: { count: 3 } },
    { metric: 'aws:num-listening-tcp-ports', value: { count: 3 } },
    { metric: 'aws:listening-tcp-ports', value: { ports: [22] } },
    { metric: 'aws:num-listening-udp-ports', value: { count: 1 } },
    { metric: 'aws:num-established-tcp-connections', value: { count: 9 } },
    { metric: 'aws:destination-ip-addresses', value: { cidrs: ['192.0.2.7', '2001:db8::7'] } },
    { metric: 'load', value: { number: 0.5 } },
    { metric: 'users', value: { strings: ['root'] } },
  ])
})

test('a folder of reports, by their time and not by their names; short names, seconds and a thing of its own', async () => {
  const second = 1_790_000_000
  await writeFiles(join(folder, 'gateway-1'), {
    '1.json': JSON.stringify(report((second + 300) * 1000), null, 2),
    '2.json': JSON.stringify({ hed: { rid: second, v: '1.0' }, met: { ns: { bo: 5 } } }),
    '3.json': JSON.stringify(report(1, { timestamp: (second + 600) * 1000, thingName: 'other' })),
  })
  const { kinds, records } = await readAll(folder)
  expect(kinds).toEqual(['reports gateway-1'])
  expect(records.map(({ device, at }) => [device, at / 1000 - second])).toEqual([
    ['gateway-1', 0],
    ['gateway-1', 300],
    ['other', 600],
  ])
})

test('what cannot be read is named, the rest is read', async () => {
  await writeHistory(join(folder, 'good'), day)
  await writeHistory(join(folder, 'torn'), day)
  await writeFile(join(folder, 'torn', 'datapoints-2026-10-01.cborseq'), 'not CBOR at all')
  await writeFiles(folder, {
    'notes.json': '{"a": 1}',
    'cut.jsonl': `${historyLines(day.slice(0, 1))}{"at": 1, "met`,
  })
  const { records, problems } = await readAll(folder, join(folder, 'nothing'))
  expect(records.length).toBe(21)
  expect(problems.map((problem) => problem.replace(`${folder}/`, ''))).toEqual([
    'notes.json: is no history, report or export',
    'nothing: there is no such file or folder',
    'cut.jsonl:9: is not JSON',
    expect.stringMatching(/^torn\/datapoints-2026-10-01.cborseq: is damaged/),
  ])
})
