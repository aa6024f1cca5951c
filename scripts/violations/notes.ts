/**
 * What operators said of violations that Detect does not know: one JSON file, `{ "<id>": { "thingName", "state", "note",
 * "at" } }`, beside the events or where `--notes` says. Detect keeps this itself for its own violations.
 */
import { dirname, join } from 'node:path'
import { OperatorProblem } from '../aws/operator-io.ts'
import { isMembers } from '../profiles/history/report-datapoints.ts'
import { VERIFICATION_STATES } from './event.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'
import type { VerificationState, Violation } from './model.ts'

export interface Note {
  readonly thingName: string
  readonly state: VerificationState
  readonly note?: string
  /** When it was said, epoch milliseconds. */
  readonly at: number
}

export type Notes = ReadonlyMap<string, Note>

const FILE_NAME = 'verifications.json'

export const isNotesFile = (name: string): boolean => name === FILE_NAME
export const notesPathIn = (folder: string): string => join(folder, FILE_NAME)
export const notesPathBeside = (file: string): string => join(dirname(file), FILE_NAME)

/** None where there is no file yet. */
export async function readNotes(path: string): Promise<Notes> {
  const value = await readJsonFile(path)
  if (value === undefined) return new Map()
  if (!isMembers(value)) throw new OperatorProblem(`${path}: holds no verifications`)
  return new Map(
    Object.entries(value).map(([id, entry]) => {
      const note = noteOf(entry)
      if (note === undefined) throw new OperatorProblem(`${path}: what it says of ${id} cannot be read`)
      return [id, note]
    }),
  )
}

/** Reads the file anew, so that what somebody else noted meanwhile stays. */
export async function writeNote(path: string, id: string, note: Note): Promise<void> {
  const notes = new Map(await readNotes(path)).set(id, note)
  await writeJsonFile(path, Object.fromEntries([...notes].sort(([a], [b]) => (a < b ? -1 : 1))))
}

export function withNote(violation: Violation, notes: Notes): Violation {
  const found = notes.get(violation.id)
  if (found === undefined || found.thingName !== violation.thingName) return violation
  const { state, note } = found
  return { ...violation, verification: { state, ...(note === undefined ? {} : { note }) } }
}

function noteOf(value: unknown): Note | undefined {
  if (!isMembers(value)) return undefined
  const { thingName, note, at } = value
  const state = VERIFICATION_STATES.find((each) => each === value.state)
  if (state === undefined || typeof thingName !== 'string' || typeof at !== 'number') return undefined
  return { thingName, state, at, ...(typeof note === 'string' ? { note } : {}) }
}
