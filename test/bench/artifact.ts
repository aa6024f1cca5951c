/** How big the artifact is that a device downloads, and what in it weighs most. The same bytes each time. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { zipFolder } from '../../scripts/build/zip.ts'
import { type BenchContext, figure, type Group, type GroupResult } from './figure.ts'
import { exactly } from './statistics.ts'

const ZIP_GOAL_KB = 250
const PARTS = 6

export const artifact: Group = { name: 'artifact', title: 'The artifact', run }

function run({ artifact: folder }: BenchContext): GroupResult {
  const zip = zipFolder(folder).length
  const parts = partsOf(folder)
  const others = parts.slice(PARTS).reduce((sum, { zippedBytes }) => sum + zippedBytes, 0)
  return {
    figures: [
      figure('zip', 'kB', exactly(zip / 1000), { goal: ZIP_GOAL_KB }),
      ...parts
        .slice(0, PARTS)
        .flatMap(({ name, bytes, zippedBytes }) => [
          figure(`${name}, zipped`, 'kB', exactly(zippedBytes / 1000)),
          figure(`${name}, unpacked`, 'kB', exactly(bytes / 1000)),
        ]),
      figure('all other files, zipped', 'kB', exactly(others / 1000)),
    ],
    notes: ['1 kB = 1,000 bytes'],
  }
}

interface Part {
  readonly name: string
  readonly bytes: number
  readonly zippedBytes: number
}

/** The heaviest first. Files that differ only in the hash of their names are one part. */
function partsOf(folder: string): Part[] {
  const parts = new Map<string, Part>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = readFileSync(join(entry.parentPath, entry.name))
    const name = withoutHash(entry.name)
    const former = parts.get(name)
    parts.set(name, {
      name,
      bytes: bytes.length + (former?.bytes ?? 0),
      zippedBytes: deflateRawSync(bytes, { level: 9 }).length + (former?.zippedBytes ?? 0),
    })
  }
  return [...parts.values()].toSorted((a, b) => b.zippedBytes - a.zippedBytes)
}

/** The bundler puts a hash of the content into a chunk's name; the figure is of the same part all the same. */
export const withoutHash = (name: string): string => name.replace(/-[A-Z0-9]{8}(?=\.js$)/, '')
