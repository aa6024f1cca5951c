/** `defender violations list`: one line a violation, newest first. */
import type { ExitStatus } from '../plan/io.ts'
import { formatInstant, plural } from '../render/numbers.ts'
import { loadTable } from '../render/table.ts'
import { printable, type TerminalStyle } from '../render/terminal.ts'
import { violationJson } from './export/json.ts'
import {
  type FilterFlags,
  filterOf,
  type SourceFlags,
  statusOf,
  type ViolationsIo,
  withSource,
} from './io.ts'
import type { Violation } from './model.ts'
import { stateWords, valueText, verificationWords, violatingValue } from './words.ts'

export interface ListFlags extends SourceFlags, FilterFlags {
  readonly limit?: number
}

/** A few screens; who wants more says so, and programs get all. */
const LINES_DEFAULT = 100

export const list = (flags: ListFlags, io: ViolationsIo): Promise<ExitStatus> =>
  withSource(flags, io, async (source, missing): Promise<ExitStatus> => {
    const all = await source.violations(filterOf(flags))
    const shown = all.slice(0, flags.limit ?? (flags.output === 'json' ? all.length : LINES_DEFAULT))
    if (flags.output === 'json') {
      const whole = { source: source.description, total: all.length, violations: shown.map(violationJson) }
      const told = missing.length === 0 ? whole : { ...whole, missing }
      io.write(`${JSON.stringify(told, null, 2)}\n`)
    } else if (all.length === 0) {
      const where = `${missing.length === 0 ? '' : 'what could be read of '}${printable(source.description)}`
      io.write(`No such violations in ${where}.\n`)
    } else io.write(`${await tableOf(shown, io.style)}\n${summary(all, shown, source.description)}\n`)
    return statusOf(missing)
  })

/** Of an id, enough to tell it from the others. */
const ID_CHARACTERS_MIN = 8

async function tableOf(violations: readonly Violation[], style: TerminalStyle): Promise<string> {
  const drawTable = await loadTable(style)
  const isVerified = violations.some(({ verification }) => (verification?.state ?? 'UNKNOWN') !== 'UNKNOWN')
  const idOf = shortIds(violations.map(({ id }) => id))
  const idWidth = Math.max(...violations.map(({ id }) => idOf(id).length))
  const fixed = [
    // Nothing is kept for longer than a month: the year says nothing.
    { heading: 'Raised (UTC)', max: 12 },
    { heading: 'State', max: 7 },
    { heading: 'Id', max: idWidth },
    ...(isVerified ? [{ heading: 'Found', max: 6 }] : []),
  ]
  const gaps = 2 * (fixed.length + FLEXIBLE.length - 1)
  const rest = style.width - gaps - fixed.reduce((sum, { max }) => sum + max, 0)
  const widths = shares(rest, violations)
  const flexible = FLEXIBLE.map((heading, index) => ({ heading, max: widths[index] as number }))
  const [raised, state, id, ...verified] = fixed as [Fixed, Fixed, Fixed, ...Fixed[]]
  return drawTable(
    [raised, state, ...verified, ...flexible, id],
    violations.map((violation) => [
      formatInstant(violation.startedAt).slice(5, 16),
      stateWords[violation.state],
      ...(isVerified ? [verificationWords[violation.verification?.state ?? 'UNKNOWN']] : []),
      ...cellsOf(violation),
      idOf(violation.id),
    ]),
  )
}

interface Fixed {
  readonly heading: string
  readonly max: number
}

const FLEXIBLE = ['Thing', 'Behavior', 'Value'] as const

function cellsOf(violation: Violation): readonly [string, string, string] {
  const value = violatingValue(violation)
  const { thingName, behavior } = violation
  return [thingName, behavior.name, value === undefined ? '' : valueText(behavior.metric, value)]
}

/** A value is recognized by its beginning, a name by its end as well. */
const VALUE_WIDTH_MIN = 10

/** Names are given what they need before the value is, and of too little width each half of it. */
function shares(width: number, violations: readonly Violation[]): readonly [number, number, number] {
  const [thing, behavior, value] = FLEXIBLE.map((heading, index) =>
    Math.max(heading.length, ...violations.map((each) => (cellsOf(each)[index] as string).length)),
  ) as [number, number, number]
  const forNames = width - Math.min(value, VALUE_WIDTH_MIN)
  const half = Math.floor(forNames / 2)
  const thingWidth = Math.min(thing, Math.max(half, forNames - behavior))
  const behaviorWidth = Math.min(behavior, forNames - thingWidth)
  return [thingWidth, behaviorWidth, Math.min(value, width - thingWidth - behaviorWidth)]
}

/** All ids cut to the same length, at which no two of them are the same. */
function shortIds(ids: readonly string[]): (id: string) => string {
  const distinct = new Set(ids)
  let length = ID_CHARACTERS_MIN
  const longest = Math.max(...ids.map((id) => id.length))
  while (length < longest && new Set([...distinct].map((id) => id.slice(0, length))).size < distinct.size) {
    length += 1
  }
  return (id) => id.slice(0, length)
}

function summary(all: readonly Violation[], shown: readonly Violation[], where: string): string {
  const active = all.filter(({ state }) => state === 'in-alarm').length
  const things = new Set(all.map(({ thingName }) => thingName)).size
  const more = shown.length < all.length ? `\nThe newest ${shown.length} are shown; see --limit.` : ''
  return `${plural(all.length, 'violation')} of ${plural(things, 'thing')}, ${active} in alarm, in ${printable(where)}.${more}`
}
