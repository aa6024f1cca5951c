/** A violation's title and description, as findings of others' formats want them. */
import type { Violation } from '../model.ts'
import { normalText, valueText, violatingValue } from '../words.ts'

export const titleOf = ({ behavior, thingName }: Violation): string =>
  `${behavior.name} violated on ${thingName}`

export function descriptionOf(violation: Violation): string {
  const { behavior, securityProfileName } = violation
  const value = violatingValue(violation)
  const seen = value === undefined ? 'a value that is not told' : valueText(behavior.metric, value)
  return `${behavior.metric} was ${seen}. Security profile ${securityProfileName} says that it is normal if ${normalText(behavior)}.`
}

/** What offends, of a list metric. */
export function offendersOf(violation: Violation): readonly (number | string)[] {
  const content = Object.values(violatingValue(violation) ?? {})[0] as unknown
  return Array.isArray(content) ? content : []
}

/** `telnetd` of `/usr/sbin/telnetd`. */
export const programOf = (executable: string): string =>
  executable.slice(executable.lastIndexOf('/') + 1) || executable
