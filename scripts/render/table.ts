/** Tables without borders: a line of headings, rows below, two spaces between columns. */
import { cut, printable, type TerminalStyle } from './terminal.ts'

interface Column {
  readonly heading: string
  readonly align?: 'left' | 'right'
  /** Characters; longer cells are cut. */
  readonly max: number
}

export type DrawTable = (columns: readonly Column[], rows: readonly (readonly string[])[]) => string

/** Waits for cli-table3, which is loaded only by those who draw a table. */
export async function loadTable(style: TerminalStyle): Promise<DrawTable> {
  const { default: Table } = await import('cli-table3')
  return (columns, rows) => {
    const table = new Table({
      chars: noBorders,
      style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [] },
      head: columns.map(({ heading }) => style.colors.bold(heading)),
      colAligns: columns.map(({ align }) => align ?? 'left'),
    })
    for (const row of rows) {
      table.push(row.map((cell, index) => cut(printable(cell), columns[index]?.max ?? style.width)))
    }
    return table
      .toString()
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
  }
}

const noBorders = Object.fromEntries(
  ['top', 'bottom', 'mid', 'left', 'right'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((part) => [`${side}${part}`, '']),
  ),
) as Record<string, string>
noBorders.middle = ''
