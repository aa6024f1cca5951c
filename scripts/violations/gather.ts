/** From events, in any order and perhaps told twice, to violations; and which of these are wanted. */
import type { ToldEvent } from './event.ts'
import type { Violation, ViolationFilter, ViolationOrigin, ViolationRecord } from './model.ts'

/** Newest first. Events of one id on one thing are one violation. */
export function toViolations(events: Iterable<ToldEvent>, origin: ViolationOrigin): Violation[] {
  const groups = new Map<string, ToldEvent[]>()
  for (const event of events) {
    const key = JSON.stringify([event.thingName, event.violationId])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [event])
    else group.push(event)
  }
  return [...groups.values()].map((group) => violationOf(group, origin)).sort(newestFirst)
}

/** Those that began at the same time are in the order of their ids, so that a list is the same each time. */
export const newestFirst = (a: Violation, b: Violation): number =>
  b.startedAt - a.startedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

function violationOf(events: readonly ToldEvent[], origin: ViolationOrigin): Violation {
  const records = distinct(events.map(({ record }) => record))
  const [first] = events as [ToldEvent]
  const last = records.at(-1) as ViolationRecord
  const alarm = records.find(({ type }) => type === 'in-alarm') ?? (records[0] as ViolationRecord)
  // What an operator said of it is in all its events; the one told last knows best.
  const verification = events.findLast((event) => event.verification !== undefined)?.verification
  return {
    id: first.violationId,
    origin,
    thingName: first.thingName,
    securityProfileName: first.securityProfileName,
    behavior: first.behavior,
    records,
    startedAt: alarm.at,
    ...(last.type === 'in-alarm' ? {} : { endedAt: last.at }),
    state: stateAfter[last.type],
    ...(verification === undefined ? {} : { verification }),
  }
}

const stateAfter = {
  'in-alarm': 'in-alarm',
  'alarm-cleared': 'cleared',
  'alarm-invalidated': 'invalidated',
} as const

/** Oldest first, each once: a message at least once delivered may come twice. */
function distinct(records: readonly ViolationRecord[]): ViolationRecord[] {
  const byIdentity = new Map<string, ViolationRecord>()
  for (const record of records) byIdentity.set(`${record.at} ${record.type}`, record)
  // An alarm that is cleared in the instant in which it is raised was raised before.
  const rank = ({ type }: ViolationRecord) => (type === 'in-alarm' ? 0 : 1)
  return [...byIdentity.values()].sort((a, b) => a.at - b.at || rank(a) - rank(b))
}

export function isWanted(violation: Violation, filter: ViolationFilter): boolean {
  const { thingName, securityProfileName, behaviorName, state, verification } = filter
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter
  const { startedAt, endedAt = Number.POSITIVE_INFINITY } = violation
  return (
    (thingName === undefined || violation.thingName === thingName) &&
    (securityProfileName === undefined || violation.securityProfileName === securityProfileName) &&
    (behaviorName === undefined || violation.behavior.name === behaviorName) &&
    (state === undefined || violation.state === state) &&
    (verification === undefined || (violation.verification?.state ?? 'UNKNOWN') === verification) &&
    startedAt <= until &&
    endedAt >= since
  )
}
