import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, decodeFirst } from 'cborg'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Datapoint, MetricValue } from '../../src/metrics/datapoint.ts'
import { frame, readFrames } from '../../src/store/frames.ts'
import { type HistoryOptions, openHistory } from '../../src/store/history.ts'
import { type HistoryProblem, readDatapoints, readViolations } from '../../src/store/history-read.ts'
import { MemoryDisk } from '../helpers/store-memory-files.ts'

// Thousands of cases in a test: a busy machine may take longer than the five seconds of the runner.
vi.setConfig({ testTimeout: 30_000 })

const DIRECTORY = '/history'
const NOON = Date.UTC(2026, 10, 24, 12)
const DAY_MS = 24 * 3600 * 1000
const bytesOut = (count: number): Datapoint => ({ metric: 'aws:all-bytes-out', value: { count } })

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

const open = (disk: MemoryDisk, options: HistoryOptions = {}) =>
  openHistory(DIRECTORY, { files: disk.files, ...options })
const filesOn = (disk: MemoryDisk) =>
  [...disk.names.keys()].map((path) => path.slice(DIRECTORY.length + 1)).sort()
const countsOf = async (disk: MemoryDisk) =>
  (await all(readDatapoints(DIRECTORY, { files: disk.files }))).map(
    ({ value }) => 'count' in value && value.count,
  )

/** CBOR integers have no negative zero, nor has any metric. */
const real = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0)
const value: fc.Arbitrary<MetricValue> = fc.oneof(
  fc.record({ count: fc.nat() }),
  fc.record({ number: real }),
  fc.record({ ports: fc.array(fc.nat({ max: 65_535 })) }),
  fc.record({ numbers: fc.array(real) }),
  fc.record({ cidrs: fc.array(fc.string()) }),
  fc.record({ strings: fc.array(fc.string({ unit: 'grapheme' })) }),
)

describe('keeping and reading', () => {
  it('reads nothing where nothing was kept', async () => {
    expect(await all(readDatapoints('/nowhere/at/all'))).toEqual([])
    expect(await all(readViolations('/nowhere/at/all'))).toEqual([])
  })

  it('gives every datapoint back, over restarts, ordered by time', async () => {
    const datapoint = fc.record({ metric: fc.constantFrom('aws:a', 'aws:b', 'c', 'ünï'), value })
    const batch = fc.record({
      at: fc.nat({ max: 5 * DAY_MS }),
      datapoints: fc.array(datapoint, { maxLength: 5 }),
      reopen: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 20 }), async (batches) => {
        const disk = new MemoryDisk()
        let history = await open(disk)
        for (const { at, datapoints, reopen } of batches) {
          await history.appendDatapoints(NOON + at, datapoints)
          if (!reopen) continue
          await history.close()
          history = await open(disk)
        }
        const expected = batches
          .toSorted((a, b) => a.at - b.at)
          .flatMap(({ at, datapoints }) => datapoints.map((datapoint) => ({ at: NOON + at, ...datapoint })))
        expect(await all(history.readDatapoints())).toEqual(expected)
      }),
      { numRuns: 100 },
    )
  })

  it('gives violations back as they were', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk)
    const event = {
      violationId: 'v1',
      behavior: { name: 'b', criteria: { value: { ports: [22] } } },
      evidence: { note: null },
    }
    await history.appendViolation(NOON, event)
    await history.appendViolation(NOON - DAY_MS, 'plain')
    expect(await all(history.readViolations())).toEqual([
      { at: NOON - DAY_MS, event: 'plain' },
      { at: NOON, event },
    ])
    expect(await all(history.readDatapoints())).toEqual([])
  })

  it('selects by time, both ends included, and by metric', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk)
    for (let day = 0; day < 4; day += 1) {
      await history.appendDatapoints(NOON + day * DAY_MS, [
        bytesOut(day),
        { metric: 'other', value: { count: day } },
      ])
    }
    const range = { since: NOON + DAY_MS, until: NOON + 2 * DAY_MS }
    expect(await all(history.readDatapoints({ ...range, metric: 'other' }))).toEqual([
      { at: NOON + DAY_MS, metric: 'other', value: { count: 1 } },
      { at: NOON + 2 * DAY_MS, metric: 'other', value: { count: 2 } },
    ])
    expect(await all(history.readDatapoints({ since: range.until + 1, metric: 'other' }))).toHaveLength(1)
  })

  it('only opens the files of the days asked for', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk)
    for (let day = 0; day < 4; day += 1) await history.appendDatapoints(NOON + day * DAY_MS, [bytesOut(day)])
    const before = disk.counts.read ?? 0
    await all(history.readDatapoints({ since: NOON + 3 * DAY_MS }))
    expect(disk.counts.read).toBe(before + 1)
  })

  it('puts what a clock set back says into the file of the day it says', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk)
    for (const at of [NOON, NOON + 1000, NOON - DAY_MS, NOON - 500, NOON + 2000]) {
      await history.appendDatapoints(at, [bytesOut(at - NOON)])
    }
    expect(filesOn(disk)).toEqual(['datapoints-2026-11-23.cborseq', 'datapoints-2026-11-24.cborseq'])
    expect(await countsOf(disk)).toEqual([-DAY_MS, -500, 0, 1000, 2000])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -5, 1e18])('bears with a clock that says %s', async (at) => {
    const history = await open(new MemoryDisk())
    await history.appendDatapoints(at, [bytesOut(1)])
    expect(history.fault()).toBeUndefined()
  })

  it('can be read while it is written', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk)
    await history.appendDatapoints(NOON, [bytesOut(1)])
    await history.appendDatapoints(NOON + 1, [bytesOut(2)])
    const [path = ''] = disk.names.keys()
    disk.put(path, disk.get(path).subarray(0, -2))
    const problems: HistoryProblem[] = []
    const read = readDatapoints(DIRECTORY, {
      files: disk.files,
      onProblem: (problem) => problems.push(problem),
    })
    expect(await all(read)).toEqual([{ at: NOON, ...bytesOut(1) }])
    expect(problems).toEqual([])
  })
})

describe('bounds', () => {
  it('keeps so many files, and removes the one farthest from today', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk, { datapointDays: 3, violationDays: 2 })
    for (let day = 0; day < 5; day += 1) {
      await history.appendDatapoints(NOON + day * DAY_MS, [bytesOut(day)])
      await history.appendViolation(NOON + day * DAY_MS, { day })
    }
    expect(filesOn(disk)).toEqual([
      'datapoints-2026-11-26.cborseq',
      'datapoints-2026-11-27.cborseq',
      'datapoints-2026-11-28.cborseq',
      'violations-2026-11-27.cborseq',
      'violations-2026-11-28.cborseq',
    ])
  })

  it('loses one day, not all, to a clock that jumps to 2038 and back', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk, { datapointDays: 4 })
    for (let day = 0; day < 4; day += 1) await history.appendDatapoints(NOON + day * DAY_MS, [bytesOut(day)])
    await history.appendDatapoints(Date.UTC(2038, 0, 19), [bytesOut(2038)])
    await history.appendDatapoints(NOON + 3 * DAY_MS, [bytesOut(3)])
    expect(await countsOf(disk)).toEqual([1, 2, 3, 3, 2038])
    await history.appendDatapoints(NOON + 4 * DAY_MS, [bytesOut(4)])
    expect(await countsOf(disk)).toEqual([1, 2, 3, 3, 4])
  })

  it('leaves out lists, then numbers, when a day’s bytes run out, and counts both', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk, { datapointBytesPerDay: 4096 })
    const ports: Datapoint = {
      metric: 'aws:listening-tcp-ports',
      value: { ports: Array.from({ length: 50 }, (_, i) => 1000 + i) },
    }
    for (let turn = 0; turn < 150; turn += 1)
      await history.appendDatapoints(NOON + turn, [bytesOut(turn), ports])
    expect(disk.bytes).toBeLessThanOrEqual(4096)
    const kept = await all(history.readDatapoints())
    const counters = history.counters()
    expect(kept.filter(({ value: kind }) => 'ports' in kind).length).toBe(150 - counters.listsLeftOut)
    expect(counters.listsLeftOut).toBeGreaterThan(100)
    const numbers = kept.filter(({ value: kind }) => 'count' in kind).length
    expect(numbers).toBe(150 - counters.dropped.bytes)
    expect(numbers).toBeGreaterThan(150 - counters.listsLeftOut)
    expect(counters.dropped.bytes).toBeGreaterThan(0)
    // The next day begins afresh.
    await history.appendDatapoints(NOON + DAY_MS, [ports])
    expect(history.counters().dropped).toEqual(counters.dropped)
  })
})

describe('a disk or file that will not do', () => {
  it.each(['mkdir', 'open', 'write', 'read'])(
    'counts what it could not keep while %s fails, and goes on',
    async (failing) => {
      const disk = new MemoryDisk()
      await (await open(disk)).appendDatapoints(NOON, [bytesOut(1)])
      const history = await open(disk)
      disk.refuse = (operation) => (operation === failing ? 'ENOSPC' : undefined)
      await history.appendDatapoints(NOON + 1, [bytesOut(2), bytesOut(3)])
      await history.appendViolation(NOON + 1, {})
      expect(history.fault()).toMatchObject({ code: 'ENOSPC' })
      expect(history.counters().dropped.disk).toBeGreaterThanOrEqual(2)
      disk.refuse = undefined
      await history.appendDatapoints(NOON + 2, [bytesOut(4)])
      await history.appendViolation(NOON + 2, {})
      expect(history.fault()).toBeUndefined()
      expect(await countsOf(disk)).toEqual([1, 4])
    },
  )

  it('undoes a write that a full disk cut short', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk)
    await history.appendDatapoints(NOON, [bytesOut(1)])
    const length = disk.bytes
    disk.capacity = length + 9
    await history.appendDatapoints(NOON + 1, [bytesOut(2)])
    expect(disk.bytes).toBe(length)
    disk.capacity = Number.POSITIVE_INFINITY
    await history.appendDatapoints(NOON + 2, [bytesOut(3)])
    expect(await countsOf(disk)).toEqual([1, 3])
  })

  it('survives a kill at every byte: what was kept is there, and more can be added', async () => {
    const steps = async (disk: MemoryDisk) => {
      let kept = 0
      const history = await open(disk)
      for (let turn = 0; turn < 6 && !disk.dead; turn += 1) {
        await history.appendDatapoints(NOON + turn, [
          bytesOut(turn),
          { metric: `m${turn}`, value: { strings: ['x'] } },
        ])
        if (!disk.dead) kept += 1
      }
      return kept
    }
    const whole = new MemoryDisk()
    await steps(whole)
    for (let bytes = 0; bytes <= whole.spent; bytes += 1) {
      const disk = new MemoryDisk()
      disk.killAfter = bytes
      const kept = await steps(disk)
      const after = disk.afterKill()
      await (await open(after)).appendDatapoints(NOON + 100, [bytesOut(100)])
      const [path = ''] = after.names.keys()
      expect(readFrames(after.get(path))).toMatchObject({ damagedCount: 0, torn: false })
      const counts = (await countsOf(after)).filter((count) => count !== false)
      expect(counts.length).toBeGreaterThan(kept)
      expect(counts).toEqual([...Array.from({ length: counts.length - 1 }, (_, turn) => turn), 100])
    }
  })

  it('reads around damage and says so', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk)
    for (let turn = 0; turn < 5; turn += 1) await history.appendDatapoints(NOON + turn, [bytesOut(turn)])
    const [path = ''] = disk.names.keys()
    const bytes = disk.get(path)
    bytes[bytes.length - 50] = 0xee
    const problems: HistoryProblem[] = []
    const counts = await all(
      readDatapoints(DIRECTORY, { files: disk.files, onProblem: (problem) => problems.push(problem) }),
    )
    expect(counts).toHaveLength(4)
    expect(problems).toEqual([{ path, problem: 'damaged' }])
    await history.appendDatapoints(NOON + 9, [bytesOut(9)])
    expect((await countsOf(disk)).at(-1)).toBe(9)
  })

  it('sets a file of another version aside before it writes, and only skips it when it reads', async () => {
    const disk = new MemoryDisk()
    const path = `${DIRECTORY}/datapoints-2026-11-24.cborseq`
    // ['history', 2, 'datapoints'], as RFC 8949 has it.
    const newer = frame(
      Buffer.from([0x83, 0x67, ...Buffer.from('history'), 0x02, 0x6a, ...Buffer.from('datapoints')]),
    )
    disk.put(path, newer)
    const problems: HistoryProblem[] = []
    expect(
      await all(
        readDatapoints(DIRECTORY, { files: disk.files, onProblem: (problem) => problems.push(problem) }),
      ),
    ).toEqual([])
    expect(problems).toEqual([{ path, problem: 'other version' }])
    const history = await open(disk)
    await history.appendDatapoints(NOON, [bytesOut(1)])
    expect(history.counters().filesSetAside).toBe(1)
    expect(disk.get(`${path}.set-aside-1`)).toEqual(newer)
    expect(await countsOf(disk)).toEqual([1])
  })

  it('reports a file that cannot be read, and reads the others', async () => {
    const disk = new MemoryDisk()
    const history = await open(disk)
    for (let day = 0; day < 3; day += 1) await history.appendDatapoints(NOON + day * DAY_MS, [bytesOut(day)])
    disk.refuse = (operation, path) => (operation === 'read' && path.includes('11-25') ? 'EIO' : undefined)
    expect(await countsOf(disk)).toEqual([0, 2])
  })
})

describe('on this machine’s disk', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'defender-history-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  it('is a CBOR sequence an independent decoder reads, for its owner alone', async () => {
    const history = await openHistory(directory)
    await history.appendDatapoints(NOON, [bytesOut(4711)])
    await history.close()
    const path = join(directory, 'datapoints-2026-11-24.cborseq')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const records: unknown[] = []
    for (let rest: Uint8Array = await readFile(path); rest.length > 0; ) {
      const [item, left] = decodeFirst(rest, { tags: { 24: (inner) => inner() } })
      records.push(decode((item as [number, Uint8Array])[1]))
      rest = left
    }
    expect(records).toEqual([
      ['history', 1, 'datapoints'],
      ['names', ['aws:all-bytes-out']],
      [NOON, [[0, 0, 4711]]],
    ])
  })

  it('keeps 14 days of twelve metrics every five minutes in less than 2 MB', async () => {
    const history = await openHistory(directory)
    const datapoints: Datapoint[] = [
      ...Array.from(
        { length: 8 },
        (_, index): Datapoint => ({ metric: `aws:metric-${index}`, value: { count: 123_456 * index } }),
      ),
      { metric: 'aws:listening-tcp-ports', value: { ports: [22, 80, 443, 8883, 5353] } },
      { metric: 'aws:listening-udp-ports', value: { ports: [68, 5353] } },
      {
        metric: 'aws:destination-ip-addresses',
        value: { cidrs: ['192.0.2.1', '198.51.100.7', '2001:db8::1'] },
      },
      { metric: 'cpu_usage', value: { number: 12.5 } },
    ]
    for (let interval = 0; interval < 14 * 288; interval += 1) {
      await history.appendDatapoints(Date.UTC(2026, 10, 24) + interval * 300_000, datapoints)
    }
    let bytes = 0
    for (let day = 0; day < 14; day += 1) {
      const date = new Date(Date.UTC(2026, 10, 24 + day)).toISOString().slice(0, 10)
      bytes += (await stat(join(directory, `datapoints-${date}.cborseq`))).size
    }
    expect(bytes).toBeLessThan(2_000_000)
    let count = 0
    for await (const datapoint of history.readDatapoints()) if (datapoint.metric !== '') count += 1
    expect(count).toBe(14 * 288 * 12)
    await history.close()
  })
})
