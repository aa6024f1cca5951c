/** Values of command-line options, checked where they are given. */
import { InvalidArgumentError } from 'commander'

export interface NumberBounds {
  readonly min: number
  readonly max: number
  readonly integer?: boolean
}

/** A parser for commander: the number, or an error that says what would do. */
export function numberOption({ min, max, integer = false }: NumberBounds): (text: string) => number {
  return (text) => {
    const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max && (!integer || Number.isInteger(value))) return value
    const kind = integer ? 'a whole number' : 'a number'
    throw new InvalidArgumentError(`It takes ${kind} from ${min} to ${max}.`)
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}

/** A parser for commander: epoch milliseconds from ISO 8601, in UTC unless it says otherwise, or from a time ago. */
export function instantOption(nowMs: () => number): (text: string) => number {
  return (text) => {
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(s|min|h|d|w)$/.exec(text) ?? []
    if (amount !== undefined) return nowMs() - Number(amount) * (UNIT_MS[unit] as number)
    const instant = parseInstant(text)
    if (instant !== undefined) return instant
    throw new InvalidArgumentError(
      'It takes a time as in 2026-11-24, 2026-11-24T10:30 or 2026-11-24T10:30:00+01:00 (UTC if no zone is given), or a time ago as in 90s, 30min, 2h, 3d or 1w.',
    )
  }
}

const ISO_8601 = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/

function parseInstant(text: string): number | undefined {
  const [, date, time = '00:00', zone = 'Z'] = ISO_8601.exec(text) ?? []
  if (date === undefined) return undefined
  // Date takes the 31st of February for the 3rd of March.
  const day = Date.parse(`${date}T00:00Z`)
  if (Number.isNaN(day) || !new Date(day).toISOString().startsWith(date)) return undefined
  const instant = Date.parse(`${date}T${time}${zone}`)
  return Number.isNaN(instant) ? undefined : instant
}
