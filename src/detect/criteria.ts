/**
 * Criteria compiled into something that judges values.
 *
 * Polarity is AWS's: criteria say what is normal, so a violation is a value that does not meet them ("Security profile
 * behaviors" in the AWS IoT developer guide). For lists this holds element by element: a port set must contain every
 * observed port, or none of them, and an empty list always conforms ("Troubleshooting AWS IoT Device Defender").
 */
import type { ComparisonOperator, ValueMember } from '../metrics/catalog.ts'
import type { MetricValue } from '../metrics/datapoint.ts'
import { type Address, compilePrefixes, parseAddress, parsePrefix } from './cidr.ts'
import type { Statistic } from './percentile.ts'
import type { BehaviorCriteria } from './security-profile.ts'

export type Element = number | string

export interface NumberTest {
  readonly kind: 'number'
  readonly operator: ComparisonOperator
  /** Exceeding it is the violation: more measurements cannot undo one. With a floor, they cannot undo conformity. */
  readonly isCeiling: boolean
  readonly threshold: { readonly fixed: number } | { readonly statistic: Statistic }
  holds(value: number, threshold: number): boolean
}

export interface ListTest {
  readonly kind: 'list'
  readonly operator: ComparisonOperator
  /** A datapoint of another member is no datapoint of this metric. */
  readonly member: ValueMember
  /** The elements that must not be there, in their order; no element twice if none was given twice. */
  offenders(elements: readonly Element[]): readonly Element[]
}

export type Test = NumberTest | ListTest

const comparisons: Partial<Record<ComparisonOperator, (value: number, threshold: number) => boolean>> = {
  'less-than': (value, threshold) => value < threshold,
  'less-than-equals': (value, threshold) => value <= threshold,
  'greater-than': (value, threshold) => value > threshold,
  'greater-than-equals': (value, threshold) => value >= threshold,
}

/** `criteria` is static or statistical, from a parsed profile. */
export function compileCriteria(criteria: BehaviorCriteria): Test {
  const operator = criteria.comparisonOperator as ComparisonOperator
  const holds = comparisons[operator]
  if (holds !== undefined) {
    const isCeiling = operator === 'less-than' || operator === 'less-than-equals'
    return { kind: 'number', operator, isCeiling, threshold: thresholdOf(criteria), holds }
  }
  const value = criteria.value as MetricValue
  const has = 'cidrs' in value ? membershipOfAddresses(value.cidrs) : membershipOf(elementsOf(value) ?? [])
  const offends = operator.startsWith('not-') ? has : (element: Element) => !has(element)
  const member = Object.keys(value)[0] as ValueMember
  return { kind: 'list', operator, member, offenders: (elements) => pick(elements, offends) }
}

/** The elements of a list value; `undefined` for a number. */
export function elementsOf(value: MetricValue): readonly Element[] | undefined {
  if ('ports' in value) return value.ports
  if ('cidrs' in value) return value.cidrs
  if ('numbers' in value) return value.numbers
  return 'strings' in value ? value.strings : undefined
}

function thresholdOf(criteria: BehaviorCriteria): NumberTest['threshold'] {
  if (criteria.statisticalThreshold !== undefined)
    return { statistic: criteria.statisticalThreshold.statistic }
  const value = criteria.value as { count: number } | { number: number }
  return { fixed: 'count' in value ? value.count : value.number }
}

function membershipOf(elements: readonly Element[]): (element: Element) => boolean {
  const set = new Set(elements)
  return (element) => set.has(element)
}

/** Text that is no address is in no set of prefixes. */
function membershipOfAddresses(cidrs: readonly string[]): (element: Element) => boolean {
  const set = compilePrefixes(cidrs.map((cidr) => parsePrefix(cidr)).filter((prefix) => prefix !== undefined))
  const known = new Map<Element, boolean>()
  return (element) => {
    const before = known.get(element)
    if (before !== undefined) return before
    const address: Address | undefined = parseAddress(String(element))
    const found = address !== undefined && set.has(address)
    if (known.size >= KNOWN_ADDRESSES_MAX) known.clear()
    known.set(element, found)
    return found
  }
}
/**
 * A device talks to the same hosts again and again; parsing their text costs more than looking them up. As many as a
 * sample can have, since fewer would make each sample push out what the next one looks up.
 */
const KNOWN_ADDRESSES_MAX = 4_096

const none: readonly Element[] = []

/** By position: unoptimized, as it mostly runs, an iterator makes an object for each element of each sample. */
function pick(elements: readonly Element[], offends: (element: Element) => boolean): readonly Element[] {
  let found: Element[] | undefined
  for (let position = 0; position < elements.length; position += 1) {
    const element = elements[position] as Element
    if (!offends(element)) continue
    found ??= []
    found.push(element)
  }
  return found ?? none
}
