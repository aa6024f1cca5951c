import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { frame } from '../../src/store/frames.ts'
import { MemoryDisk } from '../helpers/store-memory-files.ts'
import { drain, entry, numbered, OUTBOX_DIRECTORY, openOn, START, textOf } from '../helpers/store-outbox.ts'

const KiB = 1024
const RETRY_MS = 30_000
const segmentsOf = (disk: MemoryDisk) =>
  [...disk.names.keys()].filter((path) => /outbox-\d+\.cborseq$/.test(path)).sort()
const setAsideOf = (disk: MemoryDisk) => [...disk.names.keys()].filter((path) => path.includes('.set-aside-'))

async function filled(count: number, options = {}) {
  const disk = new MemoryDisk()
  const clock = { at: START }
  const outbox = await openOn(disk, clock, options)
  for (const text of numbered(count)) await outbox.append(entry(text))
  return { disk, clock, outbox, reopen: () => openOn(disk, clock, options) }
}

describe('a disk that does not work', () => {
  const faults = [
    { name: 'full', code: 'ENOSPC', refuses: ['write'] },
    { name: 'full of inodes', code: 'ENOSPC', refuses: ['open'] },
    { name: 'read-only', code: 'EROFS', refuses: ['write', 'open', 'truncate', 'rename', 'remove'] },
    { name: 'broken at sync', code: 'EIO', refuses: ['sync'] },
    { name: 'broken at sync and truncate', code: 'EIO', refuses: ['sync', 'truncate'] },
    {
      name: 'broken at everything',
      code: 'EIO',
      refuses: [
        'list',
        'read',
        'open',
        'write',
        'truncate',
        'sync',
        'rename',
        'remove',
        'mkdir',
        'syncDirectory',
      ],
    },
  ]
  const sizes = [
    { files: 'one file', bytesMax: 1024 * KiB },
    { files: 'a file for each entry', bytesMax: 8 * KiB },
  ]
  const cases = faults.flatMap((fault) => sizes.map((size) => ({ ...fault, ...size })))
  it.each(cases)('$name, $files: entries wait in memory and move to it in order', async (given) => {
    const { code, refuses, bytesMax } = given
    // A file that is open already takes more entries where only new ones are refused.
    const bearsIt = bytesMax > 8 * KiB && !refuses.includes('write') && !refuses.includes('sync')
    for (const restart of [true, false]) {
      const { disk, clock, outbox, reopen } = await filled(3, { bytesMax })
      disk.refuse = (operation) => (refuses.includes(operation) ? code : undefined)
      for (const text of numbered(6, 3)) await outbox.append(entry(text))
      expect(outbox.health()).toMatchObject(
        bearsIt ? { kind: 'durable' } : { kind: 'degraded', since: START, fault: { code } },
      )
      expect(outbox.size().entries).toBe(9)
      disk.refuse = undefined
      clock.at += RETRY_MS
      await outbox.append(entry('n9'))
      expect(outbox.health()).toEqual({ kind: 'durable' })
      expect(outbox.size().entries).toBe(10)
      const emptied = restart ? await reopen() : outbox
      expect(await drain(emptied)).toEqual(numbered(10))
      expect(emptied.counters().dropped).toEqual({ age: 0, bytes: 0, memory: 0, damage: 0 })
    }
  })

  it('full in the middle of an entry: what was written of it is taken back', async () => {
    const { disk, outbox } = await filled(3)
    const { bytes } = disk
    disk.capacity = bytes + 40
    await outbox.append(entry('n3'))
    expect(outbox.size().entries).toBe(4)
    expect(disk.bytes).toBe(bytes)
  })

  it('comes back while an entry from memory is being handed over: its number stays', async () => {
    const { disk, clock, reopen } = await filled(3)
    disk.refuse = () => 'EIO'
    const outbox = await reopen()
    await outbox.append(entry('early'))
    const lent = await outbox.peek()
    disk.refuse = undefined
    clock.at += RETRY_MS
    await outbox.append(entry('late'))
    expect(await outbox.acknowledge(lent?.id ?? 0)).toBe(true)
    clock.at += RETRY_MS
    expect(await drain(outbox)).toEqual([...numbered(3), 'late'])
  })

  it.each(faults)(
    '$name at the start: what is on disk comes first once it can be read',
    async ({ code, refuses }) => {
      const { disk, clock, reopen } = await filled(3)
      disk.refuse = (operation) => (refuses.includes(operation) ? code : undefined)
      const outbox = await reopen()
      await outbox.append(entry('n3'))
      disk.refuse = undefined
      clock.at += RETRY_MS
      await outbox.append(entry('n4'))
      expect(await drain(outbox)).toEqual(numbered(5))
      expect(outbox.health()).toEqual({ kind: 'durable' })
    },
  )

  it('does not touch the disk again before the retry time, except when the clock was set back', async () => {
    const { disk, clock, outbox } = await filled(1)
    disk.refuse = (operation) => (operation === 'write' ? 'ENOSPC' : undefined)
    await outbox.append(entry('n1'))
    const { write } = disk.counts
    clock.at += RETRY_MS - 1
    await outbox.append(entry('n2'))
    expect(disk.counts.write).toBe(write)
    clock.at = START - 1
    await outbox.append(entry('n3'))
    expect(disk.counts.write).toBeGreaterThan(write ?? 0)
  })

  it('keeps memory within its bound and drops the oldest there', async () => {
    const { disk, clock, outbox, reopen } = await filled(2, { memoryBytesMax: 2 * KiB })
    disk.refuse = (operation) => (operation === 'write' ? 'ENOSPC' : undefined)
    for (const text of numbered(40, 2)) await outbox.append(entry(text.padEnd(200, '.')))
    const { memory } = outbox.counters().dropped
    expect(memory).toBeGreaterThan(30)
    disk.refuse = undefined
    clock.at += RETRY_MS
    await outbox.peek()
    const again = await reopen()
    const texts = await drain(again)
    expect(texts.map((text) => text.replaceAll('.', ''))).toEqual([
      ...numbered(2),
      ...numbered(40 - memory, 2 + memory),
    ])
    // Dropped on purpose and counted once: the gap in the numbers is not taken for damage.
    expect(again.counters().dropped.damage).toBe(0)
  })

  it('empties a full disk without repeating anything after a restart', async () => {
    const { disk, outbox, reopen } = await filled(10)
    disk.capacity = disk.bytes
    await outbox.append(entry('in memory'))
    expect(outbox.health().kind).toBe('degraded')
    expect(await drain(outbox, 4)).toEqual(numbered(4))
    expect(await drain(await reopen())).toEqual(numbered(6, 4))
  })

  it('moves entries to the disk as soon as emptying it has made room', async () => {
    const { disk, outbox } = await filled(60, { bytesMax: 64 * KiB })
    disk.capacity = disk.bytes
    await outbox.append(entry('n60'))
    expect(outbox.health()).toMatchObject({ kind: 'degraded', entriesInMemory: 1 })
    await drain(outbox, 50)
    expect(outbox.health()).toEqual({ kind: 'durable' })
    expect(await drain(outbox)).toEqual(numbered(11, 50))
  })

  it('says so when acknowledgements cannot be saved, and saves them later', async () => {
    const { disk, clock, outbox, reopen } = await filled(5)
    disk.refuse = (operation, path) => (operation === 'write' && path.includes('mark') ? 'EIO' : undefined)
    expect(await drain(outbox, 3)).toEqual(numbered(3))
    expect(outbox.health()).toMatchObject({ kind: 'degraded', fault: { code: 'EIO' }, entriesInMemory: 0 })
    disk.refuse = undefined
    clock.at += RETRY_MS
    await outbox.peek()
    expect(outbox.health()).toEqual({ kind: 'durable' })
    expect(await drain(await reopen())).toEqual(numbered(2, 3))
  })

  it('tries to save memory once more when it is closed', async () => {
    const { disk, outbox, reopen } = await filled(1)
    disk.refuse = (operation) => (operation === 'write' ? 'ENOSPC' : undefined)
    await outbox.append(entry('n1'))
    disk.refuse = undefined
    await outbox.close()
    expect(await drain(await reopen())).toEqual(numbered(2))
  })
})

describe('a file that cannot be read', () => {
  it('is tried again before it is given up', async () => {
    const { disk, reopen } = await filled(3)
    const outbox = await reopen()
    let failures = 2
    disk.refuse = (operation) => (operation === 'read' && failures-- > 0 ? 'EIO' : undefined)
    expect(await outbox.peek()).toBeUndefined()
    expect(await outbox.peek()).toBeUndefined()
    expect(await drain(outbox)).toEqual(numbered(3))
    expect(outbox.counters()).toMatchObject({ diskFaults: 2, dropped: { damage: 0 } })
  })

  it('is set aside after the third try, counted, and the next file comes', async () => {
    const { disk, reopen } = await filled(60, { bytesMax: 64 * KiB })
    const [first, second] = segmentsOf(disk)
    const outbox = await reopen()
    disk.refuse = (operation, path) => (operation === 'read' && path === first ? 'EIO' : undefined)
    const texts = [await drain(outbox), await drain(outbox), await drain(outbox)].flat()
    const lost = Number(second?.match(/\d{16}/)?.[0]) - 1
    expect(texts).toEqual(numbered(60 - lost, lost))
    expect(outbox.counters()).toMatchObject({ filesSetAside: 1, dropped: { damage: lost } })
    expect(setAsideOf(disk)).toHaveLength(1)
  })
})

describe('a damaged file', () => {
  const damage = (disk: MemoryDisk, path: string, at: number, length = 1) =>
    disk.get(path).fill(0xee, at, at + length)
  /** Where the n-th frame of a file starts. */
  const frameStart = (disk: MemoryDisk, path: string, n: number) => {
    const pattern = Buffer.from([0xd8, 0x18, 0x5a])
    let at = -1
    for (let count = 0; count <= n; count += 1) at = disk.get(path).indexOf(pattern, at + 1)
    return at - 6
  }

  it('gives all entries but those damaged, which are counted, and is set aside at its end', async () => {
    const { disk, reopen } = await filled(60, { bytesMax: 64 * KiB })
    const [, second = ''] = segmentsOf(disk)
    const hit = Number(second.match(/\d{16}/)?.[0]) + 1
    damage(disk, second, frameStart(disk, second, 2) + 20)
    const outbox = await reopen()
    expect(outbox.size().entries).toBe(59)
    expect(outbox.counters().dropped.damage).toBe(1)
    expect(await drain(outbox)).toEqual(numbered(60).filter((text) => text !== `n${hit - 1}`))
    expect(setAsideOf(disk)).toEqual([`${second}.set-aside-1`])
  })

  it('still gives its entries when its header is damaged', async () => {
    const { disk, reopen } = await filled(5)
    const [path = ''] = segmentsOf(disk)
    damage(disk, path, 3)
    const outbox = await reopen()
    expect(await drain(outbox)).toEqual(numbered(5))
    expect(outbox.counters()).toMatchObject({ dropped: { damage: 0 }, filesSetAside: 1 })
  })

  it('counts damage to the very last entry, and does not reuse its number', async () => {
    const { disk, reopen } = await filled(5)
    const [path = ''] = segmentsOf(disk)
    damage(disk, path, disk.get(path).length - 1)
    const outbox = await reopen()
    await outbox.append(entry('next'))
    expect(await drain(outbox)).toEqual([...numbered(4), 'next'])
    expect(outbox.counters().dropped.damage).toBe(1)
  })

  it('costs its entries when nothing of it can be read, and they are counted by what comes after', async () => {
    const { disk, reopen } = await filled(60, { bytesMax: 64 * KiB })
    const [, second = '', third = ''] = segmentsOf(disk)
    damage(disk, second, 0, disk.get(second).length)
    const lost = Number(third.match(/\d{16}/)?.[0]) - Number(second.match(/\d{16}/)?.[0])
    const outbox = await reopen()
    expect(outbox.counters()).toMatchObject({ dropped: { damage: lost }, filesSetAside: 1 })
    expect(await drain(outbox)).toHaveLength(60 - lost)
  })

  it('counts against the bytes, damage included', async () => {
    const bytesMax = 64 * KiB
    const { disk, reopen } = await filled(600, { bytesMax })
    for (const path of segmentsOf(disk).slice(1, 12)) damage(disk, path, 100, disk.get(path).length - 200)
    const outbox = await reopen()
    for (const text of numbered(600)) {
      await outbox.append(entry(text))
      expect(disk.bytes).toBeLessThanOrEqual(bytesMax)
    }
  })

  it('is found when it happens while the agent runs', async () => {
    const { disk, outbox } = await filled(5)
    const [path = ''] = segmentsOf(disk)
    damage(disk, path, frameStart(disk, path, 3) + 20)
    expect(await drain(outbox)).toEqual(['n0', 'n1', 'n3', 'n4'])
    expect(outbox.counters().dropped.damage).toBe(1)
    expect(outbox.size().entries).toBe(0)
  })

  it('of another version is set aside, whatever is in it', async () => {
    const { disk, reopen } = await filled(1)
    const newer = Buffer.concat([frame(encode(['outbox', 2, 1])), frame(encode(['what', 'ever']))])
    disk.put(`${OUTBOX_DIRECTORY}/outbox-0000000000000002.cborseq`, newer)
    const outbox = await reopen()
    expect(outbox.counters().filesSetAside).toBe(1)
    await outbox.append(entry('n1'))
    expect(await drain(outbox)).toEqual(numbered(2))
    expect(disk.get(setAsideOf(disk)[0] ?? '')).toEqual(newer)
  })

  it('keeps the newest four files set aside and no more', async () => {
    const disk = new MemoryDisk()
    for (let id = 1; id <= 7; id += 1)
      disk.put(`${OUTBOX_DIRECTORY}/outbox-000000000000000${id}.cborseq`, Buffer.from('junk'))
    const outbox = await openOn(disk, { at: START })
    expect(outbox.counters().filesSetAside).toBe(7)
    expect(
      setAsideOf(disk)
        .map((path) => path.slice(-1))
        .sort(),
    ).toEqual(['4', '5', '6', '7'])
  })

  it('with a torn tail loses only what was not promised', async () => {
    const { disk, reopen } = await filled(5)
    const [path = ''] = segmentsOf(disk)
    disk.put(path, disk.get(path).subarray(0, -3))
    const outbox = await reopen()
    expect(outbox.counters()).toMatchObject({ tornTails: 1, filesSetAside: 0, dropped: { damage: 0 } })
    await outbox.append(entry('next'))
    expect(await drain(await reopen())).toEqual([...numbered(4), 'next'])
  })

  it.each([
    { name: 'both slots', ruin: (mark: Buffer) => mark.fill(0xee), repeats: 4 },
    { name: 'the newer slot', ruin: (mark: Buffer) => mark.fill(0xee, 512), repeats: 1 },
    { name: 'the older slot', ruin: (mark: Buffer) => mark.fill(0xee, 0, 512), repeats: 0 },
  ])('of marks, $name: entries may come again, none is lost', async ({ ruin, repeats }) => {
    const { disk, outbox, reopen } = await filled(6)
    await drain(outbox, 4)
    ruin(disk.get(`${OUTBOX_DIRECTORY}/outbox-mark.cborseq`))
    expect(await drain(await reopen())).toEqual(numbered(2 + repeats, 4 - repeats))
  })

  it('leaves other programs’ files alone', async () => {
    const disk = new MemoryDisk()
    disk.put(`${OUTBOX_DIRECTORY}/notes.txt`, Buffer.from('hello'))
    const outbox = await openOn(disk, { at: START })
    await outbox.append(entry('a'))
    expect(textOf(await outbox.peek())).toBe('a')
    expect(disk.get(`${OUTBOX_DIRECTORY}/notes.txt`).toString()).toBe('hello')
  })
})
