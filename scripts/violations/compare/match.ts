/**
 * Which alarms of two judges are the same: of one behavior on one thing, raised within the tolerance, or in force at the
 * same time. Each alarm is paired once, the nearest beginnings first.
 */
import type { Violation } from '../model.ts'

export interface Pair {
  readonly ours: Violation
  readonly theirs: Violation
}

export interface Matched {
  readonly pairs: readonly Pair[]
  readonly oursOnly: readonly Violation[]
  readonly theirsOnly: readonly Violation[]
}

export function match(
  ours: readonly Violation[],
  theirs: readonly Violation[],
  toleranceMs: number,
): Matched {
  const candidates: (Pair & { readonly distanceMs: number })[] = []
  const byLane = new Map<string, Violation[]>()
  for (const violation of theirs) {
    const lane = laneOf(violation)
    byLane.set(lane, [...(byLane.get(lane) ?? []), violation])
  }
  for (const our of ours) {
    for (const their of byLane.get(laneOf(our)) ?? []) {
      if (isSame(our, their, toleranceMs)) {
        const distanceMs = Math.abs(our.startedAt - their.startedAt)
        candidates.push({ ours: our, theirs: their, distanceMs })
      }
    }
  }
  const paired = new Set<Violation>()
  const pairs: Pair[] = []
  for (const { ours: our, theirs: their } of candidates.sort((a, b) => a.distanceMs - b.distanceMs)) {
    if (paired.has(our) || paired.has(their)) continue
    paired.add(our).add(their)
    pairs.push({ ours: our, theirs: their })
  }
  const isLeft = (violation: Violation) => !paired.has(violation)
  return { pairs, oursOnly: ours.filter(isLeft), theirsOnly: theirs.filter(isLeft) }
}

export const laneOf = ({ thingName, securityProfileName, behavior }: Violation): string =>
  JSON.stringify([thingName, securityProfileName, behavior.name])

function isSame(our: Violation, their: Violation, toleranceMs: number): boolean {
  const endOf = ({ endedAt = Number.POSITIVE_INFINITY }: Violation) => endedAt
  return our.startedAt <= endOf(their) + toleranceMs && their.startedAt <= endOf(our) + toleranceMs
}
