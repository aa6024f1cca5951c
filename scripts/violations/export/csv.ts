/** One line a violation (RFC 4180, with plain line ends), safe to open in a spreadsheet. */
import type { Violation } from '../model.ts'
import { alarmOf, normalText, violatingValue } from '../words.ts'
import { isoTime } from './json.ts'

const columns: readonly (readonly [string, (violation: Violation) => string | number | undefined])[] = [
  ['id', ({ id }) => id],
  ['thingName', ({ thingName }) => thingName],
  ['securityProfileName', ({ securityProfileName }) => securityProfileName],
  ['behavior', ({ behavior }) => behavior.name],
  ['metric', ({ behavior }) => behavior.metric],
  ['state', ({ state }) => state],
  ['startedAt', ({ startedAt }) => isoTime(startedAt)],
  ['endedAt', ({ endedAt }) => (endedAt === undefined ? undefined : isoTime(endedAt))],
  [
    'durationSeconds',
    ({ startedAt, endedAt }) => (endedAt === undefined ? undefined : (endedAt - startedAt) / 1000),
  ],
  ['value', (violation) => plainValue(violation)],
  ['normal', ({ behavior }) => normalText(behavior)],
  ['processes', (violation) => processesOf(violation)],
  ['suppressed', ({ behavior }) => String(behavior.suppressAlerts === true)],
  ['verification', ({ verification }) => verification?.state ?? 'UNKNOWN'],
  ['note', ({ verification }) => verification?.note],
]

export const csvHead = (): string => csvLine(columns.map(([name]) => name))

export const csvOf = (violation: Violation): string => csvLine(columns.map(([, cell]) => cell(violation)))

/** Numbers without units, lists with blanks between. */
function plainValue(violation: Violation): string | number | undefined {
  const content = Object.values(violatingValue(violation) ?? {})[0] as number | readonly unknown[] | undefined
  return typeof content === 'object' ? content.join(' ') : content
}

function processesOf({ records }: Violation): string | undefined {
  const evidence = alarmOf(records)?.evidence
  if (evidence?.kind !== 'list') return undefined
  const known = (evidence.processes ?? []).flatMap((each) =>
    'unknown' in each ? [] : [`${each.executable} (${each.pid})`],
  )
  return [...new Set(known)].join(' ')
}

const csvLine = (cells: readonly (string | number | undefined)[]): string =>
  `${cells.map(csvCell).join(',')}\n`

function csvCell(cell: string | number | undefined): string {
  if (typeof cell === 'number') return String(cell)
  const text = harmless(cell ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** OWASP, "CSV Injection": a spreadsheet takes text that begins so for a formula; behind an apostrophe it does not. */
const harmless = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)
