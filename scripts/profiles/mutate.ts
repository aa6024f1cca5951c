/**
 * Are the tests of a profile worth something? Each threshold, operator, window and counter is changed a little, one at a
 * time; tests that still pass have not noticed. A mutant that survives names the test that is missing.
 */

import { compileProfile } from '../../src/detect/compile.ts'
import { type Statistic, statistics } from '../../src/detect/percentile.ts'
import { CONSECUTIVE_MAX } from '../../src/detect/profile-limits.ts'
import {
  type Behavior,
  type BehaviorCriteria,
  parseSecurityProfile,
} from '../../src/detect/security-profile.ts'
import { type ComparisonOperator, durationsSeconds } from '../../src/metrics/catalog.ts'
import type { MetricValue } from '../../src/metrics/datapoint.ts'
import { type ProfileFile, placeIn } from './file.ts'
import { engineFor } from './play.ts'
import { addressText, coveredBy, parseAddressBits, siblingOf } from './prefix-text.ts'
import type { TestFile } from './test-file.ts'
import { allPass } from './test-run.ts'

export interface Mutant {
  readonly behavior: string
  /** `value.count`, as a path in the criteria. */
  readonly member: string
  readonly from: string
  readonly to: string
}

export interface MutationOutcome {
  readonly path: string
  readonly profilePath: string
  readonly mutants: number
  readonly survivors: readonly (Mutant & { readonly line: number; readonly column: number })[]
}

export function mutate(file: TestFile): MutationOutcome {
  const mutants = mutantsOf(file.profile, file)
  const survivors = mutants
    .filter(({ behaviors }) =>
      allPass(file, engineFor([{ ...file.profile.profile, behaviors }], file.customMetricTypes)),
    )
    .map(({ index, mutant }) => {
      const at = placeIn(file.profile, `behaviors[${index}].criteria.${mutant.member}`)
      return { ...mutant, ...file.profile.document.positionOf(at) }
    })
  return { path: file.path, profilePath: file.profile.path, mutants: mutants.length, survivors }
}

/** Killed mutants of all, 0 to 1; nothing to change is nothing missed. */
export function mutationScore(outcomes: readonly Pick<MutationOutcome, 'mutants' | 'survivors'>[]): number {
  const mutants = outcomes.reduce((sum, each) => sum + each.mutants, 0)
  const survivors = outcomes.reduce((sum, each) => sum + each.survivors.length, 0)
  return mutants === 0 ? 1 : (mutants - survivors) / mutants
}

interface MutatedProfile {
  readonly index: number
  readonly mutant: Mutant
  readonly behaviors: readonly Behavior[]
}

function mutantsOf({ profile }: ProfileFile, { customMetricTypes }: TestFile): MutatedProfile[] {
  const behaviors = profile.behaviors ?? []
  const judged = new Set(compileProfile(profile, customMetricTypes).judged.map(({ behavior }) => behavior))
  return behaviors.flatMap((behavior, index) => {
    if (!judged.has(behavior) || behavior.criteria === undefined) return []
    return changesOf(behavior.criteria).flatMap(({ criteria, ...change }) => {
      const mutated = behaviors.map((each, at) => (at === index ? { ...each, criteria } : each))
      const isLegal = parseSecurityProfile({ ...profile, behaviors: mutated }, { customMetricTypes }).ok
      return isLegal ? [{ index, mutant: { behavior: behavior.name, ...change }, behaviors: mutated }] : []
    })
  })
}

type Change = Omit<Mutant, 'behavior'> & { readonly criteria: BehaviorCriteria }

function changesOf(criteria: BehaviorCriteria): Change[] {
  return [
    ...operatorChanges(criteria),
    ...valueChanges(criteria),
    ...statisticChanges(criteria),
    ...durationChanges(criteria),
    ...counterChanges(criteria, 'consecutiveDatapointsToAlarm'),
    ...counterChanges(criteria, 'consecutiveDatapointsToClear'),
  ]
}

/** The one that differs at the threshold only, and the opposite. */
const otherOperators: Readonly<Record<ComparisonOperator, readonly ComparisonOperator[]>> = {
  'less-than': ['less-than-equals', 'greater-than-equals'],
  'less-than-equals': ['less-than', 'greater-than'],
  'greater-than': ['greater-than-equals', 'less-than-equals'],
  'greater-than-equals': ['greater-than', 'less-than'],
  'in-cidr-set': ['not-in-cidr-set'],
  'not-in-cidr-set': ['in-cidr-set'],
  'in-port-set': ['not-in-port-set'],
  'not-in-port-set': ['in-port-set'],
  'in-set': ['not-in-set'],
  'not-in-set': ['in-set'],
}

function operatorChanges(criteria: BehaviorCriteria): Change[] {
  const from = criteria.comparisonOperator
  if (from === undefined) return []
  return otherOperators[from].map((to) => ({
    member: 'comparisonOperator',
    from,
    to,
    criteria: { ...criteria, comparisonOperator: to },
  }))
}

/** Datapoints one beside the threshold, and a tenth beside it, must make a difference. */
const THRESHOLD_SHARE = 0.1

function valueChanges(criteria: BehaviorCriteria): Change[] {
  const { value } = criteria
  if (value === undefined) return []
  const [member, content] = Object.entries(value)[0] as [string, number | readonly (number | string)[]]
  const withContent = (to: unknown): BehaviorCriteria => ({
    ...criteria,
    value: { [member]: to } as unknown as MetricValue,
  })
  if (typeof content === 'number') {
    const step = Math.max(1, Math.round(Math.abs(content) * THRESHOLD_SHARE))
    const others = [...new Set([content - 1, content + 1, content - step, content + step])]
    return others.map((to) => ({
      member: `value.${member}`,
      from: String(content),
      to: String(to),
      criteria: withContent(to),
    }))
  }
  if (member === 'cidrs') return prefixChanges(content.map(String), withContent)
  return content.map((element, index) => ({
    member: `value.${member}[${index}]`,
    from: String(element),
    to: 'left out',
    criteria: withContent(content.filter((_, position) => position !== index)),
  }))
}

/** Each prefix left out, of twice its size and of half; but not where the others make up for it, so that nothing changes. */
function prefixChanges(
  cidrs: readonly string[],
  withContent: (cidrs: readonly string[]) => BehaviorCriteria,
): Change[] {
  return cidrs.flatMap((from, index): Change[] => {
    const prefix = parseAddressBits(from)
    if (prefix === undefined) return []
    const { address, bits, width } = prefix
    const others = cidrs.filter((_, position) => position !== index)
    const member = `value.cidrs[${index}]`
    const replaced = (to: string): Change => ({
      member,
      from,
      to,
      criteria: withContent(cidrs.map((each, position) => (position === index ? to : each))),
    })
    const changes: Change[] = []
    if (!coveredBy(others, from)) {
      changes.push({ member, from, to: 'left out', criteria: withContent(others) })
    }
    if (bits > 0 && !coveredBy(others, siblingOf(address, bits))) {
      changes.push(replaced(addressText(address, bits - 1)))
    }
    if (bits < width) {
      const half = addressText(address, bits + 1)
      if (!coveredBy(others, siblingOf(parseAddressBits(half)?.address ?? address, bits + 1))) {
        changes.push(replaced(half))
      }
    }
    return changes
  })
}

function statisticChanges(criteria: BehaviorCriteria): Change[] {
  const from = criteria.statisticalThreshold?.statistic
  if (from === undefined) return []
  return neighbours(Object.keys(statistics) as Statistic[], from).map((to) => ({
    member: 'statisticalThreshold.statistic',
    from,
    to,
    criteria: { ...criteria, statisticalThreshold: { statistic: to } },
  }))
}

function durationChanges(criteria: BehaviorCriteria): Change[] {
  const from = criteria.durationSeconds
  if (from === undefined) return []
  return neighbours(durationsSeconds as readonly number[], from).map((to) => ({
    member: 'durationSeconds',
    from: String(from),
    to: String(to),
    criteria: { ...criteria, durationSeconds: to },
  }))
}

function counterChanges(
  criteria: BehaviorCriteria,
  member: 'consecutiveDatapointsToAlarm' | 'consecutiveDatapointsToClear',
): Change[] {
  const from = criteria[member] ?? 1
  return [from - 1, from + 1]
    .filter((to) => to >= 1 && to <= CONSECUTIVE_MAX)
    .map((to) => ({ member, from: String(from), to: String(to), criteria: { ...criteria, [member]: to } }))
}

/** What stands before and after in an ordered list. */
function neighbours<T>(ordered: readonly T[], one: T): T[] {
  const index = ordered.indexOf(one)
  return [ordered[index - 1], ordered[index + 1]].filter((each) => each !== undefined) as T[]
}
