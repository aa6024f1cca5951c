/** Two values of the same form, field by field. Lists are compared whole: they are sets in their normal form. */
import type { Data, DataMap } from './normal.ts'
import { stableJson } from './stable-json.ts'

export interface FieldChange {
  /** `behaviors.open-ports.criteria.value.ports`. */
  readonly path: string
  /** Absent where the field comes into being. */
  readonly before?: Data
  /** Absent where it goes. */
  readonly after?: Data
}

export function differences(before: DataMap, after: DataMap, path = ''): FieldChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return keys.flatMap((key): FieldChange[] => {
    const [old, next] = [before[key], after[key]]
    const at = path === '' ? key : `${path}.${key}`
    if (isMap(old) && isMap(next)) return differences(old, next, at)
    if (stableJson(old) === stableJson(next)) return []
    return [
      {
        path: at,
        ...(old === undefined ? {} : { before: old }),
        ...(next === undefined ? {} : { after: next }),
      },
    ]
  })
}

const isMap = (value: Data | undefined): value is DataMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
