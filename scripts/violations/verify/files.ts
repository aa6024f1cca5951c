/**
 * The change as a profile file and its test, in the notation of `defender test`. A security profile knows no exception
 * that ends by itself: the date by which somebody looks at it again stands in a comment, for people to search for.
 */
import { stringify } from 'yaml'
import type { SecurityProfile } from '../../../src/detect/security-profile.ts'
import { differences, type FieldChange } from '../../plan/difference.ts'
import type { Data, DataMap } from '../../plan/normal.ts'
import { commentLine } from '../../profiles/suggest/yaml-text.ts'
import type { Violation } from '../model.ts'
import { valueText, violatingValue } from '../words.ts'
import { type Silence, silenceOf } from './silence.ts'
import { customTypeOf, type Trial, trialsOf } from './trial.ts'

type Behavior = NonNullable<SecurityProfile['behaviors']>[number]

export interface Proposal {
  /** Field by field: `criteria.value.ports: [22] -> [22,23]`. */
  readonly changes: readonly string[]
  readonly remarks: readonly string[]
  /** A profile file with the changed behavior alone. */
  readonly profile: string
  /** Its test file; absent where nothing can be tried here. */
  readonly tests?: string
}

export interface ReviewNote {
  readonly reviewBy: string
  readonly note?: string
}

export function proposalFor(
  violation: Violation,
  fileName: string,
  review: ReviewNote,
): Proposal | Extract<Silence, { kind: 'none' }> {
  const value = violatingValue(violation)
  const silence = silenceOf(violation.behavior, value)
  if (silence.kind === 'none' || value === undefined) return silence as Extract<Silence, { kind: 'none' }>
  const { behavior, remarks } = silence
  const what = valueText(behavior.metric, value)
  const trials = trialsOf(violation.behavior, behavior, value, what)
  const type = customTypeOf(behavior.metric, value)
  return {
    changes: differences(dataOf(violation.behavior), dataOf(behavior)).map(changeText),
    remarks:
      trials.length > 0 || remarks.length > 0
        ? remarks
        : ['No test can be made of it: it would not show a difference.'],
    profile: profileText(violation, behavior, type, review),
    ...(trials.length === 0 ? {} : { tests: testsText(fileName, behavior.name, trials) }),
  }
}

/** Whole, however long: it is to be reviewed. Of lists what comes and what goes is shown where both are long. */
function changeText({ path, before, after }: FieldChange): string {
  if (
    !Array.isArray(before) ||
    !Array.isArray(after) ||
    Math.max(before.length, after.length) <= LIST_SHOWN_MAX
  )
    return `${path}: ${dataText(before)} -> ${dataText(after)}`
  const texts = (list: readonly Data[]) => list.map((each) => JSON.stringify(each))
  const [old, next] = [texts(before), texts(after)]
  const gone = old.filter((each) => !next.includes(each)).map((each) => `-${each}`)
  const added = next.filter((each) => !old.includes(each)).map((each) => `+${each}`)
  return `${path}: ${[...gone, ...added].join(' ')} (${old.length} -> ${next.length})`
}

/** Short enough to be seen at once before and after. */
const LIST_SHOWN_MAX = 8

const dataText = (value: Data | undefined) =>
  value === undefined
    ? '(none)'
    : Array.isArray(value)
      ? `[${value.map((each) => JSON.stringify(each)).join(', ')}]`
      : JSON.stringify(value)

const dataOf = (behavior: Behavior) => behavior as unknown as DataMap

const YAML = { lineWidth: 100, aliasDuplicateObjects: false } as const

function profileText(
  { securityProfileName, id, thingName }: Violation,
  behavior: Behavior,
  type: string | undefined,
  { reviewBy, note }: ReviewNote,
): string {
  const comment = [
    `review by ${reviewBy}: what was violation ${id} on ${thingName} is normal`,
    ...(note === undefined ? [] : note.split(/\r?\n/)),
  ]
  const head = {
    securityProfileName,
    ...(type === undefined ? {} : { customMetrics: { [behavior.metric]: { type } } }),
  }
  const behaviorYaml = stringify([behavior], YAML).trimEnd().split('\n')
  return [
    stringify(head, YAML).trimEnd(),
    'behaviors:',
    ...comment.map((line) => commentLine('  ', line)),
    ...behaviorYaml.map((line) => `  ${line}`),
    '',
  ].join('\n')
}

function testsText(fileName: string, behavior: string, trials: readonly Trial[]): string {
  return stringify(
    {
      profile: fileName,
      interval: '5m',
      tests: trials.map(({ name, metric, series, alarms }) => ({
        name,
        series: { [metric]: series },
        alarms: alarms.map(({ at, event }) => ({ at, behavior, event })),
      })),
    },
    YAML,
  )
}
