import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { zipFolder } from '../../scripts/build/zip.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zip-'))
  mkdirSync(join(folder, 'b'))
  writeFileSync(join(folder, 'b', 'c'), 'in a folder')
  writeFileSync(join(folder, 'a'), 'a'.repeat(1000))
  writeFileSync(join(folder, 'empty'), '')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('holds files by their path from the folder, and no links', () => {
  symlinkSync('/etc/passwd', join(folder, 'link'))
  const files = unzipSync(zipFolder(folder))
  const texts = Object.entries(files).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)])
  expect(texts).toEqual([
    ['a', 'a'.repeat(1000)],
    ['b/c', 'in a folder'],
    ['empty', ''],
  ])
})

test('tells the same time and mode of each file', () => {
  const zip = Buffer.from(zipFolder(folder))
  // APPNOTE.TXT 4.3.12: the central directory's entries; time and date at 12, external attributes at 38.
  const entries: number[] = []
  for (let at = zip.indexOf('PK\x01\x02'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 1)) entries.push(at)
  expect(entries).toHaveLength(3)
  for (const at of entries) {
    expect(zip.readUInt16LE(at + 12)).toBe(12 << 11) // noon
    expect(zip.readUInt16LE(at + 14)).toBe((0 << 9) | (1 << 5) | 1) // 1 January 1980
    expect((zip.readUInt32LE(at + 38) >>> 16).toString(8)).toBe('100644')
  }
})

test.each(['UTC', 'America/St_Johns', 'Pacific/Kiritimati', 'Africa/Monrovia'])(
  'is the same in %s',
  (zone) => {
    const here = zipFolder(folder)
    const before = process.env.TZ
    process.env.TZ = zone
    try {
      expect(zipFolder(folder)).toEqual(here)
    } finally {
      if (before === undefined) delete process.env.TZ
      else process.env.TZ = before
    }
  },
)
