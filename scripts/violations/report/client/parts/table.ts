/** Tables: a plain one that is drawn when it is opened, and one in pages whose columns sort it. */
import { formatCount } from '../../../../render/numbers.ts'
import { announce } from '../announce.ts'
import { type Child, h, nextId, replace } from '../dom.ts'

export interface Column<Row> {
  readonly heading: string
  readonly cell: (row: Row) => Child
  /** Numbers stand under each other. */
  readonly isNumber?: boolean
  /** Left out where the screen is narrow. */
  readonly isWideOnly?: boolean
  /** The column by which the row is known to a screen reader. */
  readonly isHead?: boolean
  /** Its place where each row of a stacked table is a small card, on a narrow screen. */
  readonly area?: 'title' | 'badge' | 'left' | 'right' | 'last'
  /** What it is sorted by; a column without it does not sort. */
  readonly sortKey?: (row: Row) => string | number
}

const PAGE_ROWS = [25, 100, 500] as const

export interface PagedTable<Row> {
  readonly element: HTMLElement
  readonly show: (rows: readonly Row[]) => void
}

/** The rows come sorted: as they are given is the order until a heading is pressed. */
export function pagedTable<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  pageRows: number = PAGE_ROWS[0],
): PagedTable<Row> {
  let given: readonly Row[] = []
  let rows: readonly Row[] = []
  let page = 0
  let rowsOnPage = pageRows
  let sort: { readonly column: Column<Row>; readonly isDown: boolean } | undefined
  const head = h('thead', { role: 'rowgroup' })
  const body = h('tbody', { role: 'rowgroup' })
  const pager = h('nav', { class: 'pager', 'aria-label': `Pages of: ${caption}` })
  const table = tableOf(caption, columns, head, body)
  const element = h('div', {}, scrollable(caption, table), pager)

  function arrange(): void {
    const { sortKey } = sort?.column ?? {}
    if (sort === undefined || sortKey === undefined) rows = given
    else {
      const sign = sort.isDown ? -1 : 1
      rows = [...given].sort((a, b) => {
        const [left, right] = [sortKey(a), sortKey(b)]
        return left < right ? -sign : left > right ? sign : 0
      })
    }
    page = 0
    drawHead()
    drawPage()
  }

  function drawHead(): void {
    replace(
      head,
      h(
        'tr',
        { role: 'row' },
        columns.map((column) => {
          const order = sort?.column !== column ? undefined : sort.isDown ? 'descending' : 'ascending'
          const press = () => {
            sort = { column, isDown: sort?.column === column ? !sort.isDown : column.isNumber === true }
            const index = columns.indexOf(column)
            arrange()
            head.querySelectorAll('th').item(index).querySelector('button')?.focus()
            announce(`Sorted by ${column.heading}, ${sort.isDown ? 'descending' : 'ascending'}`)
          }
          const sign = order === undefined ? '' : order === 'descending' ? ' ↓' : ' ↑'
          return h(
            'th',
            { scope: 'col', role: 'columnheader', class: classOf(column), 'aria-sort': order },
            column.sortKey === undefined
              ? column.heading
              : h(
                  'button',
                  { type: 'button', class: 'sort', click: press },
                  column.heading,
                  h('span', { 'aria-hidden': 'true' }, sign),
                ),
          )
        }),
      ),
    )
  }

  function drawPage(): void {
    const pageCount = Math.max(1, Math.ceil(rows.length / rowsOnPage))
    page = Math.min(Math.max(page, 0), pageCount - 1)
    const shown = rows.slice(page * rowsOnPage, (page + 1) * rowsOnPage)
    replace(
      body,
      shown.map((row) => rowOf(columns, row)),
    )
    const go = (step: number) => {
      page += step
      drawPage()
      announce(positionText(pageCount))
      const [previous, next] = pager.querySelectorAll<HTMLButtonElement>('button')
      const pressed = step < 0 ? previous : next
      // A button that can no longer be pressed loses the focus.
      ;(pressed?.disabled ? (step < 0 ? next : previous) : pressed)?.focus()
    }
    const sizeId = nextId('rows')
    replace(
      pager,
      h('span', { class: 'muted' }, positionText(pageCount)),
      rows.length <= PAGE_ROWS[0]
        ? undefined
        : [
            h('button', { type: 'button', disabled: page === 0, click: () => go(-1) }, 'Previous'),
            h('button', { type: 'button', disabled: page >= pageCount - 1, click: () => go(1) }, 'Next'),
            h('label', { for: sizeId, class: 'muted' }, 'Rows'),
            h(
              'select',
              {
                id: sizeId,
                change: (event: Event) => {
                  rowsOnPage = Number((event.target as HTMLSelectElement).value)
                  page = 0
                  drawPage()
                  pager.querySelector('select')?.focus()
                },
              },
              PAGE_ROWS.map((count) => h('option', { value: count, selected: count === rowsOnPage }, count)),
            ),
          ],
    )
  }

  function positionText(pageCount: number): string {
    if (rows.length === 0) return 'None'
    const first = page * rowsOnPage
    const last = Math.min(rows.length, first + rowsOnPage)
    const of = `${formatCount(first + 1)}–${formatCount(last)} of ${formatCount(rows.length)}`
    return pageCount === 1 ? of : `${of}, page ${page + 1} of ${pageCount}`
  }

  return {
    element,
    show: (next) => {
      given = next
      arrange()
    },
  }
}

/** What a chart shows, as a table; made when it is opened, for most are not. */
export function tableDetails<Row>(
  summary: string,
  caption: string,
  columns: readonly Column<Row>[],
  rowsOf: () => readonly Row[],
): HTMLElement {
  const details: HTMLDetailsElement = h(
    'details',
    {
      toggle: () => {
        if (!details.open || details.childElementCount > 1) return
        const table = pagedTable(caption, columns)
        details.append(table.element)
        table.show(rowsOf())
      },
    },
    h('summary', {}, summary),
  )
  return details
}

export const plainTable = <Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): HTMLElement =>
  scrollable(
    caption,
    tableOf(
      caption,
      columns,
      h(
        'thead',
        { role: 'rowgroup' },
        h(
          'tr',
          { role: 'row' },
          columns.map((column) =>
            h('th', { scope: 'col', role: 'columnheader', class: classOf(column) }, column.heading),
          ),
        ),
      ),
      h(
        'tbody',
        { role: 'rowgroup' },
        rows.map((row) => rowOf(columns, row)),
      ),
    ),
  )

/** The roles are said although they go without saying: browsers forget them where a style sheet stacks the cells. */
const tableOf = <Row>(
  caption: string,
  columns: readonly Column<Row>[],
  head: HTMLElement,
  body: HTMLElement,
): HTMLTableElement =>
  h(
    'table',
    { role: 'table', class: columns.some(({ area }) => area !== undefined) ? 'stacked' : undefined },
    h('caption', { class: 'visually-hidden' }, caption),
    head,
    body,
  )

const rowOf = <Row>(columns: readonly Column<Row>[], row: Row): HTMLElement =>
  h(
    'tr',
    { role: 'row' },
    columns.map((column) =>
      column.isHead === true
        ? h('th', { scope: 'row', role: 'rowheader', class: classOf(column) }, column.cell(row))
        : h('td', { role: 'cell', class: classOf(column) }, column.cell(row)),
    ),
  )

const classOf = ({ isNumber, isWideOnly, area }: Column<never>): string | undefined =>
  [
    isNumber === true ? 'number' : '',
    isWideOnly === true ? 'wide-only' : '',
    area === undefined ? '' : `area-${area}`,
  ]
    .join(' ')
    .trim() || undefined

/** A table wider than the screen is scrolled by itself, also with the keyboard. */
const scrollable = (label: string, table: HTMLElement): HTMLElement =>
  h('div', { class: 'scroll', role: 'region', 'aria-label': label, tabindex: 0 }, table)
