/** Violations as a table, each row leading to its page. */
import type { Violation } from '../../../model.ts'
import type { Context } from '../context.ts'
import { h, name } from '../dom.ts'
import { swatch } from '../palette.ts'
import { type Column, type PagedTable, pagedTable } from './table.ts'
import { durationText, seenText, stateBadge, stateWord, thingLink, time } from './words.ts'

export function violationColumns({
  report,
  palette,
  linkTo,
}: Context): Readonly<Record<string, Column<Violation>>> {
  const now = report.generatedAt
  return {
    raised: {
      heading: 'Raised (UTC)',
      area: 'last',
      cell: ({ startedAt }) => time(startedAt),
      sortKey: ({ startedAt }) => startedAt,
    },
    state: {
      heading: 'State',
      area: 'badge',
      cell: ({ state }) => stateBadge(state),
      sortKey: ({ state }) => stateWord(state),
    },
    behavior: {
      heading: 'Behavior',
      area: 'title',
      isHead: true,
      cell: (violation) =>
        h(
          'a',
          { href: linkTo(violation), class: 'with-swatch' },
          swatch(palette.groupOf(violation.behavior.name)),
          name(violation.behavior.name),
        ),
      sortKey: ({ behavior }) => behavior.name,
    },
    thing: {
      heading: 'Thing',
      area: 'left',
      cell: ({ thingName }) => thingLink(thingName),
      sortKey: ({ thingName }) => thingName,
    },
    profile: {
      heading: 'Profile',
      isWideOnly: true,
      cell: ({ securityProfileName }) => name(securityProfileName),
      sortKey: ({ securityProfileName }) => securityProfileName,
    },
    seen: { heading: 'Seen', area: 'right', cell: (violation) => name(seenText(violation), 'seen-value') },
    lasted: {
      heading: 'Lasted',
      isNumber: true,
      isWideOnly: true,
      cell: (violation) => durationText(violation, now),
      sortKey: ({ startedAt, endedAt = now }) => endedAt - startedAt,
    },
  }
}

export function violationTable(
  context: Context,
  caption: string,
  isOfOneThing: boolean,
): PagedTable<Violation> {
  const { raised, state, behavior, thing, profile, seen, lasted } = violationColumns(context) as Record<
    string,
    Column<Violation>
  > & {
    readonly [K in
      | 'raised'
      | 'state'
      | 'behavior'
      | 'thing'
      | 'profile'
      | 'seen'
      | 'lasted']: Column<Violation>
  }
  return pagedTable(
    caption,
    isOfOneThing
      ? [raised, behavior, state, seen, profile, lasted]
      : [raised, behavior, thing, state, seen, profile, lasted],
  )
}
