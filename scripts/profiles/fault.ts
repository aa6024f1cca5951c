/** What is wrong in a file, and where. */
import type { ProfileFault } from '../../src/detect/reader.ts'
import type { Position, SourceDocument } from './document.ts'

export interface FileFault {
  readonly path: string
  /** Absent where the file as a whole is meant, or could not be read. */
  readonly position?: Position
  /** `behaviors[2].criteria.durationSeconds`; empty for the whole. */
  readonly at: string
  /** What stands there, as JSON, cut to a readable length. */
  readonly given?: string
  readonly problem: string
  /** The file could not be read at all; otherwise what it says will not do. */
  readonly kind: 'unreadable' | 'invalid'
}

/** Gives a fault found in the data its place in the text. */
export function faultIn(document: SourceDocument, { path: at, given, problem }: ProfileFault): FileFault {
  // Of a value that will not do its own place is shown, of a name that is not known the name's.
  const position = document.positionOf(at, given === undefined ? 'key' : 'value')
  return {
    path: document.path,
    position,
    at,
    ...(given === undefined ? {} : { given }),
    problem,
    kind: 'invalid',
  }
}

/** `gateway.yaml:12:7: behaviors[0].criteria.durationSeconds: 301: must be 300, 600, 900, 1800 or 3600`. */
export function formatFault({ path, position, at, given, problem }: FileFault): string {
  const place = position === undefined ? path : `${path}:${position.line}:${position.column}`
  return [place, at, given ?? '', problem].filter((part) => part !== '').join(': ')
}

export const faultyFileCount = (faults: readonly FileFault[]): number =>
  new Set(faults.map(({ path }) => path)).size

/** In the order of the files, and down each file. */
export function byPlace(a: FileFault, b: FileFault): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1
  const [left, right] = [a.position, b.position]
  return (left?.line ?? 0) - (right?.line ?? 0) || (left?.column ?? 0) - (right?.column ?? 0)
}
