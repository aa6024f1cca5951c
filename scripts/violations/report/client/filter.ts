/** Which violations the overview shows, kept in its address, so that a view can be sent to somebody. */
import type { Violation } from '../../model.ts'
import { instantIn, type Query } from './route.ts'

export interface Filter {
  /** A part of the name, in any case. */
  readonly thing?: string
  readonly profile?: string
  readonly behavior?: string
  readonly state?: string
  /** In alarm at some time from then to then. */
  readonly from?: number
  readonly to?: number
}

export function filterIn(query: Query): Filter {
  const { thing, profile, behavior, state } = query
  const from = instantIn(query, 'from')
  const to = instantIn(query, 'to')
  return {
    ...(thing ? { thing } : {}),
    ...(profile ? { profile } : {}),
    ...(behavior ? { behavior } : {}),
    ...(state ? { state } : {}),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }
}

export const queryOf = (filter: Filter): Query =>
  Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]))

export function applyFilter(violations: readonly Violation[], filter: Filter): readonly Violation[] {
  const {
    thing,
    profile,
    behavior,
    state,
    from = Number.NEGATIVE_INFINITY,
    to = Number.POSITIVE_INFINITY,
  } = filter
  const part = thing?.toLowerCase()
  return violations.filter(
    (each) =>
      (part === undefined || each.thingName.toLowerCase().includes(part)) &&
      (profile === undefined || each.securityProfileName === profile) &&
      (behavior === undefined || each.behavior.name === behavior) &&
      (state === undefined || each.state === state) &&
      each.startedAt <= to &&
      (each.endedAt ?? Number.POSITIVE_INFINITY) >= from,
  )
}
