/**
 * The syntax of a cron expression, without the scheduler: node-cron is loaded only when `Schedule` is set, since it
 * costs about 13 MB of resident memory, and the syntax must be known before.
 *
 * Taken: the five fields of crontab(5), with an optional sixth for seconds in front; in each `*`, numbers, ranges,
 * steps of `*` or of a range, and lists of these; three-letter names of months and of days of the week. Everything
 * that is taken here means the same to node-cron; its extensions (`L`, `W`, `#`, nicknames) are not taken.
 */

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  /** Names for `min`, `min + 1`, ... */
  readonly names?: readonly string[]
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const dayOfMonth: Field = { name: 'day of month', min: 1, max: 31 }
const month: Field = { name: 'month', min: 1, max: 12, names: MONTHS }
const fields: readonly Field[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  dayOfMonth,
  month,
  { name: 'day of week', min: 0, max: 7, names: DAYS }, // 0 and 7 are Sunday
]

/** Longest month of each number; February as in a leap year. */
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** What is wrong with the expression, in words that follow it in a sentence; nothing when it will do. */
export function cronProblem(expression: string): string | undefined {
  const parts = expression.split(' ')
  if (![5, 6].includes(parts.length) || parts.includes('')) {
    return 'is not a cron expression: 5 fields, or 6 with seconds, separated by single blanks'
  }
  const used = fields.slice(fields.length - parts.length)
  for (const [index, field] of used.entries()) {
    const problem = fieldProblem(parts[index] ?? '', field)
    if (problem !== undefined) return `is not a cron expression: ${problem}`
  }
  const [days = '', months = ''] = parts.slice(-3)
  return everHappens(days, months) ? undefined : 'never happens: none of its months has such a day'
}

function fieldProblem(text: string, field: Field): string | undefined {
  for (const item of text.split(',')) {
    if (itemRange(item, field) === undefined) {
      const names = field.names === undefined ? '' : `, ${field.names[0]} to ${field.names.at(-1)}`
      return `${field.name} "${item}" is not *, a number, a range or a step of them (${field.min} to ${field.max}${names})`
    }
  }
  return undefined
}

interface Range {
  readonly from: number
  readonly to: number
  readonly step: number
}

/** `*`, `*` with a step, `5`, `1-5` or `1-5` with a step. */
function itemRange(item: string, field: Field): Range | undefined {
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,4}))?$/.exec(item)
  if (match === null) return undefined
  const [, any, first, last, stepText] = match
  const step = stepText === undefined ? 1 : Number(stepText)
  if (step < 1 || step > field.max) return undefined
  if (any !== undefined) return { from: field.min, to: field.max, step }
  if (last === undefined && stepText !== undefined) return undefined
  const from = fieldValue(first, field)
  const to = last === undefined ? from : fieldValue(last, field)
  return from === undefined || to === undefined || from > to ? undefined : { from, to, step }
}

function fieldValue(text: string | undefined, field: Field): number | undefined {
  if (text === undefined) return undefined
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1
  const value = named >= 0 ? field.min + named : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  return value >= field.min && value <= field.max ? value : undefined
}

/** The 31st of February never comes; a schedule that never fires would be a silent agent. */
function everHappens(days: string, months: string): boolean {
  const lastDay = Math.max(...expand(months, month).map((number) => DAYS_IN_MONTH[number - 1] ?? 0))
  return expand(days, dayOfMonth).some((day) => day <= lastDay)
}

function expand(text: string, field: Field): number[] {
  return text.split(',').flatMap((item) => {
    const range = itemRange(item, field)
    if (range === undefined) return []
    const values: number[] = []
    for (let value = range.from; value <= range.to; value += range.step) values.push(value)
    return values
  })
}
