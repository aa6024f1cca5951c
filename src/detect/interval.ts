/**
 * One report interval as it fills up. A datapoint of AWS's is one report; between two reports the agent looks several
 * times, and whatever it saw belongs to that one datapoint: deltas are summed, levels take their maximum, lists their
 * union. All three only grow, which is what makes an early verdict safe.
 */
import { accumulationOf, type ValueMember } from '../metrics/catalog.ts'
import type { MetricValue } from '../metrics/datapoint.ts'
import { type Element, elementsOf } from './criteria.ts'

export type Accumulated = AccumulatedNumber | AccumulatedList

export interface AccumulatedNumber {
  readonly kind: 'sum' | 'max'
  readonly member: 'count' | 'number'
  readonly value: number
}

export interface AccumulatedList {
  readonly kind: 'union'
  readonly member: 'ports' | 'cidrs' | 'numbers' | 'strings'
  readonly elements: readonly Element[]
  /** When each element was first seen of the intervals that it has been in without a break; epoch milliseconds. */
  readonly firstSeen: readonly number[]
  /** At least so many different elements were there; more than `elements` only beyond its bound. */
  readonly total: number
}

/**
 * Elements kept of one list. Judging is not bounded by it, every element of every sample is judged; it bounds the
 * evidence, the state file and the memory that an attacker can make us use by opening connections.
 */
export const LIST_ELEMENTS_MAX = 4096

/**
 * Adds a sample. `undefined` where the value cannot be one: no finite number, or a negative delta, is treated as absent.
 * @param previous the union of the interval before, whose elements keep their first sight
 */
export function accumulate(
  metric: string,
  sofar: Accumulated | undefined,
  value: MetricValue,
  at: number,
  previous: Accumulated | undefined,
): Accumulated | undefined {
  const elements = elementsOf(value)
  if (elements !== undefined) {
    const member = Object.keys(value)[0] as AccumulatedList['member']
    return addList(listOf(sofar, member), member, elements, at, listOf(previous, member))
  }
  const member = 'count' in value ? 'count' : 'number'
  const amount = 'count' in value ? value.count : (value as { number: number }).number
  return addNumber(metric, sofar?.member === member ? sofar : undefined, member, amount)
}

/** The interval's datapoint. */
export function toMetricValue(accumulated: Accumulated): MetricValue {
  return accumulated.kind === 'union'
    ? listValue(accumulated.member, accumulated.elements)
    : numberValue(accumulated.member, accumulated.value)
}

export function numberValue(member: ValueMember, value: number): MetricValue {
  return member === 'count' ? { count: value } : { number: value }
}

/** Sorted, so that the same set always reads the same. */
export function listValue(member: AccumulatedList['member'], elements: readonly Element[]): MetricValue {
  return { [member]: [...elements].sort(byElement) } as unknown as MetricValue
}

export function byElement(a: Element, b: Element): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return a < b ? -1 : a > b ? 1 : 0
}

function addNumber(
  metric: string,
  sofar: AccumulatedNumber | AccumulatedList | undefined,
  member: 'count' | 'number',
  amount: number,
): AccumulatedNumber | undefined {
  const kind = accumulationOf(metric, member) === 'sum' ? 'sum' : 'max'
  if (!Number.isFinite(amount) || (kind === 'sum' && amount < 0)) return undefined
  if (sofar === undefined || sofar.kind === 'union') return { kind, member, value: amount }
  const value = kind === 'sum' ? sofar.value + amount : Math.max(sofar.value, amount)
  return value === sofar.value ? sofar : { kind, member, value }
}

function listOf(accumulated: Accumulated | undefined, member: string): AccumulatedList | undefined {
  return accumulated?.kind === 'union' && accumulated.member === member ? accumulated : undefined
}

const noElements: readonly Element[] = []

function addList(
  sofar: AccumulatedList | undefined,
  member: AccumulatedList['member'],
  sample: readonly Element[],
  at: number,
  previous: AccumulatedList | undefined,
): AccumulatedList {
  if (sofar === undefined && previous !== undefined && hasJust(previous.elements, sample)) {
    return { ...previous, total: sample.length }
  }
  const before = sofar?.elements ?? noElements
  const seen = indexOf(before)
  const fresh = new Set(sample.filter((element) => !seen.has(element)))
  if (sofar !== undefined && fresh.size === 0) return sofar
  const earlier = indexOf(previous?.elements ?? noElements)
  // Sorted before the bound cuts, so that the order of a sample never decides what is kept.
  const kept = [...fresh].sort(byElement).slice(0, LIST_ELEMENTS_MAX - before.length)
  return {
    kind: 'union',
    member,
    elements: [...before, ...kept],
    firstSeen: [
      ...(sofar?.firstSeen ?? []),
      ...kept.map((each) => previous?.firstSeen[earlier.get(each) ?? -1] ?? at),
    ],
    total: Math.max(sofar?.total ?? 0, before.length + fresh.size, new Set(sample).size),
  }
}

/** Whether a sample has each of the elements once, and no other: then an interval begins with the list of the last one. */
function hasJust(elements: readonly Element[], sample: readonly Element[]): boolean {
  if (sample.length !== elements.length) return false
  const index = indexOf(elements)
  const isFound = new Uint8Array(elements.length)
  return sample.every((element) => {
    const position = index.get(element)
    if (position === undefined || isFound[position] === 1) return false
    isFound[position] = 1
    return true
  })
}

/** Positions by element, remembered for as long as the list itself lives: most samples show what the last one did. */
const indexes = new WeakMap<readonly Element[], ReadonlyMap<Element, number>>()

function indexOf(elements: readonly Element[]): ReadonlyMap<Element, number> {
  let index = indexes.get(elements)
  if (index === undefined) {
    index = new Map(elements.map((element, position) => [element, position]))
    indexes.set(elements, index)
  }
  return index
}
