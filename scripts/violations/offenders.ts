/**
 * What of a list offends. The agent tells that alone; whether AWS tells it, or the whole list, is not published, and a
 * list is of use to people only without what is normal.
 */
import { compileCriteria, type Element, elementsOf } from '../../src/detect/criteria.ts'
import type { Behavior } from '../../src/detect/security-profile.ts'
import type { MetricValue } from '../../src/metrics/datapoint.ts'

/** The value itself where it is no list, or where its criteria do not say which of its elements offend. */
export function offendingValue({ criteria }: Behavior, value: MetricValue): MetricValue {
  const elements = elementsOf(value)
  const [member, set] = Object.entries(criteria?.value ?? {})[0] ?? []
  const isSet = /^(not-)?in-/.test(String(criteria?.comparisonOperator)) && Array.isArray(set)
  if (criteria === undefined || elements === undefined || !isSet || !((member as string) in value))
    return value
  const test = compileCriteria(criteria)
  if (test.kind !== 'list') return value
  const bare = elements.map(withoutLength)
  const offenders = new Set(test.offenders(bare))
  const kept = elements.filter((_, index) => offenders.has(bare[index] as Element))
  return kept.length === 0 ? value : ({ [member as string]: kept } as unknown as MetricValue)
}

/** An address, also where it came as a network of one. */
const withoutLength = (element: Element): Element =>
  typeof element === 'string' ? element.replace(/\/(32|128)$/, '') : element
