/**
 * The smallest change of a behavior with which one violation would not have been: the offending elements become normal,
 * or the bound moves to the next round number beyond the value. Whoever says "false positive" should see what that costs.
 */
import { compilePrefixes } from '../../../src/detect/cidr.ts'
import { compileProfile } from '../../../src/detect/compile.ts'
import type { Behavior, BehaviorCriteria } from '../../../src/detect/security-profile.ts'
import type { MetricValue } from '../../../src/metrics/datapoint.ts'
import { parseAddressBits, siblingOf } from '../../profiles/prefix-text.ts'

export type Silence =
  | { readonly kind: 'changed'; readonly behavior: Behavior; readonly remarks: readonly string[] }
  /** Nothing that could be written into the behavior would do, for that reason. */
  | { readonly kind: 'none'; readonly reason: string }

/** @param value that raised the alarm; of a list the elements that offended */
export function silenceOf(behavior: Behavior, value: MetricValue | undefined): Silence {
  const { criteria } = behavior
  if (criteria === undefined) return { kind: 'none', reason: 'the behavior has no criteria' }
  if (criteria.mlDetectionConfig !== undefined) {
    return {
      kind: 'none',
      reason:
        'ML Detect decides by what it has learned; say it there with --detect, or ask for another confidenceLevel',
    }
  }
  if (value === undefined) return { kind: 'none', reason: 'the value that raised it was not told' }
  const content = Object.values(value)[0] as number | readonly (number | string)[]
  const changed = typeof content === 'number' ? otherBound(criteria, value) : otherSet(criteria, content)
  if (changed === undefined) {
    return { kind: 'none', reason: 'its criteria and its value are not of the same kind' }
  }
  return {
    kind: 'changed',
    behavior: { ...behavior, criteria: changed },
    remarks: remarksOn(behavior, criteria),
  }
}

function remarksOn(behavior: Behavior, criteria: BehaviorCriteria): readonly string[] {
  const profile = { securityProfileName: 'any', behaviors: [behavior] }
  const [notJudged] = compileProfile(profile).notJudged
  return [
    ...(criteria.statisticalThreshold === undefined
      ? []
      : ['A percentile cannot be told to leave one value alone: a fixed bound takes its place.']),
    ...(notJudged === undefined ? [] : [`No test can try it here: ${notJudged.reason}.`]),
  ]
}

/** Beyond the value by a little, rounded to two digits: 54 of `less-than 10` makes `less-than 55`. */
function otherBound(criteria: BehaviorCriteria, value: MetricValue): BehaviorCriteria | undefined {
  const { statisticalThreshold: _, ...rest } = criteria
  const [member = '', content] = Object.entries(value)[0] as [string, number]
  const bound = boundFor(criteria.comparisonOperator, content)
  return bound === undefined ? undefined : { ...rest, value: { [member]: bound } as unknown as MetricValue }
}

function boundFor(operator: BehaviorCriteria['comparisonOperator'], value: number): number | undefined {
  switch (operator) {
    case 'less-than':
      return roundedUp(value, true)
    case 'less-than-equals':
      return roundedUp(value, false)
    case 'greater-than':
      return 0 - roundedUp(-value, true)
    case 'greater-than-equals':
      return 0 - roundedUp(-value, false)
    default:
      return undefined
  }
}

/** Steps finer than this are no bound that anybody would write. */
const DECIMALS_MAX = 15

/** To two digits; above it where it may not be the value itself. Whole numbers stay whole: 7 becomes 8 and not 7.1. */
function roundedUp(value: number, isAbove: boolean): number {
  if (value === 0) return isAbove ? 1 : 0
  const digits = Math.floor(Math.log10(Math.abs(value))) - 1
  const decimals = Number.isInteger(value) ? 0 : Math.min(DECIMALS_MAX, Math.max(0, -digits))
  const step = decimals > 0 ? 10 ** -decimals : 10 ** Math.max(0, digits)
  const isBeyond = (bound: number) => (isAbove ? bound > value : bound >= value)
  // 0.1 + 0.2 is no round number.
  const round = (steps: number) => Number((steps * step).toFixed(decimals))
  const steps = Math.ceil(value / step)
  return isBeyond(round(steps)) ? round(steps) : round(steps + 1)
}

type Element = number | string

function otherSet(criteria: BehaviorCriteria, offenders: readonly Element[]): BehaviorCriteria | undefined {
  const [member, content] = Object.entries(criteria.value ?? {})[0] ?? []
  if (member === undefined || !Array.isArray(content) || offenders.length === 0) return undefined
  const set = content as readonly Element[]
  const isAllowed = !criteria.comparisonOperator?.startsWith('not-in')
  const next = isAllowed
    ? [...set, ...offenders.filter((each) => !set.includes(each)).map((each) => asMember(member, each))]
    : member === 'cidrs'
      ? withoutAddresses(set.map(String), offenders.map(String))
      : set.filter((each) => !offenders.includes(each))
  return { ...criteria, value: { [member]: next } as unknown as MetricValue }
}

/** A single address as a network of one, which is how sets write it. */
function asMember(member: string, element: Element): Element {
  if (member !== 'cidrs' || String(element).includes('/')) return element
  return `${element}/${String(element).includes(':') ? 128 : 32}`
}

/** Each network that holds an offender becomes those networks that make it up but for that address. */
function withoutAddresses(cidrs: readonly string[], offenders: readonly string[]): readonly string[] {
  return offenders.reduce<readonly string[]>((left, offender) => {
    const address = parseAddressBits(offender)
    if (address === undefined) return left
    return left.flatMap((cidr) => {
      const outer = parseAddressBits(cidr)
      if (outer === undefined || outer.width !== address.width) return [cidr]
      if (!compilePrefixes([outer]).has(address.address)) return [cidr]
      return Array.from({ length: address.width - outer.bits }, (_, index) =>
        siblingOf(address.address, outer.bits + index + 1),
      )
    })
  }, cidrs)
}
