/**
 * The names of history files: one a kind and UTC day, `datapoints-2026-11-24.cborseq`.
 */
import { join } from 'node:path'
import type { StoreFiles } from './files.ts'
import type { HistoryKind } from './history-records.ts'

const fileName = /^(datapoints|violations)-(\d{4}-\d{2}-\d{2})\.cborseq$/
const DAY_MS = 24 * 3600 * 1000
/** Days with four-digit years; an instant outside them is a broken clock's, and goes to the nearest. */
const DAY_MIN = Date.UTC(1970, 0) / DAY_MS
const DAY_MAX = Date.UTC(9999, 11, 31) / DAY_MS

/** The number of the UTC day since 1970. */
export function dayOf(at: number): number {
  return Math.min(DAY_MAX, Math.max(DAY_MIN, Math.floor(at / DAY_MS) || 0))
}

export interface DayFile {
  readonly day: number
  readonly path: string
}

export function dayFile(directory: string, kind: HistoryKind, day: number): DayFile {
  const date = new Date(day * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length)
  return { day, path: join(directory, `${kind}-${date}.cborseq`) }
}

/** The files of one kind, oldest first. Throws if the directory cannot be read. */
export async function listDayFiles(
  files: StoreFiles,
  directory: string,
  kind: HistoryKind,
): Promise<DayFile[]> {
  return (await files.list(directory))
    .map((name) => fileName.exec(name))
    .filter((match) => match?.[1] === kind)
    .map((match) => dayOf(Date.parse(`${match?.[2]}T00:00:00Z`)))
    .sort((a, b) => a - b)
    .map((day) => dayFile(directory, kind, day))
}
