/**
 * A ZIP file that depends on nothing but names and contents: two builds of the same sources give the same bytes, so
 * that a published artifact can be compared with a checkout, and publishing twice is seen to be needless.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DeflateOptions, type Zippable, zipSync } from 'fflate'

/**
 * The first year that a ZIP file can tell, at noon. ZIP has local times, and fflate takes them from the Date in the
 * time zone of the machine; made in that time zone, the Date gives the same fields everywhere.
 */
const fixedTime = () => new Date(1980, 0, 1, 12)

/** Of the files on a device: those that unpack for Unix see a regular file, readable by all, written by its owner. */
const UNIX = 3
const MODE = 0o100644
/** Of programs: to be run by all, too. */
const PROGRAM_MODE = 0o100755

/** A program is a hundred times larger than all else, and the last tenth of a per cent takes twice the time. */
const LEVEL = 9
const PROGRAM_LEVEL = 6

/** All files below the folder, in the order of their names' code units. */
export function zipFolder(folder: string): Uint8Array {
  return zipFiles(readFolder(folder))
}

/** By their paths from the folder. */
export function readFolder(folder: string): Record<string, Uint8Array> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name))]))
}

/** @param programs the names of those files that are to be executable */
export function zipFiles(
  files: Readonly<Record<string, Uint8Array>>,
  programs: readonly string[] = [],
): Uint8Array {
  const zippable: Zippable = {}
  for (const [name, content] of Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const isProgram = programs.includes(name)
    const level: NonNullable<DeflateOptions['level']> = isProgram ? PROGRAM_LEVEL : LEVEL
    const attrs = ((isProgram ? PROGRAM_MODE : MODE) << 16) >>> 0
    zippable[name] = [content, { level, mtime: fixedTime(), os: UNIX, attrs }]
  }
  return zipSync(zippable)
}
