import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readState, type StateFormat, writeState } from '../../src/store/state-file.ts'
import { MemoryDisk } from '../helpers/store-memory-files.ts'

interface State {
  reportId: number
  note: string
}

const format: StateFormat<State> = {
  version: 3,
  parse: (state, version) => {
    if (version < 2) throw new Error(`version: ${version} is too old`)
    if (typeof state !== 'object' || state === null || !('reportId' in state))
      throw new Error('reportId: missing')
    return version === 2 ? { reportId: Number(state.reportId), note: 'converted' } : (state as State)
  },
}
const good: State = { reportId: 1_795_520_000_000, note: 'ä "quoted" \u2028' }

let directory = ''
let path = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'defender-state-'))
  path = join(directory, 'state.json')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const fileText = (version: unknown, state: unknown) =>
  JSON.stringify({ version, crc32: crc32(JSON.stringify(state)), state })

describe('readState', () => {
  it('says absent where there is no file, or no directory', async () => {
    expect(await readState(path, format)).toEqual({ kind: 'absent' })
    expect(await readState('/nowhere/at/all/state.json', format)).toEqual({ kind: 'absent' })
  })

  const unusable = [
    { name: 'an empty file', text: '', reason: /JSON/ },
    { name: 'half a file', text: fileText(3, good).slice(0, 40), reason: /JSON/ },
    { name: 'zeros', text: '\0'.repeat(100), reason: /JSON/ },
    { name: 'another JSON', text: '[1]', reason: /no version/ },
    { name: 'a version that is no number', text: fileText('3', good), reason: /version/ },
    { name: 'a newer version', text: fileText(4, good), reason: /4 is newer than 3/ },
    { name: 'a version too old', text: fileText(1, good), reason: /too old/ },
    { name: 'a flipped digit', text: fileText(3, good).replace('1795', '1796'), reason: /crc32/ },
    { name: 'no checksum', text: JSON.stringify({ version: 3, state: good }), reason: /crc32/ },
    { name: 'another shape', text: fileText(3, { other: 1 }), reason: /reportId: missing/ },
  ]
  it.each(unusable)('sets aside $name', async ({ text, reason }) => {
    await writeFile(path, text)
    const read = await readState(path, format)
    expect(read).toMatchObject({ kind: 'set-aside', renamedTo: `${path}.set-aside-1` })
    expect('reason' in read && read.reason).toMatch(reason)
    expect(await readFile(`${path}.set-aside-1`, 'utf8')).toBe(text)
    expect(await readState(path, format)).toEqual({ kind: 'absent' })
  })

  it.each(unusable)('leaves $name where it is when it may only read', async ({ text }) => {
    await writeFile(path, text)
    await writeFile(join(directory, '.state.json.tmp-1'), 'being written')
    expect(await readState(path, format, { readOnly: true })).toMatchObject({
      kind: 'set-aside',
      renamedTo: undefined,
    })
    expect((await readdir(directory)).sort()).toEqual(['.state.json.tmp-1', 'state.json'])
  })

  it('converts an older version that its owner knows', async () => {
    await writeFile(path, fileText(2, { reportId: 5 }))
    expect(await readState(path, format)).toEqual({
      kind: 'found',
      state: { reportId: 5, note: 'converted' },
    })
  })

  it('numbers what it sets aside and keeps the newest four', async () => {
    for (let turn = 0; turn < 6; turn += 1) {
      await writeFile(path, `bad ${turn}`)
      await readState(path, format)
    }
    const names = (await readdir(directory)).sort()
    expect(names).toEqual([3, 4, 5, 6].map((number) => `state.json.set-aside-${number}`))
  })

  it('removes temporary files that a killed process left, and no others', async () => {
    await writeState(path, format, good)
    for (const name of ['.state.json.tmp-1', '.state.json.tmp-99', '.other.json.tmp-1']) {
      await writeFile(join(directory, name), 'half')
    }
    expect((await readState(path, format)).kind).toBe('found')
    expect((await readdir(directory)).sort()).toEqual(['.other.json.tmp-1', 'state.json'])
  })

  it('says unreadable, and keeps the file, when the disk refuses', async () => {
    const disk = new MemoryDisk()
    await writeState('/d/state.json', format, good, disk.files)
    disk.refuse = (operation) => (operation === 'read' ? 'EIO' : undefined)
    const read = await readState('/d/state.json', format, { files: disk.files })
    expect(read).toMatchObject({ kind: 'unreadable', code: 'EIO' })
    disk.refuse = undefined
    expect(await readState('/d/state.json', format, { files: disk.files })).toEqual({
      kind: 'found',
      state: good,
    })
  })

  it('goes on when a bad file cannot be renamed', async () => {
    const disk = new MemoryDisk()
    disk.put('/d/state.json', Buffer.from('bad'))
    disk.refuse = (operation) => (operation === 'rename' ? 'EROFS' : undefined)
    const read = await readState('/d/state.json', format, { files: disk.files })
    expect(read).toMatchObject({ kind: 'set-aside', renamedTo: undefined })
  })
})

describe('writeState', () => {
  it('writes what readState reads, for its owner alone', async () => {
    expect(await writeState(path, format, good)).toMatchObject({ kind: 'written' })
    expect(await readState(path, format)).toEqual({ kind: 'found', state: good })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(directory)).toEqual(['state.json'])
  })

  it('makes the directory it needs', async () => {
    const deep = join(directory, 'a', 'b', 'state.json')
    expect((await writeState(deep, format, good)).kind).toBe('written')
    expect((await readState(deep, format)).kind).toBe('found')
  })

  it('gives any JSON back', async () => {
    const any = { version: 1, parse: (state: unknown) => state }
    const disk = new MemoryDisk()
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value))
        await writeState('/d/s', any, plain, disk.files)
        expect(await readState('/d/s', any, { files: disk.files })).toEqual({ kind: 'found', state: plain })
      }),
    )
  })

  it('does not follow a link planted for its temporary file', async () => {
    await writeFile(join(directory, 'victim'), 'precious')
    await symlink(join(directory, 'victim'), join(directory, `.state.json.tmp-${process.pid}`))
    expect(await writeState(path, format, good)).toMatchObject({ kind: 'failed', code: 'ELOOP' })
    expect(await readFile(join(directory, 'victim'), 'utf8')).toBe('precious')
  })

  it.skipIf(process.getuid?.() === 0)('says so in a directory it may not write to', async () => {
    await chmod(directory, 0o500)
    expect(await writeState(path, format, good)).toMatchObject({ kind: 'failed', code: 'EACCES' })
    await chmod(directory, 0o700)
  })

  const operations = ['mkdir', 'open', 'write', 'truncate', 'sync', 'rename', 'syncDirectory'] as const
  it.each(operations)('keeps a whole state, and no leftover, when %s fails', async (failing) => {
    const disk = new MemoryDisk()
    await writeState('/d/state.json', format, good, disk.files)
    disk.refuse = (operation) => (operation === failing ? 'ENOSPC' : undefined)
    const newer = { ...good, reportId: 2 }
    const written = await writeState('/d/state.json', format, newer, disk.files)
    expect(written).toMatchObject({ kind: 'failed', code: 'ENOSPC' })
    expect([...disk.names.keys()]).toEqual(['/d/state.json'])
    const expected = failing === 'syncDirectory' ? newer : good
    expect(await readState('/d/state.json', format, { files: disk.files })).toEqual({
      kind: 'found',
      state: expected,
    })
  })

  it('leaves the old state or the new one after a kill at any byte, or a power loss', async () => {
    const first = new MemoryDisk()
    await writeState('/d/state.json', format, good, first.files)
    const newer = { ...good, reportId: 2 }
    for (let bytes = 0; bytes < 200; bytes += 1) {
      const disk = first.afterKill()
      disk.killAfter = bytes
      const written = await writeState('/d/state.json', format, newer, disk.files)
      for (const after of [disk.afterKill(), disk.afterPowerLoss(() => bytes / 200)]) {
        const read = await readState('/d/state.json', format, { files: after.files })
        expect([good, newer]).toContainEqual('state' in read && read.state)
        if (written.kind === 'written') expect(read).toEqual({ kind: 'found', state: newer })
        expect([...after.names.keys()]).toEqual(['/d/state.json'])
      }
    }
  })
})
