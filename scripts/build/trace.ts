/**
 * Turns the places in a device's stack trace into those in our sources:
 *
 *   node dist/scripts/trace.js <folder of the source maps> < log
 *
 * Text goes in and comes out line by line; `main.js:412:17` within it becomes `src/monitor/monitor.ts:88:5`. The maps
 * must be those of the version on the device: `component:build` leaves them in `greengrass-build/source-maps`, and the
 * same sources give the same ones.
 */
import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A path, or `file:` URL, of one of the bundle's files, with its line and column, both from 1. */
const PLACE = /(?:file:\/\/)?[\w./@+-]*?([\w-]+\.js):(\d+):(\d+)/g

const [folder] = process.argv.slice(2)
if (folder === undefined || !existsSync(join(folder, 'main.js.map'))) {
  process.stderr.write(`trace: ${folder ?? 'no folder was given, which'} has no main.js.map\n`)
  process.exitCode = 1
} else {
  const maps = new Map<string, SourceMap | undefined>()
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(
      `${line.replaceAll(PLACE, (place, ...parts) => translate(place, parts.slice(0, 3), folder, maps))}\n`,
    )
  }
}

function translate(
  place: string,
  [file, line, column]: readonly string[],
  folder: string,
  maps: Map<string, SourceMap | undefined>,
): string {
  const name = String(file)
  if (!maps.has(name)) maps.set(name, readMap(join(folder, `${name}.map`)))
  const entry = maps.get(name)?.findEntry(Number(line) - 1, Number(column) - 1)
  // Code that esbuild itself has put in has no source.
  if (entry === undefined || !('originalSource' in entry)) return place
  return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
}

function readMap(path: string): SourceMap | undefined {
  return existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined
}
