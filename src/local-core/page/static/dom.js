/**
 * Elements from plain calls. Text only ever becomes a text node, and neither handlers nor styles can be set as
 * attributes: a process, thing or metric name that looks like markup is shown, not run.
 */

/** @typedef {Node | string | number | null | undefined | false | Child[]} Child */

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | undefined>} attributes
 * @param {...Child} children
 */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children)
}

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | undefined>} attributes
 * @param {...Child} children
 */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`no element #${id}`)
  return element
}

/**
 * @param {string[]} headings
 * @param {Child[][]} rows
 * @param {{caption: string, rowClass?: (index: number) => string | undefined, numeric?: number[]}} options
 */
export function table(headings, rows, { caption, rowClass, numeric = [] }) {
  const kind = (/** @type {number} */ column) => (numeric.includes(column) ? 'number' : undefined)
  const cells = (/** @type {Child[]} */ row) =>
    row.map((cell, column) =>
      column === 0
        ? h('th', { scope: 'row', class: kind(column) }, cell)
        : h('td', { class: kind(column) }, cell),
    )
  return h(
    'div',
    // A region that scrolls has to be reachable by keyboard.
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', { class: 'visually-hidden' }, caption),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          headings.map((text, column) => h('th', { scope: 'col', class: kind(column) }, text)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((row, index) => {
          const name = rowClass?.(index)
          // Where somebody is led to takes the keyboard, also after it was drawn anew.
          return h('tr', { class: name, tabindex: name === 'chosen' ? -1 : undefined }, cells(row))
        }),
      ),
    ),
  )
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Record<string, string | number | boolean | undefined>} attributes
 * @param {Child[]} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    if (name === 'style' || name.startsWith('on')) throw new Error(`attribute ${name} is not for data`)
    element.setAttribute(name, value === true ? '' : String(value))
  }
  append(element, children)
  return element
}

/** @param {Element} element @param {Child[]} children */
function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child)
    else if (child instanceof Node) element.append(child)
    else if (child !== null && child !== undefined && child !== false) element.append(String(child))
  }
}
