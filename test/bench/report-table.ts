/** A group's figures as a table of at most 100 columns. */
import type { DrawTable } from '../../scripts/render/table.ts'
import { changeSince, type LastFigure } from './comparison.ts'
import type { Figure, Unit } from './figure.ts'

/** Together with two spaces between columns these are 100 characters. */
const columns = {
  name: { heading: '', max: 33 },
  median: { heading: 'median', align: 'right', max: 10 },
  range: { heading: 'min-max', align: 'right', max: 14 },
  floor: { heading: 'x floor', align: 'right', max: 7 },
  goal: { heading: 'at most', align: 'right', max: 11 },
  last: { heading: 'last', align: 'right', max: 7 },
  change: { heading: 'change', align: 'right', max: 6 },
} as const

type ColumnName = keyof typeof columns

/** `last`: the committed figures of the group by name, if there are any; a column that would be empty is left out. */
export function figureTable(
  draw: DrawTable,
  figures: readonly Figure[],
  last: Readonly<Record<string, LastFigure>> | undefined,
): string {
  const rows = figures.map((figure) => ({ ...cellsOf(figure), ...comparedCells(figure, last) }))
  const used = (Object.keys(columns) as ColumnName[]).filter((name) => rows.some((row) => row[name] !== ''))
  return draw(
    used.map((name) => columns[name]),
    rows.map((row) => used.map((name) => row[name])),
  )
}

function cellsOf({
  name,
  unit,
  summary,
  timesFloor,
  goal,
}: Figure): Record<Exclude<ColumnName, 'last' | 'change'>, string> {
  const { median, lowest, highest, runs } = summary
  return {
    name,
    median: `${formatValue(median, unit)} ${unit}`,
    range: runs === 1 ? '' : `${formatValue(lowest, unit)}-${formatValue(highest, unit)}`,
    floor: timesFloor === undefined ? '' : timesFloor.toFixed(2),
    goal: goal === undefined ? '' : `${formatValue(goal, unit)} ${median <= goal ? 'met' : 'missed'}`,
  }
}

function comparedCells(
  { name, unit, summary }: Figure,
  last: Readonly<Record<string, LastFigure>> | undefined,
): Record<'last' | 'change', string> {
  if (last === undefined) return { last: '', change: '' }
  const former = last[name]
  return {
    last: former === undefined ? '' : formatValue(former.median, former.unit),
    change: changeSince(former, { unit, median: summary.median }),
  }
}

/** Three digits that count, unless whole ones were counted. */
export function formatValue(value: number, unit: Unit): string {
  if (unit === 'B' || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}
