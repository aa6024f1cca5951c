/**
 * Which things this program has put into which group, in a JSON file of the operator's own, so that the undoing takes out
 * those and no others. An entry is written before AWS is asked: if the answer is lost, the undoing finds it all the same.
 */
import { OperatorProblem } from '../../aws/operator-io.ts'
import { isMembers } from '../../profiles/history/report-datapoints.ts'
import { readJsonFile, writeJsonFile } from '../json-file.ts'

export interface Moved {
  readonly region: string
  readonly groupName: string
  readonly thingName: string
  /** Epoch milliseconds. */
  readonly at: number
  /** For whoever asks why. */
  readonly violationIds: readonly string[]
}

export async function readMoved(path: string): Promise<readonly Moved[]> {
  const value = await readJsonFile(path)
  if (value === undefined) return []
  if (!Array.isArray(value) || !value.every(isMoved)) {
    throw new OperatorProblem(`${path}: is no record of things put into groups`)
  }
  return value
}

export async function noteMoved(path: string, entry: Moved): Promise<void> {
  const others = (await readMoved(path)).filter((each) => !isSame(each, entry))
  await writeJsonFile(path, [...others, entry])
}

export async function forgetMoved(path: string, entry: Moved): Promise<void> {
  await writeJsonFile(
    path,
    (await readMoved(path)).filter((each) => !isSame(each, entry)),
  )
}

const isSame = (a: Moved, b: Moved) =>
  a.region === b.region && a.groupName === b.groupName && a.thingName === b.thingName

function isMoved(value: unknown): value is Moved {
  if (!isMembers(value)) return false
  const { region, groupName, thingName, at, violationIds } = value
  return (
    [region, groupName, thingName].every((each) => typeof each === 'string') &&
    typeof at === 'number' &&
    Array.isArray(violationIds)
  )
}
