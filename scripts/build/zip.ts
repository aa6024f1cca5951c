/**
 * A ZIP file that depends on nothing but names and contents: two builds of the same sources give the same bytes, so
 * that a published artifact can be compared with a checkout, and publishing twice is seen to be needless.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Zippable, zipSync } from 'fflate'

/**
 * The first year that a ZIP file can tell, at noon. ZIP has local times, and fflate takes them from the Date in the
 * time zone of the machine; made in that time zone, the Date gives the same fields everywhere.
 */
const fixedTime = () => new Date(1980, 0, 1, 12)

/** Of the files on a device: those that unpack for Unix see a regular file, readable by all, written by its owner. */
const UNIX = 3
const MODE = 0o100644

/** All files below the folder, in the order of their names' code units. */
export function zipFolder(folder: string): Uint8Array {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted()
  const files: Zippable = {}
  for (const name of names) {
    files[name] = [
      readFileSync(join(folder, name)),
      { level: 9, mtime: fixedTime(), os: UNIX, attrs: (MODE << 16) >>> 0 },
    ]
  }
  return zipSync(files)
}
