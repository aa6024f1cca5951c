import { describe, expect, it } from 'vitest'
import { openOutbox } from '../../src/store/outbox.ts'
import { MemoryDisk } from '../helpers/store-memory-files.ts'
import { drain, entry, numbered, openOn, START, textOf } from '../helpers/store-outbox.ts'

const DAY_MS = 24 * 3600 * 1000
const KiB = 1024

async function fresh(options = {}) {
  const disk = new MemoryDisk()
  const clock = { at: START }
  return {
    disk,
    clock,
    outbox: await openOn(disk, clock, options),
    reopen: () => openOn(disk, clock, options),
  }
}

describe('order and acknowledgement', () => {
  it('is empty at first', async () => {
    const { outbox } = await fresh()
    expect(await outbox.peek()).toBeUndefined()
    expect(await outbox.acknowledge(1)).toBe(false)
    expect(outbox.size()).toEqual({ entries: 0, bytes: 0, oldestAt: undefined })
    expect(outbox.health()).toEqual({ kind: 'durable' })
  })

  it('hands out the same entry until it is acknowledged', async () => {
    const { outbox } = await fresh()
    await outbox.append(entry('a'))
    await outbox.append(entry('b', 'health'))
    const first = await outbox.peek()
    expect(first).toMatchObject({ ...entry('a'), id: 1, payload: expect.anything() })
    expect(await outbox.peek()).toEqual(first)
    expect(await outbox.acknowledge(2)).toBe(false)
    expect(await outbox.acknowledge(1)).toBe(true)
    expect(await outbox.acknowledge(1)).toBe(false)
    expect(await outbox.peek()).toMatchObject({ id: 2, kind: 'health' })
  })

  it('keeps order, numbers and content over restarts and files', async () => {
    const { outbox, reopen, disk } = await fresh({ bytesMax: 64 * KiB })
    for (const text of numbered(100)) await outbox.append(entry(text))
    expect(disk.names.size).toBeGreaterThan(3)
    expect(await drain(outbox, 40)).toEqual(numbered(40))
    await outbox.close()
    const again = await reopen()
    expect(again.size().entries).toBe(60)
    expect(await again.peek()).toMatchObject({ id: 41, createdAt: START })
    await again.append(entry('last'))
    expect(await drain(again)).toEqual([...numbered(60, 40), 'last'])
    await again.close()
    const empty = await reopen()
    expect(empty.size().entries).toBe(0)
    await empty.append(entry('x'))
    expect(await empty.peek()).toMatchObject({ id: 102 })
  })

  it('counts entries given up apart from those handed over', async () => {
    const { outbox } = await fresh()
    for (const text of numbered(3)) await outbox.append(entry(text))
    await outbox.acknowledge(1)
    await outbox.acknowledge(2, 'given-up')
    expect(outbox.counters()).toMatchObject({ appended: 3, handedOver: 1, givenUp: 1 })
  })

  it('keeps what it was given when the caller uses the buffer again', async () => {
    const { outbox, disk } = await fresh()
    disk.refuse = (operation) => (operation === 'write' ? 'ENOSPC' : undefined)
    const payload = Buffer.from('mine')
    await outbox.append({ ...entry(''), payload })
    payload.fill('x')
    expect(textOf(await outbox.peek())).toBe('mine')
  })

  it('removes the files of what was acknowledged', async () => {
    const { outbox, disk } = await fresh({ bytesMax: 64 * KiB })
    for (const text of numbered(200)) await outbox.append(entry(text))
    const full = disk.bytes
    await drain(outbox)
    expect(full).toBeGreaterThan(8 * KiB)
    expect(disk.bytes).toBeLessThan(4 * KiB)
  })
})

describe('what a write costs', () => {
  it('syncs violations and their acknowledgements, not report copies', async () => {
    const { outbox, disk } = await fresh()
    await outbox.append(entry('warm-up', 'report-copy'))
    const before = disk.counts.sync ?? 0
    await outbox.append(entry('copy', 'report-copy'))
    await outbox.append(entry('health', 'health'))
    await drain(outbox)
    expect(disk.counts.sync ?? 0).toBe(before)
    await outbox.append(entry('violation'))
    expect(disk.counts.sync).toBe(before + 1)
    await drain(outbox)
    expect(disk.counts.sync).toBe(before + 2)
  })

  it('shares one write and one sync among concurrent appends', async () => {
    const { outbox, disk } = await fresh()
    await outbox.append(entry('first'))
    const { write = 0, sync = 0 } = disk.counts
    await Promise.all(numbered(50).map((text) => outbox.append(entry(text))))
    expect(disk.counts.write).toBe(write + 1)
    expect(disk.counts.sync).toBe(sync + 1)
    expect(await drain(outbox)).toEqual(['first', ...numbered(50)])
  })
})

describe('bounds', () => {
  it('never holds more than its bytes on disk, and drops the oldest', async () => {
    const bytesMax = 64 * KiB
    const { outbox, disk } = await fresh({ bytesMax })
    const texts = numbered(300).map((text) => text.padEnd(500, '.'))
    for (const text of texts) {
      await outbox.append(entry(text))
      expect(disk.bytes).toBeLessThanOrEqual(bytesMax)
    }
    const { dropped } = outbox.counters()
    expect(dropped.bytes).toBeGreaterThan(100)
    expect(outbox.size().entries).toBe(300 - dropped.bytes)
    // What was kept is the newest, whole, and most of the bytes were put to use.
    expect(outbox.size().bytes).toBeGreaterThan(bytesMax * 0.75)
    expect(await drain(outbox)).toEqual(texts.slice(dropped.bytes))
  })

  it('does not bring back after a restart what it dropped', async () => {
    const { outbox, reopen } = await fresh({ bytesMax: 16 * KiB })
    for (const text of numbered(60)) await outbox.append(entry(text.padEnd(500, '.')))
    const kept = outbox.size().entries
    expect((await reopen()).size().entries).toBe(kept)
  })

  it('refuses an entry that is larger than all it may hold, and counts it', async () => {
    const { outbox } = await fresh({ bytesMax: 16 * KiB })
    await outbox.append(entry('x'.repeat(16 * KiB)))
    await outbox.append(entry('fits'))
    expect(outbox.counters().dropped.bytes).toBe(1)
    expect(await drain(outbox)).toEqual(['fits'])
  })

  it('takes an entry larger than one of its files', async () => {
    const { outbox, reopen } = await fresh({ bytesMax: 64 * KiB })
    const large = 'x'.repeat(20 * KiB)
    for (const text of ['before', large, 'after']) await outbox.append(entry(text))
    expect(await drain(await reopen())).toEqual(['before', large, 'after'])
  })

  it('drops entries by age, whenever it is asked', async () => {
    const { outbox, clock, reopen } = await fresh({ ageMsMax: DAY_MS })
    await outbox.append(entry('old', 'violation', START))
    await outbox.append(entry('new', 'violation', START + DAY_MS / 2))
    clock.at = START + DAY_MS
    expect(textOf(await outbox.peek())).toBe('old')
    clock.at += 1
    expect(textOf(await outbox.peek())).toBe('new')
    expect(outbox.counters().dropped.age).toBe(1)
    clock.at = START + 2 * DAY_MS
    const again = await reopen()
    expect(again.size()).toEqual({ entries: 0, bytes: 0, oldestAt: undefined })
    expect(again.counters().dropped.age).toBe(1)
  })

  const clocks = [
    { name: 'created before the clock was set', createdAt: 5_000, now: START },
    { name: 'created in the future, the clock was set back', createdAt: START + 30 * DAY_MS, now: START },
  ]
  it.each(clocks)('does not hold a clock step against an entry: $name', async ({ createdAt, now }) => {
    const { outbox, clock } = await fresh({ ageMsMax: DAY_MS })
    clock.at = now
    await outbox.append(entry('kept', 'violation', createdAt))
    expect(await drain(outbox)).toEqual(['kept'])
  })

  it('takes the drop back when the entry was handed over meanwhile', async () => {
    const { outbox, clock } = await fresh({ ageMsMax: DAY_MS })
    await outbox.append(entry('slow'))
    const lent = await outbox.peek()
    clock.at += 2 * DAY_MS
    await outbox.append(entry('next', 'violation', clock.at))
    expect(outbox.counters().dropped.age).toBe(1)
    expect(await outbox.acknowledge(lent?.id ?? 0)).toBe(true)
    expect(outbox.counters()).toMatchObject({ handedOver: 1, dropped: { age: 0 } })
    expect(await drain(outbox)).toEqual(['next'])
  })

  it('states when the oldest entry was created', async () => {
    const { outbox } = await fresh()
    await outbox.append(entry('a', 'violation', START))
    await outbox.append(entry('b', 'violation', START + 7))
    expect(outbox.size().oldestAt).toBe(START)
    await drain(outbox, 1)
    expect(outbox.size().oldestAt).toBe(START + 7)
  })
})

it('refuses nothing but says so where there is no disk at all', async () => {
  const outbox = await openOutbox('/proc/no-such-place/outbox', { now: () => START })
  await outbox.append(entry('a'))
  expect(outbox.health()).toMatchObject({ kind: 'degraded', entriesInMemory: 1, fault: { code: 'ENOENT' } })
  expect(await drain(outbox)).toEqual(['a'])
  await outbox.close()
})
