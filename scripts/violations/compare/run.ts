/** `defender compare`: the alarms that the device raised beside those of Detect, for the same things and the same time. */
import type { ExitStatus } from '../../plan/io.ts'
import { isWanted } from '../gather.ts'
import {
  type FilterFlags,
  filterOf,
  openLocal,
  type SourceFlags,
  statusOf,
  type ViolationsIo,
  withDetect,
} from '../io.ts'
import type { Violation, ViolationSource } from '../model.ts'
import { match, type Pair } from './match.ts'
import { type Context, whyOursOnly, whyTheirsOnly } from './reasons.ts'
import { comparisonJson, comparisonText } from './show.ts'

export interface CompareFlags extends SourceFlags, FilterFlags {
  readonly toleranceSeconds: number
}

export interface Lone {
  readonly violation: Violation
  /** Absent where it cannot be told. */
  readonly reason?: string
}

export interface Comparison {
  readonly since: number
  readonly until: number
  readonly things: readonly string[]
  /** Things that one of the two knows nothing of: about these there is nothing to compare. */
  readonly leftOut: readonly { readonly thingName: string; readonly knownTo: 'ours' | 'AWS' }[]
  readonly behaviors: readonly BehaviorComparison[]
}

export interface BehaviorComparison {
  readonly securityProfileName: string
  readonly behavior: string
  readonly agreed: readonly Pair[]
  readonly oursOnly: readonly Lone[]
  readonly theirsOnly: readonly Lone[]
}

/** Exit status 0 if both say the same, 1 if not or if not all could be read. */
export async function compare(flags: CompareFlags, io: ViolationsIo): Promise<ExitStatus> {
  const missing: string[] = []
  const source = await openLocal(flags, io, missing)
  try {
    const comparison = await makeComparison(flags, source, io, missing)
    const { behaviors } = comparison
    if (flags.output === 'json') io.write(`${JSON.stringify(comparisonJson(comparison), null, 2)}\n`)
    else io.write(await comparisonText(comparison, io.style))
    const isSame = behaviors.every((each) => each.oursOnly.length + each.theirsOnly.length === 0)
    return isSame ? statusOf(missing) : 1
  } finally {
    source.close()
  }
}

async function makeComparison(
  flags: CompareFlags,
  source: ViolationSource,
  io: ViolationsIo,
  missing: string[],
): Promise<Comparison> {
  const now = io.clock.wallMs()
  const filter = filterOf(flags)
  const toleranceMs = flags.toleranceSeconds * 1000
  // Both sides are read a little wider, so that an alarm at the edge finds its other half.
  const { since, until, ...rest } = filter
  const wide = {
    ...rest,
    ...(since === undefined ? {} : { since: since - toleranceMs }),
    ...(until === undefined ? {} : { until: until + toleranceMs }),
  }
  const allOurs = await source.violations(wide)
  const allTheirs = await withDetect(flags, io, (detect) => detect.violations(wide), missing)
  const { things, leftOut } = sharedThings(allOurs, allTheirs)
  const isShared = ({ thingName }: Violation) => things.includes(thingName)
  const [ours, theirs] = [allOurs.filter(isShared), allTheirs.filter(isShared)]
  const matched = match(ours, theirs, toleranceMs)
  const context: Context = { ours, theirs, source, toleranceMs, now }
  const isMeant = (violation: Violation) => isWanted(violation, filter)
  const rows = new Map<string, MutableRow>()
  for (const pair of matched.pairs) {
    if (isMeant(pair.ours) || isMeant(pair.theirs)) rowOf(rows, pair.ours).agreed.push(pair)
  }
  for (const violation of matched.oursOnly.filter(isMeant)) {
    rowOf(rows, violation).oursOnly.push(lone(violation, whyOursOnly(violation, context)))
  }
  for (const violation of matched.theirsOnly.filter(isMeant)) {
    rowOf(rows, violation).theirsOnly.push(lone(violation, await whyTheirsOnly(violation, context)))
  }
  const oldest = Math.min(now, ...[...ours, ...theirs].map(({ startedAt }) => startedAt))
  return {
    since: since ?? oldest,
    until: until ?? now,
    things,
    leftOut,
    behaviors: [...rows.values()].sort(byName),
  }
}

interface MutableRow extends BehaviorComparison {
  readonly agreed: Pair[]
  readonly oursOnly: Lone[]
  readonly theirsOnly: Lone[]
}

function rowOf(
  rows: Map<string, MutableRow>,
  { securityProfileName, behavior: { name: behavior } }: Violation,
): MutableRow {
  const key = JSON.stringify([securityProfileName, behavior])
  const known = rows.get(key)
  if (known !== undefined) return known
  const row = { securityProfileName, behavior, agreed: [], oursOnly: [], theirsOnly: [] }
  rows.set(key, row)
  return row
}

const lone = (violation: Violation, reason: string | undefined): Lone => ({
  violation,
  ...(reason === undefined ? {} : { reason }),
})

const byName = (a: BehaviorComparison, b: BehaviorComparison) =>
  a.securityProfileName < b.securityProfileName ||
  (a.securityProfileName === b.securityProfileName && a.behavior < b.behavior)
    ? -1
    : 1

/** A thing that only one side has heard of is not in both, or had nothing to say; it is named and not judged. */
function sharedThings(ours: readonly Violation[], theirs: readonly Violation[]) {
  const namesOf = (violations: readonly Violation[]) => new Set(violations.map(({ thingName }) => thingName))
  const [here, there] = [namesOf(ours), namesOf(theirs)]
  const things = [...here].filter((name) => there.has(name)).sort()
  const leftOut = [...new Set([...here, ...there])]
    .filter((name) => !things.includes(name))
    .sort()
    .map((thingName) => ({ thingName, knownTo: here.has(thingName) ? ('ours' as const) : ('AWS' as const) }))
  return { things, leftOut }
}
